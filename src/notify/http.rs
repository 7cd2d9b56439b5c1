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
    match body(response).await {
        Ok(body) => Ok(Answer { status, headers, body }),
        // It has the message, though its answer broke off: sent again, it would come twice, and again and again.
        Err(_) if status.is_success() => Ok(Answer { status, headers, body: String::new() }),
        Err(error) => Err(error),
    }
}

/// What a status other than success means. Only what is about the message itself, and an address that says that it is gone for good (410), ends the
/// tries; 408, 425, 429 and 5xx pass, and whatever else there is lasts until somebody has corrected an address or a credential.
pub fn error_of(status: StatusCode, headers: &HeaderMap, now: Timestamp) -> DeliveryError {
    let why = format!("it answered with {status}");
    let lasting = match status.as_u16() {
        408 | 425 | 429 | 500..=599 => return DeliveryError::Retry { why, after: pause(headers, now) },
        410 => return DeliveryError::refused(format!("{why}: the address is gone; configure the new one")),
        413 => return DeliveryError::refused(format!("{why}: the message is too large for it")),
        400 | 405 | 406 | 409 | 415 | 422 | 451 => return DeliveryError::refused(why),
        300..=399 => DeliveryError::misconfigured(format!("{why}: the address has moved; configure the new one")),
        401 | 403 => DeliveryError::misconfigured(format!("{why}: its secret is wrong, or may not do this")),
        404 => DeliveryError::misconfigured(format!("{why}: the address is gone; configure the new one")),
        _ => DeliveryError::misconfigured(why),
    };
    lasting.after(pause(headers, now))
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
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn an_answer_that_breaks_off_is_one_all_the_same() {
        for (status, is_taken) in [("200 OK", true), ("503 Service Unavailable", false)] {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let url = format!("http://{}", listener.local_addr().unwrap());
            let breaks_off = async {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 1024];
                let _ = stream.read(&mut request).await.unwrap();
                let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 100\r\n\r\nbroken");
                stream.write_all(answer.as_bytes()).await.unwrap();
            };
            let request = client().unwrap().post(url).body("x");
            let (answer, ()) = tokio::join!(exchange(request), breaks_off);
            assert_eq!(answer.is_ok_and(|answer| answer.status.is_success()), is_taken, "{status}");
        }
    }

    #[test]
    fn what_passes_is_tried_again() {
        let now: Timestamp = "2026-11-28T12:00:00Z".parse().unwrap();
        let mut headers = HeaderMap::new();
        let of = |status: u16, headers: &HeaderMap| error_of(StatusCode::from_u16(status).unwrap(), headers, now);
        for status in [408, 425, 429, 500, 503, 599] {
            assert!(matches!(of(status, &headers), DeliveryError::Retry { after: None, .. }), "{status}");
        }
        for status in [400, 405, 406, 409, 410, 413, 415, 422, 451] {
            assert!(matches!(of(status, &headers), DeliveryError::Refused { .. }), "{status}");
        }
        let later = |error| match error {
            DeliveryError::Retry { after, .. } => after.map(|pause| pause.as_secs()),
            DeliveryError::Refused { why } => panic!("{why}"),
        };
        for status in [301, 307, 401, 402, 403, 404, 407, 418, 421] {
            assert_eq!(later(of(status, &headers)), Some(600), "{status}");
        }
        headers.insert(RETRY_AFTER, "7".parse().unwrap());
        assert_eq!(later(of(403, &headers)), Some(7), "it knows better");
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
