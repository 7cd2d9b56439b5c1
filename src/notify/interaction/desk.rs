//! Where presses are done: who may is asked, the findings are changed, whoever pressed is told what came of it, and all of it is in the audit log.

use jiff::Timestamp;

use super::{Clock, Interaction, OnPress, Place, Wish, modal};
use crate::notify::press::{self, Action, Applied};
use crate::notify::targets::Targets;
use crate::store::Store;
use crate::wording::minutes;
use crate::wording::text::{count, sanitize_output};

/// Findings whose failure is told one by one.
const TOLD: usize = 5;

/// Does what people press, with the store.
pub struct Desk {
    store: Store,
    clock: Clock,
}

impl Desk {
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock }
    }
}

#[async_trait::async_trait]
impl OnPress for Desk {
    async fn on_press(&self, place: &Place, interaction: Interaction) {
        let now = (self.clock)();
        let Interaction { user, channel, targets, wish } = interaction;
        let (person, may) = place.allowed(&user, now).await;
        if let Err(denied) = may {
            let why = denied.to_string();
            tracing::warn!(
                receiver = place.receiver,
                actor = person.actor(),
                action = wish.as_str(),
                why,
                "a press was refused"
            );
            if let Err(error) = press::refuse(&self.store, wish.as_str(), &targets, &person, &why, now).await {
                tracing::error!(%error, "a refused press is not in the audit log");
            }
            return tell(place, &user, &format!("Not done: {why}."), now).await;
        }
        let action = match wish {
            Wish::Do(action) => action,
            Wish::Outdated => {
                let text = "Nothing was done: the message changed while you pressed. Look at it as it is now, and press again.";
                return tell(place, &user, text, now).await;
            }
            Wish::FillIn { trigger_id } => {
                let view = modal::view(&channel, &targets, person.email.as_deref().unwrap_or_default(), now);
                if let Err(error) = place.open_view(&trigger_id, &view, now).await {
                    tracing::warn!(receiver = place.receiver, error = %error.error, "a form could not be shown in Slack");
                    tell(place, &user, "The form could not be shown: press again.", now).await;
                }
                return;
            }
        };
        match press::apply(&self.store, &action, &targets, &person, now).await {
            Ok(applied) => {
                tracing::info!(
                    receiver = place.receiver,
                    actor = person.actor(),
                    action = action.as_str(),
                    done = applied.done.len(),
                    not_done = applied.not_done.len(),
                    "a button was pressed"
                );
                tell(place, &user, &outcome(&action, &targets, &applied), now).await;
            }
            Err(error) => {
                tracing::error!(%error, "a press could not be done");
                tell(
                    place,
                    &user,
                    "Not done, or not all of it: driftd cannot write to its store now. Press again later.",
                    now,
                )
                .await;
            }
        }
    }
}

async fn tell(place: &Place, user: &str, text: &str, now: Timestamp) {
    if let Err(error) = place.tell(user, text, now).await {
        tracing::warn!(receiver = place.receiver, error = %error.error, "whoever pressed a button could not be told what came of it");
    }
}

/// What came of it, in sentences.
fn outcome(action: &Action, targets: &Targets, applied: &Applied) -> String {
    let number = count(applied.done.len() as u64, "finding", "findings");
    let mut text = match action {
        _ if applied.done.is_empty() => "Nothing was done.".to_owned(),
        Action::Acknowledge => format!("You acknowledged {number}."),
        Action::Snooze { until } => format!("You snoozed {number} until {}.", minutes(*until)),
        Action::Ignore { expires, owner, .. } => {
            format!("You ignored {number} until {}; {} answers for it.", minutes(*expires), sanitize_output(owner))
        }
    };
    for (_, why) in applied.not_done.iter().take(TOLD) {
        text.push_str(&format!("\nNot done: {}.", sanitize_output(why)));
    }
    if applied.not_done.len() > TOLD {
        text.push_str(&format!("\n... and {}.", count((applied.not_done.len() - TOLD) as u64, "more", "more")));
    }
    if targets.more > 0 {
        let more = count(targets.more, "open finding of the group is", "open findings of the group are");
        text.push_str(&format!(
            "\n{more} not named by this message, and were left as they are: driftd findings list shows them."
        ));
    }
    text
}
