//! A message as plain text, as a mailbox that subscribed to a topic shows it. Pure.

use std::fmt::Write as _;

use crate::notify::summary::{self, SHOWN};
use crate::wording::message::{Item, Message, Who};
use crate::wording::minutes;
use crate::wording::text::{count, sanitize_lines, sanitize_output};

pub(super) fn of(message: &Message) -> String {
    let standing = [summary::counts(message), minutes(message.at)];
    let standing = standing.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ");
    let title = sanitize_output(&message.title);
    let mut text = format!("{}: {title}\n{standing}\n", summary::grade(message));
    // Writing into a text cannot fail.
    match &message.text {
        Some(own) => drop(write!(text, "\n{}\n", sanitize_lines(own))),
        None => {
            let news: String = summary::news(message).iter().map(|sentence| format!("* {sentence}\n")).collect();
            if !news.is_empty() {
                let _ = write!(text, "\n{news}");
            }
            let (items, more) = summary::items(message, SHOWN);
            for (number, item) in items.iter().enumerate() {
                self::item(&mut text, number + 1, item);
            }
            if more > 0 {
                let _ = writeln!(text, "\n... and {}", count(more, "more finding", "more findings"));
            }
        }
    }
    for link in summary::links(&message.links) {
        let _ = write!(text, "\n{}: {}", link.label, link.url);
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
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
    for link in summary::links(&item.links) {
        let _ = writeln!(text, "   {}: {}", link.label, link.url);
    }
}
