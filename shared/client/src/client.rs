//! The connected client: publishing, subscribing, flushing, closing, and the state of its link.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::client::PublishErrorKind;
use bytes::Bytes;
use futures::{FutureExt, StreamExt};
use thiserror::Error;
use tokio::sync::{broadcast, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::header::Headers;
use crate::link::{Link, LinkKeeper, Signal};
use crate::message::Message;

/// A connection to the broker. Clones share it; the last clone closes it and ends its tasks.
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) nats: async_nats::Client,
    pub(crate) keeper: Arc<LinkKeeper>,
    pub(crate) inbox_prefix: String,
    pub(crate) subscription_capacity: usize,
    pub(crate) tasks: TaskTracker,
    pub(crate) cancel: CancellationToken,
    _stop: DropGuard,
}

/// Which broker answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerIdentity {
    /// The server's own name.
    pub name: String,
    /// Its unique id, new at each start.
    pub id: String,
    /// Its version, as in `2.15.1`.
    pub version: String,
    /// The greatest message it accepts, headers included, in bytes.
    pub max_payload: usize,
}

/// Why a message could not be published.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PublishError {
    /// The message is greater than the broker accepts.
    #[error("the message is greater than the broker's limit of {limit} bytes")]
    TooLarge {
        /// The broker's limit in bytes, headers included.
        limit: usize,
    },
    /// A subject with a space, an empty token or nothing in it.
    #[error("`{0}` is not a subject")]
    InvalidSubject(String),
    /// The client was closed, or its reconnects are used up.
    #[error("the connection is closed")]
    Closed,
}

/// Why a subscription could not be made.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SubscribeError {
    /// A subject with a space, an empty token or nothing in it.
    #[error("`{0}` is not a subject")]
    InvalidSubject(String),
    /// The client was closed, or its reconnects are used up.
    #[error("the connection is closed")]
    Closed,
}

/// Why a flush did not come through.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum FlushError {
    /// Not everything was written within the time given.
    #[error("the broker did not take everything in time")]
    TimedOut,
    /// The client is closed, or (for a confirmation) the connection was lost.
    #[error("the connection is closed")]
    Closed,
}

impl Client {
    pub(crate) fn new(
        nats: async_nats::Client,
        keeper: Arc<LinkKeeper>,
        inbox_prefix: String,
        subscription_capacity: usize,
    ) -> Self {
        let cancel = CancellationToken::new();
        let tasks = TaskTracker::new();
        keeper.up();
        Self {
            inner: Arc::new(Inner {
                nats,
                keeper,
                inbox_prefix,
                subscription_capacity,
                tasks,
                _stop: cancel.clone().drop_guard(),
                cancel,
            }),
        }
    }

    pub(crate) fn nats(&self) -> &async_nats::Client {
        &self.inner.nats
    }

    /// Which broker this client is, or was last, connected to.
    pub fn server(&self) -> ServerIdentity {
        let info = self.nats().server_info();
        ServerIdentity {
            name: info.server_name,
            id: info.server_id,
            version: info.version,
            max_payload: self.nats().max_payload(),
        }
    }

    /// The link's state, to read at once or to wait for a change.
    pub fn link(&self) -> watch::Receiver<Link> {
        self.inner.keeper.state.subscribe()
    }

    /// For how long the connection has been up without a break, suspends of this process counting as
    /// breaks; `None` while it is down.
    pub fn connected_unbroken_for(&self) -> Option<Duration> {
        let link = self.inner.keeper.state.borrow();
        link.connected.then(|| Instant::now().saturating_duration_since(link.since))
    }

    /// Whether the connection is up right now, as far as this side knows.
    pub fn is_connected(&self) -> bool {
        self.inner.keeper.state.borrow().connected
    }

