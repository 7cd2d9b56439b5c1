//! Two calls a second for each account and region: whoever wants to call waits for a turn.
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/WhatIsCloudTrail-Limits.html>

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::model::Scope;

/// From one call to the next: AWS allows two a second, and its clock is not ours.
const EVERY: Duration = Duration::from_millis(520);

/// The paces of all accounts and regions.
#[derive(Debug)]
pub struct Paces {
    every: Duration,
    scopes: Mutex<HashMap<Scope, Arc<Pace>>>,
}

impl Default for Paces {
    fn default() -> Self {
        Self::new(EVERY)
    }
}

impl Paces {
    pub(super) fn new(every: Duration) -> Self {
        Self { every, scopes: Mutex::default() }
    }

    #[expect(clippy::disallowed_methods, reason = "turns are spaced by the real clock")]
    pub(super) fn of(&self, scope: &Scope) -> Arc<Pace> {
        let mut scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        let make = || Arc::new(Pace { every: self.every, next: tokio::sync::Mutex::new(Instant::now()) });
        scopes.entry(scope.clone()).or_insert_with(make).clone()
    }
}

/// When the next call may go out.
#[derive(Debug)]
pub(super) struct Pace {
    every: Duration,
    next: tokio::sync::Mutex<Instant>,
}

impl Pace {
    /// Waits for a turn. Those who wait stand in line.
    #[expect(clippy::disallowed_methods, reason = "turns are spaced by the real clock")]
    pub(super) async fn turn(&self) {
        let mut next = self.next.lock().await;
        sleep_until(*next).await;
        *next = Instant::now() + self.every;
    }

    /// Nobody calls for so long.
    #[expect(clippy::disallowed_methods, reason = "turns are spaced by the real clock")]
    pub(super) async fn rest(&self, pause: Duration) {
        let mut next = self.next.lock().await;
        *next = (*next).max(Instant::now() + pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribution::source::testing::block_on;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "measures how long turns take")]
    fn turns_come_one_after_the_other_for_all_who_share_a_place() {
        let paces = Paces::new(Duration::from_millis(30));
        let (here, there) = (Scope::new("1", "eu-west-1"), Scope::new("1", "us-east-1"));
        block_on(async {
            let began = Instant::now();
            let turns = (0..4).map(|_| {
                let pace = paces.of(&here);
                async move { pace.turn().await }
            });
            futures::future::join_all(turns).await;
            assert!(began.elapsed() >= Duration::from_millis(90), "{:?}", began.elapsed());
            let began = Instant::now();
            paces.of(&there).turn().await;
            assert!(began.elapsed() < Duration::from_millis(25), "scopes do not wait for each other");
            paces.of(&there).rest(Duration::from_millis(60)).await;
            paces.of(&there).turn().await;
            assert!(began.elapsed() >= Duration::from_millis(60));
        });
    }
}
