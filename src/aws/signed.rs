//! Single calls of services whose SDK crates are not worth their size (docs/adr/0014-alert-receivers.md): a POST of JSON, signed with Signature
//! Version 4 by the credentials of the connection or of a role. The time comes in; retries are the caller's.

use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials as _, SharedCredentialsProvider};
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_types::service_config::ServiceConfigKey;
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokio::sync::Mutex;

use super::{AssumeRole, Aws, Partition, ReadError};
use crate::model::GapReason;

/// Credentials are not used in their last minute: a call takes its time.
const MARGIN: Duration = Duration::from_secs(60);
/// Those that say no end are asked for again after so long, as the SDK does it.
const KEPT: Duration = Duration::from_secs(15 * 60);
/// So much of an answer is read.
const LARGEST_ANSWER: usize = 1024 * 1024;
const JSON: &str = "application/json";

/// A service that is called so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedService {
    /// In signatures.
    signing_name: &'static str,
    /// What its host begins with.
    host: &'static str,
    /// By which `AWS_ENDPOINT_URL_<ID>` and profiles name it.
    id: &'static str,
}

pub const SECURITY_HUB: SignedService =
    SignedService { signing_name: "securityhub", host: "securityhub", id: "SecurityHub" };
pub const BEDROCK_RUNTIME: SignedService =
    SignedService { signing_name: "bedrock", host: "bedrock-runtime", id: "Bedrock Runtime" };

/// The way to one such service in one region.
pub struct SignedClient {
    http: reqwest::Client,
    service: SignedService,
    region: String,
    endpoint: String,
    provider: Option<SharedCredentialsProvider>,
    /// What the provider gave, and until when it is used.
    kept: Mutex<Option<(Credentials, SystemTime)>>,
}

impl Aws {
    /// The client of a service in a region (which must be one: it becomes part of a host), with a role or the base credentials. Calls nobody.
    pub async fn signed(
        &self,
        service: SignedService,
        region: &str,
        role: Option<&AssumeRole>,
        http: &reqwest::Client,
    ) -> SignedClient {
        let config = self.config_with(region, role).await;
        SignedClient {
            http: http.clone(),
            service,
            region: region.to_owned(),
            endpoint: endpoint(&config, service, region),
            provider: config.credentials_provider(),
            kept: Mutex::default(),
        }
    }
}

impl SignedClient {
    /// Sends one call; `action` is its IAM action, `path` begins with a slash and is encoded. What it answers on success.
    ///
    /// # Errors
    /// No credentials, nothing came back, or the service refused.
    pub async fn post(
        &self,
        action: &'static str,
        path: &str,
        body: String,
        now: Timestamp,
    ) -> Result<Vec<u8>, ReadError> {
        let credentials = self.credentials(action, now).await?;
        let uri = format!("{}{path}", self.endpoint);
        let headers = self
            .signature(&uri, body.as_bytes(), credentials, now)
            .map_err(|why| ReadError::unexpected(action, format!("the call cannot be signed: {why}")))?;
        let sent = self.http.post(&uri).header(CONTENT_TYPE, JSON).headers(headers).body(body).send().await;
        let mut response = sent.map_err(|error| transport(action, error))?;
        let (status, kind) = (response.status(), error_type(response.headers()));
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| transport(action, error))? {
            answer.extend_from_slice(&chunk);
            if answer.len() > LARGEST_ANSWER {
                return Err(ReadError::unexpected(action, "the answer is longer than 1 MiB"));
            }
        }
        if status.is_success() {
            return Ok(answer);
        }
        let error = refusal(action, status.as_u16(), kind, &answer);
        if error.reason == GapReason::NotConfigured {
            // They may have been replaced before their time.
            *self.kept.lock().await = None;
        }
        Err(error)
    }

    async fn credentials(&self, action: &'static str, now: Timestamp) -> Result<Credentials, ReadError> {
        let now = SystemTime::from(now);
        let mut kept = self.kept.lock().await;
        if let Some((credentials, until)) = kept.as_ref()
            && *until > now
        {
            return Ok(credentials.clone());
        }
        let none = || ReadError::unexpected(action, "there are no credentials");
        let given = self.provider.as_ref().ok_or_else(none)?.provide_credentials().await;
        let given = given.map_err(|error| ReadError::unanswered(action, GapReason::NotConfigured, &error))?;
        let until = match given.expiry() {
            Some(expiry) => expiry.checked_sub(MARGIN).unwrap_or(now),
            None => now + KEPT,
        };
        *kept = Some((given.clone(), until));
        Ok(given)
    }

    /// The headers that make the request a signed one.
    fn signature(
        &self,
        uri: &str,
        body: &[u8],
        credentials: Credentials,
        now: Timestamp,
    ) -> Result<HeaderMap, Box<dyn std::error::Error + Send + Sync>> {
        let identity = credentials.into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(self.service.signing_name)
            .time(SystemTime::from(now))
            .settings(SigningSettings::default())
            .build()?
            .into();
        let headers = [("content-type", JSON)].into_iter();
        let request = SignableRequest::new("POST", uri, headers, SignableBody::Bytes(body))?;
        let (instructions, _) = sign(request, &parameters)?.into_parts();
        let mut signed = HeaderMap::new();
        for (name, value) in instructions.headers() {
            let mut value = HeaderValue::from_str(value)?;
            value.set_sensitive(true);
            signed.insert(HeaderName::try_from(name)?, value);
        }
        Ok(signed)
    }
}

