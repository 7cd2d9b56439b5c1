//! Microsoft Teams, by the URL of a workflow ("When a Teams webhook request is received"): one Adaptive Card a message
//! (<https://learn.microsoft.com/en-us/microsoftteams/platform/task-modules-and-cards/cards/cards-format>). What was sent cannot be changed.
//!
//! Every text stands in a `TextRun`: unlike a `TextBlock` or a fact it knows no Markdown, so that no name can become a link.

use std::time::Duration;

use serde_json::{Value, json};

use crate::notify::config::OpenAddress;
pub use crate::notify::config::{RawSecretUrl as Raw, SecretUrl as Config};
use crate::notify::summary::{self, SHOWN};
use crate::notify::{Delivered, DeliveryError, Notice, Receiver, Tools, fit, http};
use crate::wording::message::{GroupStatus, Item, Message, Occasion};
use crate::wording::{Line, Sign, minutes};

/// Teams documents 28 KB; workflows were seen to fail above 21.
const LARGEST: usize = 20 * 1024;
/// Teams takes four messages a second.
const PACE: Duration = Duration::from_millis(250);
/// Buttons that Teams shows of a card.
const BUTTONS: usize = 6;

/// A workflow that can be sent to.
struct Teams {
    http: reqwest::Client,
    url: OpenAddress,
}

pub(super) fn open(config: &Config, _name: &str, tools: &Tools) -> Result<Box<dyn Receiver>, String> {
    Ok(Box::new(Teams { http: tools.http.clone(), url: config.open(tools) }))
}

#[async_trait::async_trait]
impl Receiver for Teams {
    async fn deliver(&self, notice: &Notice<'_>) -> Result<Delivered, DeliveryError> {
        if notice.message.quiet {
            return Ok(Delivered::default());
        }
        let body = fit(notice.message, LARGEST, String::len, |message| envelope(message).to_string())
            .ok_or_else(|| DeliveryError::refused("the message does not fit into 20 KiB"))?;
        let request = self.http.post(self.url.get(notice.now).await?);
        http::send(request.header("content-type", "application/json").body(body), notice.now).await?;
        Ok(Delivered::default())
    }

    fn pace(&self) -> Duration {
        PACE
    }
}

/// What the workflow expects: a message with one card.
fn envelope(message: &Message) -> Value {
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": card(message),
        }],
    })
}

fn card(message: &Message) -> Value {
    let below = [summary::counts(message), minutes(message.at)];
    let below = below.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" · ");
    let head = [
        block("default", &[json!({"text": summary::headline(message), "weight": "bolder", "size": "medium"})]),
        block("small", &[json!({"text": below, "isSubtle": true})]),
    ];
    let mut body = vec![json!({"type": "Container", "style": style(message), "bleed": true, "items": head})];
    match &message.text {
        Some(text) => body.extend(text.lines().filter(|line| !line.trim().is_empty()).map(plain)),
        None => body.extend(summary::news(message).iter().map(|line| plain(line))),
    }
    let (items, more) = summary::items(message, SHOWN);
    let is_alone = items.len() == 1 && more == 0;
    body.extend(items.iter().map(|one| item(one, is_alone)));
    if more > 0 {
        body.push(plain(&format!("... and {more} more")));
    }
    let own = items.first().filter(|_| is_alone).map(|one| one.links.as_slice()).unwrap_or_default();
    let actions: Vec<Value> = summary::links(own)
        .chain(summary::links(&message.links))
        .take(BUTTONS)
        .map(|link| json!({"type": "Action.OpenUrl", "title": link.label, "url": link.url}))
        .collect();
    json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
        "actions": actions,
    })
}

/// The colour of the head.
fn style(message: &Message) -> &'static str {
    match (message.occasion, message.status) {
        (Occasion::Test, _) => "accent",
        (Occasion::Digest | Occasion::Baseline, _) | (_, GroupStatus::Acknowledged) => "emphasis",
        (_, GroupStatus::Resolved) => "good",
        (_, GroupStatus::Open) if summary::is_grave(message.severity) => "attention",
        (_, GroupStatus::Open) => "warning",
    }
}

