//! One request, one reply; what can be known at once is not waited for.

use std::time::Duration;

use async_nats::client::RequestErrorKind;
use bytes::Bytes;
use thiserror::Error;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::client::Client;
use crate::header::Headers;
use crate::link::{Refused, Signal};
use crate::message::Message;

/// The answer to a request.
pub type Reply = Message;

/// Why there is no reply.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum RequestError {
    /// Nobody listens on the subject; the request was not seen by anyone.
    #[error("nobody listens on `{subject}`")]
    NoResponders {
        /// The subject asked.
        subject: String,
    },
    /// The broker does not let this user ask there (or hear the answer); nobody saw the request.
    #[error("the broker does not permit `{subject}`")]
    PermissionDenied {
        /// The subject that is not permitted.
        subject: String,
    },
    /// No answer in time; the request may have been handled.
    #[error("no answer on `{subject}` in time")]
    TimedOut {
        /// The subject asked.
        subject: String,
    },
    /// The connection is down.
    #[error("the connection to the broker is down")]
    Disconnected {
        /// Whether the request may have gone out before it broke.
        maybe_sent: bool,
    },
    /// The request is greater than the broker accepts; nobody saw it.
    #[error("the request is greater than the broker's limit of {limit} bytes")]
    TooLarge {
        /// The broker's limit in bytes, headers included.
        limit: usize,
    },
    /// A subject with a space, an empty token or nothing in it.
    #[error("`{0}` is not a subject")]
    InvalidSubject(String),
}

impl RequestError {
    /// Whether the same request may succeed a moment later, given that repeating it is harmless.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::NoResponders { .. } | Self::TimedOut { .. } | Self::Disconnected { .. } => true,
            Self::PermissionDenied { .. } | Self::TooLarge { .. } | Self::InvalidSubject(_) => false,
        }
    }
}

impl Client {
    /// Asks once and waits for the answer, `timeout` at most.
    ///
    /// Nobody listening, a missing permission and a lost connection end it at once.
    pub async fn request(
        &self,
        subject: &str,
        headers: &Headers,
        payload: Bytes,
        timeout: Duration,
    ) -> Result<Reply, RequestError> {
        // Listened to before the state is read, so that no loss can fall between the two.
        let signals = self.signals();
        if !self.is_connected() {
            return Err(RequestError::Disconnected { maybe_sent: false });
        }
        let mut request = async_nats::Request::new().payload(payload).timeout(Some(timeout));
        if !headers.is_empty() {
            request = request.headers(headers.0.clone());
        }
        // The timeout covers queueing too: a full outgoing queue must not hold the caller.
        let answer = tokio::time::timeout(timeout, self.nats().send_request(subject.to_owned(), request));
        let answer = tokio::select! {
            biased;
            answer = answer => answer,
            error = self.failure_of(subject, signals) => return Err(error),
        };
        let subject = subject.to_owned();
        match answer {
            Ok(Ok(message)) => Ok(Message(message)),
            Ok(Err(error)) => Err(match error.kind() {
                RequestErrorKind::NoResponders => RequestError::NoResponders { subject },
                RequestErrorKind::TimedOut => RequestError::TimedOut { subject },
                RequestErrorKind::InvalidSubject => RequestError::InvalidSubject(subject),
                RequestErrorKind::MaxPayloadExceeded => RequestError::TooLarge { limit: self.nats().max_payload() },
                RequestErrorKind::Other => RequestError::Disconnected { maybe_sent: true },
            }),
            Err(_) => Err(RequestError::TimedOut { subject }),
        }
    }

    async fn failure_of(&self, subject: &str, mut signals: broadcast::Receiver<Signal>) -> RequestError {
        loop {
            match signals.recv().await {
                Ok(Signal::Lost) | Err(RecvError::Closed) => return RequestError::Disconnected { maybe_sent: true },
                Ok(Signal::Refused(Refused::Publish(refused))) if refused == subject => {
                    return RequestError::PermissionDenied { subject: refused };
                }
                Ok(Signal::Refused(Refused::Subscribe(refused))) if self.is_own_inbox(&refused) => {
                    return RequestError::PermissionDenied { subject: refused };
                }
                // Somebody else's; or too many to hear them all, then the timeout decides.
                Ok(Signal::Refused(_)) | Err(RecvError::Lagged(_)) => {}
            }
        }
    }

    pub(crate) fn is_own_inbox(&self, subject: &str) -> bool {
        subject.strip_prefix(self.inner.inbox_prefix.as_str()).is_some_and(|rest| rest.starts_with('.'))
    }
}
