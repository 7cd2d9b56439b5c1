//! `driftd run`: the daemon, until a signal ends it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::findings::open_store_alone;
use super::{bad_config, fail, print, telemetry};
use crate::aws::Aws;
use crate::config::watch::Watch;
use crate::config::{self, Config, LogFormat};
use crate::daemon::{Current, Daemon, Notifications};
use crate::diagnostic::Diagnostic;
use crate::environment::Environment;
use crate::model::Reason;
use crate::notify::{self, Tools};
use crate::secret::Resolver;
use crate::setup::{self, Setup};
use crate::store::{DaemonLock, Store};

/// How long threads that wait for an answer may hold up the end.
const LAST_WAIT: Duration = Duration::from_secs(1);

pub(super) fn run(named: Option<&Path>, verbose: u8, log_json: bool) -> u8 {
    let Some(path) = config::find(named) else {
        let mistake = Diagnostic::error("cli/no-configuration", "the daemon needs a configuration");
        let hint = format!("give --config, or write {}", config::PLACES.join(" or "));
        return bad_config(&[mistake.with_hint(hint)]);
    };
    let config = match config::load(&path, &Environment::of_process()) {
        Ok(config) => config,
        Err(mistakes) => return bad_config(&mistakes),
    };
    print(&config.warnings);
    // Nobody watches it at work: it says what it does without being asked.
    telemetry::init(verbose.max(1), log_json || config.log.format == LogFormat::Json);
    if config.states.is_empty() {
        let mistake = Diagnostic::error("cli/nothing-to-scan", "nothing to watch").with_hint("list `states`");
        return bad_config(&[mistake]);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("failed to start: {error}")),
    };
    let code = runtime.block_on(watch_over(&path, config));
    runtime.shutdown_timeout(LAST_WAIT);
    code
}

#[expect(clippy::disallowed_methods, reason = "the edge: the clock and the id of a process come from here")]
async fn watch_over(path: &Path, config: Config) -> u8 {
    let (terminate, interrupt) = (signal(SignalKind::terminate()), signal(SignalKind::interrupt()));
    let (Ok(mut terminate), Ok(mut interrupt)) = (terminate, interrupt) else {
        return fail("this process cannot listen for signals");
    };
    let mut asked_to_end = async || {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    // Whoever asks it to end before it began gets what they ask for.
    let started = tokio::select! {
        started = start(&config) => started,
        () = asked_to_end() => return 0,
    };
    // The lock is held until the process ends.
    let (store, _lock, current) = match started {
        Ok(started) => started,
        Err(code) => return code,
    };
    let owner = uuid::Uuid::new_v4().to_string();
    let daemon = Daemon::new(store, current, Arc::new(Timestamp::now), owner);
    let (stopper, stop) = watch::channel(false);
    let reloads = Watch::start(path, Environment::of_process(), &config);
    let Ok(mut reloads) = reloads else { return fail("this process cannot listen for signals") };
    let following = async {
        loop {
            let config = reloads.next().await;
            match self::current(&config).await {
                Ok(current) => daemon.reload(current),
                Err(_) => {
                    let why = "the new configuration cannot be used: the one before goes on".to_owned();
                    tracing::error!("{why}");
                    daemon.health().reloaded(Some(why));
                }
            }
        }
    };
    let signals = async {
        asked_to_end().await;
        // An error means that the daemon has ended by itself.
        let _ = stopper.send(true);
    };
    let running = daemon.run(stop);
    tokio::pin!(running);
    tokio::select! {
        ended = &mut running => return code(ended),
        () = following => {}
        () = signals => {}
    }
    code(running.await)
}

/// Everything that a daemon needs; what is wrong is said.
async fn start(config: &Config) -> Result<(Store, DaemonLock, Current), u8> {
    let current = current(config).await?;
    let (store, lock) = open_store_alone(config, Arc::clone(&current.aws)).await.map_err(|error| fail(&error))?;
    Ok((store, lock, current))
}

fn code(ended: std::io::Result<()>) -> u8 {
    match ended {
        Ok(()) => 0,
        Err(error) => fail(&format!("the address cannot be listened on: {error}\nremedy: set `listen` to another one")),
    }
}

/// Who is told what, ready to be sent to.
async fn notifications(
    config: &Config,
    aws: Arc<Aws>,
    reasons: BTreeMap<String, Reason>,
) -> Result<Notifications, reqwest::Error> {
    let secrets = Arc::new(Resolver::new(Environment::of_process(), Some(Arc::clone(&aws)))?);
    let tools = Tools { http: notify::http::client()?, secrets, aws: Some(aws) };
    Ok(Notifications::new(config.notify.clone(), setup::owners(config), reasons, &tools).await)
}

/// Everything that the configuration says; mistakes are printed.
#[expect(clippy::disallowed_methods, reason = "the edge: from here on the time is an argument")]
async fn current(config: &Config) -> Result<Current, u8> {
    let setup = Setup::from_config(config, Environment::of_process(), Timestamp::now());
    let Setup { settings, sweep, mut aws, warnings } = setup.map_err(|mistakes| bad_config(&mistakes))?;
    print(&warnings);
    aws.requests_per_second = Some(config.limits.requests_per_second);
    let aws = Aws::connect(aws).await.map_err(|error| fail(&super::scan::no_credentials(&error)))?;
    let aws = Arc::new(aws);
    let notify = notifications(config, Arc::clone(&aws), settings.rules.reasons()).await;
    let notify = notify.map_err(|error| fail(&format!("failed to start: {error}")))?;
    Ok(Current {
        settings: Arc::new(settings),
        sweep,
        aws,
        notify: Arc::new(notify),
        options: setup::daemon_options(config),
    })
}
