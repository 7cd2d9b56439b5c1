//! What a call was refused although it succeeded: answers list one by one what failed (`unsuccessful`, `failedEntries`,
//! `unknownIpPermissionSet`). What was refused is taken out of the request, so that nobody is named for it.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Event, event_table, objects, squash, text};

/// Lists of what failed, squashed; names that only begin so count as well.
const LISTS: &[&str] = &["unsuccessful", "unprocessed", "failed", "failure", "error", "invalid"];
/// Members of such a list that say why, not what.
const REASONS: &[&str] = &["error", "code", "message", "reason", "status", "detail"];

/// Takes out of an event what its answer refuses; a call of which nothing is left has failed.
pub(super) fn apply(event: &mut Event) {
    let Value::Object(answer) = &event.response else { return };
    if ["_return", "return"].iter().any(|name| answer.get(*name).is_some_and(|value| text(value) == "false")) {
        event.error = Some("the answer is no".to_owned());
        return;
    }
    let mut refused = BTreeSet::new();
    failures(&event.response, 0, &mut refused);
    // What is also listed among what succeeded was refused in part only.
    keep_named(&event.response, &mut refused);
    let unknown = answer.get("unknownIpPermissionSet").and_then(Value::as_array).cloned().unwrap_or_default();
    if refused.is_empty() && unknown.is_empty() {
        return;
    }
    let is_named = |event: &Event| {
        let paths = event_table::row(event).map(|row| row.ids.as_slice()).unwrap_or_default();
        !objects::at(event, paths).is_empty()
    };
    let named = is_named(event);
    let before = event.request.clone();
    prune(&mut event.request, &refused);
    let nothing_left = named && before != event.request && !is_named(event);
    without_permissions(&mut event.request, &unknown);
    if nothing_left || all_unknown(&event.request, &event.response, &unknown) {
        event.error = Some("everything was refused".to_owned());
    }
}

