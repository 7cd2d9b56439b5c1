//! The S3 backend: keys, workspaces and locks. Knows no AWS client: those come as an [`ObjectStore`].

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;

use super::tfstate::StateError;
use super::{Body, Fetched, ReadError, StateFile, lock_warning};

/// Where an object is and how to reach it; `None` leaves it to the environment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ObjectAddress {
    pub bucket: String,
    pub key: String,
    pub version: Option<String>,
    /// The bucket's region, a hint.
    pub region: Option<String>,
    /// A role of the account that holds the states.
    pub role: Option<RoleToAssume>,
    pub profile: Option<String>,
    /// Base URL of an S3 that is not AWS's.
    pub endpoint: Option<String>,
    pub path_style: Option<bool>,
}

/// A role to assume before reading.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleToAssume {
    pub arn: String,
    pub external_id: Option<String>,
    pub session_name: Option<String>,
}

/// One object, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Object {
    /// The body in pieces, in order; one piece is fine.
    pub pieces: Vec<Vec<u8>>,
    pub etag: Option<String>,
    pub version_id: Option<String>,
    pub last_modified: Option<Timestamp>,
}

/// Why an object cannot be read. Texts hold no secret.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    #[error("no such object or bucket")]
    NotFound,
    /// Refused, with AWS's code: `AccessDenied`, `KMS.DisabledException`, ...
    #[error("{0}")]
    Denied(String),
    #[error("{0}")]
    NoCredentials(String),
    #[error("{0}")]
    Throttled(String),
    #[error("{0}")]
    Timeout(String),
    /// Larger than so many bytes.
    #[error("larger than {0} bytes")]
    TooLarge(u64),
    #[error("{0}")]
    Failed(String),
}

/// Reads objects. Bodies arrive decrypted (SSE-S3 and SSE-KMS are transparent).
#[async_trait]
pub trait ObjectStore: Send + Sync {
    async fn get(&self, address: &ObjectAddress) -> Result<Object, StoreError>;

    /// All keys that start with `address.key`, sorted; delete markers left out.
    async fn list(&self, address: &ObjectAddress) -> Result<Vec<String>, StoreError>;
}

pub(crate) struct S3State<'a> {
    pub store: &'a dyn ObjectStore,
    pub address: ObjectAddress,
    pub warnings: Vec<String>,
}

impl S3State<'_> {
    fn error(&self, error: StoreError, action: &str) -> ReadError {
        read_error(&self.address, error, action)
    }
}

#[async_trait]
impl StateFile for S3State<'_> {
    fn location(&self) -> String {
        location(&self.address)
    }

    fn identity(&self) -> String {
        let of = |value: &Option<String>| value.clone().unwrap_or_default();
        format!("{}{}?{}", of(&self.address.endpoint), self.location(), of(&self.address.version))
    }

    async fn fetch(&self) -> Result<Fetched, ReadError> {
        let object = self.store.get(&self.address).await.map_err(|error| self.error(error, "s3:GetObject"))?;
        let mut chunks = super::Chunks::default();
        object.pieces.into_iter().for_each(|piece| chunks.push(piece));
        let mut warnings = self.warnings.clone();
        if self.address.version.is_none() {
            // Reading needs no lock, and no permission on it: a refusal only means that we cannot say who holds it.
            let lock = ObjectAddress { key: format!("{}.tflock", self.address.key), ..self.address.clone() };
            let held = self.store.get(&lock).await.ok().map(|object| object.pieces.concat());
            warnings.extend(held.as_deref().and_then(lock_warning));
        }
        Ok(Fetched { body: Body::Chunks(chunks), warnings, written_at: object.last_modified })
    }
}

/// The states under a prefix that ends in `/`.
pub(crate) async fn list(store: &dyn ObjectStore, prefix: &ObjectAddress) -> Result<Vec<ObjectAddress>, ReadError> {
    let keys = store.list(prefix).await.map_err(|error| read_error(prefix, error, "s3:ListBucket"))?;
    let states: Vec<_> =
        keys.into_iter().filter(|key| is_state(key)).map(|key| ObjectAddress { key, ..prefix.clone() }).collect();
    if states.is_empty() {
        return Err(ReadError::NoState { location: location(prefix), how: "no state under the prefix".to_owned() });
    }
    Ok(states)
}

/// Locks, digests, backups and directory markers are no states.
fn is_state(key: &str) -> bool {
    const OTHERS: [&str; 6] = [".tflock", "-lock", ".lock.info", "-md5", ".backup", "/"];
    !OTHERS.iter().any(|suffix| key.ends_with(suffix))
}

fn location(address: &ObjectAddress) -> String {
    format!("s3://{}/{}", address.bucket, address.key)
}

fn read_error(address: &ObjectAddress, error: StoreError, action: &str) -> ReadError {
    let location = location(address);
    match error {
        StoreError::NotFound => ReadError::NoState { location, how: "no such object or bucket".to_owned() },
        StoreError::Denied(how) => ReadError::Denied {
            location,
            how,
            remedy: format!("allow {action} there (and kms:Decrypt for its key), or name the role that may"),
        },
        StoreError::NoCredentials(how) => ReadError::not_configured(location, format!("no AWS credentials: {how}")),
        StoreError::Throttled(how) => ReadError::Throttled { location, how },
        StoreError::Timeout(how) => ReadError::Timeout { location, how },
        StoreError::TooLarge(limit) => StateError::TooLarge { location, limit }.into(),
        StoreError::Failed(how) => ReadError::Failed { location, how, transient: true },
    }
}

/// An object store in memory, for tests: (bucket, key) -> body, or the error to answer with.
#[derive(Default)]
pub struct MemoryStore(pub BTreeMap<(String, String), Result<Vec<u8>, StoreError>>);

impl MemoryStore {
    pub fn put(&mut self, bucket: &str, key: &str, body: impl Into<Vec<u8>>) {
        self.0.insert((bucket.to_owned(), key.to_owned()), Ok(body.into()));
    }
}

#[async_trait]
impl ObjectStore for MemoryStore {
    async fn get(&self, address: &ObjectAddress) -> Result<Object, StoreError> {
        let key = (address.bucket.clone(), address.key.clone());
        let body = self.0.get(&key).cloned().unwrap_or(Err(StoreError::NotFound))?;
        Ok(Object { pieces: vec![body], ..Object::default() })
    }

    async fn list(&self, address: &ObjectAddress) -> Result<Vec<String>, StoreError> {
        let keys = self.0.keys().filter(|(bucket, _)| *bucket == address.bucket).map(|(_, key)| key.clone());
        Ok(keys.filter(|key| key.starts_with(&address.key)).collect())
    }
}
