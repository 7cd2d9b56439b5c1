//! E-mail by a relay (SMTP submission, RFC 6409), as HTML and as text. A mail cannot be changed once it is sent, so that a message that asks
//! nobody to do anything is not sent; what belongs together is threaded. DKIM is the relay's.

mod config;
mod failure;
mod html;
mod mail;
mod smtp;
mod text;
mod view;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

use lettre::Address;
use tokio::sync::Mutex;

pub use config::{Config, Raw};

use self::mail::Mail;
use self::smtp::{Outcome, Relay};
use crate::notify::{Delivered, DeliveryError, Notice, Receiver, Tools, fit};
use crate::wording::message::{Message, Occasion};
use crate::wording::text::{sanitize_lines, sanitize_output, shorten};

/// Gmail cuts a mail off at 102 KB of HTML; some room is left for what relays add.
const LARGEST: usize = 90 * 1024;
/// Characters of a user's own text: escaped, so many are within [`LARGEST`], whatever they are.
const LONGEST_TEXT: usize = 12_000;
/// Findings that are told at length; of a table's rows, all that a message has.
const ITEMS: usize = 10;
/// One conversation with the relay, from the connection to its answer. RFC 5321, 4.5.3.2, allows more for a single answer; an alert that waits
/// for so long is better tried again.
const PATIENCE: Duration = Duration::from_secs(60);
/// Notices that some recipients have and others do not yet.
const REMEMBERED: usize = 64;

/// People who can be written to.
struct Email {
    name: String,
    config: Config,
    relay: Relay,
    /// Who has which notice already, where a relay put some recipients off.
    have: Mutex<VecDeque<(String, Vec<Address>)>>,
}

pub(super) fn open(config: &Config, name: &str, tools: &Tools) -> Result<Box<dyn Receiver>, String> {
    Ok(Box::new(Email::new(config, name, tools, PATIENCE)))
}

impl Email {
    fn new(config: &Config, name: &str, tools: &Tools, patience: Duration) -> Self {
        Self {
            name: name.to_owned(),
            relay: Relay::new(config, tools, patience),
            config: config.clone(),
            have: Mutex::default(),
        }
    }

    /// The mail, within its bounds.
    fn mail(&self, notice: &Notice<'_>) -> Result<Mail, DeliveryError> {
        let message = shortened(notice.message, self.config.max_items);
        fit(&message, LARGEST, Mail::size, |message| Mail::of(message, notice, &self.name))
            .ok_or_else(|| DeliveryError::refused("the message does not fit into a mail of 90 KiB"))
    }

    async fn has_it(&self, id: &str) -> Vec<Address> {
        let have = self.have.lock().await;
        have.iter().find(|(known, _)| known == id).map(|(_, who)| who.clone()).unwrap_or_default()
    }

    async fn remember(&self, id: &str, who: Vec<Address>) {
        let mut have = self.have.lock().await;
        have.retain(|(known, _)| known != id);
        have.push_back((id.to_owned(), who));
        if have.len() > REMEMBERED {
            have.pop_front();
        }
    }
}

#[async_trait::async_trait]
impl Receiver for Email {
    async fn deliver(&self, notice: &Notice<'_>) -> Result<Delivered, DeliveryError> {
        if notice.message.quiet {
            return Ok(Delivered::default());
        }
        let mut have = self.has_it(notice.id).await;
        let to: Vec<Address> = self.config.to.iter().map(|one| one.email.clone()).collect();
        let waiting: Vec<Address> = to.into_iter().filter(|one| !have.contains(one)).collect();
        let bytes = self.mail(notice)?.bytes(&self.config, notice, &self.name)?;
        let Outcome { taken, later, never } =
            self.relay.send(&self.config.from.email, &waiting, &bytes, notice.now).await?;
        have.extend(taken);
        if let Some((who, answer)) = later.first() {
            let why = format!("{} of {} recipients get it later: {who}: {answer}", later.len(), self.config.to.len());
            // Only who waits still is written to again.
            self.remember(notice.id, have).await;
            return Err(DeliveryError::retry(why));
        }
        match never.first() {
            Some((who, answer)) if have.is_empty() => {
                Err(DeliveryError::refused(format!("no recipient is taken: {who}: {answer}")))
            }
            _ => {
                for (who, answer) in never {
                    tracing::warn!(receiver = %self.name, recipient = %who, %answer, "a recipient does not get the alerts");
                }
                Ok(Delivered::default())
            }
        }
    }
}

/// With as many findings as are read, counted where they are left out, and a user's text of a length that fits.
fn shortened(message: &Message, max_items: Option<usize>) -> Message {
    let mut message = message.clone();
    let is_table = matches!(message.occasion, Occasion::Digest | Occasion::Baseline);
    let most = max_items.unwrap_or(if is_table { usize::MAX } else { ITEMS });
    message.more += message.items.len().saturating_sub(most) as u64;
    message.items.truncate(most);
    // A title may be a template's, too.
    message.title = sanitize_output(&message.title);
    if let Some(text) = &mut message.text {
        // Lines are kept; of what deceives nothing is.
        *text = shorten(&sanitize_lines(text), LONGEST_TEXT);
    }
    message
}
