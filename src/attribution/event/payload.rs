//! CloudTrail's payloads (`requestParameters`, `responseElements`) in one form, whichever way a service writes them: EC2 has two (`items` lists and wrapped
//! `<Operation>Request`), the rest lower the first letter of the API's member names. After this a path reads the same everywhere.

use serde_json::{Map, Value};

/// Deeper payloads are cut: nothing that changes a resource nests like that.
const DEEPEST: usize = 40;

/// One form: wrappers gone, first letters lowered, `items`/`item` lists and `{value: x}`/`{content: x}` scalars unfolded.
pub(super) fn normalise(payload: Value) -> Value {
    form(unwrap(payload), 0)
}

/// `{"ModifyVolumeRequest": {...}}` -> `{...}`.
fn unwrap(payload: Value) -> Value {
    match payload {
        Value::Object(members) if members.len() == 1 => {
            let wrapped = members.iter().next().is_some_and(|(name, inner)| {
                inner.is_object()
                    && ["Request", "Req", "Response"].iter().any(|end| name.ends_with(end) && name.len() > end.len())
            });
            if wrapped {
                members.into_iter().next().map(|(_, inner)| inner).unwrap_or_default()
            } else {
                Value::Object(members)
            }
        }
        other => other,
    }
}

fn form(value: Value, depth: usize) -> Value {
    if depth > DEEPEST {
        return Value::Null;
    }
    match value {
        Value::Array(items) => Value::Array(items.into_iter().map(|item| form(item, depth + 1)).collect()),
        Value::Object(members) if is_document(&members) => Value::Object(members),
        Value::Object(members) => object(members, depth),
        other => other,
    }
}

/// A policy is a document, its names are its own.
fn is_document(members: &Map<String, Value>) -> bool {
    members.contains_key("Statement")
}

fn object(members: Map<String, Value>, depth: usize) -> Value {
    let wrapped = members.contains_key("tag") || members.contains_key("xmlns");
    let mut lower = Map::new();
    for (name, value) in members {
        // Bookkeeping of the wrapped form: the index of a repeated member, the namespace.
        if name == "xmlns" || wrapped && name == "tag" && !value.is_object() && !value.is_array() {
            continue;
        }
        let name = lowered(&name);
        // S3 names the sub-resource, too: `"tagging": ""` or `[""]` beside `"Tagging": {...}`.
        let better = value.is_object() || value.is_array() && lower.get(&name).is_some_and(Value::is_string);
        if better || !lower.contains_key(&name) {
            lower.insert(name, value);
        }
    }
    let mut members = lower;
    if members.len() == 1 {
        for list in ["items", "item"] {
            match members.remove(list) {
                Some(Value::Array(items)) => return form(Value::Array(items), depth + 1),
                Some(one @ Value::Object(_)) => return Value::Array(vec![form(one, depth + 1)]),
                Some(one @ Value::String(_)) => return Value::Array(vec![one]),
                Some(other) => {
                    members.insert(list.to_owned(), other);
                }
                None => {}
            }
        }
        for scalar in ["value", "content"] {
            match members.get(scalar) {
                Some(inner) if !inner.is_object() && !inner.is_array() => return inner.clone(),
                _ => {}
            }
        }
    }
    let inner = |name: &str, value: Value| match value {
        // Tags as a map: the names are people's.
        Value::Object(tags) if name == "tags" => Value::Object(tags),
        other => form(other, depth + 1),
    };
    Value::Object(members.into_iter().map(|(name, value)| (name.clone(), inner(&name, value))).collect())
}

/// The first letter lowered, nothing else: CloudTrail's own rule. EC2 has two names for one list.
fn lowered(name: &str) -> String {
    if name == "securityGroupRuleIdSet" {
        return "securityGroupRuleIds".to_owned();
    }
    let mut letters = name.chars();
    match letters.next() {
        Some(first) if first.is_ascii_uppercase() => first.to_ascii_lowercase().to_string() + letters.as_str(),
        _ => name.to_owned(),
    }
}

/// `cidr_ip`, `cidrIp`, `x-amz-acl` in one spelling.
pub(crate) fn squash(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// A scalar as text: CloudTrail writes numbers and booleans as text at will.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_flat_shape_of_ec2() {
        let flat = json!({"groupId": "sg-1", "ipPermissions": {"items": [{"ipProtocol": "tcp", "fromPort": 22, "groups": {},
            "ipRanges": {"items": [{"cidrIp": "0.0.0.0/0"}]}}]}, "instanceType": {"value": "t3.micro"}});
        assert_eq!(
            normalise(flat),
            json!({"groupId": "sg-1", "instanceType": "t3.micro", "ipPermissions": [{"ipProtocol": "tcp", "fromPort": 22,
                "groups": {}, "ipRanges": [{"cidrIp": "0.0.0.0/0"}]}]})
        );
    }

    #[test]
    fn the_wrapped_shape_of_ec2() {
        let wrapped = json!({"ModifySecurityGroupRulesRequest": {"GroupId": "sg-1", "SecurityGroupRule": {"tag": 1,
            "SecurityGroupRuleId": "sgr-1", "SecurityGroupRule": {"CidrIpv4": "0.0.0.0/0", "FromPort": 22}}}});
        assert_eq!(
            normalise(wrapped),
            json!({"groupId": "sg-1", "securityGroupRule": {"securityGroupRuleId": "sgr-1",
                "securityGroupRule": {"cidrIpv4": "0.0.0.0/0", "fromPort": 22}}})
        );
        assert_eq!(
            normalise(json!({"DeleteVpcEndpointsRequest": {"VpcEndpointId": {"content": "vpce-1", "tag": 1}}})),
            json!({"vpcEndpointId": "vpce-1"})
        );
    }

    #[test]
    fn other_bodies_stay() {
        for payload in [
            json!({"key": "a", "value": "b"}),
            json!(null),
            json!({"resourceIdList": ["x"]}),
            json!({"tagList": [{"key": "a", "value": "b"}]}),
        ] {
            assert_eq!(normalise(payload.clone()), payload);
        }
        let names = json!({"bucketPolicy": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow"}]}, "tags": {"Env": "x"}});
        assert_eq!(normalise(names.clone()), names);
        for empty in [json!(""), json!([""])] {
            let s3 = json!({"tagging": empty, "Tagging": {"TagSet": {"Tag": {"Key": "a"}}}});
            assert_eq!(normalise(s3), json!({"tagging": {"tagSet": {"tag": {"key": "a"}}}}));
        }
        assert_eq!(normalise(json!({"flowLogIdSet": {"item": "fl-1"}})), json!({"flowLogIdSet": ["fl-1"]}));
        let s3 = json!({"tagging": "", "Tagging": {"xmlns": "http://s3.amazonaws.com/doc/2006-03-01/", "TagSet": {"Tag": {"Key": "a"}}}});
        assert_eq!(normalise(s3), json!({"tagging": {"tagSet": {"tag": {"key": "a"}}}}));
        let mut deep = json!(1);
        for _ in 0..200 {
            deep = json!({ "a": deep });
        }
        normalise(deep);
    }
}
