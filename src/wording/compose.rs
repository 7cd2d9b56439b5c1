//! A group of findings and what is new about it -> the message. Pure: the same input gives the same message, whichever replica writes it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::links::{self, LinkOptions};
use super::message::{GroupStatus, Item, Link, Message, Occasion, RuleText, Who};
use super::text::{count, sanitize_output, shorten};
use super::{Sign, changes, finding as said, steps, who};
use crate::life::{KnownFinding, StateName, TransitionKind};
use crate::model::Reason;
use crate::model::{Caution, Change, Confidence, DriftStatus, Finding, Severity};

/// Findings of which a message tells more than their number.
pub const ITEMS: usize = 50;
/// Sentences of news in a message.
const NEWS: usize = 50;
/// Lines of changes of one finding.
const LINES: usize = 16;
/// Characters of a line of a change.
const WIDTH: usize = 200;
/// Characters of a name in a title.
const NAME: usize = 100;

/// Something new, as it is kept until it is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "news", rename_all = "snake_case")]
pub enum News {
    /// A step in the life of a finding.
    Step {
        /// Name of the finding. Clean.
        name: String,
        /// The end of the sentence that begins with it. Clean.
        text: String,
        /// Does it ask anybody to look?
        loud: bool,
        /// Is there more to do than before? What was kept by an older driftd does not say.
        #[serde(default = "yes")]
        calls: bool,
    },
    /// About driftd itself.
    Health { text: String, severity: Severity, is_over: bool },
}

fn yes() -> bool {
    true
}

impl News {
    /// A step of a finding.
    pub fn step(finding: &Finding, kind: &TransitionKind) -> Self {
        Self::Step {
            name: said::name(finding),
            text: steps::step(kind, finding),
            loud: steps::is_loud(kind),
            calls: steps::calls(kind),
        }
    }

    fn sentence(&self) -> String {
        match self {
            Self::Step { name, text, .. } => format!("{} {text}", shorten(name, NAME)),
            Self::Health { text, .. } => text.clone(),
        }
    }

    fn is_loud(&self) -> bool {
        match self {
            Self::Step { loud, .. } => *loud,
            Self::Health { .. } => true,
        }
    }

    fn calls(&self) -> bool {
        match self {
            Self::Step { calls, .. } => *calls,
            Self::Health { is_over, .. } => !is_over,
        }
    }
}

/// How many findings of a group there are, by state and severity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupCounts {
    pub by_state: BTreeMap<(StateName, Severity), u64>,
}

/// A group of findings that is to be told.
#[derive(Debug, Clone, Copy)]
pub struct Group<'a> {
    pub occasion: Occasion,
    /// Why its first message came: what began as a baseline or a digest pages nobody later, either.
    pub kept: Occasion,
    /// What its findings have in common: `actor`, `source`, ...
    pub labels: &'a BTreeMap<String, String>,
    /// The worst ones.
    pub findings: &'a [KnownFinding],
    /// Of all of its findings.
    pub counts: &'a GroupCounts,
    pub news: &'a [News],
    pub now: Timestamp,
}

/// What the words depend on besides.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// What each rule says.
    pub reasons: &'a BTreeMap<String, Reason>,
    pub links: &'a LinkOptions,
    /// Without, only the paths of what differs are told.
    pub show_values: bool,
}

impl GroupCounts {
    /// Of these, where they are all there are.
    pub fn of(findings: &[KnownFinding]) -> Self {
        let mut by_state = BTreeMap::new();
        for one in findings {
            *by_state.entry((one.life.state.name(), one.finding.severity)).or_default() += 1;
        }
        Self { by_state }
    }

    fn of_state(&self, is: impl Fn(StateName) -> bool) -> BTreeMap<Severity, u64> {
        let mut found = BTreeMap::new();
        for ((state, severity), number) in &self.by_state {
            if is(*state) {
                *found.entry(*severity).or_default() += number;
            }
        }
        found
    }
}

