//! The form that asks who answers for a drift that is ignored, why it is acceptable, and until when (<https://docs.slack.dev/surfaces/modals>). Pure.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Interaction, Read, Wish, text, user};
use crate::notify::press::Action;
use crate::notify::receivers::slack::{is_id, plain};
use crate::notify::targets::Targets;
use crate::wording::text::count;

const CALLBACK: &str = "driftd_ignore";
/// What is suggested as the end.
const SUGGESTED: SignedDuration = SignedDuration::from_hours(30 * 24);
/// Characters of what people write.
const OWNER: u64 = 100;
const REASON: u64 = 500;

/// What the form remembers until it is sent.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    channel: String,
    targets: String,
}

/// The form. `owner`: who is suggested.
pub fn view(channel: &str, targets: &Targets, owner: &str, now: Timestamp) -> Value {
    let number = count(targets.findings.len() as u64, "finding", "findings");
    let intro = format!("Accept {number} until the end of a day. What differs in another way opens again by itself.");
    let kept = Kept { channel: channel.to_owned(), targets: targets.encode() };
    let input = |id: &str, label: &str, element: Value| json!({"type": "input", "block_id": id, "label": plain(label, 150), "element": element});
    let mut owner_field = json!({"type": "plain_text_input", "action_id": "value", "max_length": OWNER});
    if !owner.is_empty() && owner.chars().count() as u64 <= OWNER {
        owner_field["initial_value"] = json!(owner);
    }
    let suggested = day(now.checked_add(SUGGESTED).unwrap_or(now));
    json!({
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": serde_json::to_string(&kept).unwrap_or_default(),
        "title": plain("Ignore a drift", 24),
        "submit": plain("Ignore", 24),
        "close": plain("Cancel", 24),
        "blocks": [
            {"type": "section", "text": plain(&intro, 500)},
            input("owner", "Who answers for it", owner_field),
            input("reason", "Why it is acceptable", json!({"type": "plain_text_input", "action_id": "value", "multiline": true, "max_length": REASON})),
            input("expires", "Until the end of (UTC)", json!({"type": "datepicker", "action_id": "value", "initial_date": suggested.to_string()})),
        ],
    })
}

fn day(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// The form was sent: what it asks for, or what is wrong with it.
pub(super) fn submitted(payload: &Value, now: Timestamp) -> Read {
    if text(payload, "/view/callback_id") != CALLBACK {
        return Read::default();
    }
    let kept =
        serde_json::from_str::<Kept>(text(payload, "/view/private_metadata")).ok().filter(|kept| is_id(&kept.channel));
    let targets = kept.as_ref().and_then(|kept| Targets::decode(&kept.targets));
    let (Some(user), Some(Kept { channel, .. }), Some(targets)) = (user(payload), kept, targets) else {
        return Read::default();
    };
    let owner = text(payload, "/view/state/values/owner/value/value").trim();
    let reason = text(payload, "/view/state/values/reason/value/value").trim();
    let expires = text(payload, "/view/state/values/expires/value/selected_date").parse::<Date>().ok();
    // The end of that day.
    let expires = expires.and_then(|day| Some(day.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp()));
    let mut errors = serde_json::Map::new();
    if owner.is_empty() {
        errors.insert("owner".to_owned(), json!("Say who answers for it."));
    }
    if reason.is_empty() {
        errors.insert("reason".to_owned(), json!("Say why the drift is acceptable."));
    }
    match expires.filter(|at| *at > now) {
        Some(expires) if errors.is_empty() => {
            let action = Action::Ignore { owner: shortened(owner, OWNER), reason: shortened(reason, REASON), expires };
            Read { answer: None, interaction: Some(Interaction { user, channel, targets, wish: Wish::Do(action) }) }
        }
        in_future => {
            if in_future.is_none() {
                errors.insert("expires".to_owned(), json!("Name a day that is not over."));
            }
            Read { answer: Some(json!({"response_action": "errors", "errors": errors})), interaction: None }
        }
    }
}

fn shortened(text: &str, most: u64) -> String {
    text.chars().take(usize::try_from(most).unwrap_or(usize::MAX)).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::notify::receivers::slack::fake::CHANNEL;
    use crate::wording::samples;

    pub(crate) fn view() -> Value {
        let targets = Targets::of("driftd-0123456789abcdef", "ops", &samples::message(500));
        super::view(CHANNEL, &targets, "bob@example.com", samples::now())
    }

    /// What Slack sends when a view was filled in.
    pub(crate) fn submission(user: &str, view: &Value, owner: &str, reason: &str, expires: &str) -> Value {
        json!({
            "type": "view_submission",
            "user": {"id": user},
            "view": {
                "callback_id": view["callback_id"], "private_metadata": view["private_metadata"],
                "state": {"values": {
                    "owner": {"value": {"value": owner}}, "reason": {"value": {"value": reason}},
                    "expires": {"value": {"selected_date": expires}},
                }},
            },
        })
    }

    #[test]
    fn a_form_needs_owner_reason_and_a_day_to_come() {
        let (view, now) = (view(), samples::now());
        assert!(view["private_metadata"].as_str().unwrap().len() <= 3_000);
        assert_eq!(view["blocks"][3]["element"]["initial_date"], "2026-02-01");
        let read = |owner, reason, expires| submitted(&submission("U0BOB", &view, owner, reason, expires), now);
        // Today counts: its end is to come.
        let good = read(" net ", "a test", "2026-01-02");
        let wish = good.interaction.unwrap().wish;
        let expires = "2026-01-03T00:00:00Z".parse().unwrap();
        assert_eq!(wish, Wish::Do(Action::Ignore { owner: "net".to_owned(), reason: "a test".to_owned(), expires }));
        for (owner, reason, expires, wrong) in [
            (" ", "a test", "2026-01-03", "owner"),
            ("net", "", "2026-01-03", "reason"),
            ("net", "a test", "2026-01-01", "expires"),
            ("net", "a test", "soon", "expires"),
            ("net", "a test", "", "expires"),
        ] {
            let read = read(owner, reason, expires);
            let answer = read.answer.unwrap();
            assert_eq!((&answer["response_action"], read.interaction), (&json!("errors"), None));
            let errors = answer["errors"].as_object().unwrap();
            assert!(errors.len() == 1 && errors.contains_key(wrong), "{wrong}: {answer}");
        }
        let mut other = submission("U0BOB", &view, "net", "x", "2026-01-03");
        other["view"]["private_metadata"] = json!("{}");
        assert_eq!(submitted(&other, now), Read::default());
        other["view"]["callback_id"] = json!("somebody_elses");
        assert_eq!(submitted(&other, now), Read::default());
    }
}
