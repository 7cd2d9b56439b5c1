//! `aws_iam_account_alias`: the account's one name for the sign-in page.

use async_trait::async_trait;
use serde_json::json;

use crate::inventory::value::attributes;
use crate::inventory::{Found, Kind, Reach, ReadError, Region, Wanted};
use crate::model::{Desired, Live};

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

    async fn list(&self, aws: &Region, _wanted: Wanted<'_>) -> Result<Found, ReadError> {
        let live = aliases(aws).await?.into_iter().map(|alias| {
            let values = attributes(json!({ "account_alias": alias, "id": alias }));
            Live { id: alias, attributes: values, ..Live::default() }
        });
        Ok(live.collect::<Vec<_>>().into())
    }

    async fn exists(&self, aws: &Region, desired: &Desired) -> Result<bool, ReadError> {
        Ok(aliases(aws).await?.contains(&desired.id))
    }
}

async fn aliases(aws: &Region) -> Result<Vec<String>, ReadError> {
    let call = aws.iam.list_account_aliases().into_paginator();
    aws.pages("iam:ListAccountAliases", call.items().send()).await
}
