//! A request (`--state`) taken apart: which backend, which state or states.

use std::path::{Path, PathBuf};

use url::Url;

use super::backend::{self, Backend};
use super::git::GitState;
use super::hcp::Workspace;
use super::http::{self, HttpOptions, HttpState};
use super::local::{GlobFiles, LocalState, glob_files, is_glob};
use super::s3::{self, ObjectAddress, ObjectStore, RoleToAssume, S3State};
use super::{LoadOptions, ReadError, StateConfig, StateFile};

const HCP_HOST: &str = "app.terraform.io";

/// What a request leads to.
#[derive(Default)]
pub(crate) struct Opened<'a> {
    pub files: Vec<Box<dyn StateFile + 'a>>,
    /// What may hold more states but may not be looked into: where, and why.
    pub refused: Vec<(String, ReadError)>,
    /// The directory of code that was asked for.
    pub code: Option<PathBuf>,
    pub warnings: Vec<String>,
}

impl<'a> From<Box<dyn StateFile + 'a>> for Opened<'a> {
    fn from(file: Box<dyn StateFile + 'a>) -> Self {
        Self { files: vec![file], ..Self::default() }
    }
}

/// The request without anything that may be secret, for names and gaps.
pub(crate) fn label(request: &str) -> String {
    let (prefix, text) = request.strip_prefix("git::").map_or(("", request), |text| ("git::", text));
    match Url::parse(text) {
        Ok(url) if url.has_host() || text.contains("://") => format!("{prefix}{}", http::location(&url)),
        _ if text.contains("://") => format!("{prefix}{}", text.split("://").next().unwrap_or_default()),
        _ => text.to_owned(),
    }
}

/// Opens a request without reading any state yet (a prefix is listed, code is parsed).
pub(crate) async fn open<'a>(
    request: &str,
    options: &LoadOptions,
    store: &'a dyn ObjectStore,
) -> Result<Opened<'a>, ReadError> {
    let environment = &options.environment;
    if let Some(rest) = request.strip_prefix("s3://") {
        return open_s3(s3_address(rest)?, Vec::new(), store).await;
    }
    if request.starts_with("https://") || request.starts_with("http://") {
        return Ok(boxed(HttpState::new(request, &options.http, environment)?));
    }
    if let Some(rest) = request.strip_prefix("tfe://") {
        let parts: Vec<&str> = rest.trim_end_matches('/').split('/').collect();
        let [host, organization, workspace] = parts.as_slice() else {
            return Err(ReadError::bad_request(
                "tfe://",
                "must look like tfe://host/organization/workspace: correct it",
            ));
        };
        return Ok(boxed(Workspace::new(host, organization, workspace, &options.http, environment)?));
    }
    if let Some(rest) = request.strip_prefix("git::") {
        return Ok(boxed(GitState::new(rest, environment)?));
    }
    if let Some((scheme, _)) = request.split_once("://") {
        let problem = "is no known kind of source: use a path, s3://, https://, tfe:// or git::";
        return Err(ReadError::bad_request(format!("{scheme}://"), problem));
    }
    let path = Path::new(request);
    if path.is_dir() {
        return open_directory(path, options, store).await;
    }
    if is_glob(request) && !path.exists() {
        let GlobFiles { files, refused } = glob_files(request)?;
        let files = files.into_iter().map(|path| Box::new(LocalState { path }) as Box<dyn StateFile>);
        return Ok(Opened { files: files.collect(), refused, ..Opened::default() });
    }
    Ok(boxed(LocalState { path: path.to_owned() }))
}

impl StateConfig {
    /// The object or prefix that it names in S3, as far as it says so itself: a directory of code names its backend elsewhere.
    pub(crate) fn s3_address(&self) -> Option<ObjectAddress> {
        s3_address(self.location.strip_prefix("s3://")?).ok()
    }
}

fn boxed<'a>(file: impl StateFile + 'a) -> Opened<'a> {
    (Box::new(file) as Box<dyn StateFile + 'a>).into()
}

