//! A message in Slack's blocks (<https://docs.slack.dev/reference/block-kit/blocks>): the living one of a group, and what is said below it.

use serde_json::{Value, json};

use super::text::{Mrkdwn, escape, escaped, plain};
use crate::model::{Confidence, DriftStatus, Severity};
use crate::notify::fit;
use crate::notify::targets::Targets;
use crate::wording::message::{GroupStatus, Item, Message, Occasion};
use crate::wording::text::{count, shorten};
use crate::wording::{Sign, minutes};

/// Slack refuses a message whose blocks are too long together (`msg_blocks_too_long`), at a number that it does not tell: 9,597 characters were
/// taken, 11,341 were not.
const LARGEST: usize = 8_000;
/// Findings that read well in one message.
const ITEMS: usize = 10;
/// News in one reply.
const NEWS: usize = 10;
/// Slack's own: characters of a header, of a section, of a field.
const HEADER: usize = 150;
const SECTION: usize = 3_000;
/// Characters of the lines of what differs, of one finding alone and of one among others.
const DIFF_ALONE: usize = 2_400;
const DIFF_SHORT: usize = 600;

pub const ACKNOWLEDGE: &str = "driftd_acknowledge";
pub const SNOOZE: &str = "driftd_snooze";
pub const IGNORE: &str = "driftd_ignore";
/// How long a snooze may be, in Slack's select: value, label, hours.
pub const SNOOZES: [(&str, &str, i64); 4] =
    [("1h", "1 hour", 1), ("8h", "8 hours", 8), ("1d", "1 day", 24), ("7d", "7 days", 168)];

/// What is sent, but for where.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// For notifications and screen readers.
    pub text: String,
    pub blocks: Vec<Value>,
    pub attachments: Vec<Value>,
}

impl Rendered {
    /// Characters of all blocks.
    pub fn size(&self) -> usize {
        let size = |all: &[Value]| all.iter().map(|one| one.to_string().chars().count()).sum::<usize>();
        size(&self.blocks) + size(&self.attachments)
    }
}

/// The living message: how the group stands now. `buttons`: the names of group and receiver, where there are buttons. `mentions`: ids of people who did it.
pub(super) fn living(message: &Message, buttons: Option<(&str, &str)>, mentions: &[String]) -> Option<Rendered> {
    let has_buttons = message.status == GroupStatus::Open
        && !matches!(message.occasion, Occasion::Digest | Occasion::Health | Occasion::Test);
    // Of all that is open, whatever is shown.
    let targets = buttons.filter(|_| has_buttons).map(|(group, receiver)| Targets::of(group, receiver, message));
    let targets = targets.filter(|targets| !targets.findings.is_empty());
    fit(message, LARGEST, Rendered::size, |message| {
        let mut inner = body(message);
        inner.extend(targets.as_ref().map(actions));
        let mut blocks = vec![json!({"type": "header", "text": plain(&headline(message), HEADER)})];
        if let Some(who) = said_mentions(mentions) {
            blocks.push(context(vec![who.object()]));
        }
        let mut attachments = Vec::new();
        if !inner.is_empty() {
            attachments
                .push(json!({"color": color(message), "fallback": escaped(&message.title, 500), "blocks": inner}));
        }
        Rendered { text: fallback(&headline(message)), blocks, attachments }
    })
}

/// What is new, below the living message.
pub(super) fn reply(message: &Message, mentions: &[String]) -> Rendered {
    let mut lines: Vec<String> = match (&message.text, message.news.is_empty()) {
        (Some(text), _) => vec![text.clone()],
        (None, true) => Vec::new(),
        (None, false) => message.news.iter().take(NEWS).map(|news| format!("• {news}")).collect(),
    };
    if message.text.is_none() && message.news.len() > NEWS {
        lines.push(format!("... and {} more", message.news.len() - NEWS));
    }
    if lines.is_empty() {
        lines.insert(0, headline(message));
    }
    let mut blocks = vec![json!({"type": "section", "text": plain(&lines.join("\n"), SECTION)})];
    if let Some(who) = said_mentions(mentions) {
        blocks.push(context(vec![who.object()]));
    }
    Rendered { text: fallback(&lines.join(" ")), blocks, attachments: Vec::new() }
}

