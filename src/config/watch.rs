//! The configuration while the program runs: read anew on SIGHUP, and when the file or one that it names (rules, baselines) is another one. A file with a mistake changes nothing:
//! the mistakes are logged, and what was valid before goes on.
//!
//! The folder is watched, not the file: editors replace files, and Kubernetes swaps a symbolic link beside it (`..data`). Where the kernel
//! tells nothing (a network file system, another system than Linux, another folder than the configuration's) files are looked at every so
//! often.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Config;
use crate::environment::Environment;

/// How often the file is looked at beside what the kernel tells.
const POLL: Duration = Duration::from_secs(15);
/// What is written in several steps is read after the last.
const SETTLE: Duration = Duration::from_millis(200);

/// Follows one configuration file.
pub struct Watch {
    path: PathBuf,
    environment: Environment,
    /// The text that was read last, valid or not; `None`: it could not be read.
    seen: Option<String>,
    /// Files and folders that the last valid configuration names.
    named: Vec<PathBuf>,
    /// What they held.
    named_seen: Contents,
    hangup: Signal,
    folder: Option<Folder>,
    poll: Duration,
}

impl Watch {
    /// Begins with the file as it is now, which the caller has loaded as `config`. Variables are those of this environment, always.
    ///
    /// # Errors
    /// The process cannot listen for signals.
    pub fn start(path: &Path, environment: Environment, config: &Config) -> io::Result<Self> {
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let folder = Folder::watch(folder)
            .inspect_err(|error| tracing::warn!(%error, "the configuration's folder cannot be watched: it is polled"))
            .ok();
        let hangup = signal(SignalKind::hangup())?;
        let seen = std::fs::read_to_string(path).ok();
        let named = named(config);
        let named_seen = contents(&named);
        Ok(Self { path: path.to_owned(), environment, seen, named, named_seen, hangup, folder, poll: POLL })
    }

    /// Waits for the next valid configuration: another one, or the same when what it names (rule files, baselines) is to be read anew, since
    /// that is another, too, or SIGHUP asks for it. May be dropped and called again.
    pub async fn next(&mut self) -> Config {
        loop {
            let asked = self.something_happened().await;
            let text = std::fs::read_to_string(&self.path);
            let changed = text.as_ref().ok() != self.seen.as_ref();
            let named_now = contents(&self.named);
            if !asked && !changed && named_now == self.named_seen {
                continue;
            }
            self.named_seen = named_now;
            self.seen = text.as_ref().ok().cloned();
            match super::from_text(&self.path, text, &self.environment) {
                Ok(config) => {
                    self.named = named(&config);
                    self.named_seen = contents(&self.named);
                    tracing::info!(path = %self.path.display(), "the configuration was read anew");
                    return config;
                }
                Err(mistakes) => {
                    for mistake in mistakes {
                        tracing::error!(%mistake, "the configuration is not valid: the one before is used still");
                    }
                }
            }
        }
    }

    /// SIGHUP (true), or a sign that the file may be another one (false).
    async fn something_happened(&mut self) -> bool {
        let told = async {
            match &mut self.folder {
                Some(folder) => folder.changed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.hangup.recv() => true,
            told = told => {
                if let Err(error) = told {
                    tracing::warn!(%error, "the configuration's folder cannot be watched any more: it is polled");
                    self.folder = None;
                }
                tokio::time::sleep(SETTLE).await;
                false
            }
            () = tokio::time::sleep(self.poll) => false,
        }
    }
}

/// Files, and what they hold; `None`: they could not be read.
type Contents = Vec<(PathBuf, Option<Vec<u8>>)>;

/// What a configuration names: rules and baselines.
fn named(config: &Config) -> Vec<PathBuf> {
    config.rules.paths.iter().chain(&config.baseline.paths).cloned().collect()
}

/// What these files hold, and all files of these folders.
fn contents(paths: &[PathBuf]) -> Contents {
    let mut files: Vec<PathBuf> = Vec::new();
    for path in paths {
        match std::fs::read_dir(path) {
            Ok(entries) => files.extend(entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file())),
            Err(_) => files.push(path.clone()),
        }
    }
    files.sort();
    files.into_iter().map(|file| (file.clone(), std::fs::read(&file).ok())).collect()
}

/// A folder of which the kernel tells every change.
#[cfg(target_os = "linux")]
struct Folder(tokio::io::unix::AsyncFd<inotify::Inotify>);

#[cfg(target_os = "linux")]
impl Folder {
    #[expect(
        deprecated,
        reason = "what replaces it is unsafe, for types that may close their descriptor; this one owns it"
    )]
    fn watch(folder: &Path) -> io::Result<Self> {
        use inotify::WatchMask;
        let inotify = inotify::Inotify::init()?;
        let mask = WatchMask::CREATE | WatchMask::CLOSE_WRITE | WatchMask::MOVED_TO | WatchMask::DELETE;
        inotify.watches().add(folder, mask)?;
        tokio::io::unix::AsyncFd::new(inotify).map(Self)
    }

    /// Waits for a change, and takes all that are there.
    async fn changed(&mut self) -> io::Result<()> {
        let mut events = [0; 4096];
        loop {
            let mut ready = self.0.readable_mut().await?;
            if let Ok(read) = ready.try_io(|inotify| inotify.get_mut().read_events(&mut events).map(|_| ())) {
                return read;
            }
        }
    }
}