/// `AWS_ENDPOINT_URL_SECURITYHUB` and its like, `AWS_ENDPOINT_URL`, or AWS's own.
fn endpoint(config: &SdkConfig, service: SignedService, region: &str) -> String {
    let key = ServiceConfigKey::builder().service_id(service.id).env("AWS_ENDPOINT_URL").profile("endpoint_url");
    let of_service = key.build().ok().and_then(|key| config.service_config()?.load_config(key));
    match of_service.as_deref().or(config.endpoint_url()) {
        Some(endpoint) => endpoint.trim_end_matches('/').to_owned(),
        None => {
            let fips = if config.use_fips() == Some(true) { "-fips" } else { "" };
            let suffix = Partition::of_region(region).dns_suffix;
            format!("https://{}{fips}.{region}.{suffix}", service.host)
        }
    }
}

fn transport(action: &'static str, error: reqwest::Error) -> ReadError {
    ReadError::unanswered(action, GapReason::Timeout, &error.without_url())
}

/// `x-amzn-errortype: AccessDeniedException:http://internal.amazon.com/...`
fn error_type(headers: &HeaderMap) -> Option<String> {
    let text = headers.get("x-amzn-errortype")?.to_str().ok()?;
    text.split(':').next().map(str::to_owned)
}

/// AWS's error code is in a header, or in the body under one of two names, with a namespace before it.
fn refusal(action: &'static str, status: u16, kind: Option<String>, answer: &[u8]) -> ReadError {
    let body: Value = serde_json::from_slice(answer).unwrap_or_default();
    let text = |key: &str| body.get(key).and_then(Value::as_str);
    let of_body = || text("__type").or_else(|| text("code")).or_else(|| text("Code"));
    let code = kind.or_else(|| of_body()?.rsplit('#').next().map(str::to_owned)).filter(|code| !code.is_empty());
    let message = text("message").or_else(|| text("Message")).unwrap_or_default();
    ReadError::answered(action, status, code, message.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_partition_has_hosts_of_its_own() {
        let config = SdkConfig::builder().build();
        for (region, host) in [
            ("eu-central-1", "https://securityhub.eu-central-1.amazonaws.com"),
            ("cn-north-1", "https://securityhub.cn-north-1.amazonaws.com.cn"),
            ("eusc-de-east-1", "https://securityhub.eusc-de-east-1.amazonaws.eu"),
        ] {
            assert_eq!(endpoint(&config, SECURITY_HUB, region), host);
        }
        let elsewhere = SdkConfig::builder().endpoint_url("http://127.0.0.1:5000/").build();
        assert_eq!(endpoint(&elsewhere, BEDROCK_RUNTIME, "eu-west-1"), "http://127.0.0.1:5000");
        let fips = SdkConfig::builder().use_fips(true).build();
        assert_eq!(
            endpoint(&fips, BEDROCK_RUNTIME, "us-east-1"),
            "https://bedrock-runtime-fips.us-east-1.amazonaws.com"
        );
    }

    #[test]
    fn errors_come_in_three_forms() {
        for (kind, body, code) in [
            (Some("AccessDeniedException"), "{}", Some("AccessDeniedException")),
            (None, r#"{"__type": "com.amazonaws#ThrottlingException", "message": "x"}"#, Some("ThrottlingException")),
            (None, r#"{"Code": "InvalidAccessException", "Message": "x"}"#, Some("InvalidAccessException")),
            (None, "<html>", None),
        ] {
            let error = refusal("securityhub:BatchImportFindings", 400, kind.map(str::to_owned), body.as_bytes());
            assert_eq!(error.code.as_deref(), code, "{body}");
        }
    }
}