fn item(item: &Item, is_alone: bool) -> Value {
    let mut name = json!({"text": item.name, "weight": "bolder"});
    // A finding that is alone has buttons.
    if let Some(link) = summary::links(&item.links).next().filter(|_| !is_alone)
        && let Some(name) = name.as_object_mut()
    {
        name.insert("selectAction".to_owned(), json!({"type": "Action.OpenUrl", "url": link.url}));
    }
    let mut blocks = vec![block("default", &[name]), block("none", &[json!({"text": summary::what(item)})])];
    let (lines, more) = summary::changes(item, is_alone);
    blocks.extend(lines.iter().map(change));
    if more > 0 {
        blocks.push(block("none", &[json!({"text": format!("... and {more} more lines"), "isSubtle": true})]));
    }
    blocks.extend(summary::details(item, is_alone).iter().map(|(word, text)| {
        block("none", &[json!({"text": format!("{word}: "), "isSubtle": true}), json!({"text": text})])
    }));
    json!({"type": "Container", "separator": true, "spacing": "medium", "items": blocks})
}

fn change(line: &Line) -> Value {
    let color = match line.sign {
        Sign::Path => "default",
        Sign::Removed => "attention",
        Sign::Added => "good",
    };
    let text = format!("{}{}", line.sign.mark(), line.text);
    block("none", &[json!({"text": text, "fontType": "monospace", "color": color})])
}

fn plain(text: &str) -> Value {
    block("small", &[json!({"text": text})])
}

/// A line: pieces of text, each with its look.
fn block(spacing: &str, runs: &[Value]) -> Value {
    let mut inlines = runs.to_vec();
    for run in inlines.iter_mut().filter_map(Value::as_object_mut) {
        run.insert("type".to_owned(), "TextRun".into());
    }
    json!({"type": "RichTextBlock", "spacing": spacing, "inlines": inlines})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::kit;
    use crate::wording::samples;

    #[tokio::test]
    async fn it_keeps_the_contract() {
        kit::Contract {
            open: &|url, tools| {
                let url = kit::secret(&format!("{url}/workflows/x?sig={}", kit::SECRET));
                open(&Config { url }, "ops", tools).unwrap()
            },
            success: (202, ""),
            keeps: |message| message.quiet,
            check: &|request| {
                assert!(request.body.len() <= LARGEST);
                assert_eq!(request.header("content-type"), "application/json");
                only_runs(&request.json()["attachments"][0]["content"]);
            },
        }
        .holds()
        .await;
    }

    /// No text is where Markdown would be read.
    fn only_runs(value: &Value) {
        match value {
            Value::Object(map) => {
                let is_run = map.get("type").is_some_and(|kind| kind == "TextRun");
                assert!(!map.contains_key("text") || is_run, "{value}");
                assert!(!map.contains_key("facts") && !map.contains_key("fallbackText"), "{value}");
                map.values().for_each(only_runs);
            }
            Value::Array(all) => all.iter().for_each(only_runs),
            _ => {}
        }
    }

    #[test]
    fn every_card_is_an_adaptive_card() {
        let mut all = samples::messages();
        let mut own = samples::message(3);
        own.title = "t".repeat(20_000);
        own.text = Some("a line\n\n".repeat(2_000));
        all.push(("a user's own words", own));
        let cards: Vec<Value> = all
            .iter()
            .map(|(name, message)| fit(message, LARGEST, |card: &Value| card.to_string().len(), envelope).expect(name))
            .collect();
        kit::validated("teams", &cards);
    }

    #[test]
    fn what_a_card_shows() {
        let text = |message: &Message| {
            let mut lines = Vec::new();
            lines_of(&card(message), &mut lines);
            lines.join("\n")
        };
        let all = samples::messages();
        let message = |name: &str| &all.iter().find(|(other, _)| *other == name).unwrap().1;
        insta::assert_snapshot!("teams_one", text(message("one finding")));
        insta::assert_snapshot!("teams_mixed", text(message("every kind of drift")));
        insta::assert_snapshot!("teams_resolved", text(message("resolved")));
    }

    fn lines_of(value: &Value, lines: &mut Vec<String>) {
        if let Some(inlines) = value["inlines"].as_array() {
            lines.push(inlines.iter().map(|run| run["text"].as_str().unwrap()).collect());
        }
        if value["type"] == "Container" {
            lines.push(format!("--- {}", value["style"].as_str().unwrap_or_default()));
        }
        if value["type"] == "Action.OpenUrl" {
            lines.push(format!("[{}] {}", value["title"].as_str().unwrap_or_default(), value["url"].as_str().unwrap()));
        }
        for part in ["body", "items", "actions"].iter().filter_map(|name| value[name].as_array()) {
            part.iter().for_each(|part| lines_of(part, lines));
        }
    }
}
