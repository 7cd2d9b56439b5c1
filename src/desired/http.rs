//! The HTTP backend (Terraform's own protocol, which GitLab speaks, too) and the HTTP client that HCP Terraform shares.
//!
//! Redirects are followed by hand: credentials go only to the origin they were given for, and never in clear text, unless
//! the server is on this machine or [`ALLOW_CLEARTEXT`] says so. Terraform: <https://developer.hashicorp.com/terraform/language/backend/http>; GitLab:
//! <https://docs.gitlab.com/user/infrastructure/iac/terraform_state/>.

use std::error::Error as _;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderName, HeaderValue, LAST_MODIFIED, LOCATION};
use reqwest::{Client, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::tfstate::MAX_STATE_BYTES;
use super::{Body, Chunks, Environment, Fetched, ReadError, StateFile};

const MAX_REDIRECTS: usize = 5;

/// `true`: credentials may go over http:// to another machine, where everybody on the way reads them.
const ALLOW_CLEARTEXT: &str = "DRIFTD_HTTP_ALLOW_CLEARTEXT";

/// One whole answer, however slowly it drips.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(600);

/// How to speak to HTTP backends; what is `None` comes from the URL or from Terraform's `TF_HTTP_*` variables.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    pub username: Option<String>,
    pub password: Option<SecretString>,
    /// `Authorization: Bearer ...`; goes to every HTTP source.
    pub bearer: Option<SecretString>,
    /// Further headers, such as GitLab's `PRIVATE-TOKEN` or `JOB-TOKEN`.
    pub headers: Vec<(String, SecretString)>,
    /// PEM of a CA to trust beside the system's.
    pub ca_certificate: Option<String>,
    /// PEM of a client certificate.
    pub client_certificate: Option<String>,
    /// PEM of its private key.
    pub client_private_key: Option<SecretString>,
    /// Accept any certificate: only when asked.
    pub skip_cert_verification: bool,
    pub connect_timeout: Duration,
    /// The longest silence while an answer arrives.
    pub read_timeout: Duration,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            username: None,
            password: None,
            bearer: None,
            headers: Vec::new(),
            ca_certificate: None,
            client_certificate: None,
            client_private_key: None,
            skip_cert_verification: false,
            connect_timeout: Duration::from_secs(10),
            read_timeout: Duration::from_secs(60),
        }
    }
}

