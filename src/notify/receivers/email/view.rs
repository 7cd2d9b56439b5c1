//! What of a message a mail shows, the same in HTML and as text: which news, which findings, how much of each.

use crate::model::Severity;
use crate::notify::summary;
use crate::wording::message::{GroupStatus, Item, Link, Message, Occasion};
use crate::wording::text::count;
use crate::wording::{Line, minutes};

/// News that are shown.
const NEWS: usize = 10;
/// Lines of changes of one finding among several.
const LINES: usize = 6;

/// A message as it is shown.
pub(super) struct View<'a> {
    pub badge: String,
    /// A colour of the badge: a severity, `good` or `calm`.
    pub tone: &'static str,
    pub title: &'a str,
    /// How many are open, acknowledged, over; empty where there is one.
    pub counts: Vec<String>,
    /// A user's own text, in the place of all that follows.
    pub text: Option<&'a str>,
    pub news: Vec<&'a str>,
    pub more_news: usize,
    /// Told at length; or a table's rows.
    pub items: Vec<ItemView<'a>>,
    pub is_table: bool,
    /// Findings that are not shown.
    pub more: u64,
    pub links: Vec<&'a Link>,
    pub at: String,
    pub group: &'a str,
    pub receiver: &'a str,
}

/// A finding as it is shown.
pub(super) struct ItemView<'a> {
    pub tone: &'static str,
    pub badge: &'static str,
    pub drift: &'static str,
    pub name: &'a str,
    /// The mail's head says already what and how bad it is.
    pub is_titled: bool,
    /// Source, account, region.
    pub place: String,
    /// What is known of it, by name: who, since when, where in the code, why it matters.
    pub facts: Vec<(&'static str, String)>,
    pub who: Option<&'a str>,
    pub lines: Vec<&'a Line>,
    pub more_lines: u64,
    /// What can be done: in words, and the command.
    pub todo: Vec<(String, Option<&'a str>)>,
    pub links: Vec<&'a Link>,
    /// By a language model.
    pub generated: Option<&'a str>,
    pub since: String,
}

impl<'a> View<'a> {
    pub(super) fn of(message: &'a Message, group: &'a str, receiver: &'a str) -> Self {
        let is_table = matches!(message.occasion, Occasion::Digest | Occasion::Baseline);
        // Of what is told for the first time the findings themselves tell everything.
        let is_told_by_items =
            matches!(message.occasion, Occasion::Opened | Occasion::Baseline) && !message.items.is_empty();
        let mut news: Vec<&str> = message.news.iter().map(String::as_str).filter(|one| *one != message.title).collect();
        if is_told_by_items || message.text.is_some() {
            news.clear();
        }
        if is_table {
            // A row tells more.
            news.retain(|one| !message.items.iter().any(|item| one.starts_with(&item.name)));
        }
        let more_news = news.len().saturating_sub(NEWS);
        news.truncate(NEWS);
        let shown: &[Item] = if message.text.is_some() { &[] } else { message.items.as_slice() };
        Self {
            badge: badge(message),
            tone: tone(message),
            title: &message.title,
            counts: if message.findings() > 1 || is_table { counts(message) } else { Vec::new() },
            text: message.text.as_deref(),
            news,
            more_news,
            items: shown.iter().map(|item| ItemView::of(item, message)).collect(),
            is_table,
            more: if message.text.is_some() { 0 } else { message.more },
            links: summary::links(&message.links).collect(),
            at: minutes(message.at),
            group,
            receiver,
        }
    }

    /// `... and 3 more drifts`; empty: all are shown.
    pub(super) fn rest(&self) -> String {
        match (self.more, self.items.is_empty()) {
            (0, _) => String::new(),
            (more, true) => count(more, "drift", "drifts"),
            (more, false) => format!("... and {}", count(more, "more drift", "more drifts")),
        }
    }

    /// What programs show of a mail beside its subject.
    pub(super) fn preview(&self) -> String {
        let said = match (self.text, self.items.as_slice()) {
            (Some(text), _) => text.lines().next().unwrap_or_default().to_owned(),
            (None, [one]) => {
                let line = one.lines.iter().map(|line| format!("{}{}", line.sign.mark(), line.text));
                one.who.map(str::to_owned).into_iter().chain(line).take(3).collect::<Vec<_>>().join(" · ")
            }
            (None, _) => self.counts.join(" · "),
        };
        crate::wording::text::shorten(&said, 140)
    }
}

impl<'a> ItemView<'a> {
    fn of(item: &'a Item, message: &Message) -> Self {
        let is_alone = message.items.len() == 1;
        let lines = if is_alone { item.changes.len() } else { LINES };
        let todo = if is_alone { item.todo.len() } else { 1 };
        let place = item.source.iter().chain([&item.account, &item.region]).map(String::as_str).collect::<Vec<_>>();
        Self {
            tone: item.severity.as_str(),
            badge: item.severity.as_str(),
            drift: item.drift.as_str(),
            name: &item.name,
            is_titled: is_alone && message.title.contains(&item.name),
            place: place.join(" · "),
            facts: facts(item),
            who: item.who.as_ref().map(|who| who.line.as_str()),
            lines: item.changes.iter().take(lines).collect(),
            more_lines: item.more_changes + item.changes.len().saturating_sub(lines) as u64,
            todo: item.todo.iter().take(todo).map(|text| with_command(text)).collect(),
            links: summary::links(&item.links).collect(),
            generated: item.generated_note.as_deref(),
            since: standing(item),
        }
    }
}

fn facts(item: &Item) -> Vec<(&'static str, String)> {
    let why = item.rules.iter().map(|rule| match rule.why.is_empty() {
        true => ("Rule", rule.id.clone()),
        false => ("Rule", format!("{}: {}", rule.id, rule.why)),
    });
    let who = item.who.iter().map(|who| ("Who", who.line.clone()));
    let id = (!item.name.contains(&item.resource_id)).then(|| ("Id", item.resource_id.clone()));
    who.chain([("State", standing(item))])
        .chain(why)
        .chain(item.code.iter().map(|code| ("Code", code.clone())))
        .chain(id)
        .chain(item.note.iter().map(|note| ("Note", note.clone())))
        .collect()
}

fn standing(item: &Item) -> String {
    if item.is_open { format!("open since {}", minutes(item.first_seen)) } else { item.standing.clone() }
}

/// `put it back: terraform apply ...` as words and a command.
fn with_command(text: &str) -> (String, Option<&str>) {
    let is_command = |rest: &&str| rest.starts_with("terraform ") || rest.starts_with("driftd ");
    let (words, command) = match text.split_once(": ").filter(|(_, rest)| is_command(rest)) {
        Some((words, command)) => (words, Some(command)),
        None => (text, None),
    };
    let mut letters = words.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    (format!("{first}{}", letters.as_str()), command)
}

/// In capitals: the severity, or what it is instead; a table tells of many.
pub(super) fn badge(message: &Message) -> String {
    match message.occasion {
        Occasion::Digest => "DIGEST".to_owned(),
        Occasion::Baseline => "FIRST LOOK".to_owned(),
        _ => summary::grade(message),
    }
}

fn tone(message: &Message) -> &'static str {
    match (message.occasion, message.status) {
        (Occasion::Test | Occasion::Baseline | Occasion::Digest, _) => "calm",
        (_, GroupStatus::Resolved) => "good",
        (_, GroupStatus::Acknowledged) => "calm",
        (_, GroupStatus::Open) => message.severity.as_str(),
    }
}

fn counts(message: &Message) -> Vec<String> {
    // A digest's title counts them.
    let severities: &[Severity] = if message.occasion == Occasion::Digest { &[] } else { &Severity::ALL };
    let open = severities.iter().filter_map(|severity| {
        let number = message.open.get(severity).filter(|number| **number > 0)?;
        Some(format!("{number} {}", severity.as_str()))
    });
    let others = [(message.acknowledged, "acknowledged"), (message.resolved, "resolved")];
    open.chain(others.into_iter().filter(|(number, _)| *number > 0).map(|(number, word)| format!("{number} {word}")))
        .collect()
}
