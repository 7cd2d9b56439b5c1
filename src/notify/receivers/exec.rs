//! A command of the user's. It gets one line of JSON on its standard input (`{"id", "group", "handle", "attempt", "message"}`) and says by its exit
//! status whether it has it: 0, yes; 65 (`EX_DATAERR`) and 78 (`EX_CONFIG`), no, and no other try helps; anything else, not now.

mod process;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;
use serde_saphyr::Spanned;

use self::process::{Ended, Outcome, Process};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::notify::{DELIVERY_LIMIT, Delivered, DeliveryError, Notice, Receiver, Tools, config};
use crate::secret::config::RawSecretKeys;
use crate::secret::{self, Resolver, RotatingSecret, SecretRef};
use crate::wording::text::sanitize_output;
use crate::yaml::{TextOr, duration, position};

/// How long a command may take, unless the configuration says otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);
/// It ends, and is told of, before the delivery as a whole would be given up.
const LONGEST: Duration = Duration::from_secs(80);
const _: () = assert!(LONGEST.as_secs() < DELIVERY_LIMIT.as_secs());
/// Variables of driftd's own environment that the command sees.
const PASSED_ON: [&str; 3] = ["PATH", "HOME", "LANG"];
/// Its input cannot be used: `EX_DATAERR` and `EX_CONFIG` of sysexits.h.
const REFUSED: [i32; 2] = [65, 78];
/// Characters of what it says about a failure.
const SAID: usize = 200;
/// Characters of a handle.
const HANDLE: usize = 200;

/// A command.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Raw {
    /// The program and its arguments. No shell reads them; anybody on the machine can: secrets belong into `env`.
    #[schemars(with = "Vec<String>")]
    command: Spanned<Vec<String>>,
    /// Variables of its environment, each a text or a secret. Besides these it sees PATH, HOME and LANG.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, TextOr<RawSecretKeys>>")]
    env: BTreeMap<String, Spanned<TextOr<RawSecretKeys>>>,
    /// Where it runs; without it `/`.
    working_directory: Option<PathBuf>,
    /// How long it may take, at most `80s`; then it is killed, with all that it started. Without it `30s`.
    #[schemars(with = "Option<String>")]
    timeout: Option<Spanned<String>>,
}

/// A valid command.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    program: PathBuf,
    arguments: Vec<String>,
    env: BTreeMap<String, Value>,
    working_directory: PathBuf,
    timeout: Duration,
}

/// The value of a variable.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Text(String),
    Secret(SecretRef),
}

impl Raw {
    /// What of it is valid; every mistake goes to `diagnostics`.
    pub(super) fn validate(self, diagnostics: &mut Diagnostics) -> Option<Config> {
        let Self { command, env, working_directory, timeout } = self;
        let at = position(&command);
        let mut words = command.value.into_iter();
        let program = words.next().filter(|program| !program.trim().is_empty());
        let arguments: Vec<String> = words.collect();
        let is_whole = |text: &str| !text.contains('\0');
        let program = program.filter(|program| is_whole(program) && arguments.iter().all(|text| is_whole(text)));
        if program.is_none() {
            let mistake = Diagnostic::error("config/not-a-command", "this is not a command");
            diagnostics.add(
                mistake.with_hint("write [/usr/local/bin/page, --team, infra]: the program, then its arguments"),
                at,
            );
        }
        let mut values = BTreeMap::new();
        for (name, raw) in env {
            let at = position(&raw);
            if name.is_empty() || name.contains(['=', '\0']) {
                let mistake =
                    Diagnostic::error("config/not-a-variable", format!("{name:?} cannot be the name of a variable"));
                diagnostics.add(mistake.with_hint("write a name like PAGER_TEAM"), at);
            }
            let value = match &raw.value {
                TextOr::Text(text) if is_whole(text) => Some(Value::Text(text.clone())),
                TextOr::Text(_) => {
                    diagnostics.error("config/not-a-variable", at, "the value of a variable cannot hold a zero byte");
                    None
                }
                TextOr::Mapping(_) => secret::config::validate(raw, diagnostics).map(Value::Secret),
            };
            values.extend(value.map(|value| (name, value)));
        }
        let mut limit = TIMEOUT;
        if let Some(text) = timeout {
            limit = duration(&text, diagnostics).unwrap_or(TIMEOUT);
            if limit > LONGEST {
                let mistake = Diagnostic::error("config/not-a-duration", "a command may take 80 seconds at most");
                diagnostics.add(mistake.with_hint("let it hand long work to something else, and end"), position(&text));
            }
        }
        let working_directory = working_directory.unwrap_or_else(|| "/".into());
        Some(Config { program: program?.into(), arguments, env: values, working_directory, timeout: limit })
    }
}

