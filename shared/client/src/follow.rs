//! Following a stream: every message once, in order, through restarts of everything.
//!
//! A follower is an ephemeral consumer without acknowledgements that is thrown away and made anew behind
//! the last delivered sequence whenever anything is not as it should be: the consumer's own numbering
//! skips, heartbeats are missing, the connection was lost, the consumer is gone or lags for good. It holds no task; it
//! works while `next` is awaited, and what is waiting is bounded by its pull requests.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use thiserror::Error;
use tokio::time::Instant;

use crate::api::ApiError;
use crate::client::Client;
use crate::follow_open::Live;
use crate::header::Headers;
use crate::message::Message;
use crate::position::Position;
use crate::pull::{Pulled, classify};

/// Where to begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// At this stream sequence, that one included.
    At(u64),
    /// At the oldest message that is there.
    First,
    /// With what comes from now on.
    New,
    /// With the last message of each subject, then what comes.
    LastPerSubject,
}

/// What to follow, and how.
#[derive(Clone, Debug)]
pub struct FollowOptions {
    /// The stream.
    pub stream: String,
    /// The subject to follow, wildcards allowed; `None`: all of the stream.
    pub filter: Option<String>,
    /// Where to begin.
    pub start: Start,
    /// The consumer is named `{name_prefix}-{random}`, so that permissions and operators can name it.
    pub name_prefix: String,
    /// Messages under way at most. Also bounded by half of the client's subscription capacity.
    pub batch: usize,
    /// Bytes one pull request may bring; at least the broker's greatest message.
    pub batch_bytes: usize,
    /// How often an idle consumer says that it lives.
    pub heartbeat: Duration,
    /// Silence after which the consumer is made anew.
    pub stall: Duration,
}

impl FollowOptions {
    /// Follows with heartbeats of 2 s, a stall after 5 s, and 4,096 messages or 8 MiB under way.
    pub fn new(stream: &str, filter: Option<&str>, start: Start, name_prefix: &str) -> Self {
        Self {
            stream: stream.to_owned(),
            filter: filter.map(ToOwned::to_owned),
            start,
            name_prefix: name_prefix.to_owned(),
            batch: 4096,
            batch_bytes: 8 << 20,
            heartbeat: Duration::from_secs(2),
            stall: Duration::from_secs(5),
        }
    }
}

/// One message of the stream.
#[derive(Clone, Debug)]
pub struct Delivered {
    /// Its sequence in the stream.
    pub stream_seq: u64,
    /// When the stream took it, nanoseconds since 1970.
    pub unix_nanos: u64,
    /// How many matching messages were behind it when it was sent; 0: the follower has caught up.
    pub pending: u64,
    message: Message,
}

impl Delivered {
    /// The subject it was published to.
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

    /// All its headers.
    pub fn headers(&self) -> Headers {
        Headers(self.message.0.headers.clone().unwrap_or_default())
    }

    /// When the stream took it.
    pub fn time(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_nanos(self.unix_nanos)
    }

    fn new(position: Position, message: Message) -> Self {
        let Position { stream_seq, unix_nanos, pending, .. } = position;
        Self { stream_seq, unix_nanos, pending, message }
    }
}

/// What a follower yields.
#[derive(Clone, Debug)]
pub enum Item {
    /// The next message.
    Message(Delivered),
    /// Messages from `wanted` up to `first` are no longer in the stream; what follows begins at `first`.
    Gap {
        /// The sequence that should have come next.
        wanted: u64,
        /// The oldest sequence that is there.
        first: u64,
    },
    /// The stream ends before the sequence that was seen last: it was restored or made anew. The
    /// caller starts another follower; this one only repeats itself.
    Behind {
        /// The sequence that should have come next.
        wanted: u64,
        /// The last sequence of the stream.
        last: u64,
    },
}

/// Why following stopped. Calling `next` again tries again.
#[derive(Debug, Error)]
pub enum FollowError {
    /// No such stream.
    #[error("there is no stream `{0}`")]
    NoStream(String),
    /// This user may not follow it.
    #[error("the broker does not permit `{0}`")]
    Denied(String),
    /// JetStream refused the consumer.
    #[error("the consumer was refused: {0}")]
    Refused(ApiError),
    /// The client is closed.
    #[error("the connection is closed")]
    Closed,
}

