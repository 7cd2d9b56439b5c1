//! A state file in a Git repository: `git::https://host/repo.git//path/terraform.tfstate?ref=main`.
//!
//! The git command line fetches the one commit, without history and (where the server can) without other files, into a
//! temporary folder that is removed afterwards. Nothing of the repository is executed: no checkout, no hooks, no
//! submodules, and only the https, ssh and file transports.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use tokio::process::Command;
use url::Url;

use super::tfstate::{MAX_STATE_BYTES, StateError};
use super::{Body, Environment, Fetched, ReadError, StateFile};

const DEADLINE: Duration = Duration::from_secs(300);

/// What git may know of our environment: where it is, how it logs in, how it gets out.
const PASSED_ON: [&str; 14] = [
    "PATH",
    "HOME",
    "USER",
    "TMPDIR",
    "SSH_AUTH_SOCK",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "GIT_SSL_CAINFO",
    "https_proxy",
    "HTTPS_PROXY",
    "http_proxy",
    "no_proxy",
    "NO_PROXY",
    "GIT_SSH_COMMAND",
];

pub(crate) struct GitState {
    /// Without user and password, unless the user is ssh's.
    repository: Url,
    /// `user:password` of an https URL.
    credentials: Option<String>,
    path: String,
    reference: String,
    environment: Environment,
}

impl GitState {
    /// `text` is what follows `git::`.
    pub(crate) fn new(text: &str, environment: &Environment) -> Result<Self, ReadError> {
        let bad = |problem: &str| ReadError::bad_request("the Git source", problem);
        let form = "must look like git::https://host/repository.git//path/to/terraform.tfstate?ref=main: correct it";
        let mut url = Url::parse(text).map_err(|_| bad(form))?;
        if !matches!(url.scheme(), "https" | "ssh" | "file") {
            return Err(bad("has a transport other than https, ssh and file: use one of these"));
        }
        let whole = url.path().to_owned();
        let (repository, path) = whole.split_once("//").ok_or_else(|| bad(form))?;
        let path = percent_encoding::percent_decode_str(path).decode_utf8().map_err(|_| bad(form))?.into_owned();
        let reference = url.query_pairs().find(|(name, _)| name == "ref").map(|(_, value)| value.into_owned());
        let reference = reference.unwrap_or_else(|| "HEAD".to_owned());
        if path.is_empty() || !is_plain_reference(&reference) {
            return Err(bad(form));
        }
        url.set_path(repository);
        url.set_query(None);
        url.set_fragment(None);
        let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        let user = decode(url.username());
        let credentials = (url.scheme() == "https" && !user.is_empty())
            .then(|| format!("{user}:{}", url.password().map(decode).unwrap_or_default()));
        if credentials.is_some() {
            _ = url.set_username("");
        }
        _ = url.set_password(None);
        Ok(Self { repository: url, credentials, path, reference, environment: environment.clone() })
    }

    async fn git(&self, folder: &Path, arguments: &[&str]) -> Result<Vec<u8>, ReadError> {
        let failed = |how: String| ReadError::Failed { location: self.location(), how, transient: false };
        let mut command = Command::new("git");
        command.args(arguments).current_dir(folder).stdin(Stdio::null()).kill_on_drop(true).env_clear();
        command.envs(PASSED_ON.iter().filter_map(|name| Some((name, self.environment.get(name)?))));
        if self.environment.get("GIT_SSH_COMMAND").is_none() {
            command.env("GIT_SSH_COMMAND", "ssh -o BatchMode=yes");
        }
        command
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ALLOW_PROTOCOL", "https:ssh:file")
            .env("GIT_LFS_SKIP_SMUDGE", "1")
            .env("GIT_CONFIG_COUNT", if self.credentials.is_some() { "3" } else { "2" })
            .env("GIT_CONFIG_KEY_0", "core.hooksPath")
            .env("GIT_CONFIG_VALUE_0", "/dev/null")
            .env("GIT_CONFIG_KEY_1", "credential.interactive")
            .env("GIT_CONFIG_VALUE_1", "false");
        if let Some(pair) = &self.credentials {
            // In the environment, not in the arguments, which everyone on the machine can see.
            use base64::Engine as _;
            let header = format!("Authorization: Basic {}", base64::prelude::BASE64_STANDARD.encode(pair));
            command.env("GIT_CONFIG_KEY_2", format!("http.{}.extraHeader", self.repository));
            command.env("GIT_CONFIG_VALUE_2", header);
        }
        let output = tokio::time::timeout(DEADLINE, command.output()).await.map_err(|_| ReadError::Timeout {
            location: self.location(),
            how: format!("git took more than {} s", DEADLINE.as_secs()),
        })?;
        let output = output.map_err(|error| failed(format!("git cannot be started ({error}): install git")))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        Err(self.refusal(&String::from_utf8_lossy(&output.stderr)))
    }

