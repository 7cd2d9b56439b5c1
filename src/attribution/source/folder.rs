//! Log files on disk: what `aws s3 sync` brought, what `aws cloudtrail lookup-events` printed, what a test wrote. A folder
//! is read with its sub-folders; digests and insights, which lie beside logs, are left out.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use futures::StreamExt as _;
use jiff::{SignedDuration, Timestamp, ToSpan as _};

use super::EventSource;
use super::event_sender::{EventSender, gather};
use super::log::{self, LogError};
use super::log_file_name::{delivered, is_log, is_neighbour};
use super::problems::Problems;
use crate::attribution::event::{EventSink, ResourceQuery, SessionQuery, Window};
use crate::model::{Gap, GapReason, GapScope, Scope};

/// Files that are read at a time.
const FILES_AT_A_TIME: usize = 4;
/// Folders in folders; deeper is a loop of links.
const DEEPEST: usize = 32;

/// A folder of log files, or a single one.
pub struct Folder {
    path: PathBuf,
    /// What was given already.
    given: Mutex<Vec<Window>>,
}

impl Folder {
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), given: Mutex::default() }
    }

    /// Gives everything in these windows, but for those that were given before. `whole`: what lies after them is of a future that
    /// nobody asks for.
    async fn give(&self, windows: impl IntoIterator<Item = Window>, sink: &mut dyn EventSink, whole: bool) -> Vec<Gap> {
        let new: Vec<Window> = {
            let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
            let mut new = Vec::new();
            for window in windows {
                if !given.iter().any(|given| given.covers(&window)) {
                    given.push(window);
                    new.push(window);
                }
            }
            new
        };
        let Some(since) = new.iter().map(|window| window.since).min() else { return Vec::new() };
        let name = self.name();
        gather(&new, None, sink, |events| read_all(name, self.path.clone(), since, events, whole)).await
    }
}

#[async_trait]
impl EventSource for Folder {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn default_reach(&self) -> Option<SignedDuration> {
        None
    }

    async fn about(&self, _resources: &BTreeSet<ResourceQuery>, window: Window, sink: &mut dyn EventSink) -> Vec<Gap> {
        self.give([window], sink, true).await
    }

    async fn writes(&self, _scopes: &BTreeSet<Scope>, window: Window, sink: &mut dyn EventSink) -> Vec<Gap> {
        self.give([window], sink, true).await
    }

    async fn sessions(&self, sessions: &BTreeSet<SessionQuery>, sink: &mut dyn EventSink) -> Vec<Gap> {
        self.give(sessions.iter().map(SessionQuery::beginning), sink, false).await
    }
}

async fn read_all(name: String, path: PathBuf, since: Timestamp, events: EventSender, whole: bool) -> Vec<Gap> {
    let listed = tokio::task::spawn_blocking(move || {
        let mut files = Files::default();
        files.add(&path, &path, 0);
        files
    });
    let files = match listed.await {
        Ok(files) => files,
        Err(error) => Files { problems: vec![format!("failed to list it: {error}")], ..Files::default() },
    };
    let nothing = files.nothing_to_read(&name);
    let Files { paths, problems: mut unreadable, seen: _, others: _, neighbours: _ } = files;
    unreadable.extend(nothing);
    let wanted = paths.into_iter().filter(|path| is_wanted(path, since));
    let mut reads = futures::stream::iter(wanted)
        .map(|path| {
            let events = events.clone();
            tokio::task::spawn_blocking(move || read_one(&path, &events))
        })
        .buffer_unordered(FILES_AT_A_TIME);
    while let Some(read) = reads.next().await {
        unreadable.extend(read.unwrap_or_else(|error| Some(format!("failed to read a file: {error}"))));
    }
    drop(reads);
    let later = events.tally().later();
    if whole && later > 0 {
        let events = if later == 1 { "1 event was" } else { &format!("{later} events were") };
        unreadable.push(format!("{name}: {events} left out, more than a day in the future: a clock is wrong"));
    }
    if let Some(records) = events.tally().nothing_but_no_calls().filter(|_| whole) {
        let what = "insights, or of what passed a VPC endpoint: neither tells who changed what";
        unreadable.push(format!("{name}: there are no events: all {records} records are {what}"));
    }
    let mut problems = Problems::new(name);
    unreadable.into_iter().for_each(|detail| problems.add(GapReason::Unreadable, GapScope::default(), detail));
    problems.into_gaps()
}

/// A file that was delivered before the window has none of its events.
fn is_wanted(path: &Path, since: Timestamp) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    // Names have minutes, and clocks differ.
    delivered(name).is_none_or(|at| at + 2.minutes() >= since)
}