/// The living message without what only Slack's Web API can do.
pub fn webhook(message: &Message) -> Option<Rendered> {
    let mut message = message.clone();
    // Nothing is below it: the news stand in it.
    if message.occasion == Occasion::Updated && message.text.is_none() {
        message.title = match message.news.as_slice() {
            [one] => one.clone(),
            _ => message.title,
        };
    }
    living(&message, None, &[])
}

/// What notifications show, where Slack may format it: nothing in it is code.
fn fallback(text: &str) -> String {
    escaped(&text.replace('`', "'"), 1_000)
}

/// `🔴 CRITICAL · aws_security_group.web was changed outside Terraform by alice`
fn headline(message: &Message) -> String {
    let mark = match (message.status, message.severity) {
        (GroupStatus::Resolved, _) => "✅ RESOLVED",
        (GroupStatus::Acknowledged, _) => "👀 ACKNOWLEDGED",
        (GroupStatus::Open, Severity::Critical) => "🔴 CRITICAL",
        (GroupStatus::Open, Severity::High) => "🟠 HIGH",
        (GroupStatus::Open, Severity::Medium) => "🟡 MEDIUM",
        (GroupStatus::Open, Severity::Low) => "🔵 LOW",
        (GroupStatus::Open, Severity::Info) => "⚪ INFO",
    };
    match message.occasion {
        Occasion::Test => format!("🔔 {}", message.title),
        _ => format!("{mark} · {}", message.title),
    }
}

fn color(message: &Message) -> &'static str {
    match (message.status, message.severity) {
        (GroupStatus::Resolved, _) => "#2e7d32",
        (GroupStatus::Acknowledged, _) => "#607d8b",
        (GroupStatus::Open, Severity::Critical) => "#b71c1c",
        (GroupStatus::Open, Severity::High) => "#e65100",
        (GroupStatus::Open, Severity::Medium) => "#f9a825",
        (GroupStatus::Open, Severity::Low) => "#1565c0",
        (GroupStatus::Open, Severity::Info) => "#9e9e9e",
    }
}

fn said_mentions(ids: &[String]) -> Option<Mrkdwn> {
    let ids = ids.iter().filter(|id| super::text::is_id(id));
    let mut all = ids.fold(Mrkdwn::default(), |text, id| text.words(" ").mention(id));
    if all.is_empty() {
        return None;
    }
    all = Mrkdwn::new("Changed by").and(all);
    Some(all)
}

fn context(elements: Vec<Value>) -> Value {
    json!({"type": "context", "elements": elements})
}

fn section(text: Mrkdwn) -> Value {
    json!({"type": "section", "text": text.object()})
}

fn body(message: &Message) -> Vec<Value> {
    let mut blocks = Vec::new();
    if let Some(text) = &message.text {
        blocks.push(json!({"type": "section", "text": plain(text, SECTION)}));
        blocks.extend(links(message, &[]));
        return blocks;
    }
    let shown: Vec<&Item> = message.items.iter().take(ITEMS).collect();
    if let Some(fields) = facts(message, &shown) {
        blocks.push(fields);
    }
    match shown.as_slice() {
        [] => {
            let news = message.news.iter().filter(|news| **news != message.title).take(NEWS);
            let lines: Vec<&str> = news.map(String::as_str).collect();
            if !lines.is_empty() {
                blocks.push(json!({"type": "section", "text": plain(&lines.join("\n"), SECTION)}));
            }
        }
        [one] => alone(one, &mut blocks),
        many => blocks.extend(many.iter().map(|item| among_others(item, many))),
    }
    let more = message.more + (message.items.len() - shown.len()) as u64;
    if more > 0 {
        let text = format!("... and {}", count(more, "finding more", "findings more"));
        blocks.push(context(vec![plain(&text, 200)]));
    }
    blocks.extend(links(message, &shown));
    blocks
}

