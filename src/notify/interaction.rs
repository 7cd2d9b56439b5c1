//! Presses of buttons in Slack, from Slack's payload to what is to be done (<https://docs.slack.dev/interactivity/handling-user-interaction>). Slack is
//! answered at once, whatever the rest takes: what comes in is read (pure), put into a queue, and done from there.

pub mod allow;
pub mod desk;
pub mod http;
pub mod modal;
pub mod signature;
pub mod socket;

#[cfg(test)]
mod story;

use std::sync::Arc;

use futures::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::mpsc;

pub use allow::{App, Place, apps};
pub use desk::Desk;

use super::press::Action;
use super::receivers::slack::{ACKNOWLEDGE, IGNORE, SNOOZE, SNOOZES, is_id};
use super::targets::Targets;

/// Presses that wait; more are refused, and whoever pressed sees it.
const WAITING: usize = 256;
/// Presses that are worked on at a time.
const AT_ONCE: usize = 8;

/// The time; an argument, so that tests have their own.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Somebody did something with a message of ours.
#[derive(Debug, Clone, PartialEq)]
pub struct Interaction {
    /// Slack's id of who did it.
    pub user: String,
    /// Where the message is.
    pub channel: String,
    pub targets: Targets,
    pub wish: Wish,
}

/// What they want.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    Do(Action),
    /// To be asked who answers for it, why, and until when; by this token, which holds for three seconds.
    FillIn {
        trigger_id: String,
    },
    /// They pressed what the message showed before: nothing is done.
    Outdated,
}

impl Wish {
    /// The word of the audit log.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Do(action) => action.as_str(),
            Self::FillIn { .. } => "finding.ignore",
            Self::Outdated => "finding.press",
        }
    }
}

/// What a payload asks for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Read {
    /// What Slack is answered at once; `None`: nothing but that it arrived.
    pub answer: Option<Value>,
    pub interaction: Option<Interaction>,
}

/// Takes a payload apart. What is not of ours, or not understood, asks for nothing.
pub fn read(payload: &Value, now: Timestamp) -> Read {
    match text(payload, "/type") {
        "block_actions" => Read { answer: None, interaction: pressed(payload, now) },
        "view_submission" => modal::submitted(payload, now),
        _ => Read::default(),
    }
}

fn pressed(payload: &Value, now: Timestamp) -> Option<Interaction> {
    let action = payload.pointer("/actions/0")?;
    let (block, targets) = buttons(payload.get("message")?)?;
    let targets = Targets::decode(targets)?;
    let wish = match text(action, "/action_id") {
        // The message was changed between what they saw and now.
        ACKNOWLEDGE | SNOOZE | IGNORE if text(action, "/block_id") != block => Wish::Outdated,
        ACKNOWLEDGE => Wish::Do(Action::Acknowledge),
        SNOOZE => {
            let chosen = text(action, "/selected_option/value");
            let (_, _, hours) = SNOOZES.iter().find(|(value, _, _)| *value == chosen)?;
            Wish::Do(Action::Snooze { until: now.checked_add(SignedDuration::from_hours(*hours)).ok()? })
        }
        IGNORE => Wish::FillIn { trigger_id: text(payload, "/trigger_id").to_owned() },
        _ => return None,
    };
    let channel =
        [text(payload, "/channel/id"), text(payload, "/container/channel_id")].into_iter().find(|id| is_id(id))?;
    Some(Interaction { user: user(payload)?, channel: channel.to_owned(), targets, wish })
}

/// The block of the message's buttons, and what its first one says that they are about. All of them are about the same.
fn buttons(message: &Value) -> Option<(&str, &str)> {
    match message {
        Value::Object(members) => {
            let elements = members.get("elements").and_then(Value::as_array).into_iter().flatten();
            let own = elements.into_iter().find(|one| text(one, "/action_id") == ACKNOWLEDGE);
            match own {
                Some(own) => Some((members.get("block_id")?.as_str()?, own.get("value")?.as_str()?)),
                None => members.values().find_map(buttons),
            }
        }
        Value::Array(all) => all.iter().find_map(buttons),
        _ => None,
    }
}

fn user(payload: &Value) -> Option<String> {
    let id = text(payload, "/user/id");
    is_id(id).then(|| id.to_owned())
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// Does what somebody wants. Takes its time.
#[async_trait::async_trait]
pub trait OnPress: Send + Sync {
    async fn on_press(&self, place: &Place, interaction: Interaction);
}

/// A press on its way from where it came in to where it is done.
pub type Waiting = (Arc<Place>, Interaction);

/// Between what must be quick and what may be slow.
pub fn queue() -> (mpsc::Sender<Waiting>, mpsc::Receiver<Waiting>) {
    mpsc::channel(WAITING)
}

/// Why a press was not taken; whoever pressed sees that it was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotTaken {
    /// No receiver of the configuration has this channel and wrote this message.
    NoReceiver,
    /// Too many wait.
    Full,
}

