//! `aws_default_network_acl`: the ACL that AWS makes with every VPC, once Terraform has adopted it. AWS itself puts
//! every new subnet into it and takes out the deleted ones; such a coming and going is the subnet's story. What is
//! told of its subnets is which ones now belong to another ACL.

use std::collections::HashSet;

use async_trait::async_trait;
use aws_sdk_ec2::types::NetworkAcl;
use serde_json::{Value, json};

use super::aws_network_acl::{live, read, subnets};
use super::ec2::{self, entries};
use crate::inventory::{Found, Kind, ReadError, Region, Wanted};
use crate::model::{Desired, Shape};

pub(super) struct AwsDefaultNetworkAcl;

#[async_trait]
impl Kind for AwsDefaultNetworkAcl {
    fn name(&self) -> &'static str {
        "aws_default_network_acl"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["ec2:DescribeNetworkAcls"]
    }

    fn shape(&self) -> Shape {
        Shape { normalise: Some(entries::normalise), ..Shape::default() }
    }

    async fn list(&self, aws: &Region, wanted: Wanted<'_>) -> Result<Found, ReadError> {
        let acls = ec2::network_acls(aws).await?;
        let defaults = acls.iter().filter(|acl| acl.is_default() == Some(true));
        let found = defaults.map(|acl| {
            let mut live = live(aws, acl);
            live.attributes.insert("default_network_acl_id".to_owned(), live.id.clone().into());
            if let Some(desired) = wanted.desired.iter().find(|desired| desired.id == live.id) {
                let kept = kept(desired.attributes().get("subnet_ids"), acl, &acls);
                live.attributes.insert("subnet_ids".to_owned(), kept);
            }
            live
        });
        Ok(found.collect::<Vec<_>>().into())
    }

    async fn exists(&self, aws: &Region, desired: &Desired) -> Result<bool, ReadError> {
        Ok(read(aws, &desired.id).await?.is_some())
    }
}

/// The desired subnets but those that another ACL has now.
fn kept(desired: Option<&Value>, acl: &NetworkAcl, acls: &[NetworkAcl]) -> Value {
    let others = acls.iter().filter(|other| other.network_acl_id() != acl.network_acl_id());
    let elsewhere: HashSet<&str> = others.flat_map(subnets).collect();
    let ids = desired.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    json!(ids.filter(|id| !elsewhere.contains(id)).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::NetworkAclAssociation;

    use super::*;

    #[test]
    fn only_a_subnet_moved_to_another_acl_is_lost() {
        let acl = |id: &str, subnets: &[&str]| {
            let associations = subnets.iter().map(|id| NetworkAclAssociation::builder().subnet_id(*id).build());
            NetworkAcl::builder().network_acl_id(id).set_associations(Some(associations.collect())).build()
        };
        let acls = [acl("acl-default", &["new", "stays"]), acl("acl-other", &["moved"])];
        let desired = json!(["stays", "moved", "deleted"]);
        assert_eq!(kept(Some(&desired), &acls[0], &acls), json!(["stays", "deleted"]));
    }
}
