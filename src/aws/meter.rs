//! Counts the AWS calls of one cycle. Clients are shared by all cycles of the process, so the count cannot be theirs: every
//! request counts for the cycle in whose task it is sent. How often AWS asked for patience is a metric of the process.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

tokio::task_local! {
    static METER: Meter;
}

/// The number of AWS requests of one cycle, retries included.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<AtomicU64>);

impl Meter {
    /// Runs a future; the requests that it sends are counted here. Requests of tasks that it spawns are not.
    pub async fn measure<T>(&self, future: impl Future<Output = T>) -> T {
        METER.scope(self.clone(), future).await
    }

    /// Requests so far.
    pub fn calls(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counts every attempt that is sent to a service, and those that it refused for being too many. (How much slower the next ones come
/// then is the SDK's: adaptive retries, see [`super::pacing::retry_partition`].)
#[derive(Debug)]
pub(super) struct CountCalls(pub &'static str);

/// Error codes by which services say so, as the SDKs' retries have them:
/// <https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>.
const THROTTLED: &[&str] = &[
    "BandwidthLimitExceeded",
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
    "Throttl",
    "TooManyRequestsException",
];

/// Does the answer ask for patience?
fn is_throttled(status: u16, body: &[u8]) -> bool {
    let says = |code: &str| body.windows(code.len()).any(|window| window == code.as_bytes());
    status == 429 || status >= 400 && THROTTLED.iter().any(|code| says(code))
}

impl Intercept for CountCalls {
    fn name(&self) -> &'static str {
        "CountCalls"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // Outside a cycle (who am I, at the start) there is nothing to count for.
        let _ = METER.try_with(|meter| meter.0.fetch_add(1, Ordering::Relaxed));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        _config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let answer = context.response();
        let is_throttled =
            |answer: &HttpResponse| is_throttled(answer.status().as_u16(), answer.body().bytes().unwrap_or_default());
        if answer.is_some_and(is_throttled) {
            metrics::counter!("driftd_aws_throttled_requests_total", "service" => self.0).increment(1);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::is_throttled;

    #[test]
    fn services_ask_for_patience_in_different_words() {
        for (status, body, expected) in [
            (503, "<Code>RequestLimitExceeded</Code>", true),
            (400, "<Code>Throttling</Code>", true),
            (400, r#"{"__type":"ThrottlingException"}"#, true),
            (503, "<Code>SlowDown</Code>", true),
            (429, "", true),
            (403, "<Code>AccessDenied</Code>", false),
            (200, "<name>Throttling</name>", false),
        ] {
            assert_eq!(is_throttled(status, body.as_bytes()), expected, "{body}");
        }
    }
}
