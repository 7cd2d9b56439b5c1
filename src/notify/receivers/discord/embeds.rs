//! A message as embeds, within Discord's limits (<https://docs.discord.com/developers/resources/message#embed-limits>). Discord reads Markdown
//! nearly everywhere: whatever is not ours is escaped.

use serde_json::{Value, json};

use crate::model::Severity;
use crate::notify::summary;
use crate::wording::message::{GroupStatus, Item, Link, Message, Occasion};
use crate::wording::text::shorten;

/// Characters over all embeds of a message.
pub(super) const LARGEST: usize = 6000;
/// Embeds of a message; one is the head.
const EMBEDS: usize = 10;
const TITLE: usize = 256;
const DESCRIPTION: usize = 4096;

/// Where the group stands now: a head, and an embed for each finding.
pub(super) fn whole(message: &Message) -> Value {
    let (items, more) = summary::items(message, EMBEDS - 1);
    let is_alone = items.len() == 1 && more == 0;
    let mut lines = vec![escaped(&summary::counts(message))];
    lines.extend(words(message));
    if more > 0 {
        lines.push(format!("... {more} more, not shown here"));
    }
    let mut embeds = vec![head(message, &lines)];
    embeds.extend(items.iter().map(|one| item(one, is_alone)));
    payload(&embeds)
}

/// What is new, in short; the message that it belongs to stands above.
pub(super) fn news(message: &Message) -> Value {
    payload(&[head(message, &words(message))])
}

/// Characters of a message; too many, if one of its embeds has too many.
pub(super) fn size(payload: &Value) -> usize {
    let mut sum = 0;
    for embed in payload["embeds"].as_array().into_iter().flatten() {
        let length = |key: &str| embed[key].as_str().map_or(0, length);
        if length("description") > DESCRIPTION {
            return usize::MAX;
        }
        sum += length("title") + length("description");
    }
    sum
}

/// As Discord counts at most.
fn length(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Nobody is mentioned, whatever a text says.
fn payload(embeds: &[Value]) -> Value {
    json!({ "embeds": embeds, "allowed_mentions": { "parse": [] } })
}

/// A user's own text, or what is new.
fn words(message: &Message) -> Vec<String> {
    match &message.text {
        Some(text) => text.lines().map(escaped).collect(),
        None => summary::news(message).iter().map(|line| escaped(line)).collect(),
    }
}

fn head(message: &Message, lines: &[String]) -> Value {
    let links = linked(&message.links);
    let lines: Vec<&str> = lines.iter().chain(&links).map(String::as_str).filter(|line| !line.is_empty()).collect();
    json!({
        "title": escaped_within(&summary::headline(message), TITLE),
        "description": lines.join("\n"),
        "color": color(message),
        "timestamp": message.at.to_string(),
    })
}

fn item(item: &Item, is_alone: bool) -> Value {
    let mut lines = vec![escaped(&summary::what(item))];
    let (changes, more) = summary::changes(item, is_alone);
    if !changes.is_empty() {
        let mut code: Vec<String> =
            changes.iter().map(|line| in_code(&format!("{}{}", line.sign.mark(), line.text))).collect();
        if more > 0 {
            code.push(format!("... and {more} more lines"));
        }
        lines.push(format!("```diff\n{}\n```", code.join("\n")));
    }
    let details = summary::details(item, is_alone);
    lines.extend(details.iter().map(|(word, text)| format!("**{word}:** {}", escaped(text))));
    lines.extend(linked(&item.links));
    let color = if item.is_resolved { GREEN } else { shade(item.severity) };
    json!({ "title": escaped_within(&item.name, TITLE), "description": lines.join("\n"), "color": color })
}

/// The links in one line, if there are any.
fn linked(links: &[Link]) -> Option<String> {
    let all: Vec<String> = summary::links(links)
        // Whatever would end the address in Markdown.
        .map(|link| {
            let url = link.url.replace('(', "%28").replace(')', "%29").replace(char::is_whitespace, "%20");
            format!("[{}]({url})", escaped(&link.label))
        })
        .collect();
    (!all.is_empty()).then(|| all.join(" · "))
}

const GREEN: u32 = 0x002e_a043;
const GREY: u32 = 0x006e_7781;
const BLUE: u32 = 0x0009_69da;

fn color(message: &Message) -> u32 {
    match (message.occasion, message.status) {
        (Occasion::Test, _) => BLUE,
        (Occasion::Digest | Occasion::Baseline, _) => shade(message.severity),
        (_, GroupStatus::Resolved) => GREEN,
        (_, GroupStatus::Acknowledged) => GREY,
        (_, GroupStatus::Open) => shade(message.severity),
    }
}

fn shade(severity: Severity) -> u32 {
    match severity {
        Severity::Critical => 0x00cf_222e,
        Severity::High => 0x00e1_6f24,
        Severity::Medium => 0x00d4_a72c,
        Severity::Low => BLUE,
        Severity::Info => GREY,
    }
}

/// The text as it is, without Markdown, mentions, emoji or addresses that become links. A backslash before any mark of ASCII shows the mark.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for (index, c) in text.chars().enumerate() {
        let is_list = matches!(c, '-' | '+') && index == 0;
        if is_list
            || matches!(c, '\\' | '*' | '_' | '~' | '`' | '|' | '>' | '<' | '#' | '[' | ']' | '(' | ')' | '@' | ':')
        {
            safe.push('\\');
        }
        safe.push(c);
    }
    safe
}

