//! Bytes of one CloudTrail record -> [`Event`]. Tolerant: any event version, unexpected types, missing parts; only a record without
//! id, time, source or name is no record. Payloads are parsed only for records that may matter.

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use super::query::Unread;
use super::record::{Event, Identity, Issuer};
use super::{event_class, event_name, payload, refusal};

/// Longer texts are cut: names, ARNs and user agents end before (CloudTrail's own limits are 1 KB and less).
const LONGEST: usize = 2048;

/// Why bytes are not a usable record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Skipped {
    /// No JSON object, or without id, time, source or name.
    Malformed,
    /// It changes nothing and identifies nobody.
    Irrelevant,
    /// It is about numbers of calls, or about calls that passed an endpoint: no account of what anybody did.
    NoCall,
}

/// A record as it stands, its payloads still text.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawRecord<'a> {
    #[serde(default, rename = "eventID", deserialize_with = "text")]
    event_id: Option<String>,
    #[serde(default, rename = "sharedEventID", deserialize_with = "text")]
    shared_event_id: Option<String>,
    #[serde(default, deserialize_with = "text")]
    event_time: Option<String>,
    #[serde(default, deserialize_with = "text")]
    event_source: Option<String>,
    #[serde(default, deserialize_with = "text")]
    event_name: Option<String>,
    #[serde(default, deserialize_with = "text")]
    event_type: Option<String>,
    #[serde(default, deserialize_with = "text")]
    event_category: Option<String>,
    #[serde(default, deserialize_with = "text")]
    aws_region: Option<String>,
    #[serde(default, deserialize_with = "text")]
    recipient_account_id: Option<String>,
    #[serde(default, rename = "sourceIPAddress", deserialize_with = "text")]
    source_ip: Option<String>,
    #[serde(default, deserialize_with = "text")]
    user_agent: Option<String>,
    #[serde(default, deserialize_with = "text")]
    error_code: Option<String>,
    #[serde(default, deserialize_with = "text")]
    error_message: Option<String>,
    #[serde(default, deserialize_with = "flag")]
    read_only: Option<bool>,
    #[serde(default, deserialize_with = "flag")]
    session_credential_from_console: Option<bool>,
    #[serde(default, deserialize_with = "text")]
    vpc_endpoint_id: Option<String>,
    #[serde(default, borrow)]
    user_identity: Option<&'a RawValue>,
    #[serde(default, borrow)]
    request_parameters: Option<&'a RawValue>,
    #[serde(default, borrow)]
    response_elements: Option<&'a RawValue>,
    #[serde(default, borrow)]
    additional_event_data: Option<&'a RawValue>,
    #[serde(default, borrow)]
    resources: Option<&'a RawValue>,
    #[serde(default, borrow)]
    tls_details: Option<&'a RawValue>,
    #[serde(default, borrow)]
    addendum: Option<&'a RawValue>,
}

/// Parses one record.
///
/// # Errors
/// It is no record, or none that matters here.
pub fn parse(text: &str) -> Result<Event, Skipped> {
    // Half a character in some text spoils the text, not the record.
    let may_have_halves = text.contains("\\ud") || text.contains("\\uD");
    let whole = may_have_halves.then(|| without_half_characters(text)).flatten();
    event(serde_json::from_str(whole.as_deref().unwrap_or(text)).map_err(|_| Skipped::Malformed)?)
}

/// What a text that is no usable record may have been about.
pub fn unread(text: &str) -> Unread {
    match serde_json::from_str::<RawRecord<'_>>(text) {
        Ok(written) if written.event_source.is_some() && written.event_name.is_some() => {
            let id = written.event_id.clone().unwrap_or_default();
            match event_of(written, id, Timestamp::MAX) {
                Ok(event) => Unread::Call(Box::new(event)),
                Err(Skipped::Irrelevant | Skipped::NoCall) => Unread::Nothing,
                Err(Skipped::Malformed) => Unread::Anything(Timestamp::MAX),
            }
        }
        _ if MARKS.iter().any(|mark| text.contains(mark)) => Unread::Anything(Timestamp::MAX),
        _ => Unread::Nothing,
    }
}

/// Words that stand in every record of a call, however it is wrapped.
const MARKS: &[&str] = &["eventSource", "eventName", "EventSource", "EventName"];

/// A text of JSON with the escapes of lone surrogates replaced; `None`: it has none.
fn without_half_characters(text: &str) -> Option<String> {
    let unit = |escape: &str| u16::from_str_radix(escape.strip_prefix('u')?.get(..4)?, 16).ok();
    let mut whole = String::with_capacity(text.len());
    let (mut rest, mut changed) = (text, false);
    while let Some((before, escape)) = rest.split_once('\\') {
        whole.push_str(before);
        let second = escape.get(5..).and_then(|next| unit(next.strip_prefix('\\')?));
        let length = match (unit(escape), second) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 11,
            (Some(0xd800..=0xdfff), _) => {
                whole.push('\u{fffd}');
                changed = true;
                rest = escape.get(5..).unwrap_or_default();
                continue;
            }
            _ => escape.chars().next().map_or(0, char::len_utf8),
        };
        let (taken, left) = escape.split_at(length);
        whole.push('\\');
        whole.push_str(taken);
        rest = left;
    }
    whole.push_str(rest);
    changed.then_some(whole)
}