    /// How many messages full subscriptions of this client dropped.
    pub fn dropped_messages(&self) -> u64 {
        self.inner.keeper.dropped.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// A subject under this client's inbox prefix that nobody else uses.
    pub fn new_inbox(&self) -> String {
        self.nats().new_inbox()
    }

    /// Hands a message to the connection. Nothing says that it arrived: what must not get lost is
    /// appended or requested. Waits while the outgoing queue (2,048 messages) is full.
    pub async fn publish(&self, subject: &str, headers: &Headers, payload: Bytes) -> Result<(), PublishError> {
        self.publish_with_reply(subject, None, headers, payload).await
    }

    /// The same, naming where an answer goes.
    pub async fn publish_with_reply(
        &self,
        subject: &str,
        reply_to: Option<&str>,
        headers: &Headers,
        payload: Bytes,
    ) -> Result<(), PublishError> {
        let nats = self.nats();
        let owned = subject.to_owned();
        let sent = match (reply_to, headers.is_empty()) {
            (None, true) => nats.publish(owned, payload).await,
            (None, false) => nats.publish_with_headers(owned, headers.0.clone(), payload).await,
            (Some(reply), true) => nats.publish_with_reply(owned, reply.to_owned(), payload).await,
            (Some(reply), false) => {
                nats.publish_with_reply_and_headers(owned, reply.to_owned(), headers.0.clone(), payload).await
            }
        };
        sent.map_err(|error| match error.kind() {
            PublishErrorKind::MaxPayloadExceeded => PublishError::TooLarge { limit: nats.max_payload() },
            PublishErrorKind::InvalidSubject => PublishError::InvalidSubject(subject.to_owned()),
            PublishErrorKind::Send => PublishError::Closed,
        })
    }

    /// Listens to `subject`; in a queue group each message goes to one member. A subscription that is
    /// not read keeps `Options::subscription_capacity` messages and drops what comes after that, counted.
    pub async fn subscribe(&self, subject: &str, queue: Option<&str>) -> Result<Subscription, SubscribeError> {
        let owned = subject.to_owned();
        let subscriber = match queue {
            Some(queue) => self.nats().queue_subscribe(owned, queue.to_owned()).await,
            None => self.nats().subscribe(owned).await,
        };
        use async_nats::client::SubscribeErrorKind as Kind;
        subscriber.map(Subscription).map_err(|error| match error.kind() {
            Kind::InvalidSubject | Kind::InvalidQueueName => SubscribeError::InvalidSubject(subject.to_owned()),
            Kind::Other => SubscribeError::Closed,
        })
    }

    /// Waits until everything published so far is written to the socket. The broker may not have seen
    /// it yet.
    pub async fn flush(&self, timeout: Duration) -> Result<(), FlushError> {
        match tokio::time::timeout(timeout, self.nats().flush()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(FlushError::Closed),
            Err(_) => Err(FlushError::TimedOut),
        }
    }

    /// Waits until the broker has seen everything sent so far: subscriptions are in force, publishes
    /// are delivered to whoever listened. A round trip; `flush` only reaches the socket.
    pub async fn confirm(&self, timeout: Duration) -> Result<(), FlushError> {
        use crate::request::RequestError as Error;
        // The broker works in order, so any word of its about a request to an inbox of nobody will do.
        match self.request(&self.new_inbox(), &Headers::new(), Bytes::new(), timeout).await {
            Ok(_) | Err(Error::NoResponders { .. } | Error::PermissionDenied { .. }) => Ok(()),
            Err(Error::Disconnected { .. }) => Err(FlushError::Closed),
            Err(Error::TimedOut { .. } | Error::TooLarge { .. } | Error::InvalidSubject(_)) => {
                Err(FlushError::TimedOut)
            }
        }
    }

    /// Flushes for `timeout` at most, then closes: subscriptions end, tasks of this client end.
    pub async fn close(&self, timeout: Duration) {
        // What cannot be flushed in time is not ours to save: publishing promises nothing.
        let _ = self.flush(timeout).await;
        self.inner.cancel.cancel();
        self.inner.tasks.close();
        let _ = tokio::time::timeout(timeout, async {
            self.inner.tasks.wait().await;
            self.nats().drain().await
        })
        .await;
    }

    pub(crate) fn signals(&self) -> broadcast::Receiver<Signal> {
        self.inner.keeper.signals.subscribe()
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("link", &*self.inner.keeper.state.borrow()).finish_non_exhaustive()
    }
}

/// Messages on a subject. Dropping it ends the subscription.
#[derive(Debug)]
pub struct Subscription(pub(crate) async_nats::Subscriber);

impl Subscription {
    /// The next message; `None` after the end. Cancelling loses nothing.
    pub async fn next(&mut self) -> Option<Message> {
        self.0.next().await.map(Message)
    }

    /// A message that is there already.
    pub(crate) fn ready(&mut self) -> Option<Option<Message>> {
        self.0.next().now_or_never().map(|message| message.map(Message))
    }

    /// Ends the subscription after `count` messages in all, counted from its beginning.
    pub(crate) async fn end_after(&mut self, count: u64) {
        // A closed connection has ended the subscription already.
        let _ = self.0.unsubscribe_after(count).await;
    }

    /// Asks the broker for no more. What is there already is still delivered, then `next` is `None`; what is
    /// on its way may get lost.
    pub async fn drain(&mut self) {
        // A closed connection has ended the subscription already.
        let _ = self.0.drain().await;
    }
}
