//! Is a request from Slack? Its signature, and its age (<https://docs.slack.dev/authentication/verifying-requests-from-slack>).

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;

/// An older request may be one that somebody recorded.
const WINDOW: SignedDuration = SignedDuration::from_mins(5);

/// Why a request is not taken for Slack's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    #[error("it has no signature of Slack's form")]
    Missing,
    #[error("it is older than five minutes, or a clock is wrong")]
    TooOld,
}

/// What `X-Slack-Signature` and `X-Slack-Request-Timestamp` of a request say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    timestamp: i64,
    signature: Vec<u8>,
}

impl Signed {
    /// Looks at form and age; needs no secret.
    ///
    /// # Errors
    /// It has no signature, or not one of now.
    pub fn read(timestamp: &str, signature: &str, now: Timestamp) -> Result<Self, SignatureError> {
        let seconds: i64 = timestamp.parse().map_err(|_| SignatureError::Missing)?;
        let hex = signature.strip_prefix("v0=").filter(|hex| hex.len() <= 64);
        let signature = hex.and_then(|text| hex::decode(text).ok()).ok_or(SignatureError::Missing)?;
        let at = Timestamp::from_second(seconds).map_err(|_| SignatureError::Missing)?;
        match now.duration_since(at).abs() > WINDOW {
            true => Err(SignatureError::TooOld),
            false => Ok(Self { timestamp: seconds, signature }),
        }
    }

    /// Is it by this secret? Takes the same time whatever is wrong with it.
    pub fn is_by(&self, secret: &str, body: &[u8]) -> bool {
        let secret = secret.trim();
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
        mac.update(format!("v0:{}:", self.timestamp).as_bytes());
        mac.update(body);
        // Anybody can sign with nothing.
        !secret.is_empty() && mac.verify_slice(&self.signature).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Slack's own documentation.
    const SECRET: &str = "8f742231b10e8888abcd99yyyzzz85a5";
    const TIMESTAMP: &str = "1531420618";
    const BODY: &str = "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&\
                        channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&\
                        response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F\
                        96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    const SIGNATURE: &str = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";

    fn of(secret: &str, timestamp: &str, signature: &str, body: &str, now: Timestamp) -> Result<bool, SignatureError> {
        Ok(Signed::read(timestamp, signature, now)?.is_by(secret, body.as_bytes()))
    }

    #[test]
    fn the_example_of_slack_is_taken_and_nothing_else() {
        let at = |offset: i64| Timestamp::from_second(1_531_420_618 + offset).unwrap();
        assert_eq!(of(SECRET, TIMESTAMP, SIGNATURE, BODY, at(0)), Ok(true));
        assert_eq!(of(&format!("{SECRET}\n"), TIMESTAMP, SIGNATURE, BODY, at(300)), Ok(true));
        for now in [at(301), at(-301), at(86_400)] {
            assert_eq!(of(SECRET, TIMESTAMP, SIGNATURE, BODY, now), Err(SignatureError::TooOld));
        }
        let wrong = SIGNATURE.replace("a2", "a3");
        for (secret, timestamp, signature, body) in [
            (SECRET, TIMESTAMP, wrong.as_str(), BODY),
            (SECRET, "1531420619", SIGNATURE, BODY),
            (SECRET, TIMESTAMP, SIGNATURE, "payload={}"),
            (SECRET, TIMESTAMP, "v0=00", BODY),
            ("another", TIMESTAMP, SIGNATURE, BODY),
            ("", TIMESTAMP, SIGNATURE, BODY),
        ] {
            assert_eq!(of(secret, timestamp, signature, body, at(0)), Ok(false), "{signature}");
        }
        for (timestamp, signature) in [
            ("", SIGNATURE),
            ("now", SIGNATURE),
            (TIMESTAMP, ""),
            (TIMESTAMP, "v1=00"),
            (TIMESTAMP, "v0=zz"),
            ("9223372036854775807", SIGNATURE),
        ] {
            assert_eq!(
                of(SECRET, timestamp, signature, BODY, at(0)),
                Err(SignatureError::Missing),
                "{timestamp} {signature}"
            );
        }
    }

    #[test]
    fn an_empty_secret_signs_nothing() {
        let mut mac = Hmac::<Sha256>::new_from_slice(b"").unwrap();
        mac.update(format!("v0:{TIMESTAMP}:{BODY}").as_bytes());
        let signature = format!("v0={}", hex::encode(mac.finalize().into_bytes()));
        let now = Timestamp::from_second(1_531_420_618).unwrap();
        for secret in ["", " ", "\n"] {
            assert_eq!(of(secret, TIMESTAMP, &signature, BODY, now), Ok(false), "{secret:?}");
        }
    }
}
