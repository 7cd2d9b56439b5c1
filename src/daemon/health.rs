//! How the daemon is: `/healthz`, `/readyz` with reasons, `/metrics`, `/version`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use jiff::Timestamp;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;

use super::{Daemon, Stop};
use crate::model::{Gap, Outcome};
use crate::store::{QueueDepth, Store, StoreError};

/// What is known of the daemon's state.
#[derive(Default)]
pub struct Health(Mutex<Known>);

#[derive(Default)]
struct Known {
    store: Option<String>,
    /// Queue -> what is wrong with it.
    queues: BTreeMap<String, String>,
    /// What the states could not be read for; `None`: not read yet.
    states: Option<Vec<String>>,
    scheduler: Option<Timestamp>,
    sweep: Option<(Timestamp, usize, usize)>,
    reload: Option<String>,
}

impl Health {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It was written to. (That it can be read says nothing: a disk may be full.)
    pub(super) fn store_keeps(&self) {
        self.known().store = None;
    }

    pub(super) fn store_fails(&self, error: &str) {
        self.known().store = Some(error.to_owned());
    }

    pub(super) fn queue_answers(&self, url: &str) {
        self.known().queues.remove(url);
    }

    pub(super) fn queue_fails(&self, url: &str, error: &str) {
        self.known().queues.insert(url.to_owned(), error.to_owned());
    }

    pub(super) fn states_read(&self, gaps: &[Gap]) {
        let of_sources = gaps.iter().filter(|gap| gap.scope.source.is_some());
        self.known().states = Some(of_sources.map(|gap| gap.detail.clone()).collect());
    }

    pub(super) fn scheduler_lives(&self, now: Timestamp) {
        self.known().scheduler = Some(now);
    }

    pub(super) fn is_scheduler_alive(&self, now: Timestamp, within: Duration) -> bool {
        self.known().scheduler.is_some_and(|at| now.duration_since(at).unsigned_abs() < within)
    }

    pub(super) fn swept(&self, outcome: &Outcome) {
        self.known().sweep = Some((outcome.finished_at, outcome.findings.len(), outcome.gaps.len()));
    }

    /// The configuration was taken up, or why the old one stays.
    pub fn reloaded(&self, error: Option<String>) {
        super::metrics::reloaded(error.is_none());
        self.known().reload = error;
    }

    /// One line for people.
    pub(super) fn status(&self) -> String {
        let known = self.known();
        match &known.sweep {
            Some((at, findings, gaps)) => format!("last sweep {at}: {findings} findings, {gaps} gaps"),
            None => "before the first sweep".to_owned(),
        }
    }

    /// Each check with what is wrong, if anything is.
    fn checks(&self) -> BTreeMap<&'static str, Option<String>> {
        let known = self.known();
        let queues: Vec<String> = known.queues.iter().map(|(url, error)| format!("{url}: {error}")).collect();
        let states = match &known.states {
            None => Some("the states were not read yet".to_owned()),
            Some(unread) if unread.is_empty() => None,
            Some(unread) => Some(unread.join("; ")),
        };
        BTreeMap::from([
            ("config", known.reload.clone()),
            ("queues", (!queues.is_empty()).then(|| queues.join("; "))),
            ("states", states),
            ("store", known.store.clone()),
        ])
    }
}

struct Shared {
    daemon: Arc<Daemon>,
    metrics: Option<PrometheusHandle>,
}

/// Jobs by kind, and marks.
async fn queue_depths(store: &Store) -> Result<Vec<QueueDepth>, StoreError> {
    let mut depths = store.job_depth().await?;
    depths.push(store.mark_depth().await?);
    Ok(depths)
}

/// Serves until the end.
pub(super) async fn serve(daemon: Arc<Daemon>, listener: TcpListener, mut stop: Stop) {
    // An error means that another daemon of this process has it: a test.
    let metrics = PrometheusBuilder::new().install_recorder().ok();
    super::metrics::describe();
    let shared = Arc::new(Shared { daemon, metrics });
    let router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/-/healthy", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/-/ready", get(ready))
        .route("/metrics", get(metrics_page))
        .route("/version", get(|| async { concat!(env!("CARGO_PKG_VERSION"), "\n") }))
        .with_state(shared);
    let ended = async move {
        let _ = stop.wait_for(|stop| *stop).await;
    };
    if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(ended).await {
        tracing::error!(%error, "health and metrics are served no more");
    }
}

/// What `/readyz` answers: not ready is what cannot keep what it finds. States or queues that fail are told, and do not take the
/// daemon out of service: the others are watched.
async fn ready(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let answers = shared.daemon.store.ping().await;
    if shared.daemon.store_said("health", answers).is_none() {
        // The reason is in the checks.
        tracing::debug!("not ready");
    }
    let checks = shared.daemon.health.checks();
    let status = match checks.get("store") {
        Some(None) => StatusCode::OK,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    let line = |(check, wrong): (&&str, &Option<String>)| match wrong {
        None => format!("{check}: ok\n"),
        Some(why) => format!("{check}: {why}\n"),
    };
    (status, checks.iter().map(line).collect::<String>())
}

async fn metrics_page(State(shared): State<Arc<Shared>>) -> impl IntoResponse {
    let depths = queue_depths(&shared.daemon.store).await;
    // A store that does not answer leaves the numbers as they were.
    if let Some(depths) = shared.daemon.store_said("metrics", depths) {
        super::metrics::queues(&depths, shared.daemon.now());
    }
    let render = |metrics: &PrometheusHandle| {
        // Samples of histograms are drained.
        metrics.run_upkeep();
        metrics.render()
    };
    let text = shared.metrics.as_ref().map(render).unwrap_or_default();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}
