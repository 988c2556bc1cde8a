//! Reading single messages and the state of a stream, from its leader: a direct get may be answered by a
//! replica that is behind. One reader asks for what is known to be there, and takes it from whoever has it.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use maestro_domain::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use thiserror::Error;

use crate::api::{ApiError, CALL_TIMEOUT, code};
use crate::client::Client;
use crate::header::Headers;
use crate::message::Message;
use crate::request::RequestError;

/// Why something could not be read.
pub type ReadError = ApiError;

/// A message as the stream keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Its sequence in the stream.
    pub seq: u64,
    /// The subject it was published to.
    pub subject: String,
    /// Its headers.
    pub headers: Headers,
    /// Its body.
    pub payload: Bytes,
    /// When the stream took it, as RFC 3339.
    pub time: String,
}

impl Stored {
    /// When the stream took it; `None`: the broker said something that is no time.
    pub fn taken(&self) -> Option<Timestamp> {
        self.time.parse().ok()
    }
}

/// The state of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamInfo {
    /// When the stream was created, as RFC 3339: another value is another stream.
    pub created: String,
    /// Sequence of the oldest message that is still there; one past the last when it is empty.
    pub first_seq: u64,
    /// Sequence of the newest message ever appended; 0 before the first.
    pub last_seq: u64,
    /// How many messages are there.
    pub messages: u64,
    /// How many bytes they take.
    pub bytes: u64,
    /// The configuration as the broker keeps it.
    pub config: Value,
}

impl StreamInfo {
    /// The limit in bytes; `None` without one.
    pub fn max_bytes(&self) -> Option<u64> {
        self.config.get("max_bytes")?.as_u64().filter(|bytes| *bytes > 0)
    }
}

