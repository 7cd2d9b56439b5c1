//! How many calls run at a time, and the rate at which retries are allowed: per account, region and service, as AWS's own
//! quotas are. A throttled account slows down only itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_s3::config::retry::RetryPartition;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Calls at a time per account, region and service.
const CONCURRENT_CALLS: usize = 16;

/// The calls in flight of one scope, by service.
#[derive(Debug, Default)]
pub(super) struct Pacing(Mutex<HashMap<&'static str, Arc<Semaphore>>>);

impl Pacing {
    /// Waits for a free place in the service of an IAM action (`ec2:DescribeVpcs`); the place is held until the permit is
    /// dropped.
    pub(super) async fn permit(&self, action: &'static str) -> Option<OwnedSemaphorePermit> {
        let service = action.split(':').next().unwrap_or(action);
        let limit = {
            let mut limits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            limits.entry(service).or_insert_with(|| Arc::new(Semaphore::new(CONCURRENT_CALLS))).clone()
        };
        // The semaphore is never closed.
        limit.acquire_owned().await.ok()
    }
}

/// A token bucket and rate limiter of its own per account, region and service: the SDK's are shared by the whole
/// process, so that throttling in one account would slow all others.
pub(super) fn retry_partition(account: &str, region: &str, service: &str) -> RetryPartition {
    RetryPartition::custom(format!("{account}-{region}-{service}")).build()
}