/// What all shown findings have in common, and how many there are.
fn facts(message: &Message, items: &[&Item]) -> Option<Value> {
    let field = |label: &'static str, text: &str| Mrkdwn::new(label).words("\n").code(text, 300);
    let mut fields = Vec::new();
    if let Some(account) = common(items, |item| Some(item.account.clone())) {
        let region = common(items, |item| Some(item.region.clone()));
        let place = region.map_or(account.clone(), |region| format!("{account} {region}"));
        fields.push(field("*Account*", &place));
    }
    if let Some(line) = common(items, |item| item.who.as_ref().map(|who| who.line.clone())) {
        fields.push(field("*Changed by*", &line));
    }
    if !items.is_empty() {
        fields.push(field("*Status*", &status(message, items)));
    }
    if let Some(source) = common(items, |item| item.source.clone()) {
        let code = common(items, |item| item.code.clone());
        fields.push(field("*State*", &code.map_or(source.clone(), |code| format!("{source} {code}"))));
    }
    if let Some(mfa) = common(items, |item| item.who.as_ref().and_then(|who| who.mfa)) {
        let ip = common(items, |item| item.who.as_ref().and_then(|who| who.source_ip.clone())).unwrap_or_default();
        fields.push(field("*Source IP, MFA*", &format!("{ip} {}", if mfa { "with MFA" } else { "without MFA" })));
    }
    let fields: Vec<Value> = fields.into_iter().map(Mrkdwn::object).collect();
    (!fields.is_empty()).then(|| json!({"type": "section", "fields": fields}))
}

/// `3 open (1 critical, 2 high), 1 acknowledged`; of one finding where it stands.
fn status(message: &Message, items: &[&Item]) -> String {
    if let ([one], 1) = (items, message.findings()) {
        return one.standing.clone();
    }
    let by: Vec<String> =
        message.open.iter().map(|(severity, number)| format!("{number} {}", severity.as_str())).collect();
    let open = (message.open_findings() > 0).then(|| format!("{} open ({})", message.open_findings(), by.join(", ")));
    let of = |number: u64, word: &str| (number > 0).then(|| format!("{number} {word}"));
    let parts = [open, of(message.acknowledged, "acknowledged"), of(message.resolved, "resolved")];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn common<T: PartialEq>(items: &[&Item], of: impl Fn(&Item) -> Option<T>) -> Option<T> {
    let (first, rest) = items.split_first()?;
    let value = of(first)?;
    rest.iter().all(|item| of(item).as_ref() == Some(&value)).then_some(value)
}

/// The only finding: everything about it.
fn alone(item: &Item, blocks: &mut Vec<Value>) {
    let name = Mrkdwn::default().code(&item.kind, 100).words(" ").code(&item.resource_id, 200);
    blocks.push(section(name));
    let diff = diff(item, DIFF_ALONE);
    if !diff.is_empty() {
        blocks.push(section(Mrkdwn::default().code_block(&diff)));
    }
    let mut said = vec![plain(&seen(item), 500)];
    for rule in item.rules.iter().take(3) {
        let why = if rule.why.is_empty() { String::new() } else { format!(": {}", rule.why) };
        said.push(plain(&format!("Rule {}{why}", rule.id), 600));
    }
    said.extend(item.note.as_ref().map(|note| plain(note, 400)));
    let cautions = item.who.iter().flat_map(|who| &who.cautions).take(2);
    said.extend(cautions.map(|caution| plain(caution, 300)));
    said.extend(item.generated_note.as_ref().map(|note| plain(&format!("Written by a language model: {note}"), 600)));
    blocks.push(context(said));
    if !item.todo.is_empty() {
        let lines: Vec<String> = item.todo.iter().map(|todo| format!("• {todo}")).collect();
        blocks.push(json!({"type": "section", "text": plain(&lines.join("\n"), 1_500)}));
    }
}

/// One finding of several, in one section.
fn among_others(item: &Item, all: &[&Item]) -> Value {
    let mut text = Mrkdwn::new("*").words(word(item.severity)).words("* ").code(&item.name, 150);
    text = match (item.is_open, item.drift) {
        (false, _) => text.words(" ").code(&item.standing, 150),
        (true, DriftStatus::Changed) => text.words(" changed"),
        (true, DriftStatus::Missing) => text.words(" deleted"),
        (true, DriftStatus::Unmanaged) => text.words(" made outside Terraform"),
        (true, DriftStatus::Unknown) => text.words(" could not be seen"),
    };
    let place = (common(all, |item| Some(item.account.clone())), common(all, |item| Some(item.region.clone())));
    if place.0.is_none() || place.1.is_none() {
        text = text.words(" in ").code(&format!("{} {}", item.account, item.region), 60);
    }
    if let (Some(who), None) = (&item.who, common(all, |item| item.who.as_ref().map(|who| who.line.clone()))) {
        text = text.words("\nby ").code(&who.line, 150);
    }
    for rule in item.rules.iter().take(2) {
        text = text.words("\nrule ").code(&rule.id, 80);
    }
    let diff = diff(item, DIFF_SHORT);
    // What is left out first where it does not fit.
    let mut with = text.clone();
    if let Some(link) = item.links.first() {
        with = with.words(" · ").link(&link.url, &link.label);
    }
    let differs = |text: Mrkdwn| if diff.is_empty() { text } else { text.words("\n").code_block(&diff) };
    let forms = [differs(with), differs(text.clone()), text];
    let fits = forms.iter().find(|text| text.len() <= SECTION).cloned();
    section(fits.unwrap_or_else(|| Mrkdwn::default().code(&item.name, 150)))
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "CRITICAL",
        Severity::High => "HIGH",
        Severity::Medium => "MEDIUM",
        Severity::Low => "LOW",
        Severity::Info => "INFO",
    }
}

