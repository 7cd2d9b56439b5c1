//! What a press of a button is about, as it stands in the button: the findings of the message, each with its content. It comes back as it
//! was; nothing in it is for people.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::wording::message::Message;

/// A button's value in Slack holds 2,000 characters, a finding takes 34 of them.
const MOST: usize = 50;

/// Findings of a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Targets {
    /// The group's name for receivers.
    pub group: String,
    /// Whose message it is: a short name of the receiver's.
    pub receiver: String,
    pub findings: Vec<Target>,
    /// Open findings of the group that the message does not name.
    pub more: u64,
}

/// A finding as the message shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    pub id: String,
    /// What was seen when the button was made: what differs otherwise by now was not what somebody pressed it for.
    pub content: String,
}

impl Targets {
    /// The open findings of a message.
    pub fn of(group: &str, receiver: &str, message: &Message) -> Self {
        let open = message.items.iter().filter(|item| item.is_open && is_id(&item.finding_id));
        let target = |item: &crate::wording::message::Item| Target {
            id: item.finding_id.clone(),
            content: content(&item.fingerprint),
        };
        let findings: Vec<Target> = open.take(MOST).map(target).collect();
        let more = message.open_findings().saturating_sub(findings.len() as u64);
        Self { group: group.to_owned(), receiver: mark(receiver), findings, more }
    }

    /// A name of all of it: another one whenever what the buttons are about is another.
    pub fn name(&self) -> String {
        hex::encode(&Sha256::digest(self.encode())[..8])
    }

    /// `GROUP RECEIVER MORE ID:CONTENT ID:CONTENT ...`
    pub fn encode(&self) -> String {
        let mut text = format!("{} {} {}", self.group, self.receiver, self.more);
        for target in &self.findings {
            text.push_str(&format!(" {}:{}", target.id, target.content));
        }
        text
    }

    /// What [`Targets::encode`] made.
    pub fn decode(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let group = words.next().filter(|group| is_name(group))?.to_owned();
        let receiver = words.next().filter(|receiver| is_id(receiver))?.to_owned();
        let more = words.next()?.parse().ok()?;
        let target = |word: &str| {
            let (id, content) = word.split_once(':')?;
            (is_id(id) && is_id(content)).then(|| Target { id: id.to_owned(), content: content.to_owned() })
        };
        let findings: Option<Vec<Target>> = words.map(target).collect();
        Some(Self { group, receiver, findings: findings.filter(|all| all.len() <= MOST)?, more })
    }
}

/// A name of a finding's content; long enough that nobody finds another content of the same name.
pub fn content(fingerprint: &str) -> String {
    hex::encode(&Sha256::digest(fingerprint)[..8])
}

/// A short name of a receiver, whatever stands in its own.
pub fn mark(receiver: &str) -> String {
    hex::encode(&Sha256::digest(receiver)[..4])
}

fn is_id(text: &str) -> bool {
    (8..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wording::samples;

    #[test]
    fn what_stands_in_a_button_comes_back() {
        for number in [1, 12, 500] {
            let message = samples::message(number);
            let targets = Targets::of("driftd-0123456789abcdef", "the ops team's <channel>", &message);
            assert_eq!(targets.findings.len() as u64 + targets.more, number as u64);
            let text = targets.encode();
            assert!(text.len() <= 2_000, "{}", text.len());
            assert_eq!(Targets::decode(&text), Some(targets));
        }
        for text in [
            "",
            "a",
            "a b",
            "a 00000000 1 x:y",
            "a 00000000 1 0123456789abcdef",
            "<a> 00000000 1",
            "a b 1",
            "a 00000000 1 ../../x:00000000",
        ] {
            assert_eq!(Targets::decode(text), None, "{text}");
        }
    }
}
