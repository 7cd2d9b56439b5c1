//! Where text goes: stdout, which may be a pipe that nobody reads any more; stderr, which may be a terminal; and files, which
//! other users must neither read nor lead astray. Everything for stderr is cleaned here.

use std::fs::OpenOptions;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use crate::wording::text::sanitize_lines;

/// Writes to stdout. Whoever reads has seen enough (`| head`): that is no failure.
pub(super) fn print(text: &str) -> Result<(), String> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|error| format!("failed to write to stdout: {error}")),
    }
}

/// Prints a whole text; the exit code.
pub(super) fn printed(text: &str) -> u8 {
    match print(text) {
        Ok(()) => 0,
        Err(error) => super::fail(&error),
    }
}

/// One message on stderr, cleaned of what moves a terminal's cursor or hides text. Nobody can be told that this failed.
pub(super) fn say(message: &str) {
    _ = writeln!(io::stderr().lock(), "{}", sanitize_lines(message));
}

/// Writes the report to a file, or to stdout.
pub(super) fn write(output: Option<&Path>, text: &str) -> Result<(), String> {
    let Some(path) = output else { return print(text) };
    let is_descriptor = ["/dev/fd", "/proc/self/fd"].iter().any(|folder| path.starts_with(folder));
    let outcome = if ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].iter().any(|stdout| path == Path::new(stdout)) {
        return print(text);
    } else if is_special(path) {
        OpenOptions::new().write(true).open(path).and_then(|mut file| file.write_all(text.as_bytes()))
    } else if is_descriptor {
        // What was opened before, and may hold something already.
        OpenOptions::new().append(true).open(path).and_then(|mut file| file.write_all(text.as_bytes()))
    } else {
        replace(path, text)
    };
    match outcome {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|error| format!("failed to write {}: {error}", path.display())),
    }
}

/// `/dev/null`, a FIFO: nothing to replace, and whoever made it decides who reads it.
fn is_special(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// A symbolic link in the place of an output is somebody else's choice of what is overwritten.
pub(super) fn refuse_link(path: &Path) -> io::Result<()> {
    if std::fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink()) {
        return Err(io::Error::other("it is a symbolic link, which is not followed: name the file itself"));
    }
    Ok(())
}

/// The file as a whole, readable for its owner only, or the file that was there before.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    refuse_link(path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Its mode is 0600 from the start.
    let mut file = tempfile::Builder::new().prefix(".driftd-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn a_report_is_replaced_as_a_whole_and_read_by_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
        write(Some(&path), "new").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
        let error = write(Some(&folder.path().join("none/report.json")), "x").unwrap_err();
        assert!(error.contains("failed to write") && error.contains("report.json"), "{error}");
        write(Some(Path::new("/dev/null")), "x").unwrap();
        assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        std::fs::write(&target, "mine").unwrap();
        for at in [&target, &folder.path().join("nowhere")] {
            symlink(at, &link).unwrap();
            assert!(write(Some(&link), "x").unwrap_err().contains("symbolic link"));
            std::fs::remove_file(&link).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "mine");
        assert!(!folder.path().join("nowhere").exists());
    }
}