/// `bucket/key[?versionId=..&region=..&workspace=..&workspace_key_prefix=..&role_arn=..&external_id=..&profile=..]`; the
/// key is taken verbatim.
fn s3_address(text: &str) -> Result<ObjectAddress, ReadError> {
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    let location = format!("s3://{path}");
    if bucket.is_empty() {
        return Err(ReadError::bad_request(location, "names no bucket: use s3://bucket/key"));
    }
    let mut address = ObjectAddress { bucket: bucket.to_owned(), key: key.to_owned(), ..ObjectAddress::default() };
    let (mut workspace, mut prefix) = (None, None);
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        let value = value.into_owned();
        match name.as_ref() {
            "versionId" => address.version = Some(value),
            "region" => address.region = Some(value),
            "profile" => address.profile = Some(value),
            "workspace" => workspace = Some(value),
            "workspace_key_prefix" => prefix = Some(value),
            "role_arn" => address.role.get_or_insert_with(RoleToAssume::default).arn = value,
            "external_id" => address.role.get_or_insert_with(RoleToAssume::default).external_id = Some(value),
            other => {
                let problem =
                    format!("`{other}` is no option of an S3 source: use versionId, region, workspace or role_arn");
                return Err(ReadError::bad_request(location, problem));
            }
        }
    }
    if let Some(workspace) = workspace.filter(|workspace| workspace != "default") {
        address.key = workspace_key(&address.key, &workspace, prefix.as_deref());
    }
    Ok(address)
}

fn workspace_key(key: &str, workspace: &str, prefix: Option<&str>) -> String {
    format!("{}/{workspace}/{key}", prefix.unwrap_or("env:").trim_end_matches('/'))
}

async fn open_s3<'a>(
    address: ObjectAddress,
    warnings: Vec<String>,
    store: &'a dyn ObjectStore,
) -> Result<Opened<'a>, ReadError> {
    let addresses = if address.key.is_empty() || address.key.ends_with('/') {
        s3::list(store, &address).await?
    } else {
        vec![address]
    };
    let states = addresses.into_iter().map(|address| S3State { store, address, warnings: warnings.clone() });
    Ok(Opened { files: states.map(|state| Box::new(state) as Box<dyn StateFile>).collect(), ..Opened::default() })
}

/// The backend that the code in a directory names.
pub(crate) async fn open_directory<'a>(
    directory: &Path,
    options: &LoadOptions,
    store: &'a dyn ObjectStore,
) -> Result<Opened<'a>, ReadError> {
    let environment = &options.environment;
    let place = directory.display().to_string();
    let mut backend = match backend::find(directory, &options.backend_config, environment) {
        Ok(backend) => backend,
        // A directory with nothing but a state in it.
        Err(_) if directory.join("terraform.tfstate").is_file() && super::code::code_files(directory).is_empty() => {
            return Ok(boxed(LocalState { path: directory.join("terraform.tfstate") }));
        }
        Err(error) => return Err(error),
    };
    let workspace = options.workspace.clone().unwrap_or_else(|| backend::workspace(directory, environment));
    let warnings = std::mem::take(&mut backend.warnings);
    let mut opened = match backend.kind.as_str() {
        "local" => boxed(LocalState { path: local_path(directory, &backend, &workspace) }),
        "s3" => {
            let (address, warnings) = s3_of_backend(&backend, &workspace, &place)?;
            open_s3(address, warnings, store).await?
        }
        "http" => {
            let address = match environment.get("TF_HTTP_ADDRESS") {
                Some(address) if backend.get("address").is_none() => address.to_owned(),
                _ => backend.need("address", &place)?,
            };
            boxed(HttpState::new(&address, &http_options(&backend, &options.http), environment)?)
        }
        "remote" | "cloud" => {
            let host = backend.get("hostname").or_else(|| environment.get("TF_CLOUD_HOSTNAME")).unwrap_or(HCP_HOST);
            let organization = match environment.get("TF_CLOUD_ORGANIZATION") {
                Some(name) if backend.get("organization").is_none() => name.to_owned(),
                _ => backend.need("organization", &place)?,
            };
            let name = hcp_workspace(&backend, &workspace, &place)?;
            boxed(Workspace::new(host, &organization, &name, &options.http, environment)?)
        }
        other => {
            let problem = format!(
                "backend `{other}` cannot be read by driftd: run `terraform state pull > terraform.tfstate` there and pass that file"
            );
            return Err(ReadError::not_configured(place, problem));
        }
    };
    opened.code = Some(directory.to_owned());
    opened.warnings.extend(warnings);
    Ok(opened)
}

