//! `aws_iam_openid_connect_provider`. The listing has ARNs only: one call each.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_iam::operation::get_open_id_connect_provider::GetOpenIdConnectProviderOutput;
use serde_json::{Value, json};

use super::iam::one;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, iam_tags};
use crate::inventory::{Completion, Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, PriorState};

pub(super) struct AwsIamOpenidConnectProvider;

#[async_trait]
impl Kind for AwsIamOpenidConnectProvider {
    fn name(&self) -> &'static str {
        "aws_iam_openid_connect_provider"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &["iam:GetOpenIDConnectProvider", "iam:ListOpenIDConnectProviders"]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { normalize: Some(normalize), ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let call = aws.iam().list_open_id_connect_providers().send();
        let answer = aws.call("iam:ListOpenIDConnectProviders", call).await?;
        let arns = answer.open_id_connect_provider_list().iter().filter_map(|provider| provider.arn());
        Ok(arns.map(live).collect())
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
        Ok(provider(aws, prior.id).await?.is_some().then(|| live(prior.id)))
    }
}

/// The ARN ends with the URL without its scheme.
fn live(arn: &str) -> Live {
    let url = arn.split_once("oidc-provider/").map(|(_, url)| url);
    Live { id: arn.to_owned(), attributes: attributes(json!({ "arn": arn, "id": arn, "url": url })), ..Live::default() }
}

async fn provider(aws: &ScopeReader, arn: &str) -> Result<Arc<Option<GetOpenIdConnectProviderOutput>>, ReadError> {
    let call = aws.iam().get_open_id_connect_provider().open_id_connect_provider_arn(arn).send();
    one(aws, "iam:GetOpenIDConnectProvider", arn, call, Some).await
}

fn details(provider: &GetOpenIdConnectProviderOutput) -> Attributes {
    attributes(json!({
        "client_id_list": provider.client_id_list(),
        "tags_all": iam_tags(provider.tags()),
        "thumbprint_list": provider.thumbprint_list(),
        "url": provider.url(),
    }))
}

/// AWS gives the URL back without `https://`.
fn normalize(values: &mut Attributes) {
    if let Some(Value::String(url)) = values.get_mut("url")
        && let Some(rest) = url.strip_prefix("https://")
    {
        *url = rest.to_owned();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_of_the_url_does_not_matter() {
        let mut state = attributes(json!({ "url": "https://idp.example.com/a" }));
        normalize(&mut state);
        assert_eq!(state["url"], live("arn:aws:iam::1:oidc-provider/idp.example.com/a").attributes["url"]);
    }
}
