//! KEEP DOING IT: sweeps on a schedule, re-reads what events touched, keeps the life of every finding. One file per task. Timers and
//! events only write what is due into the store; tasks take it from there, so that whatever is killed goes on where it was.

mod accounts;
mod baseline;
mod conditions;
mod cycles;
mod deliver;
mod events;
mod evidence;
mod expire;
mod health;
mod in_flight;
mod kept;
mod last_sweeps;
mod lookup;
mod marks;
mod metrics;
mod notify;
mod organization;
mod presses;
mod queue;
mod sources;
mod states;
mod stored_events;
mod sweep;
mod systemd;
mod trail;
mod triage;

use std::collections::{BTreeSet, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::attribution::Event;
use crate::aws::{AssumeRole, Aws};
use crate::cycle::{Mark, Settings, Sweep, WatchIndex};
use crate::life::Changes;
use crate::model::Finding;
use crate::notify::interaction;
use crate::schedule::Schedule;
use crate::store::{NewAlert, Retention, Store, StoreError};

use accounts::Accounts;
pub use health::Health;
use kept::Kept;
use last_sweeps::LastSweeps;
pub use notify::Notify as Notifications;

/// How the daemon works, besides what a cycle needs.
#[derive(Debug, Clone)]
pub struct Options {
    /// When what is swept: each with the states (by their place in the configuration) that follow it.
    pub schedules: Vec<(Schedule, BTreeSet<usize>)>,
    pub queues: Vec<QueueOptions>,
    /// How often CloudTrail's event history is asked; `None`: never.
    pub lookup: Option<Duration>,
    /// After an event its resource is read so much later, when AWS has settled.
    pub settle: Duration,
    /// ... and again so much after the event, as AWS's copies may lag behind.
    pub recheck: Duration,
    /// When more resources than these are to be read at a time, their scopes are swept.
    pub storm: u32,
    /// How often states are asked whether they were written.
    pub state_poll: Duration,
    /// How long findings wait for a state that is locked or being written.
    pub in_flight_wait: Duration,
    /// How old a kept read may be in a sweep; zero: nothing is kept.
    pub full_read_every: Duration,
    /// Where health and metrics are served.
    pub listen: SocketAddr,
    pub retention: Retention,
}

/// A queue of CloudTrail's news.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueOptions {
    pub url: String,
    /// Where the address does not tell it.
    pub region: Option<String>,
    /// Reads it in the place of the credentials.
    pub role: Option<AssumeRole>,
}

/// What the configuration says now, and which accounts the organization has. A reload puts another one in its place; a cycle keeps the one
/// it began with.
#[derive(Clone)]
pub struct Current {
    pub settings: Arc<Settings>,
    pub sweep: Sweep,
    pub aws: Arc<Aws>,
    /// Who is told what.
    pub notify: Arc<notify::Notify>,
    pub options: Options,
}

/// Time comes from here.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The daemon: what its tasks share.
pub struct Daemon {
    store: Store,
    current: RwLock<Arc<Current>>,
    /// What is declared and known, to find what an event touched.
    index: RwLock<Arc<WatchIndex>>,
    /// Where the states declare something.
    accounts: RwLock<Accounts>,
    /// What was found and nobody declares, for the same.
    found: RwLock<WatchIndex>,
    /// Were the states read?
    states_known: watch::Sender<bool>,
    /// When resources were last read after an event, of the last minutes.
    read_at: Mutex<HashMap<String, Timestamp>>,
    /// Reads that later sweeps may use, while events flow.
    kept: Kept,
    last_sweeps: LastSweeps,
    wake: Wake,
    health: Health,
    clock: Clock,
    /// Who takes jobs: this process.
    owner: String,
}

/// Tells tasks that there may be something to do; each looks into the store then.
#[derive(Default)]
struct Wake {
    sweep: Notify,
    marks: Notify,
    notices: Notify,
    states: Notify,
    organization: Notify,
    presses: Notify,
}

/// Turns true when the daemon is to stop.
pub type Stop = watch::Receiver<bool>;

/// A resource that events touch all the time is read no more often than this.
const STORM_INTERVAL: Duration = Duration::from_secs(30);

