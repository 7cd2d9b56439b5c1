//! `aws_iam_account_alias`: the account's one name for the sign-in page. An account has no more than one, so whatever
//! its name is now, it is the desired one: another name is a change of it.

use async_trait::async_trait;
use serde_json::json;

use crate::aws::ReadError;
use crate::inventory::value::attributes;
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{CompareRules, Live, PriorState};

pub(super) struct AwsIamAccountAlias;

#[async_trait]
impl Kind for AwsIamAccountAlias {
    fn name(&self) -> &'static str {
        "aws_iam_account_alias"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &["iam:ListAccountAliases"]
    }

    /// The provider writes the new name over the id, too.
    fn compare_rules(&self) -> CompareRules {
        CompareRules { compare_computed: &["id"], ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let desired: Vec<&str> = request.desired.iter().map(|desired| desired.id).collect();
        Ok(aliases(aws).await?.iter().flat_map(|alias| live(alias, &desired)).collect())
    }

    /// AWS has no other call for it. One that nobody declares is known by its name only.
    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let desired = Vec::from_iter((!prior.attributes().is_empty()).then_some(prior.id));
        Ok(aliases(aws).await?.iter().flat_map(|alias| live(alias, &desired)).find(|live| live.id == prior.id))
    }
}

async fn aliases(aws: &ScopeReader) -> Result<Vec<String>, ReadError> {
    let call = aws.iam().list_account_aliases().into_paginator();
    aws.pages("iam:ListAccountAliases", call.items().send()).await
}

/// The alias as each desired one, or as an unmanaged one.
fn live(alias: &str, desired: &[&str]) -> Vec<Live> {
    let ids = if desired.is_empty() { &[alias] } else { desired };
    let of = |id: &&str| {
        let values = attributes(json!({ "account_alias": alias, "id": alias }));
        Live { id: (*id).to_owned(), attributes: values, ..Live::default() }
    };
    ids.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_alias_is_a_change_of_the_one() {
        let renamed = live("new", &["old"]);
        assert_eq!((renamed[0].id.as_str(), &renamed[0].attributes["account_alias"]), ("old", &json!("new")));
        assert_eq!(live("new", &[])[0].id, "new");
    }
}
