//! Reading what a stream keeps of one subject, many messages a request and without a consumer: for callers who may
//! only read. Answered by any replica, so the newest messages may be missing for a moment.

use std::time::Duration;

use bytes::Bytes;
use serde_json::json;

use crate::api::ApiError;
use crate::client::Client;
use crate::header::Headers;
use crate::message::Message;
use crate::read::{ReadError, Stored};

/// Between two messages of one batch.
const SILENCE: Duration = Duration::from_secs(5);
/// Bound of a batch in messages; that in bytes is the subscription's.
const BATCH: u32 = 512;

impl Client {
    /// The next messages of `subject` at or after `seq`, the oldest first; empty: there is none.
    ///
    /// # Errors
    /// When the broker does not answer or does not permit it.
    pub async fn read_on(&self, stream: &str, subject: &str, seq: u64) -> Result<Vec<Stored>, ReadError> {
        let inbox = self.new_inbox();
        let mut answers = self.subscribe(&inbox, None).await.map_err(|_| ApiError::Disconnected)?;
        let ask = json!({ "seq": seq.max(1), "next_by_subj": subject, "batch": BATCH });
        let ask = Bytes::from(ask.to_string());
        let api = format!("$JS.API.DIRECT.GET.{stream}");
        self.publish_with_reply(&api, Some(&inbox), &Headers::new(), ask).await.map_err(|_| ApiError::Disconnected)?;
        let mut read = Vec::new();
        loop {
            let answer = match tokio::time::timeout(SILENCE, answers.next()).await {
                Ok(Some(answer)) => answer,
                Ok(None) => return Err(ApiError::Disconnected),
                Err(_) if self.is_connected() => return Err(ApiError::TimedOut),
                Err(_) => return Err(ApiError::Disconnected),
            };
            match answer.status() {
                // The end of the batch, or nothing there.
                Some(204 | 404) => return Ok(read),
                Some(503) => return Err(ApiError::Unavailable),
                Some(408) => return Err(ApiError::TimedOut),
                Some(_) => return Err(ApiError::Malformed(answer.description().to_owned())),
                None => read.push(stored(answer)?),
            }
        }
    }

    /// The last message of a literal `subject`, read as [`Self::read_on`] reads.
    ///
    /// # Errors
    /// When the broker does not answer or does not permit it.
    pub async fn read_last(&self, stream: &str, subject: &str) -> Result<Option<Stored>, ReadError> {
        let api = format!("$JS.API.DIRECT.GET.{stream}.{subject}");
        let answer = self.request(&api, &Headers::new(), Bytes::new(), SILENCE).await?;
        match answer.status() {
            Some(404) => Ok(None),
            Some(_) => Err(ApiError::Malformed(answer.description().to_owned())),
            None => stored(answer).map(Some),
        }
    }
}

fn stored(message: Message) -> Result<Stored, ReadError> {
    let seq = message.header("Nats-Sequence").and_then(|seq| seq.parse().ok());
    let subject = message.header("Nats-Subject").map(ToOwned::to_owned);
    let (Some(seq), Some(subject)) = (seq, subject) else {
        return Err(ApiError::Malformed("a message without its sequence".to_owned()));
    };
    let time = message.header("Nats-Time-Stamp").unwrap_or_default().to_owned();
    let headers = Headers(message.0.headers.clone().unwrap_or_default());
    Ok(Stored { seq, subject, headers, payload: message.into_payload(), time })
}
