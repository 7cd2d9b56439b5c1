//! The values that an event's payloads hold, as (key, text) pairs, and when a key and a value of a Terraform attribute are the
//! same thing there: Terraform writes `cidr_blocks`, EC2 `cidrIp`.

use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::keys::keys_of;
use super::place::Place;
use crate::attribution::event::{Event, objects, squash, text};
use crate::model::{arn, policy, protocol};

/// More values than these of one payload are not looked at: no call that changes a resource carries as many.
const MOST: usize = 20_000;

/// What CloudTrail and services write where a value is hidden.
const HIDDEN: &[&str] = &[
    "hidden_due_to_security_reasons",
    "<sensitivedataremoved>",
    "****",
    "***(redacted)",
    "value hidden due to security reasons.",
    "redacted",
    "<sensitive>",
];

/// All values of one payload.
#[derive(Debug, Default)]
pub(super) struct PayloadValues {
    pairs: Vec<PayloadValue>,
    documents: Vec<(String, Value)>,
    keys: HashSet<String>,
    hidden: HashSet<String>,
}

/// One scalar of a payload.
#[derive(Debug)]
pub(super) struct PayloadValue {
    /// Squashed.
    pub key: String,
    pub text: String,
    /// Squashed keys and list indexes on the way to it.
    pub within: Vec<String>,
    /// It stands under a key such as `remove` or `removeRouteTableId`: the call removes it.
    removed: bool,
}

/// How a payload compares with one attribute's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ValueMatch {
    /// The payload does not mention the attribute.
    Absent,
    /// It has another value.
    Different,
    /// It mentions the attribute and hides the value.
    Redacted,
    /// It has this very value.
    Equal,
}

impl PayloadValues {
    /// Takes a normalised payload apart.
    pub(super) fn of(payload: &Value) -> Self {
        let mut values = Self::default();
        // An older form of adding and removing: what to do with all of it stands beside it.
        let removed = payload.get("operationType").and_then(Value::as_str) == Some("remove");
        values.walk("", payload, removed, &mut Vec::new());
        values
    }

