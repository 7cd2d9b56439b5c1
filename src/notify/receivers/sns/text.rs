//! A message as plain text, as a mailbox that subscribed to a topic shows it. Pure.

use std::fmt::Write as _;

use crate::wording::message::{GroupStatus, Item, Message, Occasion, Who};
use crate::wording::text::{count, sanitize_lines, sanitize_output};

/// Findings of which a text tells more than their number: more is not read.
const ITEMS: usize = 10;
const NEWS: usize = 10;

/// `CRITICAL`, or `RESOLVED` where it is over.
pub(super) fn grade(message: &Message) -> String {
    let word = match (message.status, message.occasion) {
        (_, Occasion::Test) => "test",
        (GroupStatus::Resolved, _) => "resolved",
        _ => message.severity.as_str(),
    };
    word.to_uppercase()
}

pub(super) fn of(message: &Message) -> String {
    let mut text = format!("{}: {}\n{}\n", grade(message), sanitize_output(&message.title), standing(message));
    // Writing into a text cannot fail.
    match &message.text {
        Some(own) => drop(write!(text, "\n{}\n", sanitize_lines(own))),
        None => {
            news(&mut text, message);
            for (number, item) in message.items.iter().take(ITEMS).enumerate() {
                self::item(&mut text, number + 1, item);
            }
            let more = message.more + message.items.len().saturating_sub(ITEMS) as u64;
            if more > 0 {
                let _ = writeln!(text, "\n... and {}", count(more, "more finding", "more findings"));
            }
        }
    }
    for link in &message.links {
        let _ = write!(text, "\n{}: {}", link.label, link.url);
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// `3 open (1 critical, 2 high), 1 acknowledged · 2026-01-02 14:05 UTC`
fn standing(message: &Message) -> String {
    let mut parts = Vec::new();
    if message.open_findings() > 0 {
        let by: Vec<String> =
            message.open.iter().map(|(severity, number)| format!("{number} {}", severity.as_str())).collect();
        parts.push(format!("{} open ({})", message.open_findings(), by.join(", ")));
    }
    for (number, word) in [(message.acknowledged, "acknowledged"), (message.resolved, "resolved")] {
        if number > 0 {
            parts.push(format!("{number} {word}"));
        }
    }
    let at = message.at.strftime("%Y-%m-%d %H:%M UTC").to_string();
    if parts.is_empty() { at } else { format!("{} · {at}", parts.join(", ")) }
}

/// Of a first message the findings say it all.
fn news(text: &mut String, message: &Message) {
    if message.news.is_empty() || message.occasion == Occasion::Opened && !message.items.is_empty() {
        return;
    }
    text.push('\n');
    for sentence in message.news.iter().take(NEWS) {
        let _ = writeln!(text, "* {sentence}");
    }
    let more = message.news.len().saturating_sub(NEWS);
    if more > 0 {
        let _ = writeln!(text, "* ... and {more} more");
    }
}

fn item(text: &mut String, number: usize, item: &Item) {
    let _ = writeln!(text, "\n{number}. [{}] {}", item.severity.as_str().to_uppercase(), item.name);
    let source = item.source.as_ref().map(|source| format!(" · source {source}")).unwrap_or_default();
    let _ = writeln!(text, "   account {} · {}{source} · {}", item.account, item.region, item.standing);
    if let Some(Who { line, cautions, .. }) = &item.who {
        let _ = writeln!(text, "   who: {line}");
        for caution in cautions {
            let _ = writeln!(text, "        {caution}");
        }
    }
    for line in &item.changes {
        let _ = writeln!(text, "   {}{}", line.sign.mark(), line.text);
    }
    if item.more_changes > 0 {
        let _ = writeln!(text, "   ... and {}", count(item.more_changes, "more line", "more lines"));
    }
    for rule in &item.rules {
        let why = if rule.why.is_empty() { String::new() } else { format!(": {}", rule.why) };
        let _ = writeln!(text, "   rule {}{why}", rule.id);
    }
    if let Some(note) = &item.note {
        let _ = writeln!(text, "   note: {note}");
    }
    if let Some(note) = &item.generated_note {
        let _ = writeln!(text, "   note (generated): {note}");
    }
    if let Some(code) = &item.code {
        let _ = writeln!(text, "   code: {code}");
    }
    for todo in &item.todo {
        let _ = writeln!(text, "   > {todo}");
    }
    for link in &item.links {
        let _ = writeln!(text, "   {}: {}", link.label, link.url);
    }
}
