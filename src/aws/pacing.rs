//! How many calls run at a time, and the rate at which retries are allowed: per account, region and service, as AWS's own
//! quotas are. A throttled account slows down only itself.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_s3::config::retry::RetryPartition;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Calls at a time per account, region and service.
const CONCURRENT_CALLS: usize = 16;

/// The calls in flight of one scope, by service, and how many may begin in a second.
#[derive(Debug, Default)]
pub(super) struct Pacing {
    services: Mutex<HashMap<&'static str, Service>>,
    requests_per_second: Option<NonZeroU32>,
}

#[derive(Debug)]
struct Service {
    places: Arc<Semaphore>,
    /// When the next call may begin, if a ceiling is set.
    next: Instant,
}

impl Pacing {
    /// With a ceiling; what was not used in the last second may be used at once.
    pub(super) fn at_most(requests_per_second: Option<NonZeroU32>) -> Self {
        Self { services: Mutex::default(), requests_per_second }
    }

    /// Waits for a free place in the service of an IAM action (`ec2:DescribeVpcs`); the place is held until the permit is
    /// dropped.
    pub(super) async fn permit(&self, action: &'static str) -> Option<OwnedSemaphorePermit> {
        let service = action.split(':').next().unwrap_or(action);
        let (places, begin) = self.turn(service);
        // The semaphore is never closed.
        let permit = places.acquire_owned().await.ok();
        if let Some(begin) = begin {
            tokio::time::sleep_until(begin).await;
        }
        permit
    }

    /// The places of a service, and when the next call may begin.
    #[expect(clippy::disallowed_methods, reason = "a pace is kept by a clock of its own; no result depends on it")]
    fn turn(&self, service: &'static str) -> (Arc<Semaphore>, Option<Instant>) {
        let mut services = self.services.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let new = || Service { places: Arc::new(Semaphore::new(CONCURRENT_CALLS)), next: now };
        let known = services.entry(service).or_insert_with(new);
        let begin = self.requests_per_second.map(|rate| {
            let second = Duration::from_secs(1);
            let begin = known.next.max(now.checked_sub(second).unwrap_or(now));
            known.next = begin + second / rate.get();
            begin
        });
        (Arc::clone(&known.places), begin)
    }
}

/// A token bucket and rate limiter of its own per account, region and service: the SDK's are shared by the whole
/// process, so that throttling in one account would slow all others.
pub(super) fn retry_partition(account: &str, region: &str, service: &str) -> RetryPartition {
    RetryPartition::custom(format!("{account}-{region}-{service}")).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_calls_begin_than_the_ceiling_allows() {
        let pacing = Pacing::at_most(NonZeroU32::new(10));
        let begins: Vec<Instant> = (0..50).filter_map(|_| pacing.turn("ec2").1).collect();
        let took = begins[49] - begins[0];
        assert!((Duration::from_secs(4)..Duration::from_secs(6)).contains(&took), "{took:?}");
        let other = pacing.turn("iam").1.unwrap();
        assert!(other < begins[49], "each service has a ceiling of its own");
        assert_eq!(Pacing::default().turn("ec2").1, None, "none without one");
    }
}
