//! Secrets of the configuration that lie in AWS: read from the account of the credentials, in the region of their ARN or in the default one.

use secrecy::SecretString;

use super::{Aws, ReadError};
use crate::model::{Scope, arn::is_arn};

impl Aws {
    /// The newest value of a secret of Secrets Manager, by its name or ARN.
    ///
    /// # Errors
    /// It is not there, may not be read, or is no text.
    pub async fn secret(&self, id: &str) -> Result<SecretString, ReadError> {
        const ACTION: &str = "secretsmanager:GetSecretValue";
        let client = self.client_for(ACTION, id).await?;
        let answer = client.call(ACTION, client.secretsmanager().get_secret_value().secret_id(id).send()).await?;
        let text = answer.secret_string().filter(|text| !text.is_empty());
        text.map(SecretString::from).ok_or_else(|| ReadError::unexpected(ACTION, "the secret is empty, or no text"))
    }

    /// A parameter of the Parameter Store, decrypted, by its name or ARN.
    ///
    /// # Errors
    /// It is not there, or may not be read.
    pub async fn parameter(&self, name: &str) -> Result<SecretString, ReadError> {
        const ACTION: &str = "ssm:GetParameter";
        let client = self.client_for(ACTION, name).await?;
        let call = client.ssm().get_parameter().name(name).with_decryption(true);
        let answer = client.call(ACTION, call.send()).await?;
        let text = answer.parameter().and_then(|parameter| parameter.value()).filter(|text| !text.is_empty());
        text.map(SecretString::from).ok_or_else(|| ReadError::unexpected(ACTION, "the parameter is empty"))
    }

    async fn client_for(
        &self,
        action: &'static str,
        id: &str,
    ) -> Result<std::sync::Arc<super::ScopeClient>, ReadError> {
        let region = is_arn(id).then(|| id.split(':').nth(3)).flatten().filter(|region| !region.is_empty());
        let region = region.map_or_else(|| self.default_region(), str::to_owned);
        let scope = Scope::new(self.account(), &region);
        let elsewhere = || ReadError::unexpected(action, "its region is in another partition than the credentials");
        self.scope(&scope).await.ok_or_else(elsewhere)
    }
}
