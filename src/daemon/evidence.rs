//! What is kept of an event's record: everything that tells who did what, nothing that is a secret. CloudTrail leaves most secrets out
//! by itself; what people write into free fields (user data, environment variables) it does not know. Pure.

use serde_json::Value;

use crate::attribution::event::Event;

/// What stands for a secret, in CloudTrail's own words. Not the marker of findings: two secrets that are not shown are not the same value.
const HIDDEN: &str = "HIDDEN_DUE_TO_SECURITY_REASONS";

/// Parts of names of members whose values are nobody's business.
const SECRET: &[&str] = &[
    "authorization",
    "credential",
    "environment",
    "masterkey",
    "passphrase",
    "password",
    "privatekey",
    "secret",
    "token",
    "userdata",
    "variables",
];
/// Names that contain such a part and say who somebody is, not what opens a door.
const HARMLESS: &[&str] = &[
    "accesskeyid",
    "credentials",
    "nexttoken",
    "passwordlastused",
    "passwordpolicy",
    "passwordresetrequired",
    "secretarn",
    "secretid",
];

/// The event as it is kept: `serde_json` of [`Event`], redacted.
pub(super) fn of(event: &Event) -> Value {
    let mut event = event.clone();
    for payload in [&mut event.request, &mut event.response, &mut event.additional] {
        redact(payload);
    }
    serde_json::to_value(&event).unwrap_or_default()
}

/// What was kept, read again.
pub(super) fn event(record: &Value) -> Option<Event> {
    serde::Deserialize::deserialize(record).ok()
}

fn redact(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                if is_secret(name) && !value.is_null() {
                    *value = HIDDEN.into();
                } else {
                    redact(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(redact),
        _ => {}
    }
}

fn is_secret(name: &str) -> bool {
    let squashed: String =
        name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect();
    SECRET.iter().any(|part| squashed.contains(part)) && !HARMLESS.contains(&squashed.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::attribution::event::parse;

    #[test]
    fn who_and_what_stays_and_secrets_go() {
        let record = json!({"eventVersion": "1.08", "eventID": "e", "eventName": "RunInstances",
            "eventSource": "ec2.amazonaws.com", "eventTime": "2026-02-01T00:00:00Z", "awsRegion": "eu-west-1",
            "recipientAccountId": "123456789012", "eventType": "AwsApiCall", "readOnly": false,
            "userIdentity": {"type": "IAMUser", "userName": "ana", "accessKeyId": "AKIAEXAMPLE"},
            "requestParameters": {"userData": "c2VjcmV0LTE=", "instanceType": "t3.micro", "masterUserPassword": "secret-2",
                "environment": {"variables": {"DB": "secret-3"}}},
            "responseElements": {"credentials": {"accessKeyId": "ASIAEXAMPLE", "sessionToken": "secret-4"},
                "items": [{"SecretString": "secret-5"}]}});
        let event_before = parse(&record.to_string()).unwrap();
        let kept = of(&event_before);
        let text = kept.to_string();
        for secret in ["c2VjcmV0LTE=", "secret-2", "secret-3", "secret-4", "secret-5"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        for known in ["ana", "t3.micro", "AKIAEXAMPLE", "ASIAEXAMPLE"] {
            assert!(text.contains(known), "{known}: {text}");
        }
        let again = event(&kept).unwrap();
        assert_eq!((again.id, again.time, again.identity), (event_before.id, event_before.time, event_before.identity));
    }
}