    fn walk(&mut self, key: &str, value: &Value, removed: bool, within: &mut Vec<String>) {
        let removed = removed || key.starts_with("remove");
        if self.pairs.len() > MOST {
            return;
        }
        match value {
            Value::Null => {}
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    within.push(index.to_string());
                    self.walk(key, item, removed, within);
                    within.pop();
                }
            }
            Value::Object(members) => {
                if !key.is_empty() {
                    self.keys.insert(key.to_owned());
                }
                if is_policy(value) {
                    self.documents.push((key.to_owned(), policy::canonical(value)));
                    return;
                }
                within.push(key.to_owned());
                for (name, member) in members {
                    self.walk(&squash(name), member, removed, within);
                }
                within.pop();
            }
            Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                let text = text(value);
                self.keys.insert(key.to_owned());
                if HIDDEN.contains(&text.to_ascii_lowercase().as_str()) {
                    self.hidden.insert(key.to_owned());
                    return;
                }
                if let Some(document) = document(&text) {
                    self.documents.push((key.to_owned(), policy::canonical(&document)));
                }
                self.pairs.push(PayloadValue { key: key.to_owned(), text, within: within.clone(), removed });
            }
        }
    }

    /// Does this text stand anywhere?
    pub(super) fn has_text(&self, wanted: &str) -> bool {
        self.pairs.iter().any(|one| one.text == wanted)
    }

    /// Does an ARN of this name stand anywhere?
    pub(super) fn has_name(&self, wanted: &str) -> bool {
        self.pairs.iter().any(|one| arn::name(&one.text) == Some(wanted))
    }

    /// How the payload compares with attribute `name` having this scalar value.
    pub(super) fn match_value(&self, name: &str, value: &Value) -> ValueMatch {
        self.match_value_at(&Place::default(), name, value)
    }

    /// The same, at its own place.
    pub(super) fn match_value_at(&self, place: &Place, name: &str, value: &Value) -> ValueMatch {
        self.match_among(place, name, value, |one| !one.removed)
    }

    /// The same under one squashed key alone, of what the call adds or of what it removes.
    pub(super) fn match_under_key(&self, key: &str, value: &str, removed: bool) -> ValueMatch {
        let mut best = ValueMatch::Absent;
        for one in self.pairs.iter().filter(|one| one.key == key && one.removed == removed) {
            best = best.max(if one.text == value { ValueMatch::Equal } else { ValueMatch::Different });
        }
        best
    }

    /// How the payload compares with attribute `name` losing this scalar value: only what the call removes counts.
    pub(super) fn match_removed(&self, name: &str, value: &Value) -> ValueMatch {
        self.match_removed_at(&Place::default(), name, value)
    }

    /// The same, at its own place.
    pub(super) fn match_removed_at(&self, place: &Place, name: &str, value: &Value) -> ValueMatch {
        self.match_among(place, name, value, |one| one.removed)
    }

    /// Where the elements of the list stand that corresponds to this attribute; none: the payload has no such list.
    pub(super) fn elements_of(&self, name: &str) -> BTreeSet<&[String]> {
        let keys = keys_of(name);
        let is_list = |key: &String| {
            let plain = key.strip_prefix("add").or_else(|| key.strip_prefix("remove")).unwrap_or(key);
            keys.iter().any(|wanted| wanted == key || wanted == plain)
        };
        let element = |one: &PayloadValue| one.within.iter().position(is_list);
        self.pairs.iter().filter_map(|one| one.within.get(..=element(one)?)).collect()
    }

    /// All that one element says, without the order of its lists; what is empty says nothing.
    pub(super) fn said_in(&self, element: &[String]) -> BTreeSet<(Vec<&str>, &str)> {
        let is_name = |key: &&str| key.parse::<usize>().is_err();
        let mut said = BTreeSet::new();
        for one in self.pairs.iter().filter(|one| !one.text.is_empty()) {
            if let Some(inside) = one.within.strip_prefix(element) {
                let path = inside.iter().map(String::as_str).chain([one.key.as_str()]).filter(is_name).collect();
                said.insert((path, one.text.as_str()));
            }
        }
        said
    }

    fn match_among(
        &self,
        place: &Place,
        name: &str,
        value: &Value,
        counts: impl Fn(&PayloadValue) -> bool,
    ) -> ValueMatch {
        let mut keys = keys_of(name);
        // A call about a policy of a role names both; the policy's name is what it is about.
        if name == "name" && self.keys.contains("policyname") {
            keys = vec!["policyname".to_owned()];
        }
        let mine = |key: &str| keys.iter().any(|wanted| wanted == key || key.strip_prefix("add") == Some(wanted));
        let wanted = text(value);
        if let Some(wanted) = document(&wanted).map(|document| policy::canonical(&document)) {
            let mut best = ValueMatch::Absent;
            for (_, found) in self.documents.iter().filter(|(key, _)| mine(key) || key.contains("policy")) {
                best = best.max(if *found == wanted { ValueMatch::Equal } else { ValueMatch::Different });
            }
            if best != ValueMatch::Absent {
                return best;
            }
        }
        let named = |one: &&PayloadValue| counts(one) && mine(one.key.strip_prefix("remove").unwrap_or(&one.key));
        let named: Vec<&PayloadValue> = self.pairs.iter().filter(named).collect();
        let Some(here) = place.own(&named, &self.pairs) else { return ValueMatch::Different };
        let mut best = ValueMatch::Absent;
        for one in here {
            best = best.max(if same(name, &one.text, &wanted) { ValueMatch::Equal } else { ValueMatch::Different });
        }
        if best == ValueMatch::Absent && keys.iter().any(|key| self.hidden.contains(key)) {
            return ValueMatch::Redacted;
        }
        best
    }

    /// Does any key of the payload correspond to this attribute?
    pub(super) fn mentions(&self, name: &str) -> bool {
        keys_of(name).iter().any(|key| self.keys.contains(key) || self.hidden.contains(key))
    }
}

/// Request and answer of an event, taken apart once.
pub(super) struct Payloads {
    pub request: PayloadValues,
    pub response: PayloadValues,
}

impl Payloads {
    pub(super) fn of(event: &Event) -> Self {
        Self { request: PayloadValues::of(&event.request), response: PayloadValues::of(&event.response) }
    }

