//! Counts the AWS calls of one cycle. Clients are shared by all cycles of the process, so the count cannot be theirs: every
//! request counts for the cycle in whose task it is sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
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

/// Counts every attempt that is sent.
#[derive(Debug)]
pub(super) struct CountCalls;

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
}