/// Puts a press into the queue, if one of these apps has its receiver.
pub fn take(apps: &[Arc<App>], interaction: Interaction, queue: &mpsc::Sender<Waiting>) -> Result<(), NotTaken> {
    let Some(place) = apps.iter().find_map(|app| app.place(&interaction)) else {
        let Interaction { channel, user, .. } = interaction;
        tracing::warn!(channel, user, "a button was pressed of a message that no receiver of the configuration wrote");
        return Err(NotTaken::NoReceiver);
    };
    queue.try_send((place, interaction)).map_err(|_| {
        tracing::error!("too many presses of buttons wait: one was not taken");
        NotTaken::Full
    })
}

/// Does what is in the queue, some at a time, until nobody can put anything in any more.
pub async fn work(queue: mpsc::Receiver<Waiting>, on_press: &dyn OnPress) {
    let waiting = futures::stream::unfold(queue, |mut queue| async move { Some((queue.recv().await?, queue)) });
    let one = |(place, press): Waiting| async move { on_press.on_press(&place, press).await };
    waiting.for_each_concurrent(AT_ONCE, one).await;
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use super::*;
    use crate::notify::receivers::slack::fake::CHANNEL;
    use crate::wording::samples;

    /// What Slack sends when somebody presses a button of the message for so many findings.
    pub(crate) fn payload(user: &str, action: &Value, number: usize) -> Value {
        let targets = Targets::of("driftd-0123456789abcdef", "ops", &samples::message(number)).encode();
        let button = json!({"type": "button", "action_id": ACKNOWLEDGE, "value": targets});
        let mut action = action.clone();
        if action.is_object() && action.get("block_id").is_none() {
            action["block_id"] = json!("driftd 1");
        }
        json!({
            "type": "block_actions",
            "user": {"id": user, "username": "x", "team_id": "T0HOME"},
            "team": {"id": "T0HOME"},
            "trigger_id": "1.2.abc",
            "container": {"type": "message_attachment", "channel_id": CHANNEL, "message_ts": "1.2"},
            "channel": {"id": CHANNEL, "name": "ops"},
            "message": {"ts": "1.2", "attachments": [{"blocks": [{"type": "actions", "block_id": "driftd 1", "elements": [button]}]}]},
            "actions": [action],
        })
    }

    #[test]
    fn a_press_says_what_it_is_about() {
        let now = samples::now();
        let of = |action: Value| read(&payload("U0BOB", &action, 3), now).interaction;
        let acknowledged = of(json!({"action_id": ACKNOWLEDGE, "type": "button"})).unwrap();
        assert_eq!((acknowledged.user.as_str(), acknowledged.targets.findings.len()), ("U0BOB", 3));
        assert_eq!(acknowledged.wish, Wish::Do(Action::Acknowledge));
        let snoozed = of(json!({"action_id": SNOOZE, "selected_option": {"value": "1d"}})).unwrap();
        assert_eq!(snoozed.wish, Wish::Do(Action::Snooze { until: "2026-01-03T14:05:00Z".parse().unwrap() }));
        let ignored = of(json!({"action_id": IGNORE})).unwrap();
        assert_eq!(ignored.wish, Wish::FillIn { trigger_id: "1.2.abc".to_owned() });
        let outdated = of(json!({"action_id": ACKNOWLEDGE, "block_id": "driftd 0"})).unwrap();
        assert_eq!(outdated.wish, Wish::Outdated, "the message is another one by now");
        for strange in [
            json!({"action_id": SNOOZE, "selected_option": {"value": "99y"}}),
            json!({"action_id": "somebody_elses"}),
            json!(7),
        ] {
            assert_eq!(of(strange.clone()), None, "{strange}");
        }
        let mut other = payload("U0BOB> <!here", &json!({"action_id": ACKNOWLEDGE}), 1);
        assert_eq!(read(&other, now), Read::default());
        other["user"]["id"] = json!("U0BOB");
        other["message"] = json!({"blocks": [{"block_id": "driftd 1", "elements": [{"action_id": ACKNOWLEDGE, "value": "g 00000000 0 ../x:y"}]}]});
        assert_eq!(read(&other, now), Read::default());
        for nonsense in [json!(null), json!([]), json!({"type": "view_closed"}), json!({"type": "block_actions"})] {
            assert_eq!(read(&nonsense, now), Read::default(), "{nonsense}");
        }
    }
}
