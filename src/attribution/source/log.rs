//! One log document -> the texts of its records, as a stream: neither the unpacked document nor its list of records is ever
//! in memory. Knows nothing of where documents lie. Log file format:
//! <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-examples.html>.
//!
//! Forms: `{"Records": [...]}` as trails write it, a plain array, one record per line (after a time, as CloudWatch Logs exports
//! them), `{"Events": [...]}` as `aws cloudtrail lookup-events` prints it, and several of these one after another; each of them
//! packed with gzip or not. A byte that belongs to no text spoils that text; what is cut off keeps what came before.

mod document;
mod plain;

use std::cell::Cell;
use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::bufread::MultiGzDecoder;
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::attribution::event::Event;
use crate::attribution::event::{self, Skipped, Unread};

/// Unpacked bytes of one document. CloudTrail ends a file at 50 MB packed, and JSON packs to a tenth: beyond this it is
/// made to fill the memory or the time.
const MAX_DOCUMENT_BYTES: u64 = 4 << 30;
/// Bytes of one record: CloudTrail ends it at 256 KB, older ones and escapes included.
const MAX_RECORD_BYTES: u64 = 8 << 20;
/// How much is looked at to see whether every line is a record.
const MAX_FIRST_LINE_BYTES: u64 = 1 << 20;
const BUFFER_BYTES: usize = 64 << 10;
/// Records in texts in lists in objects; nothing wraps them deeper.
const DEEPEST_WRAPPING: usize = 3;

/// Why the rest of a document was not read. What came before it counts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    #[error("it ends in the middle; copy or deliver it again")]
    Truncated,
    #[error("no CloudTrail log: {0}")]
    Foreign(String),
    #[error("a digest of CloudTrail's, which has no events")]
    Digest,
    #[error("it unpacks to more than {0} bytes, which no trail writes; it was left there")]
    TooLarge(u64),
    #[error("one of its records has more than {0} bytes, which no trail writes; it was left there")]
    LongRecord(u64),
    #[error("{0}")]
    Broken(String),
    /// The sink wants no more.
    #[error("given up")]
    Stopped,
}

/// One of the texts that [`read`] gives -> its event. A record may be wrapped: by LookupEvents (`CloudTrailEvent` holds it as
/// text), by EventBridge (`detail`), by CloudWatch Logs (`message`), or by whatever columns a query of the command line chose.
///
/// # Errors
/// It is no record, or none that matters here.
pub fn record(text: &str) -> Result<Event, Skipped> {
    match event::parse(text) {
        Err(Skipped::Malformed) => {}
        other => return other,
    }
    let value: Value = serde_json::from_str(text).map_err(|_| Skipped::Malformed)?;
    wrapped(&value, 0).unwrap_or(Err(Skipped::Malformed))
}

/// What a text that is no usable record may have been about, wrapped as in [`record`].
pub(super) fn unread(text: &str) -> Unread {
    fn inside(value: &Value, depth: usize) -> Option<Unread> {
        let found = |text: &str| Some(event::unread(text)).filter(|unread| matches!(unread, Unread::Call(_)));
        match value {
            _ if depth > DEEPEST_WRAPPING => None,
            Value::String(text) => found(text),
            Value::Object(members) if members.contains_key("eventSource") => found(&value.to_string()),
            Value::Array(items) => items.iter().find_map(|item| inside(item, depth + 1)),
            Value::Object(members) => members.values().find_map(|member| inside(member, depth + 1)),
            Value::Null | Value::Bool(_) | Value::Number(_) => None,
        }
    }
    match event::unread(text) {
        Unread::Anything(until) => {
            let value = serde_json::from_str::<Value>(text).unwrap_or_default();
            inside(&value, 0).unwrap_or(Unread::Anything(until))
        }
        other => other,
    }
}

