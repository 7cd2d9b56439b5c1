//! An SQS queue with CloudTrail's news: notifications of log files, or the events themselves (see [`super::envelope`]). A message stays
//! in the queue until it is deleted; one that is not deleted in time comes again.

use std::sync::Arc;

use aws_sdk_sqs::types::{DeleteMessageBatchRequestEntry, MessageSystemAttributeName};
use jiff::Timestamp;

use super::SourceError;
use super::envelope::{self, Contents, EnvelopeError, ObjectRef};
use super::event_sender::gather;
use super::log;
use super::s3::{LogBucket, read_object};
use crate::attribution::event::{EventSink, Unread, Window};
use crate::aws::{AssumeRole, Aws, ReadError, ScopeClient, region_of_queue};
use crate::model::GapReason;

/// Messages of one answer, and of one deletion: the most that SQS takes.
const BATCH: i32 = 10;
/// How long SQS may wait for a message, in seconds: the most that it takes.
const LONG_POLL: i32 = 20;

/// A queue.
pub struct Queue<'a> {
    client: Arc<ScopeClient>,
    url: String,
    logs: LogBucket<'a>,
}

/// A message that was received, not read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// SQS's id: the same every time the message comes.
    pub id: String,
    /// By which this receipt of it is deleted.
    receipt: String,
    /// How often it was received, this time included.
    pub received: u32,
    /// When it was sent.
    pub sent: Option<Timestamp>,
    pub body: String,
}

/// Why a message was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// It will never be readable: to be set aside.
    #[error("{0}")]
    Poison(String),
    /// Another try may do.
    #[error("{0}")]
    Failed(#[from] SourceError),
}

impl From<EnvelopeError> for MessageError {
    fn from(error: EnvelopeError) -> Self {
        Self::Poison(error.to_string())
    }
}

impl<'a> Queue<'a> {
    /// The queue at this address; its region is `region`, else that of the address, else that of the credentials. `role` reads it in
    /// their place.
    pub async fn open(aws: &'a Aws, url: &str, region: Option<&str>, role: Option<&AssumeRole>) -> Self {
        let region = region.or_else(|| region_of_queue(url)).map_or_else(|| aws.default_region(), str::to_owned);
        Self { client: aws.with_role(&region, role).await, url: url.to_owned(), logs: LogBucket::new(aws) }
    }

    /// Waits for messages, at most as long as SQS does (20 s); none is no error.
    ///
    /// # Errors
    /// The call failed.
    pub async fn receive(&self) -> Result<Vec<Message>, SourceError> {
        let call = self.client.sqs().receive_message().queue_url(&self.url).max_number_of_messages(BATCH);
        let call = call.wait_time_seconds(LONG_POLL);
        let call = call.message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount);
        let call = call.message_system_attribute_names(MessageSystemAttributeName::SentTimestamp);
        let answer = self.client.call("sqs:ReceiveMessage", call.send()).await.map_err(source_error)?;
        let number = |message: &aws_sdk_sqs::types::Message, name: MessageSystemAttributeName| {
            message.attributes().and_then(|all| all.get(&name)).and_then(|text| text.parse::<i64>().ok())
        };
        let message = |message: aws_sdk_sqs::types::Message| Message {
            received: number(&message, MessageSystemAttributeName::ApproximateReceiveCount)
                .and_then(|count| u32::try_from(count).ok())
                .unwrap_or(1),
            sent: number(&message, MessageSystemAttributeName::SentTimestamp)
                .and_then(|millis| Timestamp::from_millisecond(millis).ok()),
            id: message.message_id.unwrap_or_default(),
            receipt: message.receipt_handle.unwrap_or_default(),
            body: message.body.unwrap_or_default(),
        };
        Ok(answer.messages.unwrap_or_default().into_iter().map(message).collect())
    }

    /// Gives what a message has, or the log files that it names, to the sink. What was given before a failure counts; that the rest of a
    /// file, or a message, will never be readable is told to the sink as well.
    ///
    /// # Errors
    /// It is no message of AWS, or a file could not be read.
    pub async fn read(&self, message: &Message, sink: &mut dyn EventSink) -> Result<(), MessageError> {
        let contents = opened(&message.body, sink)?;
        contents.events.into_iter().for_each(|event| sink.accept(event));
        for unread in contents.unread {
            sink.malformed();
            sink.unread(unread);
        }
        for object in &contents.objects {
            self.read_log(object, sink).await?;
        }
        Ok(())
    }

    async fn read_log(&self, object: &ObjectRef, sink: &mut dyn EventSink) -> Result<(), MessageError> {
        let always = Window { since: Timestamp::MIN, until: Timestamp::MAX };
        let ObjectRef { bucket, key } = object;
        let mut outcome = Ok(());
        let (logs, told) = (&self.logs, &mut outcome);
        let read = |events| async move {
            *told = read_object(logs, bucket, key, &events).await;
            Vec::new()
        };
        gather(&[always], None, sink, read).await;
        outcome.map_err(|error| match error.reason {
            // A file that is no log, or is gone, is so at every try.
            GapReason::Unreadable => {
                sink.unread(Unread::Anything(Timestamp::MAX));
                MessageError::Poison(format!("s3://{bucket}/{key}: {}", error.detail))
            }
            _ => MessageError::Failed(error),
        })
    }

    /// Takes messages out of the queue for good.
    ///
    /// # Errors
    /// The call failed; the messages will come again.
    pub async fn delete(&self, messages: &[&Message]) -> Result<(), SourceError> {
        const ACTION: &str = "sqs:DeleteMessage";
        for batch in messages.chunks(BATCH.unsigned_abs() as usize) {
            let mut call = self.client.sqs().delete_message_batch().queue_url(&self.url);
            for (number, message) in batch.iter().enumerate() {
                let entry = DeleteMessageBatchRequestEntry::builder().id(number.to_string());
                let entry = entry.receipt_handle(&message.receipt).build();
                call = call.entries(entry.map_err(|error| unexpected(ACTION, error.to_string()))?);
            }
            let answer = self.client.call(ACTION, call.send()).await.map_err(source_error)?;
            if let Some(failed) = answer.failed().first() {
                let why = failed.message().unwrap_or_default();
                return Err(unexpected(ACTION, format!("{}: {why}", failed.code())));
            }
        }
        Ok(())
    }
}

/// A message's contents. One that cannot be opened may have been a record all the same.
fn opened(body: &str, sink: &mut dyn EventSink) -> Result<Contents, EnvelopeError> {
    envelope::open(body).inspect_err(|_| {
        if log::unread(body) != Unread::Nothing {
            sink.unread(Unread::Anything(Timestamp::MAX));
        }
    })
}

fn source_error(error: ReadError) -> SourceError {
    SourceError { reason: error.reason, action: error.action, detail: error.detail() }
}

fn unexpected(action: &'static str, detail: String) -> SourceError {
    SourceError { reason: GapReason::Failed, action, detail: format!("{action}: {detail}") }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{RecordingSink, a_record};
    use super::*;

    #[test]
    fn a_message_that_cannot_be_opened_may_have_been_a_record() {
        let record = a_record("a", "2026-01-02T03:04:05Z").to_string();
        let cut = record.get(..record.len() - 20).unwrap();
        for (body, expected) in [(cut, 1), (r#"{"order": 7, "state": "paid"}"#, 0), ("plain", 0)] {
            let mut sink = RecordingSink::default();
            assert!(opened(body, &mut sink).is_err(), "{body}");
            assert_eq!(sink.unread, vec![Unread::Anything(Timestamp::MAX); expected], "{body}");
        }
    }
}
