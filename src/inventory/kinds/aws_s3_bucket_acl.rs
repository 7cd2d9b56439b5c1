//! `aws_s3_bucket_acl`. A canned ACL is only kept in the id; what it granted stands in `access_control_policy`.

use async_trait::async_trait;
use aws_sdk_s3::types::{Grantee, Owner as BucketOwner};
use serde_json::{Value, json};

use super::s3::{self, BucketPart, PartId};
use crate::aws::ReadError;
use crate::inventory::ScopeReader;
use crate::inventory::value::attributes;
use crate::model::{Attributes, CompareRules};

pub(super) struct AwsS3BucketAcl;

#[async_trait]
impl BucketPart for AwsS3BucketAcl {
    fn name(&self) -> &'static str {
        "aws_s3_bucket_acl"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["s3:GetBucketAcl", "s3:GetBucketLocation", "s3:ListAllMyBuckets"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { normalize: Some(without_display_names), ..CompareRules::default() }
    }

    fn repeated_in(&self) -> &'static [&'static str] {
        &["acl", "grant"]
    }

    async fn read(&self, aws: &ScopeReader, id: &PartId<'_>) -> Result<Option<Attributes>, ReadError> {
        let answer = s3::acl(aws, id.bucket).await?;
        Ok(answer.as_ref().as_ref().map(|acl| {
            let grants = acl.grants().iter().map(|grant| {
                json!({
                    "grantee": grant.grantee().map(|to| [grantee(to)]),
                    "permission": grant.permission().map(|permission| permission.as_str()),
                })
            });
            attributes(json!({
                "access_control_policy": [{
                    "grant": Value::from_iter(grants),
                    "owner": acl.owner().map(|owner| [owner_block(owner)]),
                }],
                "acl": id.name,
            }))
        }))
    }
}

/// A `grantee` block.
pub(super) fn grantee(grantee: &Grantee) -> Value {
    json!({
        "display_name": grantee.display_name(),
        "email_address": grantee.email_address(),
        "id": grantee.id(),
        "type": grantee.r#type().as_str(),
        "uri": grantee.uri(),
    })
}

fn owner_block(owner: &BucketOwner) -> Value {
    json!({ "display_name": owner.display_name(), "id": owner.id() })
}

/// AWS stopped to send display names in 2025; states of before have them.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Owner.html>
fn without_display_names(attributes: &mut Attributes) {
    if let Some(policy) = attributes.get_mut("access_control_policy") {
        forget(policy, "display_name");
    }
}

/// Takes a member out of every object within a value.
pub(super) fn forget(value: &mut Value, name: &str) {
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(|element| forget(element, name)),
        Value::Object(members) => {
            members.remove(name);
            members.values_mut().for_each(|member| forget(member, name));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_names_do_not_count() {
        let policy = |name: Value| {
            let mut policy = attributes(json!({"access_control_policy": [{
                "grant": [{"grantee": [{"id": "1", "display_name": name}], "permission": "READ"}],
                "owner": [{"id": "1", "display_name": name}],
            }]}));
            without_display_names(&mut policy);
            policy
        };
        assert_eq!(policy(json!("someone")), policy(Value::Null));
        assert_eq!(policy(Value::Null)["access_control_policy"][0]["owner"], json!([{"id": "1"}]));
    }
}