/// Yields the messages of a stream. Dropping it leaves a consumer that the broker removes after 30 s of
/// silence; `close` removes it at once.
pub struct Follower {
    pub(crate) client: Client,
    pub(crate) options: FollowOptions,
    /// The next stream sequence to ask for; `None` before the first consumer of a start that names none.
    pub(crate) next_seq: Option<u64>,
    /// The last stream sequence yielded; nothing at or below it is yielded again.
    pub(crate) last_seq: u64,
    pub(crate) live: Option<Live>,
    pub(crate) pending: Option<u64>,
    pub(crate) failures: u32,
    /// While this is not 0, a consumer is only taken where the stream is as long as its leader says. The first one is taken
    /// as it comes.
    pub(crate) moves_left: u32,
    /// How many consumers were made.
    pub(crate) opened: u64,
}

impl Client {
    /// A follower; it connects to the stream with the first `next`.
    pub fn follow(&self, options: FollowOptions) -> Follower {
        let next_seq = match options.start {
            Start::At(seq) => Some(seq.max(1)),
            Start::First | Start::New | Start::LastPerSubject => None,
        };
        Follower {
            client: self.clone(),
            options,
            next_seq,
            last_seq: 0,
            live: None,
            pending: None,
            failures: 0,
            moves_left: 0,
            opened: 0,
        }
    }
}

impl Follower {
    /// The next message or gap. Waits while there is none, through any outage; cancelling loses nothing.
    pub async fn next(&mut self) -> Result<Item, FollowError> {
        loop {
            if self.live.is_none()
                && let Some(item) = self.open().await?
            {
                return Ok(item);
            }
            let Some(live) = &mut self.live else { continue };
            if live.wants_more() {
                live.ask(&self.client, &self.options).await?;
            }
            let received = match live.inbox.messages.ready() {
                Some(received) => received,
                None => match live.wait(&self.client, self.options.stall).await {
                    Ok(received) => received,
                    Err(cause) => {
                        self.start_over(cause);
                        continue;
                    }
                },
            };
            let Some(message) = received else {
                self.live = None;
                return Err(FollowError::Closed);
            };
            if let Some(delivered) = self.receive(message) {
                return Ok(Item::Message(delivered));
            }
            if self.live.as_ref().is_some_and(|live| live.beat) {
                self.check_silence().await;
            }
        }
    }

    /// How many matching messages are still behind what was yielded; `None` before the first `next`.
    /// Zero means caught up with the broker that has the consumer, which may be behind the stream's leader (`leader_last`).
    pub fn pending(&self) -> Option<u64> {
        self.pending
    }

    /// The last stream sequence that was yielded; 0 before the first.
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// How often the consumer was made anew.
    pub fn restarts(&self) -> u64 {
        self.opened.saturating_sub(1)
    }

    /// Connects to the stream now instead of at the first `next`, so that `pending` is known and, with
    /// `Start::New`, nothing published from here on is missed. What `next` would have said first (a gap) is returned.
    pub async fn prepare(&mut self) -> Result<Option<Item>, FollowError> {
        match self.live {
            Some(_) => Ok(None),
            None => self.open().await,
        }
    }

    fn receive(&mut self, message: Message) -> Option<Delivered> {
        let live = self.live.as_mut()?;
        live.heard = Instant::now();
        live.beat = false;
        match classify(message) {
            Some(Pulled::Message(position, message)) => {
                (live.fed, live.owed) = (live.heard, None);
                live.outstanding = live.outstanding.saturating_sub(1);
                live.consumer_seq += 1;
                if position.consumer_seq != live.consumer_seq {
                    self.start_over("a delivery is missing");
                    return None;
                }
                self.failures = 0;
                self.pending = Some(position.pending);
                self.next_seq = Some(position.stream_seq + 1);
                if position.stream_seq <= self.last_seq {
                    return None;
                }
                self.last_seq = position.stream_seq;
                Some(Delivered::new(position, message))
            }
            Some(Pulled::Heartbeat) => {
                live.beat = true;
                self.failures = 0;
                None
            }
            Some(Pulled::Ended { undelivered }) => {
                live.outstanding = live.outstanding.saturating_sub(undelivered);
                None
            }
            Some(Pulled::PinLost) => None,
            Some(Pulled::Gone(cause)) => {
                self.start_over(&cause);
                None
            }
            None => None,
        }
    }

    pub(crate) fn start_over(&mut self, cause: &str) {
        tracing::info!(stream = %self.options.stream, next = self.next_seq, cause, "follower starts over");
        self.live = None;
        self.failures += 1;
    }
}