/// Elsewhere the file is polled.
#[cfg(not(target_os = "linux"))]
struct Folder(std::convert::Infallible);

#[cfg(not(target_os = "linux"))]
impl Folder {
    fn watch(_: &Path) -> io::Result<Self> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }

    async fn changed(&mut self) -> io::Result<()> {
        match self.0 {}
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);
    const IMPATIENCE: Duration = Duration::from_millis(1500);

    fn regions(config: &Config) -> Vec<&str> {
        config.aws.regions.iter().map(String::as_str).collect()
    }

    /// As the kubelet does it: a folder with the new files, and a link to it that replaces the one before.
    fn swap(mount: &Path, generation: &str, text: &str) {
        let folder = mount.join(generation);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("driftd.yaml"), text).unwrap();
        symlink(generation, mount.join("..data_tmp")).unwrap();
        fs::rename(mount.join("..data_tmp"), mount.join("..data")).unwrap();
    }

    async fn follows_swaps(mut prepare: impl FnMut(&mut Watch)) {
        let mount = tempfile::tempdir().unwrap();
        swap(mount.path(), "..2026_01", "version: 1\n");
        let path = mount.path().join("driftd.yaml");
        symlink("..data/driftd.yaml", &path).unwrap();
        let mut watch = Watch::start(&path, Environment::default(), &Config::default()).unwrap();
        prepare(&mut watch);
        swap(mount.path(), "..2026_02", "version: 1\naws: {regions: [eu-west-1]}\n");
        let config = tokio::time::timeout(PATIENCE, watch.next()).await.unwrap();
        assert_eq!(regions(&config), ["eu-west-1"]);
        // A bad file in between changes nothing.
        swap(mount.path(), "..2026_03", "version: 1\naws: {regions: [Ireland]}\n");
        assert!(tokio::time::timeout(IMPATIENCE, watch.next()).await.is_err());
        fs::remove_dir_all(mount.path().join("..2026_01")).unwrap();
        swap(mount.path(), "..2026_04", "version: 1\naws: {regions: [eu-west-2]}\n");
        let config = tokio::time::timeout(PATIENCE, watch.next()).await.unwrap();
        assert_eq!(regions(&config), ["eu-west-2"]);
    }

    #[tokio::test]
    async fn a_swap_of_kubernetes_is_seen() {
        follows_swaps(|watch| watch.poll = Duration::from_secs(3600)).await;
    }

    #[tokio::test]
    async fn a_swap_is_seen_where_the_kernel_tells_nothing() {
        follows_swaps(|watch| (watch.folder, watch.poll) = (None, Duration::from_millis(50))).await;
    }

    #[tokio::test]
    async fn a_file_may_be_written_in_place_replaced_or_gone_for_a_while() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("driftd.yaml");
        fs::write(&path, "version: 1\n").unwrap();
        let mut watch = Watch::start(&path, Environment::default(), &Config::default()).unwrap();
        watch.poll = Duration::from_secs(3600);
        fs::write(&path, "version: 1\naws: {regions: [eu-west-1]}\n").unwrap();
        assert_eq!(regions(&tokio::time::timeout(PATIENCE, watch.next()).await.unwrap()), ["eu-west-1"]);
        fs::remove_file(&path).unwrap();
        assert!(tokio::time::timeout(IMPATIENCE, watch.next()).await.is_err());
        fs::write(folder.path().join("new"), "version: 1\naws: {regions: [eu-west-2]}\n").unwrap();
        fs::rename(folder.path().join("new"), &path).unwrap();
        assert_eq!(regions(&tokio::time::timeout(PATIENCE, watch.next()).await.unwrap()), ["eu-west-2"]);
    }

    /// What the configuration names is read anew without a word of the configuration changed.
    #[tokio::test]
    async fn a_baseline_or_rule_that_changes_is_seen() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = folder.path().join("driftd.yaml");
        let rules = elsewhere.path().display();
        fs::write(&path, format!("version: 1\nbaseline: [baseline.yaml]\nrules: {{paths: [\"{rules}\"]}}\n")).unwrap();
        let config = super::super::load(&path, &Environment::default()).unwrap();
        let mut watch = Watch::start(&path, Environment::default(), &config).unwrap();
        watch.poll = Duration::from_millis(50);
        assert!(tokio::time::timeout(IMPATIENCE, watch.next()).await.is_err());
        for file in [folder.path().join("baseline.yaml"), elsewhere.path().join("rule.yaml")] {
            fs::write(&file, "x").unwrap();
            let config = tokio::time::timeout(PATIENCE, watch.next()).await.unwrap();
            assert_eq!(config.baseline.paths, [folder.path().join("baseline.yaml")]);
            assert!(tokio::time::timeout(IMPATIENCE, watch.next()).await.is_err(), "once");
        }
    }
}
