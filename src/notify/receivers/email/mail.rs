//! The mail: subject, both texts, headers. Our own Message-ID, the same in every try, lets a mailbox know a mail that came twice; a root that
//! was never sent holds a thread together, whichever of its mails arrives first.

use std::time::SystemTime;

use askama::Template as _;
use jiff::tz::TimeZone;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailboxes, MultiPart, header};
use sha2::{Digest as _, Sha256};

use super::config::{Config, Thread};
use super::html::Page;
use super::text;
use super::view::View;
use crate::notify::{DeliveryError, Notice};
use crate::wording::message::{Message, Occasion};
use crate::wording::text::{sanitize_output, shorten};

/// Characters of a subject; programs show far fewer.
const LONGEST_SUBJECT: usize = 200;

/// What is read of a mail.
pub(super) struct Mail {
    pub subject: String,
    pub html: String,
    pub text: String,
}

impl Mail {
    pub(super) fn of(message: &Message, notice: &Notice<'_>, receiver: &str) -> Self {
        let subject = subject(message);
        let view = View::of(message, notice.group, receiver);
        // What is written goes to a text in memory, which does not fail.
        let html = Page { subject: &subject, view: &view }.render().unwrap_or_default();
        Self { html, text: text::render(&view), subject }
    }

    /// Bytes of the larger of both texts.
    pub(super) fn size(&self) -> usize {
        self.html.len().max(self.text.len())
    }

    /// As it is sent (RFC 5322), in ASCII.
    pub(super) fn bytes(self, config: &Config, notice: &Notice<'_>, receiver: &str) -> Result<Vec<u8>, DeliveryError> {
        let Self { subject, html, text } = self;
        let message = notice.message;
        let domain = config.from.email.domain();
        let mut builder = lettre::Message::builder()
            .from(config.from.clone())
            .mailbox(header::To::from(config.to.iter().cloned().collect::<Mailboxes>()))
            .subject(subject)
            .date(SystemTime::from(message.at))
            .message_id(Some(format!("<{}@{domain}>", notice.id)))
            .raw_header(raw("List-Id", format!("driftd {0} <{0}.driftd.{domain}>", label(receiver))))
            .raw_header(raw("Auto-Submitted", "auto-generated".to_owned()))
            // Exchange sends notes of absence in spite of Auto-Submitted: [MS-OXCMAIL], 2.1.3.2.21.
            .raw_header(raw("X-Auto-Response-Suppress", "OOF, AutoReply".to_owned()))
            .raw_header(raw("X-Driftd-Severity", message.severity.as_str().to_owned()))
            .raw_header(raw("X-Driftd-Group", notice.group.to_owned()));
        if let Some(reply_to) = &config.reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        if let Some(root) = root(config.thread, notice, domain) {
            builder = builder.in_reply_to(root.clone()).references(root);
        }
        let mail = builder.multipart(MultiPart::alternative_plain_html(text, html));
        mail.map(|mail| mail.formatted())
            .map_err(|error| DeliveryError::refused(format!("the mail cannot be built: {error}")))
    }
}

/// The message that all of a thread seem to answer.
fn root(thread: Thread, notice: &Notice<'_>, domain: &str) -> Option<String> {
    let hash: String = hex::encode(Sha256::digest(notice.group)).chars().take(16).collect();
    match thread {
        Thread::None => None,
        Thread::Group => Some(format!("<alert-{hash}@{domain}>")),
        Thread::Daily => {
            let day = notice.message.at.to_zoned(TimeZone::UTC).date();
            Some(format!("<alert-{hash}-{day}@{domain}>"))
        }
    }
}

/// `[driftd] [HIGH] prod: aws_security_group.web was changed outside Terraform by alice@example.com`
pub(super) fn subject(message: &Message) -> String {
    let tag = match message.occasion {
        // Their titles say it.
        Occasion::Digest | Occasion::Baseline => String::new(),
        _ => format!("[{}] ", super::view::badge(message)),
    };
    // Titles of several findings name the place themselves.
    let place = match (message.occasion, message.items.as_slice()) {
        (Occasion::Health | Occasion::Test | Occasion::Digest | Occasion::Baseline, _) => None,
        (_, [one]) if message.findings() <= 1 => Some(one.source.as_ref().unwrap_or(&one.account)),
        _ => None,
    };
    let place = place.map(|place| format!("{}: ", shorten(place, 40))).unwrap_or_default();
    let text = sanitize_output(&format!("{tag}{place}{}", message.title));
    // A name may look like an encoded word (RFC 2047), which programs would decode.
    format!("[driftd] {}", shorten(&text.replace("=?", "= ?"), LONGEST_SUBJECT))
}

/// A header of our own.
fn raw(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
}

/// The receiver's name as a part of a domain.
fn label(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let text: String = name.chars().map(safe).take(60).collect();
    let trimmed = text.trim_matches('-');
    if trimmed.is_empty() { "alerts".to_owned() } else { trimmed.to_owned() }
}
