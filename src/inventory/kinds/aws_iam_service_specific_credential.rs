//! `aws_iam_service_specific_credential`: a user name and password for one service (CodeCommit, Keyspaces), or a key for Bedrock.
//! One call lists those of all users; one that nobody declares is a part of its user.

use std::sync::Arc;

use async_trait::async_trait;
use aws_sdk_iam::types::ServiceSpecificCredentialMetadata as Credential;
use serde_json::json;

use super::iam::PAGE;
use crate::aws::ReadError;
use crate::inventory::value::{attributes, text};
use crate::inventory::{Kind, ListRequest, Listed, Reach, ScopeReader};
use crate::model::{Attributes, CompareRules, Live, OwnedField, Owner, PriorState};

pub(super) struct AwsIamServiceSpecificCredential;

const ACTION: &str = "iam:ListServiceSpecificCredentials";

#[async_trait]
impl Kind for AwsIamServiceSpecificCredential {
    fn name(&self) -> &'static str {
        "aws_iam_service_specific_credential"
    }

    fn reach(&self) -> Reach {
        Reach::Global
    }

    fn actions(&self) -> &'static [&'static str] {
        &[ACTION]
    }

    /// AWS shows the password once, when it is made.
    fn compare_rules(&self) -> CompareRules {
        CompareRules { not_returned: &["service_password"], ..CompareRules::default() }
    }

    async fn list(&self, aws: &ScopeReader, _request: &ListRequest<'_>) -> Result<Listed, ReadError> {
        Ok(credentials(aws).await?.iter().map(live).collect())
    }

    async fn read(&self, aws: &ScopeReader, prior: &PriorState<'_>) -> Result<Option<Live>, ReadError> {
        Ok(credentials(aws).await?.iter().map(live).find(|live| live.id == prior.id))
    }

    fn unmanaged_children_of(&self) -> &'static [&'static str] {
        &["aws_iam_user"]
    }

    async fn list_children(&self, aws: &ScopeReader, parent: &str) -> Result<Vec<Live>, ReadError> {
        let all = credentials(aws).await?;
        Ok(all.iter().filter(|credential| credential.user_name() == parent).map(live).collect())
    }

    /// Users do not show them: no more than the knowledge that somebody declares one.
    fn owned_fields(&self, attributes: &Attributes) -> Vec<OwnedField> {
        vec![OwnedField {
            parent_kind: "aws_iam_user",
            parent_id: text(attributes, "user_name").to_owned(),
            attribute: "service_specific_credentials",
            element: attributes.get("service_specific_credential_id").cloned(),
        }]
    }
}

/// Those of all users: <https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListServiceSpecificCredentials.html>.
async fn credentials(aws: &ScopeReader) -> Result<Arc<Vec<Credential>>, ReadError> {
    let read = || async {
        let (mut all, mut marker) = (Vec::new(), None);
        loop {
            let call = aws.iam().list_service_specific_credentials().all_users(true);
            let call = call.max_items(PAGE).set_marker(marker.take()).send();
            let page = match aws.call(ACTION, call).await {
                // An emulator without the call has none of them.
                Err(error) if aws.is_emulated() && error.knows_no_such_call() => return Ok(Vec::new()),
                answer => answer?,
            };
            marker = page.marker().filter(|_| page.is_truncated()).map(str::to_owned);
            all.extend(page.service_specific_credentials.unwrap_or_default());
            if marker.is_none() {
                return Ok(all);
            }
        }
    };
    aws.cached(ACTION, read).await
}

/// With the id of the provider: `internal/service/iam/service_specific_credential.go`.
fn live(credential: &Credential) -> Live {
    let (user, id) = (credential.user_name(), credential.service_specific_credential_id());
    let id_of_provider = format!("{}:{user}:{id}", credential.service_name());
    let values = json!({
        "id": id_of_provider,
        "service_name": credential.service_name(),
        "service_specific_credential_id": id,
        "service_user_name": credential.service_user_name(),
        "status": credential.status().as_str(),
        "user_name": user,
    });
    let owner = Owner::Parent { kind: "aws_iam_user", id: user.to_owned() };
    Live { id: id_of_provider, attributes: attributes(values), owner }
}

#[cfg(test)]
mod tests {
    use aws_sdk_iam::types::StatusType;
    use aws_smithy_types::DateTime;

    use super::*;

    #[test]
    fn it_goes_by_the_providers_id() {
        let credential = Credential::builder()
            .user_name("ana")
            .status(StatusType::Active)
            .service_name("bedrock.amazonaws.com")
            .service_specific_credential_id("ACCA1")
            .create_date(DateTime::from_secs(0))
            .build()
            .unwrap();
        let live = live(&credential);
        assert_eq!(live.id, "bedrock.amazonaws.com:ana:ACCA1");
        assert_eq!(live.owner, Owner::Parent { kind: "aws_iam_user", id: "ana".to_owned() });
    }
}
