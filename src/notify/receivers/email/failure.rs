//! What an answer of a relay, or its silence, means: try again, or not, and the way out. Of an answer's text nothing is told but its codes:
//! relays repeat what they were sent.

use std::error::Error as _;
use std::fmt;
use std::io;

use lettre::transport::smtp::Error;

use crate::notify::DeliveryError;
use crate::wording::text::{sanitize_output, shorten};

/// Characters of what a library says of an error.
const LONGEST: usize = 200;

/// How far the conversation was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Connect,
    Encrypt,
    Login,
    Sender,
    Recipient,
    Content,
}

/// A relay's no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    step: Step,
    code: u16,
    /// `5.7.1` (RFC 3463), where it gives one.
    enhanced: Option<String>,
}

impl Answer {
    /// `None`: it was no answer.
    pub(super) fn of(step: Step, error: &Error) -> Option<Self> {
        let code = u16::from(error.status()?);
        let text = error.source().map(ToString::to_string).unwrap_or_default();
        let word = text.split_whitespace().next().unwrap_or_default();
        let parts: Vec<&str> = word.split('.').collect();
        let is_number = |part: &&str| matches!(part.len(), 1..=3) && part.bytes().all(|byte| byte.is_ascii_digit());
        let is_enhanced = parts.len() == 3 && parts.iter().all(is_number);
        Some(Self { step, code, enhanced: is_enhanced.then(|| word.to_owned()) })
    }

    /// Does it pass by itself? RFC 5321, 4.2.1.
    pub(super) fn passes(&self) -> bool {
        self.code < 500
    }

    /// Does the relay hang up? RFC 5321, 3.8.
    pub(super) fn closes(&self) -> bool {
        self.code == 421
    }

    /// What can be done about what does not pass by itself.
    fn way_out(&self) -> &'static str {
        match (self.step, self.code) {
            (Step::Connect, _) => {
                "it takes no mail from this machine: have it allow driftd's address, or use another relay"
            }
            (Step::Encrypt, _) => "it does not encrypt: use `tls: implicit` and its port (465), or another relay",
            (Step::Login, _) => "check `username` and `password`, and that the account may send by SMTP",
            (_, 530) => "it wants a login: give `username` and `password`",
            (Step::Sender, _) => "it does not let this account send as `from`: use an address that it may use",
            (Step::Recipient, _) => {
                "correct `to`, or log in (`username`, `password`) where it passes on mail of its accounts only"
            }
            (Step::Content, 552) => "it is too large for it: lower `max_items`",
            (Step::Content, _) => "a filter refused the message: have it let mail of `from` pass",
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it answered with {}", self.code)?;
        if let Some(enhanced) = &self.enhanced {
            write!(f, " {enhanced}")?;
        }
        let step = match self.step {
            Step::Connect => "at the start",
            Step::Encrypt => "to STARTTLS",
            Step::Login => "to the login",
            Step::Sender => "to the sender",
            Step::Recipient => "to the recipient",
            Step::Content => "to the message",
        };
        write!(f, " {step}")?;
        if self.passes() { Ok(()) } else { write!(f, ": {}", self.way_out()) }
    }
}

/// What is to be done after a failed step.
pub(super) fn failed(relay: &str, step: Step, error: &Error) -> DeliveryError {
    if let Some(answer) = Answer::of(step, error) {
        return match (answer.passes(), step) {
            (true, _) => DeliveryError::retry(answer.to_string()),
            (false, Step::Recipient | Step::Content) => DeliveryError::refused(answer.to_string()),
            // It has not seen the message yet.
            (false, Step::Connect | Step::Encrypt | Step::Login | Step::Sender) => {
                DeliveryError::misconfigured(answer.to_string())
            }
        };
    }
    if let Some(tls) = tls_error(error) {
        return DeliveryError::retry(match tls {
            rustls::Error::InvalidCertificate(why) => format!(
                "the certificate of {relay} is not accepted ({}): {}",
                shorten(&sanitize_output(&why.to_string()), LONGEST),
                certificate_way_out(why)
            ),
            rustls::Error::InvalidMessage(_) => format!(
                "{relay} does not speak TLS from the first byte: use `tls: starttls` and its port (587), or the port of implicit TLS (465)"
            ),
            other => {
                format!(
                    "{relay} and driftd do not agree on TLS: {}",
                    shorten(&sanitize_output(&other.to_string()), LONGEST)
                )
            }
        });
    }
    if error.is_response() {
        return DeliveryError::retry(format!(
            "{relay} hung up, or does not speak SMTP: check `host`, `port` and `tls` (587 starttls, 465 implicit)"
        ));
    }
    let mut why = error.to_string();
    if let Some(io) = io_error(error) {
        why = io.to_string();
    }
    DeliveryError::retry(format!("{relay} cannot be reached: {}", shorten(&sanitize_output(&why), LONGEST)))
}

fn certificate_way_out(why: &rustls::CertificateError) -> &'static str {
    use rustls::CertificateError as E;
    match why {
        E::UnknownIssuer => "give the certificate of its CA as `ca_file`",
        E::NotValidForName | E::NotValidForNameContext { .. } => "give the name that stands in it as `host`",
        E::Expired | E::ExpiredContext { .. } => "have it renewed",
        E::NotValidYet | E::NotValidYetContext { .. } => "check this machine's clock",
        _ => "have it replaced",
    }
}

/// The innermost error of the network.
fn io_error(error: &Error) -> Option<&io::Error> {
    let mut cause = error.source();
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref() {
            return Some(io);
        }
        cause = inner.source();
    }
    None
}

/// What TLS itself says. An `io::Error` hides what it holds from [`std::error::Error::source`].
fn tls_error(error: &Error) -> Option<&rustls::Error> {
    io_error(error)?.get_ref()?.downcast_ref()
}
