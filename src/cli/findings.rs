//! `driftd findings`, `driftd explain`, `driftd store`: what the daemon remembers, and what people say of it. Works beside the daemon, on
//! the same store.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use super::args::{Findings, StoreCommand};
use super::output::printed;
use super::scan::block_on;
use super::{bad_config, fail};
use crate::aws::{Aws, AwsOptions};
use crate::config::{Config, StoreLocation};
use crate::diagnostic::Diagnostic;
use crate::environment::Environment;
use crate::life::{Changes, KnownFinding, OperationError, StateName, TransitionKind, operation};
use crate::model::Severity;
use crate::notify;
use crate::secret::{Resolver, SecretRef};
use crate::store::{Apply, AuditEntry, DaemonLock, FindingFilter, Location, Store, StoreError};
use crate::wording::{self, text::sanitize_output};

/// Opens the store of the configuration. `aws` is for a password that lies there.
pub(super) async fn open_store(config: &Config) -> Result<Store, String> {
    let location = location(config, None).await?;
    Store::open(&location).await.map_err(|error| said(&error))
}

/// The store for the daemon, with what keeps a second one away from it.
pub(super) async fn open_store_alone(config: &Config, aws: Arc<Aws>) -> Result<(Store, DaemonLock), String> {
    let location = location(config, Some(aws)).await?;
    let lock = DaemonLock::take(&location).map_err(|error| said(&error))?;
    let store = Store::open(&location).await.map_err(|error| said(&error))?;
    Ok((store, lock))
}

async fn location(config: &Config, aws: Option<Arc<Aws>>) -> Result<Location, String> {
    let environment = Environment::of_process();
    match &config.store.location {
        StoreLocation::Postgres(url) => Ok(Location::Postgres(secret(url, environment, aws).await?)),
        sqlite => {
            let path = sqlite.sqlite(environment.get("STATE_DIRECTORY"));
            path.map(Location::Sqlite).ok_or_else(|| "the store has no location".to_owned())
        }
    }
}

async fn secret(url: &SecretRef, environment: Environment, aws: Option<Arc<Aws>>) -> Result<SecretString, String> {
    let is_in_aws = matches!(url, SecretRef::AwsSecret { .. } | SecretRef::Ssm(_));
    let aws = match aws {
        None if is_in_aws => Some(Arc::new(
            Aws::connect(AwsOptions::default()).await.map_err(|error| super::scan::no_credentials(&error))?,
        )),
        aws => aws,
    };
    let resolver = Resolver::new(environment, aws).map_err(|error| error.to_string())?;
    resolver.read(url).await.map_err(|error| error.to_string())
}

/// An error with its causes.
fn said(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

/// Why a command did not do it.
pub(super) enum Refusal {
    /// What was asked for is wrong.
    Mistake(Diagnostic),
    Failed(String),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Failed(said(&error))
    }
}

