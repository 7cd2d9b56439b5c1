//! What was read in one cycle and is needed by several kinds: listings, settings of buckets. It belongs to one cycle and one
//! scope and is dropped with them; a client never keeps what was read.

use std::any::Any;
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::aws::{ReadError, ScopeClient};

type Shared = Arc<OnceCell<Result<Arc<dyn Any + Send + Sync>, ReadError>>>;

/// What was read so far, by what it is and of which resource (empty: the whole scope).
#[derive(Default)]
struct Cache(Mutex<HashMap<(&'static str, String), Shared>>);

/// The way to read one scope in one cycle: its clients, and what was read with them. Two readers of one scope see each other's
/// writes to AWS, never each other's reads: a second look is made with a reader of its own.
#[derive(Clone)]
pub struct ScopeReader {
    client: Arc<ScopeClient>,
    cache: Arc<Cache>,
}

impl ScopeReader {
    /// A reader that has read nothing yet.
    pub fn new(client: Arc<ScopeClient>) -> Self {
        Self { client, cache: Arc::default() }
    }

    /// Another one for the same scope, that has read nothing yet.
    pub fn fresh(&self) -> Self {
        Self::new(self.client.clone())
    }

    /// Reads something of the whole scope once and shares it between kinds; `key` is its name, mostly the action.
    ///
    /// # Errors
    /// The first reader's error, again.
    pub async fn cached<T, F>(&self, key: &'static str, read: impl FnOnce() -> F) -> Result<Arc<T>, ReadError>
    where
        T: Send + Sync + 'static,
        F: Future<Output = Result<T, ReadError>>,
    {
        self.cached_for(key, "", read).await
    }

    /// Reads something of one resource once and shares it between kinds; `key` is its name, mostly the action, `id` the
    /// resource.
    ///
    /// # Errors
    /// The first reader's error, again.
    pub async fn cached_for<T, F>(
        &self,
        key: &'static str,
        id: &str,
        read: impl FnOnce() -> F,
    ) -> Result<Arc<T>, ReadError>
    where
        T: Send + Sync + 'static,
        F: Future<Output = Result<T, ReadError>>,
    {
        let cell = {
            let mut cells = self.cache.0.lock().unwrap_or_else(PoisonError::into_inner);
            cells.entry((key, id.to_owned())).or_default().clone()
        };
        let shared = cell
            .get_or_init(|| async { read().await.map(|value| Arc::new(value) as Arc<dyn Any + Send + Sync>) })
            .await
            .clone()?;
        shared.downcast().map_err(|_| ReadError::unexpected(key, "cached under one name with two types"))
    }

    /// What [`ScopeReader::cached`] has read successfully under this name, if it has: no call is made.
    pub fn already_read<T: Send + Sync + 'static>(&self, key: &'static str) -> Option<Arc<T>> {
        let cells = self.cache.0.lock().unwrap_or_else(PoisonError::into_inner);
        let cell = cells.get(&(key, String::new()))?;
        cell.get()?.as_ref().ok()?.clone().downcast().ok()
    }
}

impl Deref for ScopeReader {
    type Target = ScopeClient;

    fn deref(&self) -> &ScopeClient {
        &self.client
    }
}
