//! `aws_iam_saml_provider`. The metadata has no bulk form: one call each, for the desired ones.

use async_trait::async_trait;
use serde_json::{Value, json};

use super::iam::{single, with_details};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, iam_tags, time};
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, Owner, PriorState};

pub(super) struct AwsIamSamlProvider;

#[async_trait]
impl Kind for AwsIamSamlProvider {
    fn name(&self) -> &'static str {
        "aws_iam_saml_provider"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &["iam:GetSAMLProvider", "iam:ListSAMLProviders"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { normalize: Some(normalize), ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let answer = aws.call("iam:ListSAMLProviders", aws.iam().list_saml_providers().send()).await?;
        let live = answer.saml_provider_list().iter().map(|provider| {
            let arn = provider.arn().unwrap_or_default();
            let name = arn.split_once("saml-provider/").map(|(_, name)| name);
            let values = json!({ "arn": arn, "id": arn, "name": name, "valid_until": time(provider.valid_until()) });
            // IAM Identity Center makes one in every account that it assigns people to.
            let owner = match name {
                Some(name) if name.starts_with("AWSSSO_") && name.ends_with("_DO_NOT_DELETE") => {
                    Owner::Aws("SAML provider of IAM Identity Center")
                }
                _ => Owner::None,
            };
            Live { id: arn.to_owned(), attributes: attributes(values), owner }
        });
        Ok(with_details(live.collect(), request, |arn| details(aws, arn)).await)
    }

    async fn exists(&self, aws: &ScopeReader, desired: &PriorState<'_>) -> Result<bool, ReadError> {
        Ok(details(aws, desired.id.clone()).await?.is_some())
    }
}

async fn details(aws: &ScopeReader, arn: String) -> Result<Option<Attributes>, ReadError> {
    let call = aws.iam().get_saml_provider().saml_provider_arn(arn).send();
    let Some(provider) = single(aws, "iam:GetSAMLProvider", call).await? else { return Ok(None) };
    Ok(Some(attributes(json!({
        "saml_metadata_document": provider.saml_metadata_document(),
        "tags_all": iam_tags(provider.tags()),
        "valid_until": time(provider.valid_until()),
    }))))
}

/// White space around an XML document means nothing.
fn normalize(values: &mut Attributes) {
    if let Some(Value::String(document)) = values.get_mut("saml_metadata_document") {
        *document = document.trim().to_owned();
    }
}
