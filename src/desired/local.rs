//! The local backend: a path, or a glob of paths.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind, Read as _};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::oneshot;

use super::tfstate::{MAX_STATE_BYTES, StateError};
use super::{Body, Fetched, ReadError, StateFile, lock_warning};

/// How long a pipe may stay without anybody who writes to it.
const PIPE_OPEN_DEADLINE: Duration = Duration::from_secs(60);
/// How long a pipe's writer may take.
const PIPE_READ_DEADLINE: Duration = Duration::from_secs(600);

/// A lock is a few hundred bytes.
const MAX_LOCK_BYTES: u64 = 64 << 10;

pub(crate) struct LocalState {
    pub path: PathBuf,
}

#[async_trait]
impl StateFile for LocalState {
    fn location(&self) -> String {
        self.path.display().to_string()
    }

    async fn fetch(&self) -> Result<Fetched, ReadError> {
        let location = self.location();
        let metadata = std::fs::metadata(&self.path).map_err(|cause| ReadError::from_io(&location, &cause))?;
        if !is_plain(&metadata) {
            return Ok(read_pipe(&self.path, &location, PIPE_OPEN_DEADLINE).await?.into());
        }
        let file = File::open(&self.path).map_err(|cause| ReadError::from_io(&location, &cause))?;
        let written_at = metadata.modified().ok().and_then(|time| Timestamp::try_from(time).ok());
        let mut fetched = Fetched { written_at, ..Body::File(file).into() };
        fetched.warnings.extend(lock(&self.path).ok().and_then(|lock| lock_warning(&lock)));
        Ok(fetched)
    }

    fn can_be_read_again(&self) -> bool {
        std::fs::metadata(&self.path).is_ok_and(|metadata| is_plain(&metadata))
    }

    /// Opens it: a file that may not be read has a stamp, too. A pipe is left to whoever reads it.
    async fn probe(&self) -> Result<(), ReadError> {
        if std::fs::metadata(&self.path).is_ok_and(|metadata| !is_plain(&metadata)) {
            return Ok(());
        }
        self.fetch().await.map(|_| ())
    }

    /// Terraform writes the file in place. A pipe has nothing to compare.
    async fn stamp(&self) -> Option<String> {
        let metadata = std::fs::metadata(&self.path).ok().filter(is_plain)?;
        Some(format!("{} {:?}", metadata.len(), metadata.modified().ok()?))
    }
}

/// A file, or a directory (which is an error of its own); no pipe, no device.
fn is_plain(metadata: &Metadata) -> bool {
    metadata.is_file() || metadata.is_dir()
}

/// Reads a pipe (a FIFO, `/dev/stdin`, `<(...)`) to its end, once. In a thread that nobody waits for: opening a FIFO waits
/// for its writer, without end if there is none.
#[expect(
    clippy::disallowed_methods,
    reason = "a task that waits for a pipe can not be given up; a thread can be left alone"
)]
async fn read_pipe(path: &Path, location: &str, open_deadline: Duration) -> Result<Body, ReadError> {
    let (opened, is_open) = oneshot::channel();
    let (done, is_done) = oneshot::channel();
    let path = path.to_owned();
    std::thread::spawn(move || {
        let outcome = File::open(path).and_then(|file| {
            _ = opened.send(());
            let mut bytes = Vec::new();
            file.take(MAX_STATE_BYTES + 1).read_to_end(&mut bytes).map(|_| bytes)
        });
        _ = done.send(outcome);
    });
    let silent = |how: &str| ReadError::Timeout { location: location.to_owned(), how: how.to_owned() };
    let nobody = silent("nobody writes to this pipe");
    // An error drops the sender: what went wrong then comes from the other channel.
    _ = tokio::time::timeout(open_deadline, is_open).await.map_err(|_| nobody)?;
    let outcome = tokio::time::timeout(PIPE_READ_DEADLINE, is_done).await;
    let outcome = outcome.map_err(|_| silent("the pipe's writer does not end"))?;
    let bytes = outcome
        .unwrap_or_else(|_| Err(io::Error::other("the reader stopped")))
        .map_err(|cause| ReadError::from_io(location, &cause))?;
    if bytes.len() as u64 > MAX_STATE_BYTES {
        return Err(StateError::TooLarge { location: location.to_owned(), limit: MAX_STATE_BYTES }.into());
    }
    Ok(bytes.into())
}