fn local_path(directory: &Path, backend: &Backend, workspace: &str) -> PathBuf {
    if workspace == "default" {
        return directory.join(backend.get("path").unwrap_or("terraform.tfstate"));
    }
    let folder = backend.get("workspace_dir").unwrap_or("terraform.tfstate.d");
    directory.join(folder).join(workspace).join("terraform.tfstate")
}

fn s3_of_backend(backend: &Backend, workspace: &str, place: &str) -> Result<(ObjectAddress, Vec<String>), ReadError> {
    let owned = |key: &str| backend.get(key).map(str::to_owned);
    if backend.get("sse_customer_key").is_some() {
        let problem = "the state is encrypted with a customer key (`sse_customer_key`), which driftd does not take: \
                       use SSE-KMS, or pass a local copy (`terraform state pull`)";
        return Err(ReadError::not_configured(place, problem));
    }
    let key = backend.need("key", place)?;
    let key = match workspace {
        "default" => key,
        workspace => workspace_key(&key, workspace, backend.get("workspace_key_prefix")),
    };
    let role = owned("assume_role.role_arn").or_else(|| owned("role_arn")).map(|arn| RoleToAssume {
        arn,
        external_id: owned("assume_role.external_id").or_else(|| owned("external_id")),
        session_name: owned("assume_role.session_name").or_else(|| owned("session_name")),
    });
    let address = ObjectAddress {
        bucket: backend.need("bucket", place)?,
        key,
        version: None,
        region: owned("region"),
        role,
        profile: owned("profile"),
        endpoint: owned("endpoints.s3").or_else(|| owned("endpoint")),
        path_style: backend
            .get("use_path_style")
            .or_else(|| backend.get("force_path_style"))
            .map(|text| text == "true"),
    };
    let warnings = backend.get("access_key").map(|_| {
        "the backend's `access_key` is not used: driftd takes AWS credentials from its own environment".to_owned()
    });
    Ok((address, warnings.into_iter().collect()))
}

fn http_options(backend: &Backend, options: &HttpOptions) -> HttpOptions {
    let owned = |key: &str| backend.get(key).map(str::to_owned);
    let mut merged = options.clone();
    merged.username = owned("username").or(merged.username);
    merged.password = owned("password").map(Into::into).or(merged.password);
    merged.ca_certificate = owned("client_ca_certificate_pem").or(merged.ca_certificate);
    merged.client_certificate = owned("client_certificate_pem").or(merged.client_certificate);
    merged.client_private_key = owned("client_private_key_pem").map(Into::into).or(merged.client_private_key);
    merged.skip_cert_verification |= backend.get("skip_cert_verification") == Some("true");
    merged
}

fn hcp_workspace(backend: &Backend, workspace: &str, place: &str) -> Result<String, ReadError> {
    if let Some(name) = backend.get("workspaces.name") {
        return Ok(name.to_owned());
    }
    if workspace == "default" {
        let problem = "several HCP Terraform workspaces are possible: choose one with TF_WORKSPACE or `terraform workspace select`";
        return Err(ReadError::bad_request(place, problem));
    }
    Ok(format!("{}{workspace}", backend.get("workspaces.prefix").unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::label;

    #[test]
    fn a_label_says_where_and_no_secret() {
        for (request, expected) in [
            ("https://u:X@host/a?token=X", "https://host/a"),
            ("https://host/a::b?token=X", "https://host/a::b"),
            ("https://[::1]:8080/x?token=X", "https://[::1]:8080/x"),
            ("git::https://u:X@host/r.git//a::b?ref=X", "git::https://host/r.git//a::b"),
            ("git::ssh://git@[::1]/r.git//x", "git::ssh://[::1]/r.git//x"),
            ("s3://bucket/a::b?external_id=X", "s3://bucket/a::b"),
            ("https://[X", "https"),
            ("states/a::b.tfstate", "states/a::b.tfstate"),
        ] {
            assert_eq!(label(request), expected, "{request}");
        }
    }
}
