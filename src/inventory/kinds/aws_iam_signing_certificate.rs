//! `aws_iam_signing_certificate`: a certificate with which a user signs requests. Listed per user; one that nobody declares is a part
//! of its user.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_iam::types::SigningCertificate;
use serde_json::{Value, json};

use super::iam::{PAGE, all};
use crate::aws::ReadError;
use crate::inventory::value::{attributes, text};
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, OwnedField, Owner, PriorState};

pub(super) struct AwsIamSigningCertificate;

const ACTION: &str = "iam:ListSigningCertificates";

#[async_trait]
impl Kind for AwsIamSigningCertificate {
    fn name(&self) -> &'static str {
        "aws_iam_signing_certificate"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &[ACTION]
    }

    fn compare_rules(&self) -> CompareRules {
        CompareRules { normalize: Some(normalize), ..CompareRules::default() }
    }

    async fn list(&self, _aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        Ok(Listed::one_by_one())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        let Some((_, user)) = prior.id.split_once(':') else {
            return Err(ReadError::unexpected(ACTION, "the id is not of the form CERTIFICATE:USER"));
        };
        Ok(self.list_children(aws, user).await?.into_iter().find(|live| live.id == prior.id))
    }

    fn unmanaged_children_of(&self) -> &'static [&'static str] {
        &["aws_iam_user"]
    }

    fn lists_children(&self) -> bool {
        false
    }

    async fn list_children(&self, aws: &ScopeReader, parent: &str) -> Result<Vec<Live>, ReadError> {
        Ok(certificates(aws, parent).await?.iter().flatten().map(|certificate| live(parent, certificate)).collect())
    }

    /// Users do not show their certificates: no more than the knowledge that somebody declares one.
    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        vec![OwnedField {
            parent_kind: "aws_iam_user",
            parent_id: text(attributes, "user_name").to_owned(),
            attribute: "signing_certificates",
            element: attributes.get("certificate_id").cloned(),
        }]
    }
}

/// `None` when the user is gone.
async fn certificates(aws: &ScopeReader, user: &str) -> Result<Arc<Option<Vec<SigningCertificate>>>, ReadError> {
    let call = aws.iam().list_signing_certificates().user_name(user).max_items(PAGE).into_paginator();
    all(aws, ACTION, user, call.items().send()).await
}

fn live(user: &str, certificate: &SigningCertificate) -> Live {
    let id = format!("{}:{user}", certificate.certificate_id());
    let values = json!({
        "certificate_body": certificate.certificate_body(),
        "certificate_id": certificate.certificate_id(),
        "id": id,
        "status": certificate.status().as_str(),
        "user_name": user,
    });
    Live { id, attributes: attributes(values), owner: Owner::Parent { kind: "aws_iam_user", id: user.to_owned() } }
}

/// White space around a PEM block and carriage returns in it mean nothing.
fn normalize(values: &mut Attributes) {
    if let Some(Value::String(pem)) = values.get_mut("certificate_body") {
        *pem = pem.trim().replace('\r', "");
    }
}