/// Reads one file; what is wrong with it, if anything is.
fn read_one(path: &Path, events: &EventSender) -> Option<String> {
    let read = |error: &dyn std::fmt::Display| Some(format!("{}: {error}", path.display()));
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) => return read(&error),
    };
    match log::read(file, &mut |text| events.record(text).is_ok()) {
        Ok(()) | Err(LogError::Stopped) => None,
        Err(error) => read(&error),
    }
}

/// Do records begin in what the file begins with?
fn holds_records(path: &Path) -> bool {
    let Ok(file) = File::open(path) else { return true };
    let mut start = Vec::new();
    let _ = log::unpacked(std::io::BufReader::new(file)).take(START_BYTES).read_to_end(&mut start);
    let start = String::from_utf8_lossy(&start);
    let is_json = start.trim_start().starts_with(['{', '[', '\u{feff}'])
        || start.trim_start().starts_with(|c: char| c.is_ascii_digit());
    is_json && MARKS.iter().any(|mark| start.contains(mark))
}

/// How much of a file without a telling name is looked at.
const START_BYTES: u64 = 16 << 10;
/// What only records of CloudTrail, and what wraps them, have.
const MARKS: &[&str] =
    &["\"eventSource\"", "\"CloudTrailEvent\"", "\\\"eventSource\\\"", "\"eventVersion\"", "\\\"eventVersion\\\""];

/// The log files of a folder.
#[derive(Default)]
struct Files {
    paths: Vec<PathBuf>,
    problems: Vec<String>,
    /// Folders, by their real paths: a link may lead back.
    seen: BTreeSet<PathBuf>,
    /// Files that are no logs.
    others: usize,
    /// Digests, insights and aggregates.
    neighbours: usize,
}

impl Files {
    /// What is said where there is no log at all.
    fn nothing_to_read(&self, name: &str) -> Option<String> {
        if !self.paths.is_empty() || !self.problems.is_empty() {
            return None;
        }
        let of = |count: usize, what: &str| (count > 0).then(|| format!("{count} {what}"));
        let there: Vec<String> = of(self.neighbours, "digests or insights")
            .into_iter()
            .chain(of(self.others, "files that are no logs"))
            .collect();
        let there = if there.is_empty() { "it is empty".to_owned() } else { format!("it has {}", there.join(" and ")) };
        Some(format!("{name}: no log files were found: {there}"))
    }

