//! `aws_iam_saml_provider`. The metadata has no bulk form: one call each.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_iam::operation::get_saml_provider::GetSamlProviderOutput;
use aws_smithy_types::DateTime;
use serde_json::{Value, json};

use super::iam::one;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, iam_tags, time};
use crate::inventory::{Completion, Kind, ListRequest, Listed, Reach, ScopeReader};
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

    async fn list(&self, aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let answer = aws.call("iam:ListSAMLProviders", aws.iam().list_saml_providers().send()).await?;
        let providers = answer.saml_provider_list().iter();
        Ok(providers.map(|provider| live(provider.arn().unwrap_or_default(), provider.valid_until())).collect())
    }

    async fn complete(&self, aws: &ScopeReader, _prior: &PriorState<'_>, live: &mut Live) -> Completion {
        let read = provider(aws, &live.id).await;
        Completion::extend(live, read.map(|provider| provider.as_ref().as_ref().map(details)))
    }

    async fn complete_undeclared(&self, aws: &ScopeReader, live: &mut Live) -> Completion {
        let id = live.id.clone();
        self.complete(aws, &PriorState::new(&id, None), live).await
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let provider = provider(aws, prior.id).await?;
        Ok(provider.as_ref().as_ref().map(|provider| live(prior.id, provider.valid_until())))
    }
}

fn live(arn: &str, valid_until: Option<&DateTime>) -> Live {
    let name = arn.split_once("saml-provider/").map(|(_, name)| name);
    let values = json!({ "arn": arn, "id": arn, "name": name, "valid_until": time(valid_until) });
    // IAM Identity Center makes one in every account that it assigns people to.
    let owner = match name {
        Some(name) if name.starts_with("AWSSSO_") && name.ends_with("_DO_NOT_DELETE") => {
            Owner::Claimed("SAML provider of IAM Identity Center")
        }
        _ => Owner::None,
    };
    Live { id: arn.to_owned(), attributes: attributes(values), owner }
}

async fn provider(aws: &ScopeReader, arn: &str) -> Result<Arc<Option<GetSamlProviderOutput>>, ReadError> {
    let call = aws.iam().get_saml_provider().saml_provider_arn(arn).send();
    one(aws, "iam:GetSAMLProvider", arn, call, Some).await
}

fn details(provider: &GetSamlProviderOutput) -> Attributes {
    attributes(json!({
        "saml_metadata_document": provider.saml_metadata_document(),
        "saml_provider_uuid": provider.saml_provider_uuid(),
        "tags_all": iam_tags(provider.tags()),
        "valid_until": time(provider.valid_until()),
    }))
}

/// White space around an XML document means nothing.
fn normalize(values: &mut Attributes) {
    if let Some(Value::String(document)) = values.get_mut("saml_metadata_document") {
        *document = document.trim().to_owned();
    }
}
