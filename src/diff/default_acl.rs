//! Which subnets a VPC's default network ACL has: AWS itself puts every new subnet into it, and Terraform takes out of it what it
//! gives to another ACL, both mostly after the default ACL was written down. What Terraform itself did there is no drift; a subnet
//! that somebody made or moved is.
//! <https://docs.aws.amazon.com/vpc/latest/userguide/default-network-acl.html>

use std::collections::HashSet;

use serde_json::Value;

use crate::model::Change;

pub(super) const KIND: &str = "aws_default_network_acl";
pub(super) const SUBNETS: &str = "subnet_ids";
/// Subnets that some source declares: no attribute of the ACL, only the knowledge of it.
pub(super) const DECLARED_SUBNETS: &str = "declared_subnet_ids";
/// Stands for any default ACL: a subnet does not name its own.
pub(super) const ANY: &str = "*";

/// Takes out of a change of `subnet_ids` what Terraform did; `true` when nothing is left. `claimed`: subnets that the state of
/// another ACL, or of an association with one, has; `declared`: subnets that are declared.
pub(super) fn explains(change: &mut Change, claimed: &HashSet<String>, declared: &HashSet<String>) -> bool {
    let (Some(added), Some(removed)) = (&mut change.added, &mut change.removed) else { return false };
    let is_in = |set: &HashSet<String>, subnet: &Value| set.contains(&subnet.to_string());
    // One that is declared no more was destroyed, and AWS took it out.
    removed.retain(|subnet| !is_in(claimed, subnet) && is_in(declared, subnet));
    added.retain(|subnet| is_in(claimed, subnet) || !is_in(declared, subnet));
    added.is_empty() && removed.is_empty()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn explained(added: &[&str], removed: &[&str]) -> (bool, Vec<Value>, Vec<Value>) {
        let values = |names: &[&str]| names.iter().map(|name| json!(name)).collect::<Vec<_>>();
        let mut change = Change {
            path: "/subnet_ids".into(),
            desired: json!([]),
            live: json!([]),
            added: Some(values(added)),
            removed: Some(values(removed)),
            sensitive: false,
            declared: None,
        };
        let set = |names: &[&str]| names.iter().map(|name| json!(name).to_string()).collect::<HashSet<_>>();
        let done = explains(&mut change, &set(&["claimed"]), &set(&["claimed", "declared"]));
        (done, change.added.unwrap(), change.removed.unwrap())
    }

    #[test]
    fn only_what_terraform_did_is_explained() {
        assert_eq!(explained(&["declared"], &["claimed"]), (true, vec![], vec![]));
        let strangers = explained(&["by-hand", "declared"], &[]);
        assert_eq!(strangers, (false, vec![json!("by-hand")], vec![]));
        // Somebody moved them: out of the ACL that claims it, and into one that does not.
        assert_eq!(explained(&["claimed"], &[]), (false, vec![json!("claimed")], vec![]));
        assert_eq!(explained(&[], &["destroyed"]), (true, vec![], vec![]));
        assert_eq!(explained(&[], &["declared"]), (false, vec![], vec![json!("declared")]));
    }
}
