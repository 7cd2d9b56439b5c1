//! Which objects an event may have changed, by the names that it has for them; and by which names a resource is known. So a
//! change is looked at seconds after its event, whoever declares the resource.

use std::collections::BTreeSet;

use super::event_table::{self, Target};
use super::{Event, objects};
use crate::model::Attributes;

/// Something that an event may have changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Touched {
    /// Terraform resource type; `*`: whatever EC2 tags.
    pub kind: String,
    /// Ids, ARNs and names by which the event names the object, or something that it is a part of; empty when it is the account's
    /// (and region's) only one.
    pub names: BTreeSet<String>,
    /// The call made one.
    pub made: bool,
}

/// What an event may have changed. Nothing for calls that failed or only read, and for those that change no type of the provider.
pub fn touched(event: &Event) -> Vec<Touched> {
    if event.error.is_some() || event.read_only == Some(true) {
        return Vec::new();
    }
    let Some(row) = event_table::row(event) else { return Vec::new() };
    let of = |target: &Target| {
        let names = objects::at(event, if target.ids.is_empty() { &row.ids } else { &target.ids });
        let all = names.into_iter().chain(event.resources.iter().cloned());
        let names = if row.is_singleton() { BTreeSet::new() } else { all.collect() };
        Touched { kind: target.kind.clone(), names, made: target.made }
    };
    row.targets.iter().map(of).collect()
}

/// The names by which events may know a resource of this type with these attributes; empty for the account's (and region's) only one.
pub fn names_of(kind: &str, id: &str, attributes: &Attributes) -> BTreeSet<String> {
    let object = objects::of(kind);
    let mut names = BTreeSet::new();
    if object.is_singleton() {
        return names;
    }
    let paths = object.own.iter().chain(&object.also).chain(&object.container);
    paths.for_each(|path| objects::values(attributes, path, &mut names));
    names.insert(id.to_owned());
    names
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::attribution::event::parse;

    fn event(name: &str, source: &str, rest: serde_json::Value) -> Event {
        let mut record = json!({"eventVersion": "1.08", "eventID": "e", "eventName": name, "eventSource": source,
            "eventTime": "2026-02-01T00:00:00Z", "awsRegion": "eu-west-1", "recipientAccountId": "123456789012",
            "eventType": "AwsApiCall", "readOnly": false, "userIdentity": {"type": "IAMUser"}});
        let (serde_json::Value::Object(record_members), serde_json::Value::Object(rest)) = (&mut record, rest) else {
            panic!()
        };
        record_members.extend(rest);
        parse(&record.to_string()).unwrap()
    }

    fn names(touched: &[Touched], kind: &str) -> Vec<String> {
        let of = touched.iter().filter(|one| one.kind == kind);
        of.flat_map(|one| one.names.iter().cloned()).collect()
    }

    #[test]
    fn a_call_touches_what_it_names() {
        let request = json!({"requestParameters": {"groupId": "sg-0a1b2c3d", "ipPermissions": {"items": []}},
            "responseElements": {"_return": true, "securityGroupRuleSet": {"items": [{"securityGroupRuleId": "sgr-0a1b2c3d"}]}}});
        let found = touched(&event("AuthorizeSecurityGroupIngress", "ec2.amazonaws.com", request.clone()));
        assert!(names(&found, "aws_security_group").contains(&"sg-0a1b2c3d".to_owned()), "{found:?}");
        let rules = found.iter().find(|one| one.kind == "aws_vpc_security_group_ingress_rule").unwrap();
        assert!(rules.made && rules.names.contains("sgr-0a1b2c3d"), "{rules:?}");

        let mut refused = request;
        refused["errorCode"] = json!("Client.UnauthorizedOperation");
        assert_eq!(touched(&event("AuthorizeSecurityGroupIngress", "ec2.amazonaws.com", refused)), []);
    }

    #[test]
    fn the_only_one_needs_no_name() {
        let found = touched(&event("EnableEbsEncryptionByDefault", "ec2.amazonaws.com", json!({})));
        assert_eq!(found[0].kind, "aws_ebs_encryption_by_default");
        assert!(found[0].names.is_empty());
        assert!(names_of("aws_ebs_encryption_by_default", "eu-west-1", &Attributes::new()).is_empty());
    }

    #[test]
    fn a_part_is_known_by_what_it_is_a_part_of() {
        let serde_json::Value::Object(attributes) = json!({"role": "web", "policy_arn": "arn:aws:iam::aws:policy/X"})
        else {
            panic!()
        };
        assert!(names_of("aws_iam_role_policy_attachment", "web-2026", &attributes).contains("web"));
    }
}