    /// Git's own words decide what kind of failure it is; they are repeated without any URL.
    fn refusal(&self, stderr: &str) -> ReadError {
        let location = self.location();
        let line = stderr.lines().rfind(|line| line.starts_with("fatal:") || line.starts_with("error:"));
        let how = line.unwrap_or("git failed").split_whitespace().filter(|word| !word.contains("://"));
        let how = how.collect::<Vec<_>>().join(" ");
        let says = |texts: &[&str]| texts.iter().any(|text| stderr.contains(text));
        if says(&["Authentication failed", "could not read Username", "Permission denied", "could not read Password"]) {
            let remedy = "give git credentials for it (a credential helper, an ssh key)".to_owned();
            return ReadError::Denied { location, how, remedy };
        }
        if says(&["couldn't find remote ref", "not our ref", "does not exist in", "exists on disk, but not in"]) {
            return ReadError::NoState { location, how };
        }
        if says(&[
            "Repository not found",
            "repository not found",
            "does not appear to be a git repository",
            "not found",
        ]) {
            return ReadError::NoState { location, how: format!("no such repository, or no access: {how}") };
        }
        ReadError::Failed { location, how: format!("{how}: check the address and the network"), transient: false }
    }
}

#[async_trait]
impl StateFile for GitState {
    fn location(&self) -> String {
        let mut bare = self.repository.clone();
        _ = bare.set_username("");
        let reference = if self.reference == "HEAD" { String::new() } else { format!("@{}", self.reference) };
        format!("git::{bare}//{}{reference}", self.path)
    }

    async fn fetch(&self) -> Result<Fetched, ReadError> {
        let failed = |error: std::io::Error| ReadError::Failed {
            location: self.location(),
            how: format!("no temporary folder ({error}): free some space"),
            transient: false,
        };
        let folder = tempfile::tempdir().map_err(failed)?;
        let at = folder.path();
        self.git(at, &["init", "--quiet"]).await?;
        self.git(at, &["remote", "add", "--", "origin", self.repository.as_str()]).await?;
        let fetch = ["fetch", "--quiet", "--depth=1", "--no-tags", "--filter=blob:none", "--no-recurse-submodules"];
        self.git(at, &[&fetch[..], &["--", "origin", &self.reference]].concat()).await?;
        let commit = self.git(at, &["rev-parse", "--verify", "FETCH_HEAD^{commit}"]).await?;
        let commit = String::from_utf8_lossy(&commit).trim().to_owned();
        let object = format!("{commit}:{}", self.path);
        let size = self.git(at, &["cat-file", "-s", &object]).await?;
        check_size(&size, &self.location())?;
        let bytes = self.git(at, &["cat-file", "blob", &object]).await?;
        Ok(Fetched { warnings: vec![format!("read at commit {commit}")], ..Body::from(bytes).into() })
    }
}

/// What git says of an object's size, before the object is in memory.
fn check_size(said: &[u8], location: &str) -> Result<(), ReadError> {
    let size: Option<u64> = std::str::from_utf8(said).ok().and_then(|text| text.trim().parse().ok());
    let location = location.to_owned();
    match size {
        Some(size) if size <= MAX_STATE_BYTES => Ok(()),
        Some(_) => Err(StateError::TooLarge { location, limit: MAX_STATE_BYTES }.into()),
        None => {
            let how = "git did not say how large the file is: update git".to_owned();
            Err(ReadError::Failed { location, how, transient: false })
        }
    }
}

/// A branch, tag or commit; nothing that git would take as an option or as a refspec of its own.
fn is_plain_reference(reference: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '@' | '#');
    !reference.is_empty() && !reference.starts_with('-') && !reference.contains("..") && reference.chars().all(plain)
}

#[cfg(test)]
mod tests;
