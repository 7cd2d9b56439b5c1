//! The mail as text: for programs that show no HTML, for watches, for search.

use super::view::{ItemView, View};
use crate::wording::message::Link;

/// The width of the names of facts.
const NAMES: usize = 6;

/// The text, its lines ended by `\n`.
pub(super) fn render(view: &View<'_>) -> String {
    // The titles of tables say what they are.
    let badge = if view.is_table { String::new() } else { format!("{}: ", view.badge) };
    let mut lines = vec![format!("{badge}{}", view.title)];
    if !view.counts.is_empty() {
        lines.push(view.counts.join(", "));
    }
    if let Some(text) = view.text {
        lines.push(String::new());
        lines.extend(text.lines().map(str::to_owned));
    }
    if !view.news.is_empty() {
        lines.extend([String::new(), "What is new".to_owned()]);
        lines.extend(view.news.iter().map(|news| format!("- {news}")));
        if view.more_news > 0 {
            lines.push(format!("- ... and {} more", view.more_news));
        }
    }
    if view.is_table {
        table(&view.items, &mut lines);
    } else {
        view.items.iter().for_each(|item| at_length(item, &mut lines));
    }
    let rest = view.rest();
    if !rest.is_empty() {
        lines.extend([String::new(), rest]);
    }
    if !view.links.is_empty() {
        lines.push(String::new());
        lines.extend(view.links.iter().map(|link| named(link)));
    }
    // What follows is a signature to mail programs.
    lines.extend([String::new(), "-- ".to_owned()]);
    lines.push(format!("driftd, {}; receiver {}, group {}", view.at, view.receiver, view.group));
    lines.join("\n") + "\n"
}

fn at_length(item: &ItemView<'_>, lines: &mut Vec<String>) {
    lines.push(String::new());
    if !item.is_titled {
        lines.push(format!("{}  {}  {}", item.badge.to_uppercase(), item.drift, item.name));
    }
    let mut fact = |name: &str, text: &str| lines.push(format!("  {name:NAMES$} {text}"));
    fact("Where", &item.place);
    item.facts.iter().for_each(|(name, text)| fact(name, text));
    if !item.lines.is_empty() {
        lines.push(String::new());
        lines.extend(item.lines.iter().map(|line| format!("    {}{}", line.sign.mark(), line.text)));
        if item.more_lines > 0 {
            lines.push(format!("    ... and {} more lines", item.more_lines));
        }
    }
    if let Some(note) = item.generated {
        lines.extend([String::new(), format!("  Written by a language model, not a fact: {note}")]);
    }
    if !item.todo.is_empty() {
        lines.extend([String::new(), "  What to do".to_owned()]);
        for (words, command) in &item.todo {
            lines.push(match command {
                Some(command) => format!("  - {words}: {command}"),
                None => format!("  - {words}"),
            });
        }
    }
    if !item.links.is_empty() {
        lines.push(String::new());
        lines.extend(item.links.iter().map(|link| format!("  {}", named(link))));
    }
}

fn table(items: &[ItemView<'_>], lines: &mut Vec<String>) {
    if items.is_empty() {
        return;
    }
    lines.push(String::new());
    lines.push(format!("{:10}{:11}{}", "SEVERITY", "DRIFT", "RESOURCE"));
    for item in items {
        lines.push(format!("{:10}{:11}{}", item.badge, item.drift, item.name));
        let mut under = vec![item.place.as_str(), item.since.as_str()];
        under.extend(item.who);
        lines.extend(under.into_iter().map(|text| format!("{:21}{text}", "")));
    }
}

fn named(link: &Link) -> String {
    format!("{}: {}", link.label, link.url)
}
