//! The triage note of a message on its way: asked for before a group's first message is tried for the first time, and kept with the message, so that
//! every later try sends the same and asks nobody.

use jiff::SignedDuration;

use super::notify::{Payload, TASK, json};
use super::{Daemon, Stop};
use crate::notify::triage::Triage;
use crate::store::TakenNotice;
use crate::wording::message::Occasion;

/// An alert that has waited for so long, behind others that were given notes, does not wait for its own.
const LATE: SignedDuration = SignedDuration::from_secs(10);

/// Gives the worst finding of a group's first message its note, if the model has one.
pub(super) async fn add_note(
    daemon: &Daemon,
    triage: &Triage,
    taken: &TakenNotice,
    payload: &mut Payload,
    stop: &Stop,
) {
    let (now, mut stop) = (daemon.now(), stop.clone());
    let is_first = payload.message.occasion == Occasion::Opened && taken.attempts == 1;
    if !is_first || now.duration_since(taken.created_at) > LATE {
        return;
    }
    let Some(worst) = payload.message.items.first() else { return };
    let note = tokio::select! {
        note = triage.note(worst, now) => note,
        () = super::ended(&mut stop) => None,
    };
    if note.is_none() {
        return;
    }
    let mut noted = payload.clone();
    noted.message.items.iter_mut().take(1).for_each(|worst| worst.generated_note.clone_from(&note));
    // One that could not be kept is not sent: the next try would send something else.
    if daemon.store_said(TASK, daemon.store.notice_rewrite(taken, &json(&noted)).await).is_some() {
        *payload = noted;
    }
}
