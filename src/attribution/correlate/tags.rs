//! Tags in events: a dozen spellings of "these keys with these values" and "remove these keys".

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::attribution::event::{squash, text};

/// What a request says of tags.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Tags {
    /// Key -> value, as written.
    pub pairs: BTreeMap<String, String>,
    /// Keys without a value: what an untagging call names.
    pub keys: BTreeSet<String>,
}

impl Tags {
    /// Reads a normalised request of a call about tags.
    pub(super) fn of(request: &Value) -> Self {
        let mut tags = Self::default();
        tags.walk("", request, 0);
        tags
    }

    /// Reads the tags that a call gives to what it makes: only what stands where tags stand. Of an instance and its disks,
    /// which one call makes, those of the instance itself or those of the disks.
    pub(super) fn of_making(request: &Value, itself: bool) -> Self {
        let mut tags = Self::default();
        if let Value::Object(members) = request {
            for (name, member) in members {
                let key = squash(name);
                if key == "tags" || key.starts_with("tagset") || key.starts_with("tagspecification") || key == "tagging"
                {
                    match member {
                        Value::Array(items) if items.iter().any(|item| type_of(item) == Some("instance")) => {
                            let wanted = if itself { "instance" } else { "volume" };
                            let own = items.iter().filter(|item| type_of(item) == Some(wanted));
                            own.for_each(|item| tags.walk(&key, item, 0));
                        }
                        member => tags.walk(&key, member, 0),
                    }
                }
            }
        }
        tags
    }

    fn walk(&mut self, key: &str, value: &Value, depth: usize) {
        if depth > 12 {
            return;
        }
        match value {
            Value::Array(items) if key.ends_with("tagkeys") || key.ends_with("tagkeylist") => {
                self.keys.extend(items.iter().filter_map(Value::as_str).map(str::to_owned));
            }
            Value::Array(items) => items.iter().for_each(|item| self.walk(key, item, depth + 1)),
            Value::Object(members) => {
                let member = |names: [&str; 2]| {
                    members.iter().find(|(name, _)| names.contains(&squash(name).as_str())).map(|(_, value)| value)
                };
                match (member(["key", "tagkey"]).and_then(Value::as_str), member(["value", "tagvalue"])) {
                    (Some(tag), Some(value)) if !value.is_object() && !value.is_array() => {
                        self.pairs.insert(tag.to_owned(), text(value));
                    }
                    (Some(tag), None) => {
                        self.keys.insert(tag.to_owned());
                    }
                    _ if key == "tags" && members.values().all(|value| !value.is_object() && !value.is_array()) => {
                        self.pairs.extend(members.iter().map(|(tag, value)| (tag.clone(), text(value))));
                    }
                    _ => members.iter().for_each(|(name, member)| self.walk(&squash(name), member, depth + 1)),
                }
            }
            Value::String(tag) if key.ends_with("tagkeys") => {
                self.keys.insert(tag.clone());
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

/// What one of EC2's tag specifications is for: `instance`, `volume`.
fn type_of(specification: &Value) -> Option<&str> {
    specification.get("resourceType")?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_instance_and_its_disks_have_tags_of_their_own() {
        let of = |kind: &str, value: &str| json!({"resourceType": kind, "tags": [{"key": "env", "value": value}]});
        let request = json!({"tagSpecificationSet": [of("instance", "prod"), of("volume", "test")]});
        let env = |itself| Tags::of_making(&request, itself).pairs["env"].clone();
        assert_eq!((env(true).as_str(), env(false).as_str()), ("prod", "test"));
    }

    #[test]
    fn spellings() {
        for request in [
            json!({"tagSet": [{"key": "env", "value": "prod"}], "resourcesSet": [{"resourceId": "i-1"}]}),
            json!({"tags": [{"Key": "env", "Value": "prod"}]}),
            json!({"tags": {"env": "prod"}}),
            json!({"tagging": {"tagSet": {"tag": {"key": "env", "value": "prod"}}}}),
            json!({"tags": [{"tagKey": "env", "tagValue": "prod"}]}),
        ] {
            assert_eq!(Tags::of(&request).pairs, BTreeMap::from([("env".to_owned(), "prod".to_owned())]), "{request}");
        }
        for request in
            [json!({"tagKeys": ["env"]}), json!({"tagSet": [{"key": "env"}]}), json!({"resource": {"tagKeys": "env"}})]
        {
            assert_eq!(Tags::of(&request).keys, BTreeSet::from(["env".to_owned()]), "{request}");
        }
    }
}