impl HttpOptions {
    /// A client under these options. The texts of errors hold no key.
    pub(crate) fn client(&self, environment: &Environment) -> Result<Client, String> {
        let pem = |own: Option<&str>, name: &str| own.or_else(|| environment.get(name)).map(str::to_owned);
        let mut builder = Client::builder()
            .user_agent(concat!("driftd/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(self.connect_timeout)
            .timeout(TOTAL_TIMEOUT)
            .read_timeout(self.read_timeout);
        if let Some(ca) = pem(self.ca_certificate.as_deref(), "TF_HTTP_CLIENT_CA_CERTIFICATE_PEM") {
            let certificates = reqwest::Certificate::from_pem_bundle(ca.as_bytes()).unwrap_or_default();
            if certificates.is_empty() {
                return Err("the CA certificate is no PEM: correct it".to_owned());
            }
            builder = builder.tls_certs_merge(certificates);
        }
        let certificate = pem(self.client_certificate.as_deref(), "TF_HTTP_CLIENT_CERTIFICATE_PEM");
        let key = self.client_private_key.as_ref().map(ExposeSecret::expose_secret);
        match (certificate, pem(key, "TF_HTTP_CLIENT_PRIVATE_KEY_PEM")) {
            (Some(certificate), Some(key)) => {
                let identity = reqwest::Identity::from_pem(format!("{key}\n{certificate}").as_bytes());
                let identity =
                    identity.map_err(|_| "the client certificate or its key is no PEM: correct it".to_owned())?;
                builder = builder.identity(identity);
            }
            (None, None) => {}
            _ => {
                return Err("a client certificate needs both certificate and private key: set the other one".to_owned());
            }
        }
        if self.skip_cert_verification {
            builder = builder.tls_danger_accept_invalid_certs(true);
        }
        builder.build().map_err(|error| format!("the TLS settings do not work ({}): correct them", root_cause(&error)))
    }
}

/// A state behind a plain URL.
pub(crate) struct HttpState {
    client: Client,
    url: Url,
    headers: HeaderMap,
}

impl HttpState {
    /// `text` may hold a user and password; they move into the request's header.
    pub(crate) fn new(text: &str, options: &HttpOptions, environment: &Environment) -> Result<Self, ReadError> {
        let mut url = Url::parse(text).map_err(|error| {
            ReadError::bad_request("the HTTP source", format!("is no valid URL ({error}): correct it"))
        })?;
        let place = location(&url);
        let headers = credentials(&url, options, environment)
            .map_err(|problem| ReadError::bad_request(place.clone(), problem))?;
        let is_allowed = environment.get(ALLOW_CLEARTEXT) == Some("true");
        if !headers.is_empty() && url.scheme() != "https" && !is_loopback(&url) && !is_allowed {
            let problem = format!(
                "its credentials would go over the network in clear text, so nothing was sent: use https://, take the credentials away, or set {ALLOW_CLEARTEXT}=true"
            );
            return Err(ReadError::not_configured(place, problem));
        }
        _ = url.set_username("");
        _ = url.set_password(None);
        let client = options.client(environment).map_err(|problem| ReadError::not_configured(place, problem))?;
        Ok(Self { client, url, headers })
    }
}

#[async_trait]
impl StateFile for HttpState {
    fn location(&self) -> String {
        location(&self.url)
    }

    /// With the query, which may name the state; never shown.
    fn identity(&self) -> String {
        self.url.to_string()
    }

    async fn fetch(&self) -> Result<Fetched, ReadError> {
        let place = self.location();
        let response = get(&self.client, &self.url, &self.headers, &place).await?;
        match response.status() {
            StatusCode::OK => {
                let written_at = last_modified(response.headers());
                Ok(Fetched { written_at, ..body(response, &place).await?.into() })
            }
            status => Err(refusal(status, &place)),
        }
    }
}

/// <https://www.rfc-editor.org/rfc/rfc9110#name-last-modified>
fn last_modified(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(LAST_MODIFIED)?.to_str().ok()?;
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

/// Is the server on this very machine?
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A URL without user, password, query and fragment.
pub(crate) fn location(url: &Url) -> String {
    let mut bare = url.clone();
    _ = bare.set_username("");
    _ = bare.set_password(None);
    bare.set_query(None);
    bare.set_fragment(None);
    bare.to_string()
}

/// The headers that say who we are: the URL's user, then the options, then Terraform's and GitLab's variables.
fn credentials(url: &Url, options: &HttpOptions, environment: &Environment) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let username = Some(decode(url.username()))
        .filter(|name| !name.is_empty())
        .or_else(|| options.username.clone())
        .or_else(|| environment.get("TF_HTTP_USERNAME").map(str::to_owned));
    let password = url
        .password()
        .map(decode)
        .or_else(|| options.password.as_ref().map(|password| password.expose_secret().to_owned()))
        .or_else(|| environment.get("TF_HTTP_PASSWORD").map(str::to_owned));
    if let Some(username) = username {
        use base64::Engine as _;
        let pair = format!("{username}:{}", password.unwrap_or_default());
        insert(&mut headers, AUTHORIZATION, &format!("Basic {}", base64::prelude::BASE64_STANDARD.encode(pair)))?;
    } else if let Some(bearer) = &options.bearer {
        insert(&mut headers, AUTHORIZATION, &format!("Bearer {}", bearer.expose_secret()))?;
    }
    for (name, value) in &options.headers {
        let name =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| format!("`{name}` is no header name: correct it"))?;
        insert(&mut headers, name, value.expose_secret())?;
    }
    if headers.is_empty()
        && let Some((name, token)) = gitlab_token(url, environment)
    {
        insert(&mut headers, HeaderName::from_static(name), token)?;
    }
    Ok(headers)
}

/// GitLab's tokens from the environment, only for a GitLab state address on the host they belong to.
fn gitlab_token<'a>(url: &Url, environment: &'a Environment) -> Option<(&'static str, &'a str)> {
    let is_state = url.path().contains("/api/v4/projects/") && url.path().contains("/terraform/state/");
    let host = url.host_str().filter(|_| is_state)?;
    let ci_host = environment.get("CI_SERVER_HOST");
    if ci_host == Some(host)
        && let Some(token) = environment.get("CI_JOB_TOKEN")
    {
        return Some(("job-token", token));
    }
    let own_host = environment.get("GITLAB_HOST").map(|text| text.trim_start_matches("https://").trim_end_matches('/'));
    let home = own_host.or(ci_host).unwrap_or("gitlab.com");
    (home == host).then(|| environment.get("GITLAB_TOKEN").map(|token| ("private-token", token))).flatten()
}

