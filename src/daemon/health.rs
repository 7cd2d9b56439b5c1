//! How the daemon is: `/healthz`, `/readyz` with reasons, `/metrics`, `/version`; and where Slack sends presses of buttons.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use jiff::Timestamp;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::conditions::Condition;
use super::{Daemon, Stop};
use crate::model::{Gap, Outcome, Severity};
use crate::notify::interaction::Waiting;
use crate::notify::interaction::http::{LARGEST, PATH, interactivity};
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
    /// What people are told of driftd itself, by a name that stays: wrong, or seen to be well. What is not here is not known.
    watched: BTreeMap<String, Option<Condition>>,
    /// Receiver -> why it does not take alerts.
    receivers: BTreeMap<String, String>,
    /// Why the organization could not be asked, if one is configured.
    organization: Option<Option<String>>,
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
        let mut known = self.known();
        known.queues.remove(url);
        known.watched.insert(format!("queue {url}"), None);
    }

    pub(super) fn queue_fails(&self, url: &str, error: &str) {
        let mut known = self.known();
        known.queues.insert(url.to_owned(), error.to_owned());
        let text = format!("queue {url} cannot be read: {error}");
        known.watched.insert(format!("queue {url}"), Some(Condition { severity: Severity::High, text }));
    }

    pub(super) fn states_read(&self, gaps: &[Gap]) {
        let of_sources = gaps.iter().filter(|gap| gap.scope.source.is_some());
        let unread: Vec<String> = of_sources.map(|gap| gap.detail.clone()).collect();
        let mut known = self.known();
        let text = || format!("states cannot be read: {}", unread.join("; "));
        let wrong = (!unread.is_empty()).then(|| Condition { severity: Severity::High, text: text() });
        known.watched.insert("states".to_owned(), wrong);
        known.states = Some(unread);
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

    /// The accounts of the organization are known, or why not; `None`: nobody asks.
    pub(super) fn organization(&self, problem: Option<Option<String>>) {
        self.known().organization = problem;
    }

    /// The configuration was taken up, or why the old one stays.
    pub fn reloaded(&self, error: Option<String>) {
        super::metrics::reloaded(error.is_none());
        self.known().reload = error;
    }

    /// What came of the last try to tell a receiver something.
    pub(super) fn receiver(&self, name: &str, error: Option<&str>) {
        let mut known = self.known();
        match error {
            None => _ = known.receivers.remove(name),
            Some(error) => _ = known.receivers.insert(name.to_owned(), error.to_owned()),
        }
    }

    /// A trail logs, or why none does.
    pub(super) fn trail(&self, logs: Result<(), String>) {
        let wrong = logs.err().map(|text| Condition { severity: Severity::High, text });
        self.known().watched.insert("trail".to_owned(), wrong);
    }

    /// What is wrong and of concern to people, by a name that stays.
    pub(super) fn conditions(&self) -> BTreeMap<String, Condition> {
        let known = self.known();
        known.watched.iter().filter_map(|(name, wrong)| Some((name.clone(), wrong.clone()?))).collect()
    }

    /// Was this seen to be well, by this process?
    pub(super) fn is_well(&self, name: &str) -> bool {
        matches!(self.known().watched.get(name), Some(None))
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
        let receivers: Vec<String> = known.receivers.iter().map(|(name, error)| format!("{name}: {error}")).collect();
        let states = match &known.states {
            None => Some("the states were not read yet".to_owned()),
            Some(unread) if unread.is_empty() => None,
            Some(unread) => Some(unread.join("; ")),
        };
        let mut checks = BTreeMap::from([
            ("config", known.reload.clone()),
            ("queues", (!queues.is_empty()).then(|| queues.join("; "))),
            ("receivers", (!receivers.is_empty()).then(|| receivers.join("; "))),
            ("states", states),
            ("store", known.store.clone()),
        ]);
        checks.extend(known.organization.clone().map(|problem| ("organization", problem)));
        checks
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

/// Serves until the end; presses of buttons go into the queue.
pub(super) async fn serve(daemon: Arc<Daemon>, listener: TcpListener, presses: mpsc::Sender<Waiting>, mut stop: Stop) {
    // An error means that another daemon of this process has it: a test.
    let metrics = PrometheusBuilder::new().install_recorder().ok();
    super::metrics::describe();
    let pressed = Arc::new(super::presses::interactivity(&daemon, presses));
    let shared = Arc::new(Shared { daemon, metrics });
    let router = Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/-/healthy", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/-/ready", get(ready))
        .route("/metrics", get(metrics_page))
        .route("/version", get(|| async { concat!(env!("CARGO_PKG_VERSION"), "\n") }))
        .with_state(shared)
        .route(PATH, post(interactivity).layer(DefaultBodyLimit::max(LARGEST)).with_state(pressed));
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
    if let Some(counts) = shared.daemon.store_said("metrics", shared.daemon.store.notice_count().await) {
        super::metrics::notices(&counts);
    }
    let render = |metrics: &PrometheusHandle| {
        // Samples of histograms are drained.
        metrics.run_upkeep();
        metrics.render()
    };
    let text = shared.metrics.as_ref().map(render).unwrap_or_default();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}