/// How long the tasks may take to end.
const SHUTDOWN: Duration = Duration::from_secs(8);

impl Daemon {
    pub fn new(store: Store, current: Current, clock: Clock, owner: String) -> Arc<Self> {
        Arc::new(Self {
            store,
            current: RwLock::new(Arc::new(current)),
            index: RwLock::default(),
            accounts: RwLock::default(),
            found: RwLock::default(),
            states_known: watch::Sender::new(false),
            read_at: Mutex::default(),
            kept: Kept::default(),
            last_sweeps: LastSweeps::default(),
            wake: Wake::default(),
            health: Health::default(),
            clock,
            owner,
        })
    }

    /// Puts a new configuration in the place of the old one. Queues and the address that is listened on stay until a restart.
    pub fn reload(&self, mut current: Current) {
        systemd::reloading();
        if let Some(aws) = current.aws.with_accounts_of(&self.current().aws) {
            current.aws = Arc::new(aws);
        }
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(current);
        self.wake.states.notify_one();
        self.wake.sweep.notify_one();
        self.wake.organization.notify_one();
        self.wake.presses.notify_one();
        systemd::ready();
        self.health.reloaded(None);
    }

    /// How it is.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Works until `stop` turns true, then ends within 10 s: what is not done is taken up by the next start.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn run(self: &Arc<Self>, stop: Stop) -> std::io::Result<()> {
        let current = self.current();
        let listener = tokio::net::TcpListener::bind(current.options.listen).await?;
        tracing::info!(address = %listener.local_addr()?, "listening");
        self.store_said("start", self.store.take_over().await);
        metrics::describe();
        let mut tasks = JoinSet::new();
        let (queue, pressed) = interaction::queue();
        tasks.spawn(health::serve(Arc::clone(self), listener, queue, stop.clone()));
        tasks.spawn(presses::work(Arc::clone(self), pressed));
        tasks.spawn(presses::run(Arc::clone(self), stop.clone()));
        let (daemon, stopping) = (Arc::clone(self), stop.clone());
        on_thread(&mut tasks, move || states::run(daemon, stopping));
        let (daemon, stopping) = (Arc::clone(self), stop.clone());
        on_thread(&mut tasks, move || sweep::run(daemon, stopping));
        let (daemon, stopping) = (Arc::clone(self), stop.clone());
        on_thread(&mut tasks, move || marks::run(daemon, stopping));
        tasks.spawn(notify::run(Arc::clone(self), stop.clone()));
        tasks.spawn(trail::run(Arc::clone(self), stop.clone()));
        tasks.spawn(conditions::run(Arc::clone(self), stop.clone()));
        tasks.spawn(organization::run(Arc::clone(self), stop.clone()));
        tasks.spawn(expire::run(Arc::clone(self), stop.clone()));
        tasks.spawn(systemd::run(Arc::clone(self), stop.clone()));
        if let Some(interval) = current.options.lookup {
            let (daemon, stopping) = (Arc::clone(self), stop.clone());
            on_thread(&mut tasks, move || lookup::run(daemon, interval, stopping));
        }
        for options in &current.options.queues {
            let (daemon, options, stopping) = (Arc::clone(self), options.clone(), stop.clone());
            on_thread(&mut tasks, move || queue::run(daemon, options, stopping));
        }
        let mut stopping = stop;
        ended(&mut stopping).await;
        systemd::stopping();
        tracing::info!("stopping");
        let ended = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(SHUTDOWN, ended).await.is_err() {
            tracing::warn!("some tasks did not end in time; their leases run out, and the next start takes over");
            tasks.abort_all();
        }
        self.store.close().await;
        Ok(())
    }

    fn current(&self) -> Arc<Current> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts another AWS in the place of this one's, unless a reload was faster; -> whether it was put there.
    fn replace_aws(&self, current: &Arc<Current>, aws: Aws) -> bool {
        let mut now = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&now, current) {
            return false;
        }
        *now = Arc::new(Current { aws: Arc::new(aws), ..Current::clone(current) });
        self.wake.states.notify_one();
        true
    }

    fn index(&self) -> Arc<WatchIndex> {
        Arc::clone(&self.index.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn accounts(&self) -> Accounts {
        self.accounts.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_index(&self, index: WatchIndex) {
        *self.index.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(index);
    }

    fn set_accounts(&self, accounts: Accounts) {
        *self.accounts.write().unwrap_or_else(PoisonError::into_inner) = accounts;
    }

    /// Tasks that wait for the states go on.
    fn states_are_known(&self) {
        self.states_known.send_replace(true);
    }

    /// Were the states read once?
    fn are_states_known(&self) -> bool {
        *self.states_known.borrow()
    }

    /// Waits until the states were read once: before that nobody knows what an event touches, and its message would be lost for nothing.
    async fn states_known(&self) {
        // An error means that the daemon is gone.
        let _ = self.states_known.subscribe().wait_for(|known| *known).await;
    }

    /// Events about these are of interest from now on.
    fn watch_findings<'a>(&self, findings: impl Iterator<Item = &'a Finding>) {
        let mut found = self.found.write().unwrap_or_else(PoisonError::into_inner);
        findings.for_each(|finding| found.add_finding(finding));
    }

    /// What an event may have changed.
    fn marks_of(&self, event: &Event) -> BTreeSet<Mark> {
        let mut marks = self.index().marks(event);
        marks.extend(self.found.read().unwrap_or_else(PoisonError::into_inner).marks(event));
        marks
    }

    /// These are read now.
    fn touch(&self, keys: impl Iterator<Item = String>) {
        let now = self.now();
        let mut read_at = self.read_at.lock().unwrap_or_else(PoisonError::into_inner);
        read_at.retain(|_, at| now.duration_since(*at).unsigned_abs() < STORM_INTERVAL);
        read_at.extend(keys.map(|key| (key, now)));
    }

    /// When a resource that was touched now is read: when AWS has settled, but no more often than a storm allows.
    fn not_before(&self, key: &str, options: &Options) -> Timestamp {
        let settled = self.later(options.settle);
        let last = self.read_at.lock().unwrap_or_else(PoisonError::into_inner).get(key).copied();
        let calm = last.and_then(|at| at.checked_add(STORM_INTERVAL).ok());
        calm.map_or(settled, |calm| calm.max(settled))
    }

    /// What of these changes is told to whom; to be written with them.
    fn alerts(&self, changes: &Changes, now: Timestamp) -> Vec<NewAlert> {
        let current = self.current();
        let plan = crate::notify::plan(changes, current.notify.route(), current.notify.owners(), now);
        for (why, number) in plan.not_told {
            metrics::not_told(why.as_str(), number);
        }
        plan.alerts
    }

    fn now(&self) -> Timestamp {
        (self.clock)()
    }

    fn later(&self, by: Duration) -> Timestamp {
        let now = self.now();
        now.checked_add(by).unwrap_or(now)
    }

    /// What the store said; that it failed is told to `/readyz`, until it was written to ([`expire`]).
    fn store_said<T>(&self, task: &'static str, answer: Result<T, StoreError>) -> Option<T> {
        match answer {
            Ok(value) => Some(value),
            Err(error) => {
                tracing::warn!(task, error = %Chain(&error), "the store did not do it");
                self.health.store_fails(&error.to_string());
                metrics::store_error();
                None
            }
        }
    }
}

/// Runs a task on a thread of its own: comparing a big account takes the processor for a while, and must hold up nothing else.
fn on_thread<F: Future<Output = ()>>(tasks: &mut JoinSet<()>, task: impl FnOnce() -> F + Send + 'static) {
    let runtime = tokio::runtime::Handle::current();
    tasks.spawn_blocking(move || runtime.block_on(task()));
}

/// Waits for a time, for news, or for the end; -> whether to go on.
async fn wait(stop: &mut Stop, news: &Notify, at_most: Duration) -> bool {
    tokio::select! {
        () = ended(stop) => false,
        () = news.notified() => true,
        () = tokio::time::sleep(at_most) => true,
    }
}

/// Waits for the end.
async fn ended(stop: &mut Stop) {
    // An error means that whoever could say so is gone.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// An error with its causes, in one line.
struct Chain<'a>(&'a dyn std::error::Error);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
