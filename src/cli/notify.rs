//! `driftd routes test`: who would be told of a finding, and why. `driftd notify test`: does a message arrive?

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::Timestamp;

use super::args::{Notify, Routes};
use super::findings::{Refusal, finish, open_store};
use super::output::printed;
use super::scan::{block_on, no_credentials};
use super::{bad_config, fail};
use crate::aws::Aws;
use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::environment::Environment;
use crate::notify::route::Route;
use crate::notify::{self, DELIVERY_LIMIT, LABELS, Labels, Notice, TemplateError, Tools};
use crate::secret::Resolver;
use crate::setup::{self, Setup};
use crate::wording::message::Occasion;
use crate::wording::{self, Context, Group, GroupCounts, text::sanitize_output};
use crate::yaml;

pub(super) fn routes(command: Routes, config: &Config) -> u8 {
    block_on(async { finish(destinations(command, config).await) })
}

async fn destinations(command: Routes, config: &Config) -> Result<String, Refusal> {
    let Routes::Test { finding, severity, kind, labels } = command;
    let Some(route) = &config.notify.route else {
        let mistake = Diagnostic::error("cli/no-receivers", "nobody is told anything: there are no receivers");
        return Err(Refusal::Mistake(mistake.with_hint("list `receivers` in the configuration")));
    };
    let mut given = match finding {
        Some(id) => labels_of(&id, config).await.map_err(Refusal::Failed)?,
        None => Labels::new(),
    };
    let flags = [("severity", severity), ("kind", kind)];
    let flags = flags.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let mut pairs: Vec<(String, String)> = flags.collect();
    for text in labels {
        let Some((name, value)) = text.split_once('=') else {
            let mistake = Diagnostic::error("cli/not-a-label", format!("--label {text:?} is not NAME=VALUE"));
            return Err(Refusal::Mistake(mistake.with_hint("write e.g. --label source=prod")));
        };
        if !LABELS.contains(&name) && !name.starts_with("tags.") {
            let mistake = Diagnostic::error("config/no-such-label", format!("--label: there is no label {name:?}"));
            return Err(Refusal::Mistake(mistake.with_hint(yaml::suggestion(name, LABELS))));
        }
        pairs.push((name.to_owned(), value.to_owned()));
    }
    // What is given replaces what the finding has; given twice, it has both.
    let mut replaced: Labels = Labels::new();
    for (name, value) in pairs {
        replaced.entry(name).or_default().push(value);
    }
    given.extend(replaced);
    Ok(told(route, &given))
}

/// The labels of a finding of the store.
async fn labels_of(id: &str, config: &Config) -> Result<Labels, String> {
    let store = open_store(config).await?;
    let known = store.finding_show(id).await.map_err(|error| error.to_string());
    store.close().await;
    let finding = known?.finding;
    Ok(notify::labels(&finding, &setup::owners(config).of(&finding)))
}

/// Who is told, and what each route says of it.
fn told(route: &Route, labels: &Labels) -> String {
    let mut text = String::new();
    let found = route.destinations(labels);
    for to in &found {
        let delivery = &to.route.delivery;
        let when = match &delivery.digest {
            Some(schedule) => format!("in the digest of {schedule}"),
            None => format!("after {:?}, grouped by {}", delivery.group_wait, delivery.group_by.join(", ")),
        };
        let mute: Vec<&str> = delivery.mute.iter().map(|window| window.name.as_str()).collect();
        let mute = if mute.is_empty() { String::new() } else { format!("; not during {}", mute.join(", ")) };
        _ = writeln!(text, "{}  by {}, {when}{mute}", sanitize_output(to.receiver), to.route.path);
    }
    if found.is_empty() {
        text.push_str("nobody is told\n");
    }
    text.push('\n');
    for route in route.all() {
        let why = route.refuses(labels).map_or_else(|| "takes it".to_owned(), |why| format!("does not: {why}"));
        _ = writeln!(text, "{}: {}", route.path, sanitize_output(&why));
    }
    text
}

pub(super) fn notify(command: Notify, config: Config) -> u8 {
    let Notify::Test { receiver } = command;
    let Some(one) = config.notify.receivers.iter().find(|one| one.name == receiver).cloned() else {
        let names: Vec<&str> = config.notify.receivers.iter().map(|one| one.name.as_str()).collect();
        let message = format!("there is no receiver of the name {receiver:?}");
        let mistake = Diagnostic::error("config/no-such-receiver", message);
        return bad_config(&[mistake.with_hint(yaml::suggestion(&receiver, &names))]);
    };
    block_on(async {
        match sent(&one, &config).await {
            Ok(()) => printed(&format!("{receiver} has it\n")),
            Err(error) => fail(&sanitize_output(&format!("{receiver} does not have it: {error}"))),
        }
    })
}

#[expect(clippy::disallowed_methods, reason = "the edge: from here on the time is an argument")]
async fn sent(receiver: &notify::ReceiverConfig, config: &Config) -> Result<(), String> {
    let environment = Environment::of_process();
    let now = Timestamp::now();
    // Receivers outside of AWS work without it.
    let aws = match Setup::from_config(config, environment.clone(), now) {
        Ok(setup) => Aws::connect(setup.aws)
            .await
            .inspect_err(|error| tracing::debug!(error = no_credentials(error), "AWS is not connected"))
            .ok()
            .map(Arc::new),
        Err(mistakes) => return Err(mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
    };
    let secrets = Arc::new(Resolver::new(environment, aws.clone()).map_err(|error| error.to_string())?);
    let tools = Tools { http: notify::http::client().map_err(|error| error.to_string())?, secrets, aws };
    let opened = receiver.kind.open(&receiver.name, &tools)?;
    let (reasons, labels) = (BTreeMap::new(), BTreeMap::new());
    let group = Group {
        occasion: Occasion::Test,
        kept: Occasion::Test,
        labels: &labels,
        findings: &[],
        counts: &GroupCounts::default(),
        news: &[],
        now,
    };
    let context = Context { reasons: &reasons, links: &config.notify.links, show_values: receiver.show_values };
    let message = wording::compose(&group, &context);
    let id = format!("driftd-test-{}", now.as_millisecond());
    // Without findings many a template makes nothing of it, and driftd's own words are sent as they would be by the daemon.
    let (message, failed) = receiver.template.apply(&message);
    if let Some(error @ TemplateError::Broken(_)) = failed {
        return Err(format!("its template fails: {error}"));
    }
    let notice = Notice { id: &id, group: &id, handle: None, message: &message, attempt: 1, now };
    match tokio::time::timeout(DELIVERY_LIMIT, opened.deliver(&notice)).await {
        Ok(said) => said.map(|_| ()).map_err(|error| error.to_string()),
        Err(_) => Err("it did not answer in time".to_owned()),
    }
}