fn event(written: RawRecord<'_>) -> Result<Event, Skipped> {
    let id = written.event_id.clone().filter(|id| !id.is_empty());
    let time = written.event_time.as_deref().and_then(timestamp);
    let is_whole = id.is_some() && time.is_some();
    let event = event_of(written, id.unwrap_or_default(), time.unwrap_or(Timestamp::MAX))?;
    if is_whole { Ok(event) } else { Err(Skipped::Malformed) }
}

fn event_of(written: RawRecord<'_>, id: String, time: Timestamp) -> Result<Event, Skipped> {
    let category = written.event_category.as_deref().unwrap_or_default();
    // What the owner of a VPC endpoint sees of calls is no account of what they did; insights are about numbers of calls.
    if matches!(category, "NetworkActivity" | "Insight")
        || matches!(written.event_type.as_deref(), Some("AwsVpceEvent" | "AwsVpceEvents" | "AwsCloudTrailInsight"))
    {
        return Err(Skipped::NoCall);
    }
    let source = written.event_source.filter(|source| !source.is_empty()).ok_or(Skipped::Malformed)?;
    let recorded_name = written.event_name.filter(|name| !name.is_empty()).ok_or(Skipped::Malformed)?;
    let name = event_name::normalise(&recorded_name).to_owned();
    if event_class::is_irrelevant(&source, &name, written.read_only) {
        return Err(Skipped::Irrelevant);
    }
    let identity = identity(value(written.user_identity));
    let (request, cut_request) = parsed_payload(written.request_parameters);
    let (response, cut_response) = parsed_payload(written.response_elements);
    let addendum = value(written.addendum);
    let corrects = words(addendum.get("originalEventID")).filter(|original| *original != id);
    let inner_error = response.get("errorCode").or_else(|| response.get("_error")).map(Value::to_string);
    let resources = match value(written.resources) {
        Value::Array(items) => {
            items.iter().filter_map(|item| item.get("ARN").and_then(Value::as_str).map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    };
    let mut event = Event {
        account: written.recipient_account_id.or_else(|| identity.account.clone()).unwrap_or_default(),
        region: written.aws_region.unwrap_or_default(),
        shared_id: written.shared_event_id,
        user_agent: written.user_agent.filter(|agent| !agent.is_empty()),
        source_ip: written.source_ip.filter(|ip| !ip.is_empty()),
        from_console: written.session_credential_from_console.unwrap_or(false),
        tls: written.tls_details.is_some_and(|details| details.get() != "null"),
        kind: written.event_type.unwrap_or_default(),
        error: written.error_code.or(written.error_message).filter(|error| !error.is_empty()).or(inner_error),
        read_only: written.read_only,
        omitted: cut_request || cut_response,
        request: payload::normalise(request),
        response: payload::normalise(response),
        additional: value(written.additional_event_data),
        late: !addendum.is_null(),
        corrects,
        vpc_endpoint: written.vpc_endpoint_id,
        resources,
        id,
        time,
        source,
        name,
        recorded_name,
        identity,
    };
    refusal::apply(&mut event);
    Ok(event)
}

fn value(raw: Option<&RawValue>) -> Value {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// The payload, and whether it is not all there: left out by CloudTrail, or nested too deeply to be read.
fn parsed_payload(raw: Option<&RawValue>) -> (Value, bool) {
    let Some(raw) = raw else { return (Value::Null, false) };
    match serde_json::from_str::<Value>(raw.get()) {
        Ok(payload) => {
            let omitted = payload.get("omitted") == Some(&Value::Bool(true));
            (payload, omitted)
        }
        Err(_) => (Value::Null, true),
    }
}

fn identity(written: Value) -> Identity {
    let text = |name: &str| words(written.get(name));
    let session = written.get("sessionContext").cloned().unwrap_or_default();
    let attributes = session.get("attributes").cloned().unwrap_or_default();
    let issuer =
        session.get("sessionIssuer").filter(|issuer| issuer.as_object().is_some_and(|members| !members.is_empty()));
    Identity {
        kind: text("type").unwrap_or_default(),
        principal_id: text("principalId"),
        arn: text("arn"),
        account: text("accountId"),
        access_key: text("accessKeyId"),
        user_name: text("userName"),
        invoked_by: text("invokedBy"),
        created: words(attributes.get("creationDate")).as_deref().and_then(timestamp),
        mfa: words(attributes.get("mfaAuthenticated")).map(|word| word == "true"),
        source_identity: words(session.get("sourceIdentity")),
        on_behalf_of: written.get("onBehalfOf").and_then(|on| words(on.get("userId"))),
        identity_provider: text("identityProvider"),
        federated_provider: session.get("webIdFederationData").and_then(|data| words(data.get("federatedProvider"))),
        delegate: written.get("invokedByDelegate").and_then(|by| words(by.get("accountId"))),
        issuer: issuer.map(|issuer| Issuer {
            kind: words(issuer.get("type")).unwrap_or_default(),
            principal_id: words(issuer.get("principalId")),
            arn: words(issuer.get("arn")),
            account: words(issuer.get("accountId")),
            user_name: words(issuer.get("userName")),
        }),
    }
}

/// A scalar as text, cut to a sane length; empty is nothing.
fn words(value: Option<&Value>) -> Option<String> {
    let text = match value? {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    (!text.is_empty()).then(|| text.chars().take(LONGEST).collect())
}

/// RFC 3339, or `2024-05-01 10:20:30.000` as some creation dates are written (UTC).
pub(super) fn timestamp(text: &str) -> Option<Timestamp> {
    let spaced =
        || text.parse::<DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    text.parse::<Timestamp>().ok().or_else(spaced)
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Value::deserialize(deserializer).map(|value| words(Some(&value)))
}

fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    Value::deserialize(deserializer).map(|value| match value {
        Value::Bool(flag) => Some(flag),
        Value::String(word) => match word.to_ascii_lowercase().as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        },
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn record(more: Value) -> String {
        let mut record = json!({"eventVersion": "1.11", "eventID": "e-1", "eventTime": "2026-01-02T03:04:05Z",
            "eventSource": "ec2.amazonaws.com", "eventName": "ModifyVolume", "awsRegion": "eu-west-1", "recipientAccountId": "123456789012",
            "userIdentity": {"type": "AssumedRole", "principalId": "AROA1:bob", "arn": "arn:aws:sts::123456789012:assumed-role/ops/bob",
                "accessKeyId": "", "sessionContext": {"sessionIssuer": {}, "attributes": {"creationDate": "2026-01-02 03:00:00.000", "mfaAuthenticated": "false"}}}});
        let (Value::Object(record), Value::Object(more)) = (&mut record, more) else { panic!() };
        record.extend(more);
        json!(record).to_string()
    }

    #[test]
    fn a_record_with_its_traps() {
        let event =
            parse(&record(json!({"requestParameters": {"ModifyVolumeRequest": {"VolumeId": "vol-1", "Size": 20}},
            "sessionCredentialFromConsole": "true", "readOnly": "false"})))
            .unwrap();
        assert_eq!(event.request, json!({"volumeId": "vol-1", "size": 20}));
        assert!(event.from_console && event.read_only == Some(false) && !event.tls && event.error.is_none());
        assert_eq!(event.identity.access_key, None);
        assert_eq!(event.identity.issuer, None);
        assert_eq!(event.identity.created.unwrap().to_string(), "2026-01-02T03:00:00Z");
        assert_eq!((event.session_name(), event.identity.role_name()), (Some("bob"), Some("ops")));
    }

    #[test]
    fn half_characters_and_other_peoples_records() {
        for text in [r"x\ud83d", r"\ude00\ud83dy", r"\\\ud83d"] {
            let whole = record(json!({})).replacen('{', &format!("{{\"userAgent\":\"{text}\","), 1);
            let agent = parse(&whole).unwrap().user_agent.unwrap();
            assert!(agent.contains('\u{fffd}'), "{agent}");
        }
        let smile = record(json!({})).replacen('{', r#"{"userAgent":"\ud83d\ude00","#, 1);
        assert_eq!(parse(&smile).unwrap().user_agent.as_deref(), Some("\u{1f600}"));
        for more in [
            json!({"eventCategory": "NetworkActivity"}),
            json!({"eventType": "AwsVpceEvent"}),
            json!({"eventType": "AwsCloudTrailInsight", "eventName": null}),
        ] {
            assert_eq!(parse(&record(more)), Err(Skipped::NoCall));
        }
    }

    #[test]
    fn what_is_no_record_is_skipped_and_harms_nothing() {
        for bad in [
            "",
            "[]",
            "null",
            "{}",
            "{\"eventID\": 7}",
            "{\"eventID\":\"x\",\"eventTime\":\"never\",\"eventSource\":\"s\",\"eventName\":\"n\"}",
        ] {
            assert_eq!(parse(bad), Err(Skipped::Malformed), "{bad}");
        }
        assert_eq!(parse(&record(json!({"readOnly": true}))), Err(Skipped::Irrelevant));
        let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
        let event = parse(&record(json!({})).replacen('{', &format!("{{\"requestParameters\":{deep},"), 1)).unwrap();
        assert!(event.omitted && event.request.is_null());
        let huge = parse(&record(json!({"userAgent": "x".repeat(1 << 20)}))).unwrap();
        assert_eq!(huge.user_agent.unwrap().len(), LONGEST);
        assert!(
            parse(&record(json!({"userIdentity": "text", "resources": 3, "addendum": null, "awsRegion": ["x"]})))
                .is_ok()
        );
    }
}
