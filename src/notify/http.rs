//! What receivers that speak HTTP share: one client, and what a status means. An address may be a secret: it never stands in an error.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, StatusCode, redirect};

use super::DeliveryError;

/// One request, answer included.
const TIMEOUT: Duration = Duration::from_secs(20);
/// No receiver may ask for more patience than this.
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);
/// So much of an answer is read.
const LARGEST_ANSWER: usize = 1024 * 1024;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

/// The client of all receivers. Follows no redirect: a message would go where nobody configured it to go.
///
/// # Errors
/// The machine has no certificates.
pub fn client() -> Result<Client, reqwest::Error> {
    Client::builder().timeout(TIMEOUT).redirect(redirect::Policy::none()).user_agent(USER_AGENT).build()
}

/// How driftd calls itself.
pub const USER_AGENT: &str = concat!("driftd/", env!("CARGO_PKG_VERSION"));

/// Sends a request; a status of success is an answer, any other an error by [`error_of`].
pub async fn send(request: RequestBuilder, now: Timestamp) -> Result<Answer, DeliveryError> {
    let answer = exchange(request).await?;
    match answer.status.is_success() {
        true => Ok(answer),
        false => Err(error_of(answer.status, &answer.headers, now)),
    }
}

/// Sends a request; whatever comes back is an answer. For receivers that say more by the body than by the status.
pub async fn exchange(request: RequestBuilder) -> Result<Answer, DeliveryError> {
    let response = request.send().await.map_err(unreachable)?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = body(response).await?;
    Ok(Answer { status, headers, body })
}

/// What a status other than success means: 408, 425, 429 and 5xx pass, anything else does not.
pub fn error_of(status: StatusCode, headers: &HeaderMap, now: Timestamp) -> DeliveryError {
    let why = format!("it answered with {status}");
    match status.as_u16() {
        408 | 425 | 429 | 500..=599 => DeliveryError::Retry { why, after: pause(headers, now) },
        300..=399 => DeliveryError::refused(format!("{why}: the address has moved; configure the new one")),
        401 | 403 => DeliveryError::refused(format!("{why}: its secret is wrong, or may not do this")),
        404 | 410 => DeliveryError::refused(format!("{why}: the address is gone; configure the new one")),
        413 => DeliveryError::refused(format!("{why}: the message is too large for it")),
        _ => DeliveryError::refused(why),
    }
}

/// `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3), but for no longer than an hour.
pub fn pause(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let pause = match text.parse::<f64>() {
        Ok(seconds) => return seconds_pause(seconds),
        Err(_) => {
            let at = rfc2822::parse(text).ok()?.timestamp();
            Duration::try_from(at.duration_since(now)).unwrap_or_default()
        }
    };
    Some(pause.min(LONGEST_PAUSE))
}

/// A pause in seconds, rounded up, but for no longer than an hour.
pub fn seconds_pause(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds.ceil()).ok().map(|pause| pause.min(LONGEST_PAUSE))
}

/// Nothing came back.
pub fn unreachable(error: reqwest::Error) -> DeliveryError {
    let error = error.without_url();
    let mut why = if error.is_timeout() { "it did not answer in time".to_owned() } else { error.to_string() };
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        why = format!("{why}: {inner}");
        cause = inner.source();
    }
    DeliveryError::retry(why)
}

/// The answer's body, or the beginning of a long one.
///
/// # Errors
/// It ended in the middle.
pub async fn body(mut response: reqwest::Response) -> Result<String, DeliveryError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        body.extend_from_slice(&chunk);
        if body.len() > LARGEST_ANSWER {
            break;
        }
    }
    body.truncate(LARGEST_ANSWER);
    Ok(String::from_utf8_lossy(&body).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_tried_again() {
        let now: Timestamp = "2026-11-28T12:00:00Z".parse().unwrap();
        let mut headers = HeaderMap::new();
        for status in [200u16, 301, 400, 401, 404, 408, 410, 413, 425, 429, 500, 503, 599] {
            let error = error_of(StatusCode::from_u16(status).unwrap(), &headers, now);
            let passes = matches!(error, DeliveryError::Retry { .. });
            assert_eq!(passes, matches!(status, 408 | 425 | 429) || status >= 500, "{status}");
        }
        for (text, seconds) in [
            ("7", Some(7)),
            ("0.3", Some(1)),
            ("86400", Some(3600)),
            ("Sat, 28 Nov 2026 12:00:30 GMT", Some(30)),
            ("Sat, 28 Nov 2026 11:00:00 GMT", Some(0)),
            ("-3", None),
            ("soon", None),
        ] {
            headers.insert(RETRY_AFTER, text.parse().unwrap());
            assert_eq!(pause(&headers, now), seconds.map(Duration::from_secs), "{text}");
        }
    }
}
