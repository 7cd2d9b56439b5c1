//! EC2's answers about rules of security groups -> [`SecurityGroupRule`], and which elements of its group a rule resource owns.

use aws_sdk_ec2::types::{IpPermission, SecurityGroup};

use crate::model::OwnedField;
use crate::model::security_group_rule::{GroupRef, Peer, SecurityGroupRule, Traffic, sorted};

/// The group itself, as the one that has the rules.
pub(in crate::inventory::kinds) fn owner_of(group: &SecurityGroup) -> GroupRef<'_> {
    GroupRef { group: group.group_id().unwrap_or_default(), account: group.owner_id().unwrap_or_default() }
}

/// The rules of what EC2 answers for one group and direction, sorted.
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html>
pub(in crate::inventory::kinds) fn of_permissions(
    group: &SecurityGroup,
    permissions: &[IpPermission],
) -> Vec<SecurityGroupRule> {
    let mut rules = Vec::new();
    for permission in permissions {
        let mut add = |peer, description: Option<&str>| {
            let port = |port: Option<i32>| Some(i64::from(port.unwrap_or_default()));
            let protocol = permission.ip_protocol().unwrap_or_default();
            rules.push(SecurityGroupRule {
                traffic: Traffic::new(protocol, port(permission.from_port()), port(permission.to_port()), peer),
                description: description.unwrap_or_default().to_owned(),
                id: None,
                egress: None,
            });
        };
        for range in permission.ip_ranges() {
            add(Peer::ipv4(range.cidr_ip().unwrap_or_default()), range.description());
        }
        for range in permission.ipv6_ranges() {
            add(Peer::ipv6(range.cidr_ipv6().unwrap_or_default()), range.description());
        }
        for list in permission.prefix_list_ids() {
            add(Peer::PrefixList(list.prefix_list_id().unwrap_or_default().to_owned()), list.description());
        }
        for pair in permission.user_id_group_pairs() {
            let id = pair.group_id().unwrap_or_default();
            let named = match pair.user_id() {
                Some(account) if !account.is_empty() => format!("{account}/{id}"),
                _ => id.to_owned(),
            };
            add(Peer::group(&named, owner_of(group)), pair.description());
        }
    }
    sorted(rules)
}

/// The elements of its group that a rule resource owns: its rules, whichever type manages the group. A peer group with its
/// account (`ACCOUNT/sg-...`) is listed in both forms, because the group's own account is not known here.
pub(in crate::inventory::kinds) fn owned_fields(
    group: &str,
    egress: bool,
    rules: &[SecurityGroupRule],
) -> Vec<OwnedField> {
    let mut fields = Vec::new();
    let mut add = |rule: &SecurityGroupRule| {
        for parent_kind in ["aws_security_group", "aws_default_security_group"] {
            fields.push(OwnedField {
                parent_kind,
                parent_id: group.to_owned(),
                attribute: if egress { "egress" } else { "ingress" },
                element: Some(rule.element()),
            });
        }
    };
    for rule in rules {
        add(rule);
        if matches!(&rule.traffic.peer, Peer::Group(id) if id.contains('/')) {
            add(&SecurityGroupRule { traffic: rule.traffic.clone().by_group_id(group), ..rule.clone() });
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{IpRange, UserIdGroupPair};
    use serde_json::json;

    use super::*;
    use crate::inventory::value::attributes;
    use crate::model::security_group_rule::{elements_of, normalize};

    fn group(permissions: Vec<IpPermission>) -> SecurityGroup {
        SecurityGroup::builder().group_id("sg-1").owner_id("111").set_ip_permissions(Some(permissions)).build()
    }

    fn range(cidr: &str, description: &str) -> IpRange {
        IpRange::builder().cidr_ip(cidr).description(description).build()
    }

    fn tcp(port: i32) -> aws_sdk_ec2::types::builders::IpPermissionBuilder {
        IpPermission::builder().ip_protocol("tcp").from_port(port).to_port(port)
    }

    #[test]
    fn grouping_and_order_mean_nothing() {
        let live = group(vec![
            tcp(443).ip_ranges(range("10.1.0.0/16", "a")).ip_ranges(range("10.2.0.0/16", "b")).build(),
            tcp(443).ip_ranges(range("10.3.0.0/16", "a")).build(),
        ]);
        let mut state = attributes(json!({"id": "sg-1", "owner_id": "111", "ingress": [
            {"cidr_blocks": ["10.2.0.0/16"], "description": "b", "from_port": 443, "protocol": "6", "to_port": 443},
            {"cidr_blocks": ["10.3.0.0/16", "10.1.0.0/16"], "description": "a", "from_port": 443, "protocol": "tcp",
             "to_port": 443, "ipv6_cidr_blocks": null, "self": false, "security_groups": []},
        ]}));
        normalize(&mut state);
        assert_eq!(state["ingress"], elements_of(&of_permissions(&live, live.ip_permissions())));
        assert_eq!(state["ingress"].as_array().map(Vec::len), Some(3));
        let once = state.clone();
        normalize(&mut state);
        assert_eq!(state, once, "normalising twice is normalising once");
    }

    #[test]
    fn itself_other_groups_and_other_accounts() {
        let pair = |user: &str, id: &str| UserIdGroupPair::builder().user_id(user).group_id(id).build();
        let live = group(vec![
            IpPermission::builder()
                .ip_protocol("-1")
                .user_id_group_pairs(pair("111", "sg-1"))
                .user_id_group_pairs(pair("111", "sg-2"))
                .user_id_group_pairs(pair("222", "sg-3"))
                .build(),
        ]);
        let mut state = attributes(json!({"id": "sg-1", "owner_id": "111", "ingress": [{
            "from_port": 0, "to_port": 0, "protocol": "all", "self": true, "description": "",
            "security_groups": ["222/sg-3", "111/sg-2"],
        }]}));
        normalize(&mut state);
        assert_eq!(state["ingress"], elements_of(&of_permissions(&live, live.ip_permissions())));
    }

    #[test]
    fn a_rule_resource_owns_its_rules() {
        let rule = attributes(json!({
            "type": "ingress", "protocol": "tcp", "from_port": 80, "to_port": 80, "description": null,
            "cidr_blocks": ["10.0.0.0/8", "192.168.0.0/16"], "self": false, "source_security_group_id": null,
        }));
        let rules = SecurityGroupRule::from_attributes(&rule, GroupRef { group: "sg-1", account: "" }, None);
        let fields = owned_fields("sg-1", false, &rules);
        assert_eq!(fields.len(), 4);
        let mut parent = attributes(json!({"id": "sg-1", "ingress": [{
            "protocol": "tcp", "from_port": 80, "to_port": 80, "description": "",
            "cidr_blocks": ["192.168.0.0/16", "10.0.0.0/8"],
        }]}));
        normalize(&mut parent);
        for element in parent["ingress"].as_array().unwrap() {
            let owns = |field: &&OwnedField| {
                field.parent_kind == "aws_security_group" && field.element.as_ref() == Some(element)
            };
            assert_eq!(fields.iter().filter(owns).count(), 1);
        }
    }
}