    fn add(&mut self, root: &Path, path: &Path, depth: usize) {
        let problem = |error: std::io::Error| format!("{}: {error}", path.display());
        let (is_folder, is_file) = match fs::metadata(path) {
            Ok(metadata) => (metadata.is_dir(), metadata.is_file()),
            Err(error) => return self.problems.push(problem(error)),
        };
        let is_root = path == root;
        // Opening a pipe waits for its writer. What was named itself, `<(...)`, has one.
        if !is_folder && !is_file && !is_root {
            return self.problems.push(format!("{}: no file but a pipe or a device: left out", path.display()));
        }
        if !is_folder {
            let within = path.strip_prefix(root).unwrap_or(path).to_string_lossy().replace('\\', "/");
            // Whatever its name is: CloudWatch Logs exports, and copies, have other endings.
            if is_neighbour(&within) {
                self.neighbours += 1;
            } else if is_root || is_log(&within) || holds_records(path) {
                self.paths.push(path.to_owned());
            } else {
                self.others += 1;
            }
            return;
        }
        let known = fs::canonicalize(path).is_ok_and(|real| !self.seen.insert(real));
        if known || depth > DEEPEST {
            return;
        }
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => return self.problems.push(problem(error)),
        };
        let mut inside: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        inside.sort();
        for path in inside {
            let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            if !hidden {
                self.add(root, &path, depth + 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribution::source::testing::{RecordingSink, a_record, block_on, window};
    use serde_json::json;

    #[test]
    fn a_folder_is_read_with_its_folders_and_once() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let log = |id: &str, time: &str| json!({"Records": [a_record(id, time)]}).to_string();
        let day = "AWSLogs/123456789012/CloudTrail/eu-west-1/2026/01/02";
        let name = |time: &str| format!("{day}/123456789012_CloudTrail_eu-west-1_{time}_x.json");
        write(&name("20260102T0310Z"), &log("in", "2026-01-02T03:04:05Z"));
        write(&name("20260102T0010Z"), "a broken file that was delivered before, and is not opened");
        write("AWSLogs/123456789012/CloudTrail-Digest/eu-west-1/2026/01/02/x.json", "not for us");
        write("events.jsonl", &format!("{}\n", a_record("line", "2026-01-02T04:00:00Z")));
        write("late.json", &log("late", "2026-01-05T04:00:00Z"));
        write("README.md", "not a log");
        write("exported/000000", &format!("2026-01-02T04:00:00.000Z {}\n", a_record("export", "2026-01-02T04:00:00Z")));
        write("A.JSON", &log("upper", "2026-01-02T04:00:00Z"));
        write(".hidden/x.json", "not for us");
        write("broken.json", log("half", "2026-01-02T04:00:00Z").get(..40).unwrap());
        let source = Folder::new(folder.path());
        let mut recorded = RecordingSink::default();
        let wanted = window("2026-01-02T03:00:00Z", "2026-01-02T05:00:00Z");
        let gaps = block_on(source.about(&BTreeSet::new(), wanted, &mut recorded));
        assert_eq!((recorded.ids(), recorded.malformed), ("export in line upper".to_owned(), 0));
        assert_eq!(gaps.len(), 2, "{gaps:#?}");
        let told = |what: &str| gaps.iter().any(|gap| gap.detail.contains(what) && gap.reason == GapReason::Unreadable);
        assert!(told("broken.json") && told("1 event was left out, more than a day in the future"), "{gaps:#?}");
        assert_eq!(gaps[0].scope.source.as_deref(), folder.path().to_str());
        assert!(block_on(source.writes(&BTreeSet::new(), wanted, &mut recorded)).is_empty(), "it has given everything");
        assert_eq!(recorded.events.len(), 4);
        let later = SessionQuery {
            scope: Scope::new("123456789012", "eu-west-1"),
            access_key: None,
            principal_id: "AROA1:bob".to_owned(),
            created: "2026-01-05T04:00:00Z".parse().unwrap(),
        };
        block_on(source.sessions(&[later].into(), &mut recorded));
        assert_eq!(recorded.ids(), "export in late line upper");
    }

    #[test]
    fn a_folder_without_logs_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let said = || {
            let mut recorded = RecordingSink::default();
            let wanted = window("2026-01-02T03:00:00Z", "2026-01-02T05:00:00Z");
            let gaps = block_on(Folder::new(folder.path()).about(&BTreeSet::new(), wanted, &mut recorded));
            gaps.into_iter().map(|gap| gap.detail.rsplit(": ").next().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(said(), ["it is empty"]);
        fs::write(folder.path().join("notes.txt"), "[] nothing").unwrap();
        fs::create_dir(folder.path().join("CloudTrail-Digest")).unwrap();
        fs::write(folder.path().join("CloudTrail-Digest/x.json.gz"), "x").unwrap();
        assert_eq!(said(), ["it has 1 digests or insights and 1 files that are no logs"]);
        let mut insight = a_record("i", "2026-01-02T04:00:00Z");
        insight["eventCategory"] = json!("Insight");
        fs::write(folder.path().join("insight.json"), json!({"Records": [insight]}).to_string()).unwrap();
        assert_eq!(said(), ["neither tells who changed what"]);
        fs::remove_file(folder.path().join("insight.json")).unwrap();
        fs::write(folder.path().join("digest.json"), json!({"awsAccountId": "1", "digestStartTime": "x"}).to_string())
            .unwrap();
        assert_eq!(said(), ["a digest of CloudTrail's, which has no events"]);
    }

    #[test]
    fn a_pipe_in_a_folder_is_told_and_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.json"), json!([a_record("a", "2026-01-02T04:00:00Z")]).to_string()).unwrap();
        for name in ["pipe.json", "pipe"] {
            let pipe = folder.path().join(name);
            assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        }
        let mut recorded = RecordingSink::default();
        let wanted = window("2026-01-02T03:00:00Z", "2026-01-02T05:00:00Z");
        let gaps = block_on(Folder::new(folder.path()).about(&BTreeSet::new(), wanted, &mut recorded));
        assert_eq!(recorded.ids(), "a");
        assert!(
            gaps.iter().any(|gap| gap.detail.contains("pipe.json") && gap.detail.contains("left out")),
            "{gaps:#?}"
        );
    }

    #[test]
    fn a_file_of_any_name_and_none_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("dump");
        fs::write(&file, json!([a_record("a", "2026-01-02T04:00:00Z"), 7]).to_string()).unwrap();
        let mut recorded = RecordingSink::default();
        let wanted = window("2026-01-02T03:00:00Z", "2026-01-02T05:00:00Z");
        let gaps = block_on(Folder::new(file).about(&BTreeSet::new(), wanted, &mut recorded));
        assert_eq!((recorded.ids(), recorded.malformed, gaps), ("a".to_owned(), 1, Vec::new()));
        let gaps = block_on(Folder::new(folder.path().join("none")).about(&BTreeSet::new(), wanted, &mut recorded));
        assert_eq!(gaps.len(), 1, "{gaps:#?}");
    }
}
