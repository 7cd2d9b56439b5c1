//! Buttons of messages, as Slack brings them: over a connection that the daemon opens, or as requests to it. Whoever heard of a finding hears at
//! once what became of it.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::{Daemon, Stop, ended};
use crate::notify::interaction::http::Interactivity;
use crate::notify::interaction::{self, Desk, Interaction, OnPress, Place, Waiting, socket};

/// Does what people press, and has it told.
struct Presses(Arc<Daemon>);

#[async_trait::async_trait]
impl OnPress for Presses {
    async fn on_press(&self, place: &Place, interaction: Interaction) {
        let Self(daemon) = self;
        Desk::new(daemon.store.clone(), Arc::clone(&daemon.clock)).on_press(place, interaction).await;
        daemon.wake.notices.notify_one();
    }
}

/// What the requests of Slack need.
pub(super) fn interactivity(daemon: &Arc<Daemon>, queue: mpsc::Sender<Waiting>) -> Interactivity {
    let clock = Arc::clone(&daemon.clock);
    let daemon = Arc::clone(daemon);
    Interactivity::new(Box::new(move || daemon.current().notify.apps.clone()), queue, clock)
}

/// Does what comes as requests, until nobody listens to them any more.
pub(super) async fn work(daemon: Arc<Daemon>, queue: mpsc::Receiver<Waiting>) {
    interaction::work(queue, &Presses(daemon)).await;
}

/// Keeps a connection for every app of the configuration that has one, until the end.
pub(super) async fn run(daemon: Arc<Daemon>, stop: Stop) {
    let presses = Presses(Arc::clone(&daemon));
    loop {
        let (over, is_over) = tokio::sync::watch::channel(false);
        let apps = daemon.current().notify.apps.clone();
        let connections = apps.iter().map(|app| {
            let mut is_over = is_over.clone();
            socket::run(app, &presses, &daemon.clock, async move { ended(&mut is_over).await })
        });
        let until_over = async {
            let mut stop = stop.clone();
            tokio::select! {
                () = ended(&mut stop) => {}
                () = daemon.wake.presses.notified() => {}
            }
            over.send_replace(true);
        };
        tokio::join!(futures::future::join_all(connections), until_over);
        if *stop.borrow() {
            return;
        }
    }
}