/// Lines of what differs in at most so many characters, escaped ones counted, and how many are left out.
fn diff(item: &Item, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut size = 0;
    for line in &item.changes {
        let indent = if line.sign == Sign::Path { "" } else { "  " };
        let text = shorten(&format!("{indent}{}{}", line.sign.mark(), line.text), 200);
        size += escape(&text).chars().count() + 1;
        if size > most && !lines.is_empty() {
            break;
        }
        lines.push(text);
    }
    let left_out = item.more_changes + (item.changes.len() - lines.len()) as u64;
    if left_out > 0 {
        lines.push(format!("... and {}", count(left_out, "line more", "lines more")));
    }
    lines
}

/// `Detected 2026-01-02 14:03 UTC, 9 s after the change`
fn seen(item: &Item) -> String {
    let changed =
        item.who.as_ref().and_then(|who| who.time.as_ref()).and_then(|time| time.parse::<jiff::Timestamp>().ok());
    let seconds = changed.map(|changed| item.first_seen.duration_since(changed).as_secs());
    let after = match seconds {
        Some(seconds @ 0..120) => format!(", {seconds} s after the change"),
        Some(seconds @ 120..7_200) => format!(", {} min after the change", seconds / 60),
        Some(seconds @ 7_200..) => format!(", {} h after the change", seconds / 3_600),
        _ => String::new(),
    };
    format!("Detected {}{after}", minutes(item.first_seen))
}

/// Pages, in one line: of the only finding, and of the group.
fn links(message: &Message, items: &[&Item]) -> Option<Value> {
    let own = match items {
        [one] => one.links.as_slice(),
        _ => &[],
    };
    let pages = own.iter().chain(&message.links).filter(|link| super::text::page(&link.url).is_some()).take(6);
    let mut all = Mrkdwn::default();
    for link in pages {
        let between = if all.is_empty() { "" } else { " · " };
        all = all.words(between).link(&link.url, &link.label);
    }
    (!all.is_empty() && all.len() <= SECTION).then(|| context(vec![all.object()]))
}

/// The buttons. What they are about stands in the first one; a select's values are too short for it.
fn actions(targets: &Targets) -> Value {
    let options: Vec<Value> =
        SNOOZES.iter().map(|(value, label, _)| json!({"text": plain(label, 75), "value": value})).collect();
    json!({
        "type": "actions",
        // Another one whenever the buttons are about something else: a press of what was there before is known by it.
        "block_id": format!("driftd {} {}", targets.group, targets.name()),
        "elements": [
            {"type": "button", "action_id": ACKNOWLEDGE, "style": "primary", "text": plain("Acknowledge", 75), "value": targets.encode()},
            {"type": "static_select", "action_id": SNOOZE, "placeholder": plain("Snooze", 75), "options": options},
            {"type": "button", "action_id": IGNORE, "style": "danger", "text": plain("Ignore ...", 75), "value": "ignore"},
        ],
    })
}

/// Names of those who did it, well enough known to be told, that can be looked up: e-mail addresses.
pub(super) fn actors(message: &Message) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for who in message.items.iter().take(ITEMS).filter_map(|item| item.who.as_ref()) {
        // Whoever can choose their name could have anybody called.
        let is_known = who.confidence >= Confidence::Likely && !who.is_forgeable;
        let Some(name) = who.name.as_ref().filter(|_| is_known) else { continue };
        if super::config::is_email(name) && !found.contains(name) {
            found.push(name.clone());
        }
    }
    found
}
