//! `aws_iam_server_certificate`. Like the provider, a desired one is found by its name; body, chain and tags take one
//! call each.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_iam::types::{ServerCertificate, ServerCertificateMetadata};
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

use super::iam::{PAGE, one};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, iam_tags, text, time};
use crate::inventory::{Completion, Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, PriorState};

pub(super) struct AwsIamServerCertificate;

const ACTION: &str = "iam:GetServerCertificate";

#[async_trait]
impl Kind for AwsIamServerCertificate {
    fn name(&self) -> &'static str {
        "aws_iam_server_certificate"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &["iam:GetServerCertificate", "iam:ListServerCertificates"]
    }

    /// `name_prefix` is what the provider cuts out of the name.
    fn compare_rules(&self) -> CompareRules {
        CompareRules {
            not_returned: &["name_prefix", "private_key", "timeouts"],
            normalize: Some(normalize),
            suppress_diff: Some(suppress_diff),
            ..CompareRules::default()
        }
    }

    async fn list(&self, aws: &ScopeReader, request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        let call = aws.iam().list_server_certificates().max_items(PAGE).into_paginator();
        let certificates = aws.pages("iam:ListServerCertificates", call.items().send()).await?;
        // The id of a certificate that was replaced under its name is new; to Terraform it is still the same resource.
        // An unmanaged one goes by its name, which `terraform import` takes.
        let names: Vec<_> = request.desired.iter().map(|one| (name(one), one.id)).collect();
        let live = certificates.iter().map(|certificate| {
            let known = names.iter().find(|(name, _)| name == certificate.server_certificate_name());
            live(certificate, known.map_or(certificate.server_certificate_name(), |(_, id)| *id))
        });
        Ok(live.collect())
    }

    async fn complete(&self, aws: &ScopeReader, _prior: &PriorState<'_>, live: &mut Live) -> Completion {
        let read = certificate(aws, text(&live.attributes, "name")).await;
        Completion::extend(live, read.map(|certificate| certificate.as_ref().as_ref().map(details)))
    }

    async fn complete_undeclared(&self, aws: &ScopeReader, live: &mut Live) -> Completion {
        let id = live.id.clone();
        self.complete(aws, &PriorState::new(&id, None), live).await
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let certificate = certificate(aws, &name(prior)).await?;
        let Some(certificate) = certificate.as_ref() else { return Ok(None) };
        match certificate.server_certificate_metadata() {
            Some(metadata) => Ok(Some(live(metadata, prior.id))),
            None => Err(ReadError::unexpected(ACTION, "the answer lacks the certificate's metadata")),
        }
    }
}

/// The id of an unmanaged one is its name.
fn name(prior: &PriorState<'_>) -> String {
    match text(&prior.attributes(), "name") {
        "" => prior.id.to_owned(),
        name => name.to_owned(),
    }
}

fn live(certificate: &ServerCertificateMetadata, id: &str) -> Live {
    let values = json!({
        "arn": certificate.arn(),
        "expiration": time(certificate.expiration()),
        "id": id,
        "name": certificate.server_certificate_name(),
        "path": certificate.path(),
        "upload_date": time(certificate.upload_date()),
    });
    Live { id: id.to_owned(), attributes: attributes(values), ..Live::default() }
}

async fn certificate(aws: &ScopeReader, name: &str) -> Result<Arc<Option<ServerCertificate>>, ReadError> {
    let call = aws.iam().get_server_certificate().server_certificate_name(name).send();
    one(aws, ACTION, name, call, |answer| answer.server_certificate).await
}

fn details(certificate: &ServerCertificate) -> Attributes {
    attributes(json!({
        "certificate_body": certificate.certificate_body(),
        "certificate_chain": certificate.certificate_chain(),
        "tags_all": iam_tags(certificate.tags()),
    }))
}

/// White space around a PEM block and carriage returns in it mean nothing.
fn normalize(values: &mut Attributes) {
    for name in ["certificate_body", "certificate_chain"] {
        if let Some(Value::String(pem)) = values.get_mut(name) {
            *pem = pem.trim().replace('\r', "");
        }
    }
}

/// States from before version 3 of the provider hold the SHA-1 of the normalised block.
fn suppress_diff(path: &str, desired: &Value, live: &Value) -> bool {
    matches!(path, "/certificate_body" | "/certificate_chain")
        && live.as_str().is_some_and(|pem| desired.as_str() == Some(&hex::encode(Sha1::digest(pem))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_states_hold_hashes() {
        let hash = json!("a9993e364706816aba3e25717850c26c9cd0d89d");
        assert!(suppress_diff("/certificate_body", &hash, &json!("abc")));
        assert!(suppress_diff("/certificate_chain", &hash, &json!("abc")));
        assert!(!suppress_diff("/certificate_body", &hash, &json!("abd")));
        assert!(!suppress_diff("/name", &hash, &json!("abc")));
    }
}
