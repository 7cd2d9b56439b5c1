//! What receivers for people say of a message in the same words: its first line, how much there is, and what is worth knowing of a finding. Plain
//! text without any markup: each receiver escapes it for its own form.

use crate::model::{DriftStatus, Severity};
use crate::wording::Line;
use crate::wording::message::{GroupStatus, Item, Link, Message, Occasion};
use crate::wording::text::shorten;

/// Findings, and sentences of news, that read well in one message.
pub(super) const SHOWN: usize = 10;
/// Lines of changes of each of several findings.
const LINES: usize = 6;
/// Characters of a title.
const TITLE: usize = 300;

/// In capitals: how bad it is, or where it stands if it is not open.
pub(super) fn grade(message: &Message) -> String {
    let word = match (message.occasion, message.status) {
        (Occasion::Test, _) => "test",
        // These tell of many, and end nothing.
        (Occasion::Digest | Occasion::Baseline, _) => message.severity.as_str(),
        (_, GroupStatus::Resolved) => "resolved",
        (_, GroupStatus::Acknowledged) => "acknowledged",
        (_, GroupStatus::Open) => message.severity.as_str(),
    };
    word.to_uppercase()
}

/// The first line: `[CRITICAL] aws_security_group.web was changed outside Terraform by alice`.
pub(super) fn headline(message: &Message) -> String {
    format!("[{}] {}", grade(message), shorten(&message.title, TITLE))
}

/// `3 open (1 critical, 2 high) · 1 acknowledged · 2 resolved`; empty without findings.
pub(super) fn counts(message: &Message) -> String {
    let by: Vec<String> =
        message.open.iter().map(|(severity, number)| format!("{number} {}", severity.as_str())).collect();
    let mut parts = Vec::new();
    if message.open_findings() > 0 {
        parts.push(format!("{} open ({})", message.open_findings(), by.join(", ")));
    }
    if message.acknowledged > 0 {
        parts.push(format!("{} acknowledged", message.acknowledged));
    }
    if message.resolved > 0 {
        parts.push(format!("{} resolved", message.resolved));
    }
    parts.join(" · ")
}

/// What is new, where that is not what the title or the findings say already.
pub(super) fn news(message: &Message) -> Vec<String> {
    let is_said = match message.occasion {
        Occasion::Opened | Occasion::Baseline => !message.items.is_empty(),
        Occasion::Health => message.news.len() == 1,
        _ => message.news == [message.title.as_str()],
    };
    if is_said {
        return Vec::new();
    }
    let mut news: Vec<String> = message.news.iter().take(SHOWN).cloned().collect();
    if message.news.len() > SHOWN {
        news.push(format!("... and {} more", message.news.len() - SHOWN));
    }
    news
}

/// The findings to show (at most so many), and how many are left out.
pub(super) fn items(message: &Message, most: usize) -> (&[Item], u64) {
    // A user's own text stands in their place.
    if message.text.is_some() {
        return (&[], 0);
    }
    let shown = message.items.get(..most).unwrap_or(&message.items);
    (shown, message.more + (message.items.len() - shown.len()) as u64)
}

/// `CRITICAL · changed outside Terraform`, or where it stands if it is not open.
pub(super) fn what(item: &Item) -> String {
    let happened = match item.drift {
        DriftStatus::Changed => "changed outside Terraform",
        DriftStatus::Missing => "deleted outside Terraform",
        DriftStatus::Unmanaged => "made outside Terraform",
        DriftStatus::Unknown => "could not be seen",
    };
    let state = if item.is_open { happened } else { item.standing.as_str() };
    format!("{} · {state}", item.severity.as_str().to_uppercase())
}

/// `aws_security_group · 111111111111 · eu-central-1 · prod`
pub(super) fn place(item: &Item) -> String {
    let parts = [Some(&item.kind), Some(&item.account), Some(&item.region), item.source.as_ref()];
    parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" · ")
}

/// What else is worth knowing, each with a word that says what it is. Of one of several findings only the first thing to do is told.
pub(super) fn details(item: &Item, is_alone: bool) -> Vec<(&'static str, String)> {
    let mut all = vec![("Where", place(item))];
    all.extend(item.who.as_ref().map(|who| ("Who", who.line.clone())));
    all.extend(item.code.as_ref().map(|code| ("Code", code.clone())));
    for rule in &item.rules {
        let why = if rule.why.is_empty() { String::new() } else { format!(": {}", rule.why) };
        all.push(("Why", format!("{}{why}", rule.id)));
    }
    all.extend(item.note.as_ref().map(|note| ("Note", note.clone())));
    let todo = if is_alone { usize::MAX } else { 1 };
    all.extend(item.todo.iter().take(todo).map(|text| ("To do", text.clone())));
    all.extend(item.generated_note.as_ref().map(|text| ("Written by a language model", text.clone())));
    all
}

/// The lines of changes to show, and how many are left out.
pub(super) fn changes(item: &Item, is_alone: bool) -> (&[Line], u64) {
    let most = if is_alone { item.changes.len() } else { LINES };
    let shown = item.changes.get(..most).unwrap_or(&item.changes);
    (shown, item.more_changes + (item.changes.len() - shown.len()) as u64)
}

/// Those that lead to a page.
pub(super) fn links(links: &[Link]) -> impl Iterator<Item = &Link> {
    links.iter().filter(|link| link.url.starts_with("https://") || link.url.starts_with("http://"))
}

/// Is it bad enough for the colour of danger?
pub(super) fn is_grave(severity: Severity) -> bool {
    matches!(severity, Severity::Critical | Severity::High)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wording::samples;

    #[test]
    fn it_is_said_at_one_glance() {
        let all = samples::messages();
        let lines: Vec<String> = all
            .iter()
            .filter(|(name, _)| *name != "hostile")
            .map(|(name, message)| {
                let news = news(message).len();
                format!("{name}\n  {}\n  {} · news: {news}", headline(message), counts(message))
            })
            .collect();
        insta::assert_snapshot!(lines.join("\n"));
        let (_, message) = &all[1];
        let item = &message.items[0];
        let details: Vec<String> =
            details(item, true).into_iter().map(|(word, text)| format!("{word}: {text}")).collect();
        insta::assert_snapshot!("one_finding", format!("{}\n{}", what(item), details.join("\n")));
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let mut message = samples::message(12);
        let (shown, more) = items(&message, SHOWN);
        assert_eq!((shown.len(), more), (10, 2));
        message.text = Some("mine".to_owned());
        assert_eq!(items(&message, SHOWN), (&[][..], 0));
        let mut item = message.items[0].clone();
        item.changes = vec![item.changes[0].clone(); 9];
        item.more_changes = 3;
        assert_eq!((changes(&item, false).0.len(), changes(&item, false).1, changes(&item, true).1), (6, 6, 3));
    }
}