/// `.terraform.tfstate.lock.info` beside `terraform.tfstate`.
fn lock(path: &Path) -> io::Result<Vec<u8>> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let path = path.with_file_name(format!(".{name}.lock.info"));
    let mut bytes = Vec::new();
    if std::fs::metadata(&path)?.is_file() {
        File::open(path)?.take(MAX_LOCK_BYTES).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// Does the text use a glob's signs?
pub(crate) fn is_glob(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// What a glob leads to.
#[derive(Debug, Default)]
pub(crate) struct GlobFiles {
    /// Sorted.
    pub files: Vec<PathBuf>,
    /// Directories that may not be looked into, or files of which nothing can be known: there may be more states.
    pub refused: Vec<(String, ReadError)>,
}

impl GlobFiles {
    fn refuse(&mut self, place: &Path, cause: &io::Error) {
        let place = place.display().to_string();
        // What is gone since it was listed is no state any more.
        if cause.kind() == ErrorKind::NotFound || self.refused.iter().any(|(known, _)| *known == place) {
            return;
        }
        let error = match ReadError::from_io(&place, cause) {
            ReadError::Denied { location, how, .. } => ReadError::Denied {
                location,
                how,
                remedy: "let driftd's user enter and list the directory; what the glob would match there is not read"
                    .to_owned(),
            },
            other => other,
        };
        self.refused.push((place, error));
    }
}

/// The files that a glob matches; none at all is an error. What the glob may not enter is told, never skipped.
pub(crate) fn glob_files(pattern: &str) -> Result<GlobFiles, ReadError> {
    let mut found = GlobFiles::default();
    for path in expand(pattern)? {
        let path = match path {
            Ok(path) => path,
            Err(error) => {
                found.refuse(error.path(), error.error());
                continue;
            }
        };
        match std::fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() && !path.to_string_lossy().ends_with(".lock.info") => {
                found.files.push(path);
            }
            Ok(_) => {}
            Err(cause) => found.refuse(path.parent().unwrap_or(&path), &cause),
        }
    }
    // A name that follows a wildcard is only looked up: where that is refused, the glob says nothing.
    for directory in directories(pattern) {
        for path in expand(&directory)?.flatten().filter(|path| path.is_dir()) {
            if let Err(cause) = std::fs::metadata(path.join(".")) {
                found.refuse(&path, &cause);
            }
        }
    }
    if found.files.is_empty() && found.refused.is_empty() {
        return Err(ReadError::bad_request(pattern, "the glob matches no file: check the path"));
    }
    Ok(found)
}

fn expand(pattern: &str) -> Result<glob::Paths, ReadError> {
    glob::glob(pattern).map_err(|error| {
        ReadError::bad_request(pattern, format!("is no valid glob ({}): quote or correct it", error.msg))
    })
}

/// The patterns of the directories that a pattern leads through: `a`, `a/*` of `a/*/b`.
fn directories(pattern: &str) -> Vec<String> {
    let path = Path::new(pattern);
    let above =
        path.ancestors().skip(1).filter(|above| matches!(above.components().next_back(), Some(Component::Normal(_))));
    let mut above: Vec<String> = above.filter_map(|above| above.to_str().map(str::to_owned)).collect();
    above.reverse();
    above
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_pattern_leads_through_directories() {
        assert_eq!(directories("a/*/b/*.tfstate"), ["a", "a/*", "a/*/b"]);
        assert_eq!(directories("/a/**/x"), ["/a", "/a/**"]);
        assert!(directories("*.tfstate").is_empty());
    }

    #[test]
    fn what_a_glob_may_not_enter_is_told() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a", "b"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
            std::fs::write(folder.path().join(name).join("terraform.tfstate"), "{}").unwrap();
        }
        let closed = folder.path().join("b");
        std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o0)).unwrap();
        // Root may enter everything.
        let is_root = std::fs::read_dir(&closed).is_ok();
        let tails = ["*/terraform.tfstate", "**/*.tfstate", "*/*.tfstate", "b/*.tfstate"];
        let found = tails.map(|tail| glob_files(&folder.path().join(tail).display().to_string()));
        std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o700)).unwrap();
        for (tail, found) in tails.iter().zip(found) {
            let found = found.unwrap();
            let expected = usize::from(!tail.starts_with('b'));
            if is_root {
                assert_eq!((found.files.len(), found.refused.len()), (expected + 1, 0), "{tail}");
                continue;
            }
            assert_eq!(found.files.len(), expected, "{tail}");
            let [(place, error)] = found.refused.as_slice() else { panic!("{tail}: {:?}", found.refused) };
            assert_eq!(*place, closed.display().to_string(), "{tail}");
            assert_eq!(error.reason(), crate::model::GapReason::Denied, "{tail}: {error}");
        }
    }

    fn fifo() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        (folder, path)
    }

    #[expect(clippy::disallowed_methods, reason = "somebody has to write to the pipe")]
    #[tokio::test]
    async fn a_pipe_is_read_once() {
        let (_folder, path) = fifo();
        let writer = std::thread::spawn({
            let path = path.clone();
            move || std::fs::write(path, "text").unwrap()
        });
        let state = LocalState { path };
        assert!(state.stamp().await.is_none() && !state.can_be_read_again());
        let mut text = String::new();
        state.fetch().await.unwrap().body.read_to_string(&mut text).unwrap();
        assert_eq!(text, "text");
        writer.join().unwrap();
    }

    #[tokio::test]
    async fn a_pipe_that_nobody_writes_to_ends() {
        let (_folder, path) = fifo();
        let error = read_pipe(&path, "f", Duration::from_millis(50)).await.err().unwrap();
        assert!(error.to_string().contains("nobody writes to this pipe"), "{error}");
        assert!(!error.is_transient());
    }
}
