//! Pull requests to a consumer and what comes back on their inbox.

use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use crate::api::nanos;
use crate::client::{Client, PublishError, SubscribeError, Subscription};
use crate::header::Headers;
use crate::message::Message;
use crate::position::Position;

/// One pull request as the API spells it.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Pull {
    pub batch: usize,
    #[serde(skip_serializing_if = "is_zero")]
    pub max_bytes: usize,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub no_wait: bool,
    /// Nanoseconds.
    pub expires: u64,
    /// Nanoseconds.
    #[serde(skip_serializing_if = "is_zero_u64")]
    pub idle_heartbeat: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(value: &usize) -> bool {
    *value == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero_u64(value: &u64) -> bool {
    *value == 0
}

impl Pull {
    pub(crate) fn new(batch: usize, expires: Duration) -> Self {
        Self { batch, expires: nanos(expires), ..Self::default() }
    }
}

/// What arrives on a pull inbox.
#[derive(Debug)]
pub(crate) enum Pulled {
    Message(Position, Message),
    /// The consumer is alive and has nothing.
    Heartbeat,
    /// A request ended with so many of its messages undelivered.
    Ended {
        undelivered: usize,
    },
    /// Another client holds the pin of the group.
    PinLost,
    /// The consumer is gone or its server is going.
    Gone(String),
}

/// An inbox for the answers of one consumer.
#[derive(Debug)]
pub(crate) struct PullInbox {
    subject: String,
    request_subject: String,
    pub(crate) messages: Subscription,
}

impl PullInbox {
    pub(crate) async fn open(client: &Client, stream: &str, consumer: &str) -> Result<Self, SubscribeError> {
        let subject = client.new_inbox();
        let messages = client.subscribe(&subject, None).await?;
        Ok(Self { subject, request_subject: format!("$JS.API.CONSUMER.MSG.NEXT.{stream}.{consumer}"), messages })
    }

    pub(crate) fn request_subject(&self) -> &str {
        &self.request_subject
    }

    pub(crate) fn subject(&self) -> &str {
        &self.subject
    }

    pub(crate) async fn send(&self, client: &Client, pull: &Pull) -> Result<(), PublishError> {
        // The request is a flat struct of numbers and strings: it always serialises.
        let body = serde_json::to_vec(pull).unwrap_or_default();
        client.publish_with_reply(&self.request_subject, Some(&self.subject), &Headers::new(), Bytes::from(body)).await
    }
}

/// Reads one message of a pull inbox. `None`: neither a status nor a delivery.
pub(crate) fn classify(message: Message) -> Option<Pulled> {
    match message.status() {
        None | Some(200) => {
            let position = Position::parse(message.reply_to()?)?;
            Some(Pulled::Message(position, message))
        }
        Some(100) => Some(Pulled::Heartbeat),
        Some(404 | 408) => Some(Pulled::Ended { undelivered: undelivered(&message) }),
        Some(423) => Some(Pulled::PinLost),
        Some(409) => {
            let text = message.description().to_ascii_lowercase();
            let ended = ["exceeds maxbytes", "batch completed", "exceeded maxwaiting", "exceeded maxrequest"];
            if ended.iter().any(|reason| text.contains(reason)) {
                Some(Pulled::Ended { undelivered: undelivered(&message) })
            } else {
                Some(Pulled::Gone(text))
            }
        }
        Some(status) => Some(Pulled::Gone(format!("{status} {}", message.description()))),
    }
}

/// How much of the request is left; without the header all of it counts as ended.
fn undelivered(message: &Message) -> usize {
    message.header("Nats-Pending-Messages").and_then(|text| text.parse().ok()).unwrap_or(usize::MAX)
}