fn insert(headers: &mut HeaderMap, name: HeaderName, value: &str) -> Result<(), String> {
    let problem = || format!("the value for the header `{name}` has characters that no header may have: correct it");
    let mut value = HeaderValue::from_str(value).map_err(|_| problem())?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}

/// A bearer token as headers; for HCP Terraform.
pub(crate) fn bearer(token: &SecretString) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    insert(&mut headers, AUTHORIZATION, &format!("Bearer {}", token.expose_secret()))?;
    Ok(headers)
}

/// GET, following a few redirects; the credentials stay with their origin.
pub(crate) async fn get(client: &Client, url: &Url, headers: &HeaderMap, place: &str) -> Result<Response, ReadError> {
    let mut at = url.clone();
    let mut headers = headers.clone();
    headers.entry(ACCEPT).or_insert(HeaderValue::from_static("*/*"));
    for _ in 0..=MAX_REDIRECTS {
        let request = client.get(at.clone()).headers(headers.clone());
        let response = request.send().await.map_err(|error| network_error(&error, place))?;
        let target = response.headers().get(LOCATION).filter(|_| response.status().is_redirection());
        let Some(target) = target else { return Ok(response) };
        let next = target.to_str().ok().and_then(|target| at.join(target).ok());
        let failed =
            |how: &str| ReadError::Failed { location: place.to_owned(), how: how.to_owned(), transient: false };
        let next = next.ok_or_else(|| failed("the server redirects to no valid address: correct the address"))?;
        if at.scheme() == "https" && next.scheme() != "https" {
            return Err(failed("the server redirects from https to clear text, which is not followed"));
        }
        if next.origin() != at.origin() {
            headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("*/*"))]);
        }
        at = next;
    }
    let how = format!("more than {MAX_REDIRECTS} redirects: correct the address");
    Err(ReadError::Failed { location: place.to_owned(), how, transient: false })
}

/// The body as it arrives, in pieces; unpacked already, if the server packed it.
pub(crate) async fn body(response: Response, place: &str) -> Result<Body, ReadError> {
    body_at_most(response, place, MAX_STATE_BYTES).await
}

/// No more than `limit` bytes of a body.
pub(crate) async fn body_at_most(mut response: Response, place: &str, limit: u64) -> Result<Body, ReadError> {
    let mut chunks = Chunks::default();
    let mut length = response.content_length().unwrap_or_default();
    let mut received = 0u64;
    while length <= limit {
        let Some(piece) = response.chunk().await.map_err(|error| network_error(&error, place))? else {
            return Ok(Body::Chunks(chunks));
        };
        received += piece.len() as u64;
        length = length.max(received);
        chunks.push(piece.into());
    }
    Err(super::tfstate::StateError::TooLarge { location: place.to_owned(), limit }.into())
}

/// What a status other than 200 means; Terraform's HTTP backend reads 204 and 404 as "no state".
pub(crate) fn refusal(status: StatusCode, place: &str) -> ReadError {
    let (location, how) = (place.to_owned(), format!("HTTP {}", status.as_u16()));
    match status {
        StatusCode::NO_CONTENT | StatusCode::NOT_FOUND => ReadError::NoState { location, how },
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ReadError::Denied {
            location,
            how,
            remedy: "check the user and password (TF_HTTP_USERNAME, TF_HTTP_PASSWORD) or the token".to_owned(),
        },
        StatusCode::TOO_MANY_REQUESTS => ReadError::Throttled { location, how },
        status => ReadError::Failed {
            location,
            how: format!("{how}: look at the server's log or scan again"),
            transient: status.is_server_error(),
        },
    }
}

fn network_error(error: &reqwest::Error, place: &str) -> ReadError {
    let (location, how) = (place.to_owned(), root_cause(error));
    if error.is_timeout() {
        return ReadError::Timeout { location, how };
    }
    ReadError::Failed { location, how: format!("{how}: check the network and the address"), transient: true }
}

/// The innermost cause: the outer texts of reqwest repeat the URL with its query.
fn root_cause(error: &reqwest::Error) -> String {
    let mut cause = error.source();
    let mut text = None;
    while let Some(inner) = cause {
        text = Some(inner.to_string());
        cause = inner.source();
    }
    text.unwrap_or_else(|| "the request failed".to_owned())
}

#[cfg(test)]
pub(in crate::desired) mod tests;