#[derive(Debug, Error)]
#[error("{0}")]
struct Undecodable(&'static str);

#[derive(Deserialize)]
struct GetAnswer {
    message: RawMessage,
}

#[derive(Deserialize)]
struct RawMessage {
    subject: String,
    seq: u64,
    #[serde(default)]
    hdrs: String,
    #[serde(default)]
    data: String,
    #[serde(default)]
    time: String,
}

impl RawMessage {
    fn decode(self) -> Result<Stored, Undecodable> {
        let block = STANDARD.decode(&self.hdrs).map_err(|_| Undecodable("headers are no base64"))?;
        let data = STANDARD.decode(&self.data).map_err(|_| Undecodable("data is no base64"))?;
        Ok(Stored {
            seq: self.seq,
            subject: self.subject,
            headers: Headers::parse_block(&block),
            payload: data.into(),
            time: self.time,
        })
    }
}

#[derive(Deserialize)]
struct InfoAnswer {
    #[serde(default)]
    created: String,
    config: Value,
    state: RawState,
}

#[derive(Deserialize)]
struct RawState {
    #[serde(default)]
    messages: u64,
    #[serde(default)]
    bytes: u64,
    #[serde(default)]
    first_seq: u64,
    #[serde(default)]
    last_seq: u64,
    #[serde(default)]
    subjects: Option<BTreeMap<String, u64>>,
}

/// A direct get answers with the message itself; where it comes from stands in headers.
fn direct(seq: u64, message: Message) -> Stored {
    let text = |name: &str| message.header(name).unwrap_or_default().to_owned();
    let (subject, time) = (text("Nats-Subject"), text("Nats-Time-Stamp"));
    let headers = message.0.headers.clone().map(Headers).unwrap_or_default();
    Stored { seq, subject, headers, payload: message.into_payload(), time }
}

impl Client {
    /// The last sequence of `subject`; 0 when there is no message. The subject may contain wildcards.
    pub async fn last_sequence(&self, stream: &str, subject: &str) -> Result<u64, ReadError> {
        let answer = self.get_raw(stream, &json!({ "last_by_subj": subject })).await?;
        Ok(answer.map_or(0, |message| message.seq))
    }

    /// The last message of `subject`.
    pub async fn last_message(&self, stream: &str, subject: &str) -> Result<Option<Stored>, ReadError> {
        self.get(stream, &json!({ "last_by_subj": subject })).await
    }

    /// The message at a sequence; `None` when it is gone or not there yet.
    pub async fn message_at(&self, stream: &str, seq: u64) -> Result<Option<Stored>, ReadError> {
        self.get(stream, &json!({ "seq": seq })).await
    }

    /// The message at a sequence, from whichever server has it next: for what is known to be there, since another
    /// one may lag. When that one has not got it, the leader is asked.
    pub async fn message_near(&self, stream: &str, seq: u64) -> Result<Option<Stored>, ReadError> {
        let query = json!({ "seq": seq }).to_string();
        let subject = format!("$JS.API.DIRECT.GET.{stream}");
        match self.request(&subject, &Headers::new(), query.into(), CALL_TIMEOUT).await {
            Ok(message) if message.status().is_none() => Ok(Some(direct(seq, message))),
            // Not there, no direct gets on this stream, or nobody listens: the leader knows.
            Ok(_) | Err(RequestError::NoResponders { .. }) => self.message_at(stream, seq).await,
            Err(error) => Err(error.into()),
        }
    }

    /// The first message of `subject` at or after `seq`.
    pub async fn next_message(&self, stream: &str, subject: &str, seq: u64) -> Result<Option<Stored>, ReadError> {
        self.get(stream, &json!({ "seq": seq, "next_by_subj": subject })).await
    }

    /// Where the messages of `subject` begin that the stream took at `time` or later: its sequence after the last when
    /// all are older. Found by halves: streams take messages in the order of their times.
    pub async fn sequence_at(&self, stream: &str, subject: &str, time: Timestamp) -> Result<u64, ReadError> {
        let info = self.stream_info(stream).await?;
        // Below `low` all are older; from `high` on none is.
        let (mut low, mut high) = (info.first_seq, info.last_seq + 1);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.next_message(stream, subject, middle).await? {
                Some(message) if message.seq < high && message.taken().is_some_and(|taken| taken < time) => {
                    low = message.seq + 1;
                }
                Some(_) | None => high = middle,
            }
        }
        Ok(high)
    }

    /// The sequence of the oldest message that is still there.
    pub async fn first_sequence(&self, stream: &str) -> Result<u64, ReadError> {
        self.stream_info(stream).await.map(|info| info.first_seq)
    }

    /// State and configuration of a stream.
    pub async fn stream_info(&self, stream: &str) -> Result<StreamInfo, ReadError> {
        let answer: InfoAnswer = self.api(&format!("STREAM.INFO.{stream}"), None::<&()>).await?;
        let InfoAnswer { created, config, state } = answer;
        let RawState { messages, bytes, first_seq, last_seq, subjects: _ } = state;
        Ok(StreamInfo { created, first_seq, last_seq, messages, bytes, config })
    }

    /// The subjects of a stream that hold messages, with how many; a hundred thousand at most.
    pub async fn subjects(&self, stream: &str, filter: &str) -> Result<BTreeMap<String, u64>, ReadError> {
        let query = json!({ "subjects_filter": filter });
        let answer: InfoAnswer = self.api(&format!("STREAM.INFO.{stream}"), Some(&query)).await?;
        Ok(answer.state.subjects.unwrap_or_default())
    }

    async fn get(&self, stream: &str, query: &Value) -> Result<Option<Stored>, ReadError> {
        let Some(raw) = self.get_raw(stream, query).await? else { return Ok(None) };
        raw.decode().map(Some).map_err(|error| ApiError::Malformed(error.to_string()))
    }

    async fn get_raw(&self, stream: &str, query: &Value) -> Result<Option<RawMessage>, ReadError> {
        match self.api::<GetAnswer>(&format!("STREAM.MSG.GET.{stream}"), Some(query)).await {
            Ok(answer) => Ok(Some(answer.message)),
            Err(error) if error.err_code() == Some(code::NO_MESSAGE_FOUND) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