/// The same, no longer than this; what is cut is never half of an escape.
fn escaped_within(text: &str, limit: usize) -> String {
    let mut width = limit;
    loop {
        let safe = escaped(&shorten(text, width));
        let over = length(&safe).saturating_sub(limit);
        if over == 0 {
            return safe;
        }
        width = width.saturating_sub(over.div_ceil(2));
    }
}

/// In a block of code nothing is Markdown but its end.
fn in_code(text: &str) -> String {
    text.replace('`', "'")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::notify::fit;
    use crate::wording::sample::{EVIL, EVIL_CHARACTERS};
    use crate::wording::samples;

    /// By Discord's documentation.
    pub(crate) fn is_within_limits(payload: &Value) {
        let embeds = payload["embeds"].as_array().unwrap();
        assert!((1..=10).contains(&embeds.len()));
        let mut sum = 0;
        for embed in embeds {
            let (title, text) = (embed["title"].as_str().unwrap(), embed["description"].as_str().unwrap());
            assert!((1..=256).contains(&title.chars().count()) && text.chars().count() <= 4096, "{embed}");
            assert!(!title.contains(EVIL_CHARACTERS) && !text.contains(EVIL_CHARACTERS), "{embed}");
            assert!(embed["color"].as_u64().unwrap() <= 0x00ff_ffff);
            sum += title.chars().count() + text.chars().count();
        }
        assert!(sum <= 6000, "{sum}");
        assert_eq!(payload["allowed_mentions"], json!({"parse": []}));
        let keys: Vec<&String> = payload.as_object().unwrap().keys().collect();
        assert_eq!(keys, ["allowed_mentions", "embeds"]);
    }

    fn fitted(message: &Message) -> Value {
        let payload = fit(message, LARGEST, size, whole).unwrap();
        is_within_limits(&payload);
        payload
    }

    #[test]
    fn what_a_message_shows() {
        let all = samples::messages();
        let text = |name: &str| {
            let payload = fitted(&all.iter().find(|(other, _)| *other == name).unwrap().1);
            let embed = |embed: &Value| {
                let text = |key: &str| embed[key].as_str().unwrap().to_owned();
                format!("#{:06x} {}\n{}", embed["color"].as_u64().unwrap(), text("title"), text("description"))
            };
            payload["embeds"].as_array().unwrap().iter().map(embed).collect::<Vec<_>>().join("\n\n")
        };
        insta::assert_snapshot!("discord_one", text("one finding"));
        insta::assert_snapshot!("discord_hostile", text("hostile"));
        insta::assert_snapshot!("discord_resolved", text("resolved"));
    }

    #[test]
    fn no_name_becomes_markup() {
        for name in [EVIL, "**b** _i_ ~~s~~ ||x|| > q", "http://evil.example", "<@1> <#2> <t:0>", "- a", ":smile:"] {
            let safe = escaped(name);
            // Without what is escaped, nothing is left that means anything.
            let mut rest = String::new();
            let mut marks = safe.chars();
            while let Some(c) = marks.next() {
                if c == '\\' {
                    marks.next()
                } else {
                    rest.push(c);
                    None
                };
            }
            assert!(!rest.contains(['*', '_', '~', '`', '|', '<', '>', '[', '(', '@', ':', '#']), "{safe}");
        }
        assert_eq!(in_code("a```b"), "a'''b");
    }

    #[test]
    fn the_longest_words_are_within_the_limits() {
        let mut message = samples::message(50);
        message.title = "\\".repeat(20_000);
        for item in &mut message.items {
            item.name = "_".repeat(3_000);
        }
        fitted(&message);
        message.text = Some("\u{1f980}*".repeat(10_000));
        let payload = fitted(&message);
        assert!(payload["embeds"][0]["description"].as_str().unwrap().len() > 1000, "as much as fits is told");
        assert!(escaped_within(&"*".repeat(300), 256).ends_with(r"\*"));
    }
}