impl Config {
    pub(super) fn secrets(&self) -> Vec<&SecretRef> {
        let all = self.env.values().filter_map(|value| match value {
            Value::Secret(secret) => Some(secret),
            Value::Text(_) => None,
        });
        all.collect()
    }

    pub(super) fn resolve(&mut self, folder: &Path) {
        // Absolute, since it runs in another folder than driftd; a mere name is looked up in PATH.
        let absolute = |path: &Path| {
            let path = folder.join(path);
            std::path::absolute(&path).unwrap_or(path)
        };
        if self.program.components().count() > 1 {
            self.program = absolute(&self.program);
        }
        self.working_directory = absolute(&self.working_directory);
        for value in self.env.values_mut() {
            if let Value::Secret(secret) = value {
                secret.resolve(folder);
            }
        }
    }
}

/// A command that can be run.
struct Exec {
    config: Config,
    secrets: BTreeMap<String, RotatingSecret>,
    resolver: Arc<Resolver>,
}

pub(super) fn open(config: &Config, _name: &str, tools: &Tools) -> Result<Box<dyn Receiver>, String> {
    let secret = |(name, value): (&String, &Value)| match value {
        Value::Secret(secret) => Some((name.clone(), RotatingSecret::new(secret.clone(), tools.secrets.clone()))),
        Value::Text(_) => None,
    };
    let secrets = config.env.iter().filter_map(secret).collect();
    Ok(Box::new(Exec { config: config.clone(), secrets, resolver: tools.secrets.clone() }))
}

#[async_trait::async_trait]
impl Receiver for Exec {
    async fn deliver(&self, notice: &Notice<'_>) -> Result<Delivered, DeliveryError> {
        let mut secrets = Vec::new();
        let mut process = Process::new(&self.config.program, &self.config.working_directory);
        process.arguments(&self.config.arguments);
        let own = self.resolver.environment();
        PASSED_ON
            .iter()
            .filter_map(|name| Some((name, own.get(name)?)))
            .for_each(|(name, value)| process.env(name, value));
        for (name, value) in &self.config.env {
            if let Value::Text(text) = value {
                process.env(name, text);
            }
        }
        for (name, secret) in &self.secrets {
            let secret = config::secret(secret, notice.now).await?;
            if secret.expose_secret().contains('\0') {
                let why = format!("the secret of {name} holds a zero byte: no variable can");
                return Err(DeliveryError::misconfigured(why));
            }
            process.env(name, secret.expose_secret());
            secrets.push(secret);
        }
        let outcome = process.run(&envelope(notice), self.config.timeout).await;
        let Outcome { ended, stdout, stderr } = outcome.map_err(|error| {
            let program = sanitize_output(&self.config.program.to_string_lossy());
            DeliveryError::retry(format!(
                "{program} cannot be started in {}: {error}",
                self.config.working_directory.display()
            ))
        })?;
        // Only its beginning: the end of what was kept may be half a secret.
        let said = first_line(&stderr, &secrets).map(|line| line.chars().take(SAID).collect::<String>());
        let said = said.map(|line| format!(": {line}")).unwrap_or_default();
        match ended {
            Ended::Exited(0) => Ok(Delivered { handle: first_line(&stdout, &secrets).filter(|line| is_handle(line)) }),
            Ended::Exited(status) if REFUSED.contains(&status) => {
                Err(DeliveryError::refused(format!("the command refused it (status {status}){said}")))
            }
            Ended::Exited(status) => Err(DeliveryError::retry(format!("the command failed (status {status}){said}"))),
            Ended::Killed(signal) => {
                Err(DeliveryError::retry(format!("the command was killed (signal {signal}){said}")))
            }
            Ended::TookTooLong => {
                let limit = self.config.timeout.as_secs_f64();
                Err(DeliveryError::retry(format!("the command took more than {limit} s and was killed{said}")))
            }
        }
    }
}

/// What it reads.
fn envelope(notice: &Notice<'_>) -> String {
    let mut envelope = json!({
        "id": notice.id,
        "group": notice.group,
        "attempt": notice.attempt,
        "message": notice.message,
    });
    if let Some(handle) = notice.handle {
        envelope["handle"] = handle.into();
    }
    format!("{envelope}\n")
}

/// The first line that says something, clean; `None` if there is none, or if a secret stands in it.
fn first_line(output: &[u8], secrets: &[SecretString]) -> Option<String> {
    let output = String::from_utf8_lossy(output);
    let line = output.lines().map(str::trim).find(|line| !line.is_empty())?;
    let mut parts = secrets.iter().flat_map(|secret| secret.expose_secret().lines().map(str::trim));
    let is_secret = parts.any(|part| !part.is_empty() && line.contains(part));
    (!is_secret).then(|| sanitize_output(line))
}

/// Something that fits into the store and on a line.
fn is_handle(line: &str) -> bool {
    line.chars().count() <= HANDLE
}

#[cfg(test)]
mod tests;