/// The message.
pub fn compose(group: &Group<'_>, context: &Context<'_>) -> Message {
    let open = group.counts.of_state(|state| state == StateName::Open);
    let resolved = group.counts.of_state(|state| state == StateName::Resolved);
    let others = group.counts.of_state(|state| !matches!(state, StateName::Open | StateName::Resolved));
    let total = |by: &BTreeMap<Severity, u64>| by.values().sum::<u64>();
    let all = total(&open) + total(&resolved) + total(&others);
    let mut status = match (total(&open), total(&others)) {
        (0, 0) => GroupStatus::Resolved,
        (0, _) => GroupStatus::Acknowledged,
        _ => GroupStatus::Open,
    };
    let mut severity = [&open, &others, &resolved].into_iter().find_map(|by| by.keys().next().copied());
    if let Some(News::Health { severity: own, is_over, .. }) = group.news.last() {
        severity = Some(*own);
        status = if *is_over { GroupStatus::Resolved } else { GroupStatus::Open };
    }
    let occasion = match (group.occasion, status) {
        (Occasion::Opened | Occasion::Updated | Occasion::Reminder, GroupStatus::Resolved) => Occasion::Resolved,
        (occasion, _) => occasion,
    };
    let mut findings: Vec<&KnownFinding> = group.findings.iter().collect();
    let order = |one: &KnownFinding| (one.life.state.name() != StateName::Open, one.is_resolved());
    findings.sort_by(|a, b| (order(a), a.finding.severity, &a.id).cmp(&(order(b), b.finding.severity, &b.id)));
    findings.truncate(ITEMS);
    let mut news: Vec<String> = group.news.iter().take(NEWS).map(News::sentence).collect();
    if group.news.len() > NEWS {
        news.push(format!("... and {} more", group.news.len() - NEWS));
    }
    let items: Vec<Item> = findings.iter().map(|one| item(one, context, group.now)).collect();
    let dashboard = context.links.dashboard.clone();
    Message {
        occasion,
        status,
        severity: severity.unwrap_or(Severity::Info),
        title: title(occasion, group, &findings, &open, all),
        quiet: !matches!(occasion, Occasion::Reminder | Occasion::Escalated | Occasion::Digest | Occasion::Test)
            && !group.news.iter().any(News::is_loud),
        pages: pages(group),
        news,
        more: all.saturating_sub(items.len() as u64),
        items,
        acknowledged: total(&others),
        resolved: total(&resolved),
        open,
        at: group.now,
        links: dashboard
            .map(|url| Link { rel: "dashboard".to_owned(), label: "Dashboard".to_owned(), url })
            .into_iter()
            .collect(),
        text: None,
    }
}

/// Is it worth waking somebody?
fn pages(group: &Group<'_>) -> bool {
    let gathers = matches!(group.kept, Occasion::Baseline | Occasion::Digest);
    let is_due_again = matches!(group.occasion, Occasion::Reminder | Occasion::Escalated);
    !gathers && (is_due_again || group.news.iter().any(News::calls))
}

/// One line: what happened, by whom, how many.
fn title(
    occasion: Occasion,
    group: &Group<'_>,
    findings: &[&KnownFinding],
    open: &BTreeMap<Severity, u64>,
    all: u64,
) -> String {
    let label = |name: &str| group.labels.get(name).map(|text| shorten(&sanitize_output(text), NAME));
    match occasion {
        Occasion::Health => {
            return group.news.last().map_or_else(|| "driftd is well".to_owned(), News::sentence);
        }
        Occasion::Test => return "A test of driftd's alerts: if you can read this, they arrive".to_owned(),
        Occasion::Baseline => {
            let what = label("source").filter(|name| !name.is_empty()).unwrap_or_else(|| "resources".to_owned());
            return format!("First look at {what}: {} there before", count(all, "drift was", "drifts were"));
        }
        Occasion::Digest => {
            let by: Vec<String> =
                open.iter().map(|(severity, number)| format!("{number} {}", severity.as_str())).collect();
            let detail = if by.is_empty() { String::new() } else { format!(" ({})", by.join(", ")) };
            return format!("Digest: {}{detail}", count(open.values().sum(), "open drift", "open drifts"));
        }
        Occasion::Opened | Occasion::Updated | Occasion::Resolved | Occasion::Reminder | Occasion::Escalated => {}
    }
    let before = match occasion {
        Occasion::Reminder => "Still open: ",
        Occasion::Escalated => "Not acknowledged: ",
        _ => "",
    };
    let by = common_actor(findings).map(|name| format!(" by {name}")).unwrap_or_default();
    let text = match (occasion, findings) {
        (Occasion::Resolved, [one]) if all == 1 => match &one.life.state {
            crate::life::State::Resolved { how, by } => {
                let by = by.as_ref().map(|by| format!(" by {}", sanitize_output(by))).unwrap_or_default();
                format!("{} {}{by}", shorten(&said::name(&one.finding), NAME), steps::resolution(*how))
            }
            _ => format!("{} is as declared again", shorten(&said::name(&one.finding), NAME)),
        },
        (Occasion::Resolved, _) => format!("Nothing of {} differs any more", count(all, "drift", "drifts")),
        (_, [one]) if all == 1 => {
            format!("{} {}{by}", shorten(&said::name(&one.finding), NAME), steps::what_happened(one.finding.drift))
        }
        _ => {
            let place = common(findings, |one| one.finding.source.clone().unwrap_or_default())
                .filter(|name| !name.is_empty())
                .or_else(|| common(findings, |one| one.finding.account.clone()))
                .map(|place| format!(" in {}", shorten(&sanitize_output(&place), NAME)))
                .unwrap_or_default();
            format!("{} outside Terraform{by}{place}", count(all, "resource was changed", "resources were changed"))
        }
    };
    format!("{before}{text}")
}

