//! A failed AWS read as data: which action, why, and whether AWS said "does not exist".

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::model::{Gap, GapReason, GapScope};

/// One AWS call that failed for good (retries included).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    pub reason: GapReason,
    /// The IAM action: `ec2:DescribeVpcs`.
    pub action: &'static str,
    /// AWS's error code, if it answered with one.
    pub code: Option<String>,
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// AWS's own words, or the transport's.
    pub message: String,
}

impl ReadError {
    /// Classifies what the SDK reports.
    pub fn new<E>(action: &'static str, error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let code = error.code().map(str::to_owned);
        let status = error.raw_response().map(|response| response.status().as_u16());
        let message = match error {
            SdkError::ServiceError(service) => match (service.err().message(), &code) {
                (Some(message), code) => repeatable(code.as_deref(), message),
                (None, Some(_)) => String::new(),
                // No error of AWS's form: a broken or foreign answer.
                (None, None) => format!("status {}: {}", status.unwrap_or_default(), chain(service.err())),
            },
            other => chain(other),
        };
        let reason = match error {
            SdkError::TimeoutError(_) => GapReason::Timeout,
            SdkError::DispatchFailure(failure) if failure.is_timeout() || failure.is_io() => GapReason::Timeout,
            // Nothing was sent: no credentials, or they could not be had.
            SdkError::DispatchFailure(_) | SdkError::ConstructionFailure(_) if names_credentials(&message) => {
                GapReason::NotConfigured
            }
            _ => classify(code.as_deref(), status),
        };
        Self { reason, action, code, status, message }
    }

    /// An answer that makes no sense (a page without what was asked for).
    pub fn unexpected(action: &'static str, message: impl Into<String>) -> Self {
        Self { reason: GapReason::Failed, action, code: None, status: None, message: message.into() }
    }

    /// What a service answered that is called without its SDK.
    pub(super) fn answered(action: &'static str, status: u16, code: Option<String>, message: String) -> Self {
        let reason = classify(code.as_deref(), Some(status));
        let message = repeatable(code.as_deref(), &message);
        Self { reason, action, code, status: Some(status), message }
    }

    /// The transport's, or that of whoever has credentials: nothing was answered.
    pub(super) fn unanswered(action: &'static str, reason: GapReason, error: &dyn std::error::Error) -> Self {
        Self { reason, action, code: None, status: None, message: chain(error) }
    }

    /// Did AWS say this code?
    pub fn is(&self, codes: &[&str]) -> bool {
        self.code.as_deref().is_some_and(|code| codes.contains(&code))
    }

    /// Did something answer that does not have this call? AWS has an error code for everything; emulators break off, or say 501.
    pub fn knows_no_such_call(&self) -> bool {
        self.code.is_none() && matches!(self.status, Some(500 | 501))
    }

    /// One line for a person.
    pub fn detail(&self) -> String {
        let code = self.code.as_deref().unwrap_or(self.reason.as_str());
        if self.message.is_empty() {
            format!("{}: {code}", self.action)
        } else {
            format!("{}: {code}: {}", self.action, self.message)
        }
    }

    /// The gap that this failure leaves.
    pub fn gap(&self, scope: GapScope) -> Gap {
        let scope = GapScope { action: Some(self.action.to_owned()), ..scope };
        Gap { reason: self.reason, scope, detail: self.detail() }
    }
}

/// `Ok(false)` when AWS positively said that the thing does not exist (one of `codes`), `Ok(true)` when it answered.
pub fn not_found<T>(answer: Result<T, ReadError>, codes: &[&str]) -> Result<Option<T>, ReadError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is(codes) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Is the failure one of the signature: a clock that is wrong, a key that was replaced?
pub fn is_about_signature(code: &str) -> bool {
    code.contains("Signature") || code == "RequestExpired" || code == "RequestTimeTooSkewed"
}

/// What of AWS's words may be told.
fn repeatable(code: Option<&str>, message: &str) -> String {
    // AWS repeats what was to be signed, the session's token among it.
    if code.is_some_and(is_about_signature) {
        return String::new();
    }
    // The encoded part differs on every call and reveals the caller's policies.
    message.split(" Encoded authorization failure message").next().unwrap_or_default().to_owned()
}

fn names_credentials(message: &str) -> bool {
    message.contains("credential") || message.contains("token")
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// Codes: the common errors of every service's API reference, and
/// <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html>.
fn classify(code: Option<&str>, status: Option<u16>) -> GapReason {
    match (code, status) {
        (
            Some(
                "AccessDenied"
                | "AccessDeniedException"
                | "UnauthorizedOperation"
                | "UnauthorizedAccess"
                | "NotAuthorized"
                | "AllAccessDisabled"
                | "AuthorizationError",
            ),
            _,
        ) => GapReason::Denied,
        (
            Some(
                "Throttling"
                | "ThrottlingException"
                | "ThrottledException"
                | "RequestLimitExceeded"
                | "TooManyRequestsException"
                | "RequestThrottled"
                | "RequestThrottledException"
                | "SlowDown"
                | "BandwidthLimitExceeded"
                | "PriorRequestNotComplete",
            ),
            _,
        ) => GapReason::Throttled,
        (
            Some(
                "AuthFailure"
                | "InvalidClientTokenId"
                | "UnrecognizedClientException"
                | "ExpiredToken"
                | "ExpiredTokenException"
                | "InvalidAccessKeyId"
                | "SignatureDoesNotMatch"
                | "OptInRequired",
            ),
            _,
        ) => GapReason::NotConfigured,
        (Some("RequestTimeout" | "RequestTimeoutException"), _) | (_, Some(408 | 504)) => GapReason::Timeout,
        (_, Some(429)) => GapReason::Throttled,
        (_, Some(401 | 403)) => GapReason::Denied,
        _ => GapReason::Failed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_a_token_nor_a_policy_is_repeated() {
        let message = |code: &str, said: &str| {
            ReadError::answered("sns:Publish", 403, Some(code.to_owned()), said.to_owned()).detail()
        };
        for code in ["SignatureDoesNotMatch", "InvalidSignatureException", "RequestTimeTooSkewed"] {
            assert_eq!(message(code, "x-amz-security-token:hunter2"), format!("sns:Publish: {code}"));
        }
        let said = message("AccessDenied", "no. Encoded authorization failure message: hunter2");
        assert_eq!(said, "sns:Publish: AccessDenied: no.");
    }

    #[test]
    fn codes_win_over_status() {
        assert_eq!(classify(Some("RequestLimitExceeded"), Some(503)), GapReason::Throttled);
        assert_eq!(classify(Some("UnauthorizedOperation"), Some(403)), GapReason::Denied);
        assert_eq!(classify(Some("ExpiredToken"), Some(403)), GapReason::NotConfigured);
        assert_eq!(classify(None, Some(403)), GapReason::Denied);
        assert_eq!(classify(Some("InternalError"), Some(500)), GapReason::Failed);
    }
}
