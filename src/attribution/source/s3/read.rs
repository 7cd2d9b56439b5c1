//! The files of one folder: listed page by page, read several at a time, each unpacked and taken apart as it arrives.

use std::io::{self, Read};
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Buf as _, Bytes};
use futures::{StreamExt as _, stream};
use tokio::sync::mpsc::{Receiver, channel};

use super::super::event_sender::EventSender;
use super::super::log::{self, LogError};
use super::super::log_file_name::is_log;
use super::super::problems::Problems;
use super::{FILES_AT_A_TIME, LogFolder, LogStore, Root, S3Logs, SourceError, Span, is_behind, later, layout};
use crate::model::{GapReason, GapScope};

/// Pieces of a body that may wait to be unpacked.
const WAITING: usize = 4;
/// Tries of a body that breaks off.
const ATTEMPTS: usize = 2;
/// After so many refusals of single files the rest is not tried.
const MANY_DENIALS: usize = 20;

/// How often a file was refused.
#[derive(Debug, Default)]
pub(super) struct Denials(AtomicUsize);

impl Denials {
    fn are_many(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= MANY_DENIALS
    }
}

impl S3Logs<'_> {
    pub(super) async fn read_folder(
        &self,
        folder: &LogFolder,
        span: Span,
        events: &EventSender,
        problems: &mut Problems,
    ) {
        let day = Root::parse(&self.prefix).map(|root| root.day).unwrap_or_default();
        let within = format!("{}{day}", folder.prefix);
        let mut after = if span.remember {
            later(layout::start_of_day(&folder.prefix, span.delivered.from), self.position().after(folder))
        } else {
            layout::start_of_minute(folder, span.delivered.from)
        };
        let mut whole = span.remember;
        loop {
            let page = match self.store.keys(&self.bucket, &within, &after).await {
                Ok(page) => page,
                Err(error) => return report(problems, folder, &error, &self.location(&within)),
            };
            let end = page.keys.iter().position(|key| is_behind(key, folder, span.delivered.until));
            let keys = &page.keys[..end.unwrap_or(page.keys.len())];
            let logs = keys.iter().filter(|key| is_log(key) && span.delivered.has(key)).cloned().collect();
            let failed = self.read_files(logs, folder, events, problems).await;
            // What failed is tried again by the next run; so is everything behind it.
            let done = failed
                .as_ref()
                .map_or(keys.len(), |first| keys.iter().position(|key| key == first).unwrap_or_default());
            if whole && let Some(last) = keys[..done].last() {
                self.position.lock().unwrap_or_else(PoisonError::into_inner).advance(folder, last);
            }
            whole = whole && failed.is_none();
            if end.is_some() || !page.more || self.denials.are_many() {
                return;
            }
            match page.keys.last() {
                Some(last) if *last > after => after.clone_from(last),
                // A store that turns in circles.
                _ => return,
            }
        }
    }

    /// Reads files; the first of them (in order) that another try may read.
    async fn read_files(
        &self,
        keys: Vec<String>,
        folder: &LogFolder,
        events: &EventSender,
        problems: &mut Problems,
    ) -> Option<String> {
        let mut reads = stream::iter(keys)
            .map(|key| async move {
                let outcome = self.read_file(&key, events).await;
                (key, outcome)
            })
            .buffer_unordered(FILES_AT_A_TIME);
        let mut failed: Option<String> = None;
        while let Some((key, outcome)) = reads.next().await {
            let Err(error) = outcome else { continue };
            report(problems, folder, &error, &self.location(&key));
            if error.reason != GapReason::Unreadable && failed.as_ref().is_none_or(|first| key < *first) {
                failed = Some(key);
            }
        }
        failed
    }

    async fn read_file(&self, key: &str, events: &EventSender) -> Result<(), SourceError> {
        // Closed only when dropped.
        let _permit = self.files.acquire().await;
        if self.denials.are_many() {
            return Err(given_up());
        }
        let mut attempt = 1;
        loop {
            let outcome = read_object(self.store.as_ref(), &self.bucket, key, events).await;
            match &outcome {
                Err(error) if error.reason == GapReason::Timeout && attempt < ATTEMPTS => attempt += 1,
                Err(error) if error.reason == GapReason::Denied => {
                    self.denials.0.fetch_add(1, Ordering::Relaxed);
                    return outcome;
                }
                _ => return outcome,
            }
        }
    }
}

/// Reads one log file, once.
pub(in crate::attribution::source) async fn read_object(
    store: &dyn LogStore,
    bucket: &str,
    key: &str,
    events: &EventSender,
) -> Result<(), SourceError> {
    let mut pieces = store.get(bucket, key).await?;
    let (sender, receiver) = channel(WAITING);
    let events = events.clone();
    let parse = tokio::task::spawn_blocking(move || {
        log::read(Piecewise { receiver, piece: Bytes::new() }, &mut |text| events.record(text).is_ok())
    });
    let feed = async move {
        while let Some(piece) = pieces.next().await {
            // An error here means that no more is wanted: the parser has said why.
            if sender.send(piece?).await.is_err() {
                break;
            }
        }
        Ok(())
    };
    let (fed, parsed) = futures::join!(feed, parse);
    // A body that broke off is the cause of a file that ends in the middle.
    fed?;
    match parsed {
        Ok(Ok(()) | Err(LogError::Stopped)) => Ok(()),
        Ok(Err(error)) => Err(unreadable(error.to_string())),
        Err(error) => Err(unreadable(error.to_string())),
    }
}

fn unreadable(detail: String) -> SourceError {
    SourceError { reason: GapReason::Unreadable, action: "s3:GetObject", detail }
}

fn given_up() -> SourceError {
    let detail = "not tried, after so many refusals".to_owned();
    SourceError { reason: GapReason::Denied, action: "s3:GetObject", detail }
}

fn report(problems: &mut Problems, folder: &LogFolder, error: &SourceError, location: &str) {
    let scope = GapScope {
        account: Some(folder.scope.account.clone()),
        region: Some(folder.scope.region.clone()),
        action: (error.reason != GapReason::Unreadable).then(|| error.action.to_owned()),
        ..GapScope::default()
    };
    problems.add(error.reason, scope, format!("{location}: {}", error.detail));
}

/// Pieces as one reader, for a thread that may wait.
struct Piecewise {
    receiver: Receiver<Bytes>,
    piece: Bytes,
}

impl Read for Piecewise {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.piece.is_empty() {
            match self.receiver.blocking_recv() {
                Some(piece) => self.piece = piece,
                None => return Ok(0),
            }
        }
        let length = buffer.len().min(self.piece.len());
        self.piece.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}