impl From<OperationError> for Refusal {
    fn from(error: OperationError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Prints what a command has to say; its exit code.
pub(super) fn finish(outcome: Result<String, Refusal>) -> u8 {
    match outcome {
        Ok(text) => printed(&text),
        Err(Refusal::Mistake(mistake)) => bad_config(&[mistake]),
        Err(Refusal::Failed(error)) => fail(&sanitize_output(&error)),
    }
}

pub(super) fn run(command: Findings, config: &Config) -> u8 {
    block_on(async {
        match open_store(config).await {
            Ok(store) => {
                let outcome = findings(command, &store).await;
                store.close().await;
                finish(outcome)
            }
            Err(error) => fail(&sanitize_output(&error)),
        }
    })
}

pub(super) fn explain(id: &str, config: &Config) -> u8 {
    block_on(async {
        match open_store(config).await {
            Ok(store) => {
                let outcome = explained(id, &store).await;
                store.close().await;
                finish(outcome)
            }
            Err(error) => fail(&sanitize_output(&error)),
        }
    })
}

pub(super) fn store(command: &StoreCommand, config: &Config) -> u8 {
    let StoreCommand::Backup { file } = command;
    block_on(async {
        match open_store(config).await {
            Ok(store) => {
                let outcome = store.backup(file).await.map_err(Refusal::from);
                store.close().await;
                finish(outcome.map(|()| format!("{}: written\n", sanitize_output(&file.display().to_string()))))
            }
            Err(error) => fail(&sanitize_output(&error)),
        }
    })
}

#[expect(clippy::disallowed_methods, reason = "the edge: from here on the time is an argument")]
async fn findings(command: Findings, store: &Store) -> Result<String, Refusal> {
    let now = Timestamp::now();
    match command {
        Findings::List { states, severities, kinds, accounts, regions, sources, json } => {
            let mut filter = FindingFilter { kinds, accounts, regions, sources, ..FindingFilter::default() };
            filter.states = words(&states, &StateName::ALL, StateName::as_str)?;
            if filter.states.is_empty() {
                filter.states = StateName::ALL.into_iter().filter(|state| *state != StateName::Resolved).collect();
            }
            filter.severities = words(&severities, &Severity::ALL, Severity::as_str)?;
            let found = store.finding_list(&filter).await?;
            if json { as_json(&found) } else { Ok(table(&found, now)) }
        }
        Findings::Show { id } => as_json(&store.finding_show(&id).await?),
        Findings::Ack { id, reason, who } => {
            act(store, &id, &who.by, "finding.acknowledge", now, |known| {
                operation::acknowledge(known, &who.by, &reason, now)
            })
            .await
        }
        Findings::Snooze { id, until, reason, who } => {
            let until = time(&until, now)?;
            act(store, &id, &who.by, "finding.snooze", now, |known| {
                operation::snooze(known, &who.by, &reason, until, now)
            })
            .await
        }
        Findings::Ignore { id, owner, reason, expires, who } => {
            let expires = time(&expires, now)?;
            act(store, &id, &who.by, "finding.ignore", now, |known| {
                operation::ignore(known, &who.by, &owner, &reason, expires, now)
            })
            .await
        }
        Findings::Reopen { id, who } => {
            act(store, &id, &who.by, "finding.reopen", now, |known| operation::reopen(known, &who.by, now)).await
        }
        Findings::History { id } => {
            let known = store.finding_show(&id).await?;
            let mut text = String::new();
            for entry in store.history_of(&known.id).await? {
                _ = writeln!(text, "{}  {}", seconds(entry.transition.at), step(&entry.transition.kind));
            }
            Ok(text)
        }
    }
}

/// The words that are known, or what is wrong with one.
fn words<T: Copy>(written: &[String], all: &[T], word: impl Fn(T) -> &'static str) -> Result<Vec<T>, Refusal> {
    let known: BTreeMap<&str, T> = all.iter().map(|one| (word(*one), *one)).collect();
    let find = |text: &String| {
        known.get(text.as_str()).copied().ok_or_else(|| {
            let mistake = Diagnostic::error("cli/unknown-word", format!("{text:?} is not known here"));
            Refusal::Mistake(
                mistake.with_hint(format!("write {}", known.keys().copied().collect::<Vec<_>>().join(", "))),
            )
        })
    };
    written.iter().map(find).collect()
}

/// A time, or a duration from now.
fn time(text: &str, now: Timestamp) -> Result<Timestamp, Refusal> {
    if let Ok(time) = text.parse() {
        return Ok(time);
    }
    let span: Option<SignedDuration> = match text.strip_suffix('d').and_then(|days| days.parse::<i64>().ok()) {
        Some(days) => days.checked_mul(24).map(SignedDuration::from_hours),
        None => text.parse().ok(),
    };
    span.and_then(|span| now.checked_add(span).ok()).ok_or_else(|| {
        let mistake = Diagnostic::error("cli/not-a-time", format!("{text:?} is neither a time nor a duration"));
        Refusal::Mistake(mistake.with_hint("write 2026-12-24T08:00:00Z, 8h or 30d"))
    })
}

/// Does what a person wants, and keeps who it was; again if the daemon saw the finding meanwhile.
async fn act(
    store: &Store,
    id: &str,
    by: &str,
    action: &str,
    now: Timestamp,
    what: impl Fn(&KnownFinding) -> Result<Changes, OperationError>,
) -> Result<String, Refusal> {
    loop {
        let known = store.finding_show(id).await?;
        let changes = what(&known)?;
        let audit = AuditEntry {
            actor: by.to_owned(),
            action: action.to_owned(),
            subject: known.id.clone(),
            detail: known.finding.key.clone(),
        };
        // The daemon tells those who heard of the finding; routes are its own.
        let alerts = notify::plan(&changes, None, &notify::Owners::default(), now).alerts;
        let apply = Apply { changes: Some(&changes), alerts: &alerts, audit: &[audit], ..Apply::at(now) };
        match store.apply(&apply).await {
            Ok(()) => {
                let state = changes.findings.first().map_or("unchanged", |one| one.life.state.name().as_str());
                return Ok(format!("{} {}: {state}\n", known.id, sanitize_output(&known.finding.key)));
            }
            Err(StoreError::Conflict { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

fn as_json<T: serde::Serialize>(value: &T) -> Result<String, Refusal> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Refusal::Failed(error.to_string()))?;
    Ok(format!("{text}\n"))
}

fn table(found: &[KnownFinding], now: Timestamp) -> String {
    let mut text = format!("{:<18}{:<10}{:<16}{:<12}{:<7}{}\n", "ID", "SEVERITY", "STATUS", "DRIFT", "AGE", "RESOURCE");
    for one in found {
        let finding = &one.finding;
        let name = finding.address.as_ref().unwrap_or(&finding.id);
        let who = finding.attribution.as_ref().and_then(|who| who.actor.as_ref()).map_or("", |actor| &actor.name);
        let by = if who.is_empty() { String::new() } else { format!("  by {who}") };
        _ = writeln!(
            text,
            "{:<18}{:<10}{:<16}{:<12}{:<7}{}",
            one.id,
            finding.severity.as_str(),
            one.life.state.name().as_str(),
            finding.drift.as_str(),
            age(now, one.life.first_seen),
            sanitize_output(&format!("{} {name} ({} {}){by}", finding.kind, finding.account, finding.region)),
        );
    }
    if found.is_empty() {
        text = "no findings\n".to_owned();
    }
    text
}

/// `12s`, `5m`, `3h`, `9d`
fn age(now: Timestamp, since: Timestamp) -> String {
    let seconds = now.duration_since(since).as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// One step in words.
fn step(kind: &TransitionKind) -> String {
    let text = serde_json::to_value(kind).unwrap_or_default();
    let members = text.as_object().cloned().unwrap_or_default();
    let more = members.iter().filter(|(name, value)| *name != "transition" && !value.is_null());
    let more: Vec<String> = more
        .map(|(name, value)| match value {
            serde_json::Value::String(text) => format!("{name}={text}"),
            serde_json::Value::Object(who) => {
                let actor = who.get("actor").and_then(|actor| actor.get("name")).and_then(serde_json::Value::as_str);
                format!("{name}={}", actor.unwrap_or("nobody"))
            }
            other => format!("{name}={other}"),
        })
        .collect();
    sanitize_output(&format!("{}  {}", kind.as_str(), more.join("  "))).trim_end().to_owned()
}

/// Characters of a line of a change.
const WIDTH: usize = 100;

#[expect(clippy::disallowed_methods, reason = "the edge: from here on the time is an argument")]
async fn explained(id: &str, store: &Store) -> Result<String, Refusal> {
    let now = Timestamp::now();
    let known = store.finding_show(id).await?;
    let finding = &known.finding;
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            _ = writeln!(text, "{name:<12}{}", sanitize_output(value));
        }
    };
    line("finding", &known.id);
    line("resource", &finding.key);
    line("address", finding.address.as_deref().unwrap_or_default());
    line("severity", finding.severity.as_str());
    line("drift", finding.drift.as_str());
    line("source", finding.source.as_deref().unwrap_or_default());
    if let Some(code) = &finding.code {
        line("code", &format!("{}:{}", code.file, code.line));
    }
    line("rules", &finding.rules.join(", "));
    line("reason", finding.reason.as_deref().unwrap_or_default());
    let first_seen = known.life.first_seen;
    line("first seen", &format!("{} ({} ago)", seconds(first_seen), age(now, first_seen)));
    line("last seen", &seconds(known.life.last_seen));
    if let Some(not_seen) = &known.life.not_seen {
        line("not seen", &format!("since {}: {}", seconds(not_seen.since), not_seen.reason));
    }
    line("status", &wording::standing(&known.life.state));
    for change in &finding.changes {
        for (index, one) in wording::lines(change, WIDTH).into_iter().enumerate() {
            line(if index == 0 { "change" } else { "" }, &format!("{}{}", one.sign.mark(), one.text));
        }
    }
    for who in finding.attribution.iter().chain(&finding.other_attributions) {
        let name = who.actor.as_ref().map_or("nobody known", |actor| &actor.name);
        line(
            "who",
            &format!("{name} ({}), {}", who.confidence.as_str(), who.time.as_deref().unwrap_or("time unknown")),
        );
        who.reasons.iter().for_each(|reason| line("", reason));
    }
    text.push('\n');
    for entry in store.history_of(&known.id).await? {
        _ = writeln!(text, "{}  {}", seconds(entry.transition.at), step(&entry.transition.kind));
    }
    Ok(text)
}

/// A time as people read it: what is less than a second says nothing.
fn seconds(at: Timestamp) -> String {
    format!("{at:.0}")
}
