//! A message as it came from the broker.

use bytes::Bytes;
use serde::de::DeserializeOwned;

/// A received message. Cheap to clone: subject and payload are shared.
#[derive(Clone, Debug)]
pub struct Message(pub(crate) async_nats::Message);

impl Message {
    /// The subject it was published to.
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    /// Where an answer goes, if one is wanted.
    pub fn reply_to(&self) -> Option<&str> {
        self.0.reply.as_deref()
    }

    /// The body.
    pub fn payload(&self) -> &Bytes {
        &self.0.payload
    }

    /// The body, without keeping the rest.
    pub fn into_payload(self) -> Bytes {
        self.0.payload
    }

    /// The first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.0.headers.as_ref()?.get(name).map(async_nats::HeaderValue::as_str)
    }

    /// The body read as JSON.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        serde_json::from_slice(&self.0.payload)
    }

    pub(crate) fn status(&self) -> Option<u16> {
        self.0.status.map(|status| status.as_u16())
    }

    pub(crate) fn description(&self) -> &str {
        self.0.description.as_deref().unwrap_or_default()
    }
}
