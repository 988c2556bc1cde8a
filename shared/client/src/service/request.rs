//! One request to a service and its answer.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use super::endpoint::Shared;
use crate::client::{Client, PublishError};
use crate::header::Headers;
use crate::message::Message;

pub(crate) const ERROR: &str = "Nats-Service-Error";
const ERROR_CODE: &str = "Nats-Service-Error-Code";

/// The error headers of an answer (ADR-32); the body says the same in our own shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceError {
    /// A number as HTTP has it.
    pub code: u16,
    /// One line.
    pub description: String,
}

/// Where an answer goes. Always an inbox, so that whoever asks cannot make a service write anywhere else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyAddress(String);

impl ReplyAddress {
    /// `None` when it is not under `_INBOX.` or `_R_.`.
    pub fn parse(text: &str) -> Option<Self> {
        may_answer(Some(text)).then(|| Self(text.to_owned()))
    }

    /// As it stands in a message.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Client {
    /// Answers a request that somebody else took and handed on.
    pub async fn respond_to(
        &self,
        address: &ReplyAddress,
        body: Bytes,
        error: Option<ServiceError>,
    ) -> Result<(), PublishError> {
        let mut headers = Headers::new();
        set_error(&mut headers, error.as_ref());
        self.publish(address.as_str(), &headers, body).await
    }
}

fn set_error(headers: &mut Headers, error: Option<&ServiceError>) {
    if let Some(ServiceError { code, description }) = error {
        headers.set(ERROR, description);
        headers.set(ERROR_CODE, code);
    }
}

/// A request in hand. Dropping it unanswered leaves the asker to its timeout.
pub struct Request {
    client: Client,
    message: Message,
    shared: Arc<Shared>,
    received: Instant,
}

impl Request {
    pub(super) fn new(client: Client, message: Message, shared: Arc<Shared>) -> Self {
        Self { client, message, shared, received: Instant::now() }
    }

    /// The subject it was sent to: actor, entity and verb stand there.
    pub fn subject(&self) -> &str {
        self.message.subject()
    }

    /// Its body.
    pub fn payload(&self) -> &Bytes {
        self.message.payload()
    }

    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.message.header(name)
    }

    /// Where the answer goes: under `_INBOX.` or `_R_.`, always.
    pub fn reply_to(&self) -> &str {
        self.message.reply_to().unwrap_or_default()
    }

    /// When it was taken from the subscription.
    pub fn received(&self) -> Instant {
        self.received
    }

    /// Answers. With an error the answer carries its headers and counts as an error in STATS; the body
    /// goes out either way. An answer greater than the broker accepts is not sent.
    pub async fn respond(self, body: Bytes, error: Option<ServiceError>) -> Result<(), PublishError> {
        self.respond_with(body, Headers::new(), error).await
    }

    /// The same, with headers.
    pub async fn respond_with(
        self,
        body: Bytes,
        mut headers: Headers,
        error: Option<ServiceError>,
    ) -> Result<(), PublishError> {
        set_error(&mut headers, error.as_ref());
        let sent = self.client.publish(self.reply_to(), &headers, body).await;
        let text = error.map(|error| format!("{}:{}", error.code, error.description));
        self.shared.counters.done(self.received.elapsed(), text);
        sent
    }

    /// Somebody else answers in our stead. Counts as answered.
    pub fn hand_over(self) {
        self.shared.counters.done(self.received.elapsed(), None);
    }
}

/// Inboxes of clients, and what the broker makes of them across accounts.
pub(super) fn may_answer(reply_to: Option<&str>) -> bool {
    reply_to.is_some_and(|reply| {
        let inbox = reply.strip_prefix("_INBOX.").or_else(|| reply.strip_prefix("_R_."));
        inbox.is_some_and(|rest| !rest.is_empty() && !rest.contains(['*', '>']))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_inboxes_are_answered() {
        assert!(may_answer(Some("_INBOX.web.s7.x")) && may_answer(Some("_R_.abc.def")));
        for forged in ["maestro.v1.evt.web", "_INBOX", "_INBOX.", "_INBOXES.x", "$JS.API.STREAM.DELETE.EVENTS"] {
            assert!(!may_answer(Some(forged)), "{forged}");
        }
        assert!(!may_answer(None));
    }
}