/// The one who did all of it, as far as that is known well enough for a title.
fn common_actor(findings: &[&KnownFinding]) -> Option<String> {
    let name = common(findings, |one| {
        let who = one.finding.attribution.as_ref().filter(|who| who.confidence >= Confidence::Likely);
        who.and_then(|who| who.actor.as_ref()).map(|actor| actor.name.clone()).unwrap_or_default()
    })?;
    (!name.is_empty()).then(|| shorten(&sanitize_output(&name), NAME))
}

fn common(findings: &[&KnownFinding], of: impl Fn(&KnownFinding) -> String) -> Option<String> {
    let mut all: BTreeSet<String> = findings.iter().map(|one| of(one)).collect();
    if all.len() == 1 { all.pop_first() } else { None }
}

fn item(known: &KnownFinding, context: &Context<'_>, now: Timestamp) -> Item {
    let finding = &known.finding;
    let mut lines = Vec::new();
    for change in &finding.changes {
        match context.show_values {
            true => lines.extend(changes::lines(change, WIDTH)),
            false => lines.push(path_only(change)),
        }
    }
    let more_changes = lines.len().saturating_sub(LINES) as u64;
    lines.truncate(LINES);
    let rule = |id: &String| RuleText {
        id: sanitize_output(id),
        why: context.reasons.get(id).map(|reason| sanitize_output(&reason.why)).unwrap_or_default(),
    };
    Item {
        finding_id: known.id.clone(),
        fingerprint: finding.fingerprint.clone(),
        severity: finding.severity,
        drift: finding.drift,
        kind: sanitize_output(&finding.kind),
        name: said::name(finding),
        resource_id: sanitize_output(&finding.id),
        arn: finding.arn.as_deref().map(sanitize_output),
        account: sanitize_output(&finding.account),
        region: sanitize_output(&finding.region),
        source: finding.source.as_deref().map(sanitize_output),
        is_open: known.life.state.name() == StateName::Open,
        is_resolved: known.is_resolved(),
        standing: steps::standing(&known.life.state),
        first_seen: known.life.first_seen,
        who: finding.attribution.as_ref().map(|attribution| said_who(attribution, now)),
        changes: lines,
        more_changes,
        rules: finding.rules.iter().map(rule).collect(),
        note: finding.reason.as_deref().map(sanitize_output),
        code: said::code(finding),
        todo: if known.is_resolved() { Vec::new() } else { todo(known) },
        links: links::of_finding(finding, &known.id, context.links),
        generated_note: None,
    }
}

fn path_only(change: &Change) -> super::Line {
    super::Line { sign: Sign::Path, text: format!("{}: differs", sanitize_output(&change.path)) }
}

fn said_who(attribution: &crate::model::Attribution, now: Timestamp) -> Who {
    let clean = |text: &Option<String>| text.as_deref().map(sanitize_output);
    Who {
        name: attribution.actor.as_ref().map(|actor| shorten(&sanitize_output(&actor.name), NAME)),
        confidence: attribution.confidence,
        line: who::line(attribution, &now.to_string()),
        channel: match attribution.channel {
            crate::model::Channel::Unknown => String::new(),
            channel => channel.as_str().replace('_', " "),
        },
        time: clean(&attribution.time),
        source_ip: clean(&attribution.source_ip),
        mfa: attribution.mfa,
        is_forgeable: attribution.cautions.contains(&Caution::NameIsForgeable),
        cautions: attribution.cautions.iter().map(|caution| who::in_words(*caution).to_owned()).collect(),
        events: attribution.events.iter().map(|event| sanitize_output(&event.event_id)).collect(),
    }
}

/// What can be done about it.
fn todo(known: &KnownFinding) -> Vec<String> {
    let finding = &known.finding;
    let target = finding.address.as_deref().map(|address| shell_quoted(&sanitize_output(address)));
    let accept = format!("accept it for a while: driftd findings ignore {}", known.id);
    let at = said::code(finding).map(|code| format!(" ({code})")).unwrap_or_default();
    match (finding.drift, target) {
        (DriftStatus::Changed, Some(target)) => vec![
            format!("put it back: terraform apply -target={target}"),
            format!("or take the live value into the code{at}"),
            accept,
        ],
        (DriftStatus::Missing, Some(target)) => vec![
            format!("make it anew: terraform apply -target={target}"),
            format!("or take it out of the code{at}"),
            accept,
        ],
        (DriftStatus::Unmanaged, _) => {
            vec!["delete it, or import it into Terraform".to_owned(), accept]
        }
        (DriftStatus::Changed | DriftStatus::Missing | DriftStatus::Unknown, _) => vec![accept],
    }
}

/// For a shell, as one word.
fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests;
