//! The local backend: a path, or a glob of paths.

use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::{Body, Fetched, ReadError, StateFile, lock_warning};

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
        let file = std::fs::File::open(&self.path).map_err(|cause| ReadError::from_io(&location, &cause))?;
        let mut fetched = Fetched::from(Body::File(file));
        fetched.warnings.extend(std::fs::read(lock_file(&self.path)).ok().and_then(|lock| lock_warning(&lock)));
        Ok(fetched)
    }

    /// Terraform writes the file in place.
    async fn stamp(&self) -> Option<String> {
        let metadata = std::fs::metadata(&self.path).ok()?;
        Some(format!("{} {:?}", metadata.len(), metadata.modified().ok()?))
    }
}

/// `.terraform.tfstate.lock.info` beside `terraform.tfstate`.
fn lock_file(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.lock.info"))
}

/// Does the text use a glob's signs?
pub(crate) fn is_glob(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// The files that a glob matches, sorted; none at all is an error.
pub(crate) fn glob_files(pattern: &str) -> Result<Vec<PathBuf>, ReadError> {
    let paths = glob::glob(pattern).map_err(|error| {
        ReadError::bad_request(pattern, format!("is no valid glob ({}): quote or correct it", error.msg))
    })?;
    let mut files = Vec::new();
    for path in paths {
        let path = path.map_err(|error| ReadError::from_io(&error.path().display().to_string(), error.error()))?;
        if path.is_file() && !path.to_string_lossy().ends_with(".lock.info") {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(ReadError::bad_request(pattern, "the glob matches no file: check the path"));
    }
    Ok(files)
}
