//! What systemd is told (sd_notify(3)): ready, status, alive while the scheduler is, stopping. Nothing where no systemd listens.

use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;

use super::{Daemon, Stop};

/// The scheduler looks more often than this.
const ALIVE: Duration = Duration::from_secs(90);

pub(super) async fn run(daemon: Arc<Daemon>, mut stop: Stop) {
    tell(&[NotifyState::Ready]);
    // Half of what systemd waits.
    let every = sd_notify::watchdog_enabled().map_or(Duration::from_secs(30), |limit| limit / 2);
    loop {
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = super::ended(&mut stop) => return,
        }
        let status = daemon.health.status();
        tell(&[NotifyState::Status(&status)]);
        if daemon.health.is_scheduler_alive(daemon.now(), ALIVE) {
            tell(&[NotifyState::Watchdog]);
        }
    }
}

pub(super) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// The configuration is being read again.
pub(super) fn reloading() {
    if let Ok(now) = NotifyState::monotonic_usec_now() {
        tell(&[NotifyState::Reloading, now]);
    }
}

/// It was read.
pub(super) fn ready() {
    tell(&[NotifyState::Ready]);
}

fn tell(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "systemd was not told");
    }
}
