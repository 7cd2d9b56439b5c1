//! A secret that is used over and over, and read again when it was replaced: a file when it is another one, what lies elsewhere when it was
//! read some minutes ago.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use secrecy::SecretString;
use tokio::sync::Mutex;

use super::{Resolver, SecretError, SecretRef};

/// How old what was read from Vault or AWS may be.
const MAX_AGE: Duration = Duration::from_secs(5 * 60);

/// Whoever has an old one does not wait longer for the new one.
const PATIENCE: Duration = Duration::from_secs(2);

/// A secret that follows its rotation.
pub struct RotatingSecret {
    reference: SecretRef,
    resolver: Arc<Resolver>,
    kept: Mutex<Option<Kept>>,
}

struct Kept {
    secret: SecretString,
    read_at: Timestamp,
    version: Option<FileVersion>,
}

/// What differs when a file was written or replaced.
#[derive(Clone, PartialEq, Eq)]
struct FileVersion {
    modified: Option<SystemTime>,
    size: u64,
    inode: u64,
}

impl RotatingSecret {
    pub fn new(reference: SecretRef, resolver: Arc<Resolver>) -> Self {
        Self { reference, resolver, kept: Mutex::default() }
    }

    /// The secret as it is now, or as it was when it could last be read.
    ///
    /// # Errors
    /// It could never be read.
    pub async fn get(&self, now: Timestamp) -> Result<SecretString, SecretError> {
        let mut kept = self.kept.lock().await;
        // Looked at before the secret is read: what is written in between is seen the next time.
        let version = self.version().await;
        if let Some(kept) = kept.as_ref()
            && !self.is_stale(kept, version.as_ref(), now)
        {
            return Ok(kept.secret.clone());
        }
        let read = self.resolver.read(&self.reference);
        let read = match kept.as_ref() {
            None => read.await,
            Some(old) => match tokio::time::timeout(PATIENCE, read).await {
                Ok(read) => read,
                Err(_) => {
                    tracing::warn!(secret = %self.reference, "it was not read in time: what was read before is used still");
                    return Ok(old.secret.clone());
                }
            },
        };
        match (read, kept.as_mut()) {
            (Ok(secret), _) => {
                *kept = Some(Kept { secret: secret.clone(), read_at: now, version });
                Ok(secret)
            }
            (Err(error), Some(old)) => {
                tracing::warn!(%error, "the secret that was read before is used still");
                old.read_at = now;
                Ok(old.secret.clone())
            }
            (Err(error), None) => Err(error),
        }
    }

    fn is_stale(&self, kept: &Kept, version: Option<&FileVersion>, now: Timestamp) -> bool {
        match &self.reference {
            // The environment of a process does not change.
            SecretRef::Env(_) => false,
            SecretRef::File(_) | SecretRef::Credential(_) => kept.version.as_ref() != version,
            SecretRef::Vault(_) | SecretRef::AwsSecret { .. } | SecretRef::Ssm(_) => {
                now.duration_since(kept.read_at).unsigned_abs() >= MAX_AGE
            }
        }
    }

    async fn version(&self) -> Option<FileVersion> {
        use std::os::unix::fs::MetadataExt as _;
        let found = tokio::fs::metadata(self.resolver.file(&self.reference)?).await.ok()?;
        Some(FileVersion { modified: found.modified().ok(), size: found.len(), inode: found.ino() })
    }
}
