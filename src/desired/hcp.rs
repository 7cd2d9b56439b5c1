//! HCP Terraform and Terraform Enterprise: `tfe://HOST/ORGANIZATION/WORKSPACE`, over their JSON:API.
//!
//! <https://developer.hashicorp.com/terraform/cloud-docs/api-docs/state-versions>. The token comes from where Terraform
//! looks for it: `TF_TOKEN_host`, the CLI configuration, `terraform login`'s file.

use std::path::Path;

use async_trait::async_trait;
use reqwest::header::HeaderMap;
use reqwest::{Client, StatusCode};
use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use super::{APPLYING, Environment, Fetched, HttpOptions, ReadError, StateFile, http};

/// Bytes of an answer of the API, which describes one workspace or one state version.
const MAX_ANSWER_BYTES: u64 = 16 << 20;

/// A workspace's current state.
pub(crate) struct Workspace {
    client: Client,
    api: Url,
    headers: HeaderMap,
    location: String,
    organization: String,
    workspace: String,
}

#[derive(Deserialize)]
struct Document<T> {
    data: Data<T>,
}

#[derive(Deserialize)]
struct Data<T> {
    id: String,
    attributes: T,
}

#[derive(Deserialize)]
struct WorkspaceAttributes {
    #[serde(default)]
    locked: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct StateVersionAttributes {
    hosted_state_download_url: Option<String>,
    created_at: Option<String>,
}

impl Workspace {
    pub(crate) fn new(
        host: &str,
        organization: &str,
        workspace: &str,
        options: &HttpOptions,
        environment: &Environment,
    ) -> Result<Self, ReadError> {
        let location = format!("tfe://{host}/{organization}/{workspace}");
        // Always TLS, but for a server on this very machine.
        let base = Url::parse(&format!("https://{host}")).ok().filter(Url::has_host);
        let base = base.ok_or_else(|| ReadError::bad_request(location.clone(), "the host is not valid: correct it"))?;
        let scheme = if http::is_loopback(&base) { "http" } else { "https" };
        let api = Url::parse(&format!("{scheme}://{host}/api/v2/"));
        let api = api.map_err(|_| ReadError::bad_request(location.clone(), "the host is not valid: correct it"))?;
        let Some(token) = token(host, environment) else {
            let variable = token_variable(host);
            let problem = format!("no token for {host}: set {variable} or run `terraform login {host}`");
            return Err(ReadError::not_configured(location, problem));
        };
        let headers = http::bearer(&token).map_err(|problem| ReadError::not_configured(location.clone(), problem))?;
        let client =
            options.client(environment).map_err(|problem| ReadError::not_configured(location.clone(), problem))?;
        let (organization, workspace) = (organization.to_owned(), workspace.to_owned());
        Ok(Self { client, api, headers, location, organization, workspace })
    }

    async fn ask<T: DeserializeOwned>(&self, path: &[&str], missing: ReadError) -> Result<Data<T>, ReadError> {
        let mut url = self.api.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        let response = http::get(&self.client, &url, &self.headers, &self.location).await?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Err(missing),
            status => return Err(self.refusal(status)),
        }
        let body = http::body_at_most(response, &self.location, MAX_ANSWER_BYTES).await?;
        let document: Document<T> = serde_json::from_reader(body).map_err(|_| ReadError::Failed {
            location: self.location.clone(),
            how: "the answer is not that of HCP Terraform's API: check the host".to_owned(),
            transient: false,
        })?;
        Ok(document.data)
    }

    fn refusal(&self, status: StatusCode) -> ReadError {
        match http::refusal(status, &self.location) {
            ReadError::Denied { location, how, .. } => ReadError::Denied {
                location,
                how,
                remedy: "use a token that may read the workspace's state versions".to_owned(),
            },
            other => other,
        }
    }
}

#[async_trait]
impl StateFile for Workspace {
    fn location(&self) -> String {
        self.location.clone()
    }

    async fn fetch(&self) -> Result<Fetched, ReadError> {
        let missing = |how: &str| ReadError::NoState { location: self.location.clone(), how: how.to_owned() };
        let path = ["organizations", &self.organization, "workspaces", &self.workspace];
        // HCP Terraform answers 404 to those who may not see the workspace, too.
        let no_workspace = missing("no such workspace, or the token may not see it");
        let workspace: Data<WorkspaceAttributes> = self.ask(&path, no_workspace).await?;
        let path = ["workspaces", &workspace.id, "current-state-version"];
        let version: Data<StateVersionAttributes> = self.ask(&path, missing("the workspace has no state yet")).await?;
        let url = version.attributes.hosted_state_download_url.and_then(|url| self.api.join(&url).ok());
        let url = url.ok_or_else(|| missing("the state version has no download address yet"))?;
        // The address is a secret of its own: the archive (`archivist.terraform.io`) asks for no token, and gets none.
        let is_own = url.origin() == self.api.origin();
        if !is_own && url.scheme() != "https" {
            return Err(ReadError::Failed {
                location: self.location.clone(),
                how: "the state's archive is not reached by https: check the host".to_owned(),
                transient: false,
            });
        }
        let own = if is_own { self.headers.clone() } else { HeaderMap::new() };
        let response = http::get(&self.client, &url, &own, &self.location).await?;
        if response.status() != StatusCode::OK {
            return Err(self.refusal(response.status()));
        }
        let written_at = version.attributes.created_at.and_then(|time| time.parse().ok());
        let mut fetched = Fetched { written_at, ..http::body(response, &self.location).await?.into() };
        if workspace.attributes.locked {
            fetched.warnings.push(format!("the workspace is locked: {APPLYING}"));
        }
        Ok(fetched)
    }
}

/// `TF_TOKEN_app_terraform_io`: dots become `_`, hyphens `__`.
fn token_variable(host: &str) -> String {
    format!("TF_TOKEN_{}", host.replace('-', "__").replace(['.', ':'], "_"))
}

fn token(host: &str, environment: &Environment) -> Option<SecretString> {
    if let Some(token) = environment.get(&token_variable(host)) {
        return Some(token.into());
    }
    let home = environment.get("HOME").map(Path::new);
    let configuration =
        environment.get("TF_CLI_CONFIG_FILE").map(Into::into).or_else(|| home.map(|h| h.join(".terraformrc")));
    let of_configuration =
        configuration.and_then(|path| token_in_configuration(&std::fs::read_to_string(path).ok()?, host));
    of_configuration.or_else(|| {
        let login = home?.join(".terraform.d").join("credentials.tfrc.json");
        token_in_login(&std::fs::read_to_string(login).ok()?, host)
    })
}

/// `credentials "app.terraform.io" { token = "..." }` of the CLI configuration.
fn token_in_configuration(text: &str, host: &str) -> Option<SecretString> {
    let body = hcl_edit::parser::parse_body(&text.replace("\r\n", "\n")).ok()?;
    let block = body.get_blocks("credentials").find(|block| block.has_labels(&[host]))?;
    block.body.get_attribute("token")?.value.as_str().map(SecretString::from)
}

/// The file that `terraform login` writes.
fn token_in_login(text: &str, host: &str) -> Option<SecretString> {
    let document: serde_json::Value = serde_json::from_str(text).ok()?;
    document.get("credentials")?.get(host)?.get("token")?.as_str().map(SecretString::from)
}

#[cfg(test)]
mod tests;