/// The record that a value holds; `None`: it holds none.
fn wrapped(value: &Value, depth: usize) -> Option<Result<Event, Skipped>> {
    if depth > DEEPEST_WRAPPING {
        return None;
    }
    match value {
        Value::String(text) if text.trim_start().starts_with('{') => match event::parse(text) {
            Err(Skipped::Malformed) => None,
            other => Some(other),
        },
        Value::Object(members) if members.contains_key("eventID") => match event::parse(&value.to_string()) {
            Err(Skipped::Malformed) => None,
            other => Some(other),
        },
        Value::Array(items) => items.iter().find_map(|item| wrapped(item, depth + 1)),
        Value::Object(members) => members.values().find_map(|member| wrapped(member, depth + 1)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

/// Reads a document and gives the text of each of its records to `each`, until that says `false`.
///
/// # Errors
/// The rest of the document cannot be read.
pub fn read(reader: impl Read, each: &mut dyn FnMut(&str) -> bool) -> Result<(), LogError> {
    read_within(reader, MAX_DOCUMENT_BYTES, MAX_RECORD_BYTES, each)
}

fn read_within(
    reader: impl Read,
    document_bytes: u64,
    record_bytes: u64,
    each: &mut dyn FnMut(&str) -> bool,
) -> Result<(), LogError> {
    let limits = Limits { document: document_bytes, record: record_bytes, ..Limits::default() };
    let plain = unpacked(BufReader::with_capacity(BUFFER_BYTES, reader));
    let guarded = plain::Clean::new(Guarded { inner: plain, limits: &limits });
    let outcome = read_plain(&mut BufReader::with_capacity(BUFFER_BYTES, guarded), &limits, each);
    match (limits.passed.get(), limits.failed.take()) {
        (Some(Passed::Document), _) => Err(LogError::TooLarge(document_bytes)),
        (Some(Passed::Record), _) => Err(LogError::LongRecord(record_bytes)),
        (None, Some(failed)) if outcome != Err(LogError::Stopped) => Err(failed),
        (None, _) => outcome,
    }
}

/// The document itself, whether it is packed or not.
pub(super) fn unpacked<'a>(mut packed: impl BufRead + 'a) -> Box<dyn Read + 'a> {
    // What cannot be read at all fails again when it is read.
    let is_packed = packed.fill_buf().is_ok_and(|start| start.starts_with(&[0x1f, 0x8b]));
    if is_packed { Box::new(MultiGzDecoder::new(packed)) } else { Box::new(packed) }
}

fn read_plain(mut plain: impl BufRead, limits: &Limits, each: &mut dyn FnMut(&str) -> bool) -> Result<(), LogError> {
    let mut first = Vec::new();
    loop {
        plain.by_ref().take(MAX_FIRST_LINE_BYTES).read_until(b'\n', &mut first).map_err(|error| broken(&error))?;
        if let Some(rest) = first.strip_prefix(b"\xef\xbb\xbf") {
            first = rest.to_vec();
        }
        match first.trim_ascii() {
            b"" if !first.ends_with(b"\n") => return Ok(()),
            b"" => first.clear(),
            _ => break,
        }
    }
    let line = without_time(first.trim_ascii());
    let is_whole = line.starts_with(b"{") && serde_json::from_slice::<IgnoredAny>(line).is_ok();
    if is_whole {
        return lines(first, plain, limits, each);
    }
    document::read(Cursor::new(first).chain(plain), limits, each)
}

/// Every line is a document of its own, mostly one record. A broken one spoils only itself.
fn lines(
    mut line: Vec<u8>,
    mut rest: impl BufRead,
    limits: &Limits,
    each: &mut dyn FnMut(&str) -> bool,
) -> Result<(), LogError> {
    loop {
        limits.record_is_over();
        let text = without_time(line.trim_ascii());
        if !text.is_empty() {
            match document::read(text, limits, each) {
                Ok(()) => {}
                Err(error @ (LogError::Stopped | LogError::Digest)) => return Err(error),
                Err(_) if !each(&String::from_utf8_lossy(text)) => return Err(LogError::Stopped),
                Err(_) => {}
            }
        }
        line.clear();
        if rest.read_until(b'\n', &mut line).map_err(|error| broken(&error))? == 0 {
            return Ok(());
        }
    }
}

/// CloudWatch Logs exports write the time before every record: `2026-01-05T10:01:00.000Z {...}`.
fn without_time(line: &[u8]) -> &[u8] {
    let Some(at) = line.iter().position(|byte| *byte == b' ') else { return line };
    let is_time = line.first().is_some_and(u8::is_ascii_digit)
        && line[..at].iter().all(|byte| byte.is_ascii_digit() || b"-:.TZ+".contains(byte));
    if is_time { line[at..].trim_ascii_start() } else { line }
}

fn broken(error: &io::Error) -> LogError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => LogError::Truncated,
        _ => LogError::Broken(error.to_string()),
    }
}

#[derive(Debug, Clone, Copy)]
enum Passed {
    Document,
    Record,
}

/// How much was read of the document and of the record at hand.
#[derive(Default)]
struct Limits {
    document: u64,
    record: u64,
    read: Cell<u64>,
    read_of_record: Cell<u64>,
    passed: Cell<Option<Passed>>,
    /// Reading failed there: what came before counts.
    failed: Cell<Option<LogError>>,
}

impl Limits {
    fn record_is_over(&self) {
        self.read_of_record.set(0);
    }
}

/// Ends reading where a limit is passed.
struct Guarded<'a, R> {
    inner: R,
    limits: &'a Limits,
}

impl<R: Read> Read for Guarded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let limits = self.limits;
        let read = match self.inner.read(buffer) {
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            // The end, to whoever reads: records that are whole are given first.
            Err(error) => {
                limits.failed.set(Some(broken(&error)));
                return Ok(0);
            }
        };
        limits.read.set(limits.read.get() + read as u64);
        limits.read_of_record.set(limits.read_of_record.get() + read as u64);
        if limits.read.get() > limits.document {
            limits.passed.set(Some(Passed::Document));
        } else if limits.read_of_record.get() > limits.record {
            limits.passed.set(Some(Passed::Record));
        } else {
            return Ok(read);
        }
        Err(io::Error::other("a limit is passed"))
    }
}

#[cfg(test)]
mod tests;
