//! What was read in one cycle and is needed by several kinds: listings, settings of buckets. It belongs to one cycle and one
//! scope and is dropped with them; a client never keeps what was read.

use std::any::Any;
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_async::future::pagination_stream::PaginationStream;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use tokio::sync::OnceCell;

use crate::aws::{ReadError, ScopeClient};
use crate::model::GapReason;

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
    answers: Arc<AtomicUsize>,
}

impl ScopeReader {
    /// A reader that has read nothing yet.
    pub fn new(client: Arc<ScopeClient>) -> Self {
        Self { client, cache: Arc::default(), answers: Arc::default() }
    }

    /// Another one for the same scope, that has read nothing yet.
    pub fn fresh(&self) -> Self {
        Self { cache: Arc::default(), ..self.clone() }
    }

    /// How many calls were answered so far, be it by a refusal.
    pub fn answers(&self) -> usize {
        self.answers.load(Ordering::Relaxed)
    }

    /// See [`ScopeClient::call`].
    ///
    /// # Errors
    /// The call failed for good, retries included.
    pub async fn call<T, E>(
        &self,
        action: &'static str,
        call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<T, ReadError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        self.counted(self.client.call(action, call).await)
    }

    /// See [`ScopeClient::pages`].
    ///
    /// # Errors
    /// Any page failed: a listing is whole or it is an error.
    pub async fn pages<T, E>(
        &self,
        action: &'static str,
        pages: PaginationStream<Result<T, SdkError<E, HttpResponse>>>,
    ) -> Result<Vec<T>, ReadError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        self.counted(self.client.pages(action, pages).await)
    }

    fn counted<T>(&self, answer: Result<T, ReadError>) -> Result<T, ReadError> {
        // A gateway on the way answers without a code that it had no answer.
        let is_silence =
            |error: &ReadError| error.code.is_none() && (error.status.is_none() || error.reason == GapReason::Timeout);
        if !answer.as_ref().is_err_and(is_silence) {
            self.answers.fetch_add(1, Ordering::Relaxed);
        }
        answer
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
