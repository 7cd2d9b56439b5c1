//! One run of a command, bounded: so long, so much output, and nothing of it left behind. It leads a process group of its own, which is killed as a
//! whole when it took too long, when it has ended, and when nobody waits for it any more.

use std::ffi::OsStr;
use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use futures::future::{FusedFuture as _, FutureExt as _};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

/// So much of its output is kept; the rest is read, so that it is not held up, and thrown away.
const KEPT: usize = 8 * 1024;
/// How long its output may take to end once everything that could write is killed.
const GRACE: Duration = Duration::from_secs(1);

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Exited(i32),
    /// By this signal, and not by us.
    Killed(i32),
    TookTooLong,
}

/// What came of a run.
#[derive(Debug)]
pub(super) struct Outcome {
    pub ended: Ended,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

/// A command that is about to run.
pub(super) struct Process(Command);

impl Process {
    /// With an empty environment.
    pub(super) fn new(program: &Path, folder: &Path) -> Self {
        let mut command = Command::new(program);
        command.current_dir(folder).env_clear().process_group(0).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Self(command)
    }

    pub(super) fn arguments(&mut self, arguments: &[String]) {
        self.0.args(arguments);
    }

    pub(super) fn env(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) {
        self.0.env(name, value);
    }

    /// Runs it.
    ///
    /// # Errors
    /// It cannot be started.
    pub(super) async fn run(mut self, input: &str, limit: Duration) -> io::Result<Outcome> {
        let mut child = self.0.spawn()?;
        let mut group = Group(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)));
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let status = {
            let (stdin, out, err) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
            let write = async {
                // It need not read it.
                if let Some(mut stdin) = stdin {
                    _ = stdin.write_all(input.as_bytes()).await;
                }
            };
            let output = async { tokio::join!(write, keep(out, &mut stdout), keep(err, &mut stderr)) };
            let mut output = pin!(output.fuse());
            // Its end counts, not that of its output: something that it started may hold that open.
            let end = async {
                loop {
                    tokio::select! {
                        status = child.wait() => return status,
                        _ = &mut output => {}
                    }
                }
            };
            let status = tokio::time::timeout(limit, end).await;
            group.kill();
            if !output.is_terminated() {
                _ = tokio::time::timeout(GRACE, output).await;
            }
            status
        };
        let ended = match status {
            Ok(status) => of(status?),
            Err(_) => {
                // Killed a moment ago: nothing of it stays behind as a zombie.
                _ = tokio::time::timeout(GRACE, child.wait()).await;
                Ended::TookTooLong
            }
        };
        Ok(Outcome { ended, stdout, stderr })
    }
}

fn of(status: ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Exited(code),
        (None, signal) => Ended::Killed(signal.unwrap_or_default()),
    }
}

/// Reads to the end, and keeps the beginning.
async fn keep(pipe: Option<impl AsyncRead + Unpin>, kept: &mut Vec<u8>) {
    let Some(mut pipe) = pipe else { return };
    let mut piece = [0; 4096];
    while let Ok(length @ 1..) = pipe.read(&mut piece).await {
        let room = KEPT.saturating_sub(kept.len()).min(length);
        kept.extend_from_slice(piece.get(..room).unwrap_or_default());
    }
}

/// A process group that does not outlive this.
struct Group(Option<Pid>);

impl Group {
    /// Once: its id may be another's later.
    fn kill(&mut self) {
        if let Some(leader) = self.0.take() {
            // Nobody is left of it: fine.
            _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}