/// The names in all lists of failures, and in items of other lists that say that they failed.
fn failures(answer: &Value, depth: usize, refused: &mut BTreeSet<String>) {
    match answer {
        _ if depth > DEEPEST => {}
        Value::Array(items) => {
            for item in items {
                if has_failed(item) {
                    failed_ids(item, refused);
                } else {
                    failures(item, depth + 1, refused);
                }
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                if is_list_of_failures(name) {
                    failed_ids(member, refused);
                } else {
                    failures(member, depth + 1, refused);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Answers are lists in objects; nothing that names failures lies deeper.
const DEEPEST: usize = 4;

/// Does an item of a list say that it failed: `errorCode: "NotFound"`, `error: {code: ...}`? The error pages of a
/// distribution have codes as well, which are numbers.
fn has_failed(item: &Value) -> bool {
    let is_code =
        |value: &Value| value.as_str().is_some_and(|code| code.starts_with(|c: char| c.is_ascii_alphabetic()));
    ["errorCode", "error"]
        .iter()
        .filter_map(|name| item.get(*name))
        .any(|error| is_code(error) || error.get("code").is_some_and(is_code))
}

fn is_list_of_failures(name: &str) -> bool {
    let name = squash(name);
    LISTS.iter().any(|list| name.starts_with(list))
}

/// The names in a list of failures: of objects their ids, of a map its keys.
fn failed_ids(list: &Value, refused: &mut BTreeSet<String>) {
    let items: Vec<&Value> = match list {
        Value::Array(items) => items.iter().collect(),
        Value::Object(members) if members.values().all(Value::is_object) => {
            refused.extend(members.keys().filter(|key| key.starts_with("arn:")).cloned());
            Vec::new()
        }
        one @ Value::Object(_) => vec![one],
        _ => Vec::new(),
    };
    for item in items {
        match item {
            Value::Object(members) => {
                let named = members.iter().filter(|(name, value)| value.is_string() && !says_why(name));
                refused.extend(named.map(|(_, value)| text(value)).filter(|text| !text.is_empty()));
            }
            Value::String(id) => {
                refused.insert(id.clone());
            }
            _ => {}
        }
    }
}

fn says_why(name: &str) -> bool {
    let name = squash(name);
    REASONS.iter().any(|reason| name.contains(reason))
}

fn keep_named(value: &Value, refused: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => {
            refused.remove(text);
        }
        Value::Array(items) => {
            items.iter().filter(|item| !has_failed(item)).for_each(|item| keep_named(item, refused));
        }
        Value::Object(members) => {
            let others = members.iter().filter(|(name, _)| !is_list_of_failures(name));
            others.for_each(|(_, member)| keep_named(member, refused));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Takes what is refused out of lists, and out of members where it stands alone.
fn prune(value: &mut Value, refused: &BTreeSet<String>) {
    let is_refused = |value: &Value| value.as_str().is_some_and(|text| refused.contains(text));
    let is_about =
        |item: &Value| is_refused(item) || item.as_object().is_some_and(|members| members.values().any(is_refused));
    match value {
        Value::Array(items) => {
            items.retain(|item| !is_about(item));
            items.iter_mut().for_each(|item| prune(item, refused));
        }
        Value::Object(members) => {
            members.retain(|_, member| !is_refused(member));
            members.values_mut().for_each(|member| prune(member, refused));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Were all rules that a call was to revoke unknown to the group? `request` has only the others. Where the answer lists what
/// was revoked, that decides.
fn all_unknown(request: &Value, answer: &Value, unknown: &[Value]) -> bool {
    if unknown.is_empty()
        || answer.get("revokedSecurityGroupRuleSet").and_then(Value::as_array).is_some_and(|list| !list.is_empty())
    {
        return false;
    }
    let asked = request.get("ipPermissions").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let by_id = request.get("securityGroupRuleIds").is_some();
    !by_id && peers_of(asked.iter()).is_empty()
}

/// Takes the peers out of a request that the group did not have.
fn without_permissions(request: &mut Value, unknown: &[Value]) {
    let Some(asked) = request.get_mut("ipPermissions").and_then(Value::as_array_mut) else { return };
    for permission in asked.iter_mut() {
        let unknown = peers_of(unknown.iter().filter(|other| ports(other) == ports(permission)));
        let Value::Object(members) = permission else { continue };
        for list in PEERS {
            if let Some(Value::Array(items)) = members.get_mut(*list) {
                items.retain(|item| {
                    !item.as_object().is_some_and(|item| peer_names(item).iter().any(|name| unknown.contains(name)))
                });
            }
        }
    }
}

const PEERS: &[&str] = &["ipRanges", "ipv6Ranges", "prefixListIds", "groups"];

fn ports(permission: &Value) -> [String; 3] {
    ["ipProtocol", "fromPort", "toPort"].map(|name| permission.get(name).map(text).unwrap_or_default())
}

fn peers_of<'a>(permissions: impl Iterator<Item = &'a Value>) -> BTreeSet<String> {
    let lists = |permission: &'a Value| PEERS.iter().filter_map(|list| permission.get(*list)?.as_array());
    let items = permissions.flat_map(lists).flatten().filter_map(Value::as_object);
    items.flat_map(peer_names).collect()
}

fn peer_names(item: &Map<String, Value>) -> Vec<String> {
    ["cidrIp", "cidrIpv6", "prefixListId", "groupId"].iter().filter_map(|name| item.get(*name).map(text)).collect()
}

#[cfg(test)]
mod tests {
    use crate::attribution::event::{Event, parse};
    use serde_json::{Value, json};

    fn event(name: &str, request: Value, response: Value) -> Event {
        let record = json!({"eventID": "e", "eventTime": "2026-01-01T00:00:00Z", "eventSource": "ec2.amazonaws.com", "eventName": name,
            "requestParameters": request, "responseElements": response});
        parse(&record.to_string()).unwrap()
    }

    #[test]
    fn what_was_refused_is_not_asked() {
        let failed = |id: &str| json!({"resourceId": id, "error": {"code": "NotFound", "message": "no"}});
        let request = json!({"DeleteFlowLogsRequest": {"FlowLogId": [{"tag": 1, "content": "fl-1"}, {"tag": 2, "content": "fl-2"}]}});
        let some = event(
            "DeleteFlowLogs",
            request.clone(),
            json!({"DeleteFlowLogsResponse": {"unsuccessful": {"item": failed("fl-1")}}}),
        );
        assert_eq!((some.request, some.error), (json!({"flowLogId": ["fl-2"]}), None));
        let all = json!({"unsuccessful": {"item": [failed("fl-1"), failed("fl-2")]}});
        assert!(event("DeleteFlowLogs", request.clone(), all).error.is_some());
        let none = event("DeleteFlowLogs", request, json!({"DeleteFlowLogsResponse": {"unsuccessful": ""}}));
        assert_eq!(none.error, None);
        let no = event("DeleteRoute", json!({"routeTableId": "rtb-1"}), json!({"_return": false}));
        assert!(no.error.is_some());
        let versions = json!({"launchTemplateId": "lt-1", "launchTemplateVersion": ["1", "2"]});
        let answer = json!({"successfullyDeletedLaunchTemplateVersionSet": {"item": {"launchTemplateId": "lt-1", "versionNumber": 1}},
            "unsuccessfullyDeletedLaunchTemplateVersionSet": {"item": {"launchTemplateId": "lt-1", "versionNumber": 2}}});
        let part = event("DeleteLaunchTemplateVersions", versions, answer);
        assert_eq!((part.request["launchTemplateId"].as_str(), part.error), (Some("lt-1"), None));
    }

    #[test]
    fn rules_that_the_group_did_not_have_were_not_revoked() {
        let permission = |cidrs: &[&str]| {
            let ranges: Vec<Value> = cidrs.iter().map(|cidr| json!({"cidrIp": cidr})).collect();
            json!({"ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "ipRanges": {"items": ranges}})
        };
        let revoke = |cidrs: &[&str], unknown: &[&str]| {
            event(
                "RevokeSecurityGroupIngress",
                json!({"groupId": "sg-1", "ipPermissions": {"items": [permission(cidrs)]}}),
                json!({"_return": true, "unknownIpPermissionSet": {"items": [permission(unknown)]}}),
            )
        };
        assert!(revoke(&["10.0.0.0/8"], &["10.0.0.0/8"]).error.is_some());
        // One peer at two ports is two rules.
        let at = |port: u16| json!({"ipProtocol": "tcp", "fromPort": port, "toPort": port, "ipRanges": {"items": [{"cidrIp": "10.0.0.0/8"}]}});
        let one_of_two = event(
            "RevokeSecurityGroupIngress",
            json!({"groupId": "sg-1", "ipPermissions": {"items": [at(22), at(443)]}}),
            json!({"_return": true, "unknownIpPermissionSet": {"items": [at(22)]}}),
        );
        assert_eq!(one_of_two.error, None);
        let left = |at: usize| one_of_two.request["ipPermissions"][at]["ipRanges"].as_array().unwrap().len();
        assert_eq!((left(0), left(1)), (0, 1));
        let flat =
            json!({"groupName": "web", "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIp": "10.0.0.0/8"});
        let unknown = json!({"_return": true, "unknownIpPermissionSet": {"items": [at(22)]}});
        assert!(event("RevokeSecurityGroupIngress", flat, unknown).error.is_some());
        let half = revoke(&["10.0.0.0/8", "0.0.0.0/0"], &["10.0.0.0/8"]);
        assert_eq!(
            (half.request["ipPermissions"][0]["ipRanges"].clone(), half.error),
            (json!([{"cidrIp": "0.0.0.0/0"}]), None)
        );
    }

    #[test]
    fn batches_say_item_by_item_what_failed() {
        let of = |source: &str, name: &str, request: Value, response: Value| {
            let record = json!({"eventID": "e", "eventTime": "2026-01-01T00:00:00Z", "eventName": name,
                "eventSource": format!("{source}.amazonaws.com"), "requestParameters": request, "responseElements": response});
            parse(&record.to_string()).unwrap()
        };
        let names = json!({"names": ["/a", "/b"]});
        let half = json!({"deletedParameters": ["/a"], "invalidParameters": ["/b"]});
        assert_eq!(of("ssm", "DeleteParameters", names.clone(), half).request, json!({"names": ["/a"]}));
        let inside =
            json!({"results": [{"name": "/a"}, {"name": "/b", "error": {"code": "AccessDenied", "message": "no"}}]});
        assert_eq!(of("ssm", "DeleteParameters", names.clone(), inside).request, json!({"names": ["/a"]}));
        let deeper =
            json!({"result": {"failed": [{"name": "/a", "errorCode": "Busy"}, {"name": "/b", "errorCode": "Busy"}]}});
        assert!(of("ssm", "DeleteParameters", names, deeper).error.is_some());
        // The error pages of a distribution are no errors.
        let pages = json!({"items": [{"errorCode": 404, "responsePagePath": "/404.html"}]});
        let request = json!({"id": "E1", "distributionConfig": {"customErrorResponses": pages}});
        let answer = json!({"distribution": {"distributionConfig": {"customErrorResponses": pages}}});
        let updated = of("cloudfront", "UpdateDistribution", request, answer);
        assert!(updated.error.is_none() && updated.request.to_string().contains("/404.html"), "{updated:?}");
    }
}
