//! A custom notification of Amazon Q Developer in chat applications, which posts it into Slack or Teams; its thread is the group
//! (<https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html>). Its lengths are not documented; what is sent stays within what one
//! block of Slack takes. Pure.

use serde_json::json;

use crate::notify::Notice;
use crate::notify::summary::grade;
use crate::wording::message::{Item, Message};
use crate::wording::text::{count, sanitize_lines, shorten};

const TITLE: usize = 200;
const DESCRIPTION: usize = 2500;
const STEP: usize = 300;
const KEYWORD: usize = 80;
const STEPS: usize = 5;
/// Findings that are told; the rest by their number.
const ITEMS: usize = 5;
/// Lines of changes of each: as many of these as fit.
const LINES: [usize; 3] = [6, 2, 0];

pub(super) fn of(notice: &Notice<'_>, message: &Message) -> String {
    let first = message.items.first();
    let steps = first.into_iter().flat_map(|item| &item.todo).take(STEPS).map(|step| shorten(&plain(step), STEP));
    let links = message.links.iter().chain(first.into_iter().flat_map(|item| &item.links));
    let links = links.map(|link| format!("{}: {}", plain(&link.label), link.url)).filter(|link| link.len() < 1000);
    let next_steps: Vec<String> = steps.chain(links.take(STEPS)).collect();
    let keywords: Vec<String> = [Some(message.severity.as_str()), first.and_then(|item| item.source.as_deref())]
        .into_iter()
        .flatten()
        .map(|word| shorten(&plain(word), KEYWORD))
        .collect();
    let mut content = json!({
        "textType": "client-markdown",
        "title": shorten(&plain(&format!("{}: {}", grade(message), message.title)), TITLE),
        "description": description(message),
        "keywords": keywords,
    });
    if !next_steps.is_empty() {
        content["nextSteps"] = json!(next_steps);
    }
    let resources: Vec<&str> = message.items.iter().take(ITEMS).filter_map(|item| item.arn.as_deref()).collect();
    let mut metadata = json!({
        "threadId": notice.group,
        "summary": shorten(&plain(&message.title), TITLE),
        "eventType": format!("drift {}", message.occasion.as_str()),
    });
    if !resources.is_empty() {
        metadata["relatedResources"] = json!(resources);
    }
    json!({"version": "1.0", "source": "custom", "id": notice.id, "content": content, "metadata": metadata}).to_string()
}

/// Whole findings, as many as fit.
fn description(message: &Message) -> String {
    if let Some(own) = &message.text {
        let own: Vec<String> = sanitize_lines(own).lines().map(plain).collect();
        return shorten(&own.join("\n"), DESCRIPTION);
    }
    let mut told = String::new();
    let mut left = message.more + message.items.len() as u64;
    let news = message.news.iter().take(ITEMS).map(|sentence| shorten(&plain(sentence), STEP));
    let news = if message.items.is_empty() || message.occasion != crate::wording::message::Occasion::Opened {
        news.collect::<Vec<_>>().join("\n")
    } else {
        String::new()
    };
    told.push_str(&news);
    for item in message.items.iter().take(ITEMS) {
        let room = (DESCRIPTION - 100).saturating_sub(told.chars().count());
        // Rather without its changes than not at all.
        let fits = |lines: &usize| Some(self::item(item, *lines)).filter(|one| one.chars().count() <= room);
        let Some(one) = LINES.iter().find_map(fits) else { break };
        if !told.is_empty() {
            told.push_str("\n\n");
        }
        told.push_str(&one);
        left -= 1;
    }
    if left > 0 {
        told.push_str(&format!("\n\n... and {}", count(left, "more finding", "more findings")));
    }
    // An empty description is refused.
    if told.is_empty() { plain(&message.title) } else { told }
}

fn item(item: &Item, most: usize) -> String {
    let mut lines = vec![format!("*{}* `{}`", item.severity.as_str(), shorten(&plain(&item.name), 150))];
    let source =
        item.source.as_ref().map(|source| format!(" · {}", shorten(&plain(source), KEYWORD))).unwrap_or_default();
    lines.push(format!(
        "{} · {}{source} · {}",
        plain(&item.account),
        plain(&item.region),
        shorten(&plain(&item.standing), STEP)
    ));
    lines.extend(item.who.as_ref().map(|who| shorten(&plain(&who.line), STEP)));
    let more = item.more_changes + item.changes.len().saturating_sub(most) as u64;
    let more = (more > 0).then(|| format!("... and {}", count(more, "more line", "more lines")));
    if most > 0 && !item.changes.is_empty() {
        let told = item.changes.iter().take(most);
        let mut told: Vec<String> =
            told.map(|line| shorten(&plain(&format!("{}{}", line.sign.mark(), line.text)), 160)).collect();
        told.extend(more);
        lines.push(format!("```\n{}\n```", told.join("\n")));
    } else {
        lines.extend(more);
    }
    lines.extend(
        item.rules.iter().take(2).filter(|rule| !rule.why.is_empty()).map(|rule| shorten(&plain(&rule.why), STEP)),
    );
    lines.extend(item.generated_note.as_ref().map(|note| format!("_{} (generated)_", plain(note))));
    lines.join("\n")
}

/// In neither of the two markdowns a mention, a link or the end of a code span, whatever a resource is called.
fn plain(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace('`', "'").replace("](", "] (")
}