    /// Does one of the identifying paths (or the record's own list of resources) hold one of these names?
    pub(super) fn identify_any(&self, event: &Event, paths: &[String], names: &BTreeSet<String>) -> bool {
        if names.is_empty() {
            return false;
        }
        // A name stands for an ARN only where the one side has no ARN: AWS's own policies share names with others.
        let arns = names.iter().any(|name| arn::is_arn(name));
        let known = |text: &String| {
            names.contains(text)
                || names.iter().any(|name| arn::name(name) == Some(text))
                || !arns && arn::name(text).is_some_and(|tail| names.contains(tail))
        };
        let found = objects::at(event, paths);
        // Where the body is left out, the list of resources is all that names anything.
        let listed = |arn: &String| {
            names.contains(arn) || event.omitted && arn::name(arn).is_some_and(|tail| names.contains(tail))
        };
        found.iter().any(known) || event.resources.iter().any(listed)
    }
}

/// Numbers by value, protocols by number or name, words without regard to case.
fn same(name: &str, found: &str, wanted: &str) -> bool {
    found.eq_ignore_ascii_case(wanted)
        || name.ends_with("protocol") && protocol::is_same(found, wanted)
        || matches!((found.parse::<f64>(), wanted.parse::<f64>()), (Ok(a), Ok(b)) if a == b)
        || found.trim_end_matches('.').eq_ignore_ascii_case(wanted.trim_end_matches('.')) && !wanted.is_empty()
        || found.trim_start_matches('"').trim_end_matches('"') == wanted
        // A role or profile by name in one place, by ARN in the other.
        || arn::name(found).is_some_and(|tail| tail == wanted)
        || arn::name(wanted).is_some_and(|tail| tail == found)
}

/// Long, and not a mere word or number.
pub(super) fn is_distinctive(text: &str) -> bool {
    text.len() >= 8 && text.contains(|c: char| c.is_ascii_digit()) && text.contains(['-', ':', '/', '.'])
}

fn is_policy(value: &Value) -> bool {
    value.as_object().is_some_and(|members| members.keys().any(|name| name.eq_ignore_ascii_case("statement")))
}

/// The JSON object that a text is; IAM's answers are URL-encoded.
fn document(text: &str) -> Option<Value> {
    let decoded = if text.starts_with("%7B") {
        percent_encoding::percent_decode_str(text).decode_utf8().ok()?.into_owned()
    } else {
        text.trim_start().to_owned()
    };
    if !decoded.starts_with('{') {
        return None;
    }
    serde_json::from_str::<Value>(&decoded).ok().filter(Value::is_object)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_and_values_of_two_worlds() {
        let values = PayloadValues::of(
            &json!({"groupId": "sg-0a1b2c3d", "ipPermissions": [{"ipProtocol": "-1", "fromPort": 22,
            "ipRanges": [{"cidrIp": "0.0.0.0/0"}]}], "userData": "<sensitiveDataRemoved>", "enableDnsSupport": "true"}),
        );
        for (name, value, best) in [
            ("cidr_blocks", json!("0.0.0.0/0"), ValueMatch::Equal),
            ("cidr_blocks", json!("10.0.0.0/8"), ValueMatch::Different),
            ("from_port", json!(22), ValueMatch::Equal),
            ("from_port", json!(23), ValueMatch::Different),
            ("protocol", json!("all"), ValueMatch::Equal),
            ("user_data", json!("x"), ValueMatch::Redacted),
            ("enable_dns_support", json!(true), ValueMatch::Equal),
            ("instance_type", json!("m5.large"), ValueMatch::Absent),
            // It stands there, under another key.
            ("instance_type", json!("sg-0a1b2c3d"), ValueMatch::Absent),
        ] {
            assert_eq!(values.match_value(name, &value), best, "{name} {value}");
        }
    }

    #[test]
    fn policies_by_meaning() {
        let policy =
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:*"], "Resource": "*"}]});
        let wanted = json!(
            "{\"Version\":\"2012-10-17\",\"Statement\":{\"Resource\":[\"*\"],\"Effect\":\"Allow\",\"Action\":\"s3:*\"}}"
        );
        assert_eq!(
            PayloadValues::of(&json!({"policyDocument": policy.to_string()}))
                .match_value("assume_role_policy", &wanted),
            ValueMatch::Equal
        );
        assert_eq!(
            PayloadValues::of(&json!({"bucketPolicy": policy})).match_value("policy", &wanted),
            ValueMatch::Equal
        );
        assert_eq!(
            PayloadValues::of(&json!({"policyDocument": "{\"Statement\":[]}"})).match_value("policy", &wanted),
            ValueMatch::Different
        );
    }
}
