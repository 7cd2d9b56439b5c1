//! `aws_s3_bucket_website_configuration`. Its routing rules stand in it twice: as blocks and as JSON.

use async_trait::async_trait;
use aws_sdk_s3::types::{Condition, Redirect, RoutingRule};
use serde_json::{Map, Value, json};

use super::s3::{self, BucketPart, PartId};
use crate::aws::ReadError;
use crate::inventory::ScopeReader;
use crate::inventory::value::attributes;
use crate::model::Attributes;

pub(super) struct AwsS3BucketWebsiteConfiguration;

#[async_trait]
impl BucketPart for AwsS3BucketWebsiteConfiguration {
    fn name(&self) -> &'static str {
        "aws_s3_bucket_website_configuration"
    }

    fn actions(&self) -> &'static [&'static str] {
        &["s3:GetBucketWebsite", "s3:GetBucketLocation", "s3:ListAllMyBuckets"]
    }

    fn repeated_in(&self) -> &'static [&'static str] {
        &["website", "website_domain", "website_endpoint"]
    }

    async fn read(&self, aws: &ScopeReader, id: &PartId<'_>) -> Result<Option<Attributes>, ReadError> {
        let answer = s3::website(aws, id.bucket).await?;
        let Some(website) = answer.as_ref() else { return Ok(None) };
        let domain = s3::website_domain(aws, s3::region_of(aws, id.bucket).await?.as_str());
        let redirect_all = website.redirect_all_requests_to();
        Ok(Some(attributes(json!({
            "error_document": website.error_document().map(|document| [json!({ "key": document.key() })]),
            "index_document": website.index_document().map(|document| [json!({ "suffix": document.suffix() })]),
            "redirect_all_requests_to": redirect_all.map(|to| [json!({
                "host_name": to.host_name(),
                "protocol": to.protocol().map(|protocol| protocol.as_str()),
            })]),
            "routing_rule": Value::from_iter(website.routing_rules().iter().map(routing_rule)),
            "routing_rules": routing_rules(website.routing_rules()),
            "website_domain": domain,
            "website_endpoint": format!("{}.{domain}", id.bucket),
        }))))
    }
}

fn routing_rule(rule: &RoutingRule) -> Value {
    let condition = |condition: &Condition| {
        json!({
            "http_error_code_returned_equals": condition.http_error_code_returned_equals(),
            "key_prefix_equals": condition.key_prefix_equals(),
        })
    };
    let redirect = |redirect: &Redirect| {
        json!({
            "host_name": redirect.host_name(),
            "http_redirect_code": redirect.http_redirect_code(),
            "protocol": redirect.protocol().map(|protocol| protocol.as_str()),
            "replace_key_prefix_with": redirect.replace_key_prefix_with(),
            "replace_key_with": redirect.replace_key_with(),
        })
    };
    json!({
        "condition": rule.condition().map(|it| [condition(it)]),
        "redirect": rule.redirect().map(|it| [redirect(it)]),
    })
}

/// The rules as a JSON text with AWS's own names and nothing that is not set; `None` without rules.
pub(super) fn routing_rules(rules: &[RoutingRule]) -> Option<String> {
    let members = |pairs: &[(&str, Option<&str>)]| -> Map<String, Value> {
        pairs.iter().filter_map(|(name, value)| Some(((*name).to_owned(), Value::from((*value)?)))).collect()
    };
    let rules = rules.iter().map(|rule| {
        let condition = rule.condition().map(|condition| {
            members(&[
                ("HttpErrorCodeReturnedEquals", condition.http_error_code_returned_equals()),
                ("KeyPrefixEquals", condition.key_prefix_equals()),
            ])
        });
        let redirect = rule.redirect().map(|redirect| {
            members(&[
                ("HostName", redirect.host_name()),
                ("HttpRedirectCode", redirect.http_redirect_code()),
                ("Protocol", redirect.protocol().map(|protocol| protocol.as_str())),
                ("ReplaceKeyPrefixWith", redirect.replace_key_prefix_with()),
                ("ReplaceKeyWith", redirect.replace_key_with()),
            ])
        });
        let both = [("Condition", condition), ("Redirect", redirect)];
        Value::from_iter(
            both.into_iter().filter_map(|(name, members)| Some((name.to_owned(), Value::Object(members?)))),
        )
    });
    let rules: Vec<Value> = rules.collect();
    (!rules.is_empty()).then(|| Value::from(rules).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_without_nulls() {
        let condition = Condition::builder().key_prefix_equals("docs/").build();
        let redirect = Redirect::builder().replace_key_prefix_with("documents/").build();
        let rule = RoutingRule::builder().condition(condition).redirect(redirect).build();
        assert_eq!(
            routing_rules(&[rule]).unwrap(),
            r#"[{"Condition":{"KeyPrefixEquals":"docs/"},"Redirect":{"ReplaceKeyPrefixWith":"documents/"}}]"#
        );
        assert_eq!(routing_rules(&[]), None);
    }
}
