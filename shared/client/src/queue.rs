//! Working a queue: jobs are fetched, worked and acknowledged; a job that is not acknowledged comes again.

use std::time::Duration;

use bytes::Bytes;
use thiserror::Error;
use tokio::time::{Instant, Interval, interval_at, timeout_at};

use crate::api::ApiError;
use crate::client::{Client, PublishError};
use crate::header::Headers;
use crate::message::Message;
use crate::position::Position;
use crate::pull::{Pull, PullInbox, Pulled, classify};
use crate::queue_config::{GROUP, Order, QueueConfig};
use crate::request::RequestError;

/// Bound of an acknowledgement that waits for its confirmation.
const ACK_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a queue could not be worked.
#[derive(Debug, Error)]
pub enum QueueError {
    /// The consumer is there with settings that cannot be changed.
    #[error("consumer `{consumer}` differs and cannot be changed: {differences} ({reason})")]
    Mismatch {
        /// The consumer's name.
        consumer: String,
        /// What differs.
        differences: String,
        /// The broker's words.
        reason: String,
    },
    /// The consumer is gone; open the queue again.
    #[error("the consumer is gone: {0}")]
    Gone(String),
    /// JetStream did not do it.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The client is closed.
    #[error("the connection is closed")]
    Closed,
}

/// Why it is not known whether a job is settled.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum Settled {
    /// No confirmation came; the job may come again.
    #[error("the acknowledgement was not confirmed; the job may come again")]
    Unconfirmed,
    /// This user may not acknowledge.
    #[error("the broker does not permit `{0}`")]
    Denied(String),
    /// The client is closed.
    #[error("the connection is closed")]
    Closed,
}

/// A durable consumer to fetch jobs from. Several processes may hold the same one.
#[derive(Debug)]
pub struct WorkQueue {
    client: Client,
    config: QueueConfig,
    pin: Option<String>,
    pub(crate) inbox: Option<PullInbox>,
    /// What the last pull still owes, in batches only: how many, and until when.
    owed: Option<(usize, Instant)>,
}

/// How long a pull of a queue in batches stays open, over many fetches; a broker that forgot it is asked again then.
const BATCH_PULL: Duration = Duration::from_secs(2);
/// How much later than promised the broker may end a pull.
const GRACE: Duration = Duration::from_millis(500);

impl Client {
    /// Opens a work queue: its consumer is made, or compared with `config`.
    pub async fn work_queue(&self, config: QueueConfig) -> Result<WorkQueue, QueueError> {
        self.ensure_consumer(&config).await?;
        Ok(WorkQueue { client: self.clone(), config, pin: None, inbox: None, owed: None })
    }
}

impl WorkQueue {
    /// Fetches up to `count` jobs; waits up to `wait` for the first one, then takes what is there.
    /// Nothing within `wait` is an empty list. Jobs that arrive while the call is cancelled come again.
    pub async fn fetch(&mut self, count: usize, wait: Duration) -> Result<Vec<Job>, QueueError> {
        let count = match self.config.order {
            Order::Any => count.max(1),
            Order::Single { at_once, .. } => count.clamp(1, at_once.max(1) as usize),
        };
        let deadline = Instant::now() + wait;
        let mut jobs = Vec::new();
        while jobs.is_empty() && Instant::now() < deadline {
            match self.fetch_once(count, deadline, &mut jobs).await? {
                Round::Over => break,
                Round::Again => {}
            }
        }
        Ok(jobs)
    }

    async fn fetch_once(&mut self, count: usize, deadline: Instant, jobs: &mut Vec<Job>) -> Result<Round, QueueError> {
        let mut inbox = self.inbox().await?;
        let silence = self.pull(&inbox, count, deadline).await?;
        let batches = self.config.order.in_batches();
        loop {
            // The first job is waited for; more are taken only as far as they are there.
            let until = match (jobs.is_empty(), batches) {
                (true, true) => (Instant::now() + silence).min(deadline),
                (true, false) => (Instant::now() + silence).min(deadline + GRACE),
                (false, true) => Instant::now(),
                (false, false) => Instant::now() + Duration::from_millis(2),
            };
            let message = match timeout_at(until, inbox.messages.next()).await {
                Ok(Some(message)) => message,
                Ok(None) => return Err(QueueError::Closed),
                // What is still under way on this inbox comes again after `ack_wait`; asking on the same
                // inbox keeps it instead.
                Err(_) => {
                    self.inbox = Some(inbox);
                    return Ok(if jobs.is_empty() { Round::Again } else { Round::Over });
                }
            };
            match classify(message) {
                Some(Pulled::Message(position, message)) => {
                    if let Some(pin) = message.header("Nats-Pin-Id") {
                        self.pin = Some(pin.to_owned());
                    }
                    jobs.push(Job { client: self.client.clone(), position, message });
                    self.owed = self.owed.and_then(|(left, until)| (left > 1).then(|| (left - 1, until)));
                    if jobs.len() >= count {
                        self.inbox = Some(inbox);
                        return Ok(Round::Over);
                    }
                }
                Some(Pulled::Heartbeat) | None => {}
                Some(Pulled::Ended { .. }) => {
                    self.owed = None;
                    self.inbox = Some(inbox);
                    return Ok(Round::Again);
                }
                Some(Pulled::PinLost) => {
                    self.owed = None;
                    self.pin = None;
                    self.inbox = Some(inbox);
                    return Ok(Round::Again);
                }
                Some(Pulled::Gone(cause)) if cause.contains("consumer deleted") => return Err(QueueError::Gone(cause)),
                // Nobody answers or the leader moves: the caller's wait bounds how often this is tried.
                Some(Pulled::Gone(_)) => {
                    self.owed = None;
                    self.inbox = Some(inbox);
                    tokio::time::sleep_until((Instant::now() + Duration::from_millis(100)).min(deadline)).await;
                    return Ok(Round::Again);
                }
            }
        }
    }

    /// Asks for jobs, unless the last pull of a queue in batches still owes some. Returns after which silence the
    /// broker has forgotten it.
    async fn pull(&mut self, inbox: &PullInbox, count: usize, deadline: Instant) -> Result<Duration, QueueError> {
        let now = Instant::now();
        let in_batches = self.config.order.in_batches();
        let wait = if in_batches { BATCH_PULL } else { deadline.saturating_duration_since(now) };
        if let Some((_, until)) = self.owed.filter(|(_, until)| *until > now) {
            return Ok(until - now);
        }
        // Long waits say that they live; a request the broker forgot is noticed by the missing beat.
        let heartbeat = (wait > Duration::from_secs(4)).then(|| (wait / 3).min(Duration::from_secs(5)));
        let mut pull = Pull::new(count, wait);
        pull.idle_heartbeat = heartbeat.map_or(0, crate::api::nanos);
        if let Order::Single { .. } = self.config.order {
            pull.group = Some(GROUP.to_owned());
            pull.id.clone_from(&self.pin);
        }
        inbox.send(&self.client, &pull).await.map_err(|_| QueueError::Closed)?;
        // The broker's word that it ended comes first, unless the broker has forgotten it.
        self.owed = in_batches.then_some((count, now + wait + GRACE));
        Ok(heartbeat.map_or(wait + GRACE, |beat| beat * 2 + Duration::from_secs(1)))
    }

    async fn inbox(&mut self) -> Result<PullInbox, QueueError> {
        match self.inbox.take() {
            Some(inbox) => Ok(inbox),
            None => {
                // What the pull of another inbox owes does not come here.
                self.owed = None;
                PullInbox::open(&self.client, &self.config.stream, &self.config.durable)
                    .await
                    .map_err(|_| QueueError::Closed)
            }
        }
    }
}

enum Round {
    Over,
    Again,
}

/// A job in hand. Dropping it without a word means "not done": it comes again after the queue's
/// `ack_wait`.
#[must_use = "a job that is dropped comes again"]
#[derive(Debug)]
pub struct Job {
    client: Client,
    position: Position,
    message: Message,
}

/// Says now and then that jobs in hand are worked at.
pub struct Beat(Interval);

impl Beat {
    /// `every` is well below the queue's `ack_wait`.
    pub fn every(every: Duration) -> Self {
        Self(interval_at(Instant::now() + every, every))
    }

    /// Works for as long as `work` takes: meanwhile nobody else gets these jobs, unless this process is gone for the queue's
    /// `ack_wait`.
    pub async fn hold<'a, T>(
        &mut self,
        jobs: impl Iterator<Item = &'a Job> + Clone,
        work: impl Future<Output = T>,
    ) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                _ = self.0.tick() => {
                    for job in jobs.clone() {
                        // One that is lost is made up for by the next.
                        let _lost = job.in_progress().await;
                    }
                }
            }
        }
    }
}

impl Job {
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

    /// Its sequence in the stream.
    pub fn stream_seq(&self) -> u64 {
        self.position.stream_seq
    }

    /// When the stream took it, nanoseconds since 1970.
    pub fn unix_nanos(&self) -> u64 {
        self.position.unix_nanos
    }

    /// How many times it was handed out, this time included.
    pub fn deliveries(&self) -> u64 {
        self.position.deliveries
    }

    /// Done. Returns when the broker has confirmed it. A confirmation of a job that was handed to
    /// somebody else in the meantime is given all the same: an acknowledgement is no fence.
    pub async fn ack(self) -> Result<(), Settled> {
        self.confirm("+ACK".to_owned()).await
    }

    /// Done, and nobody waits for the broker to confirm it: an acknowledgement that is lost brings the job again.
    pub async fn ack_unconfirmed(self) -> Result<(), Settled> {
        self.say(b"+ACK").await
    }

    /// Not done; hand it out again, after `delay`.
    pub async fn nak(self, delay: Duration) -> Result<(), Settled> {
        self.confirm(format!("-NAK {{\"delay\":{}}}", crate::api::nanos(delay))).await
    }

    /// Never to be done; not handed out again. An advisory carries the reason.
    pub async fn term(self, reason: &str) -> Result<(), Settled> {
        let reason: String = reason.chars().filter(|c| !c.is_control()).take(200).collect();
        self.confirm(format!("+TERM {reason}")).await
    }

    /// Still at it: the silence of `ack_wait` begins anew. Nothing confirms it.
    pub async fn in_progress(&self) -> Result<(), Settled> {
        self.say(b"+WPI").await
    }

    async fn say(&self, word: &'static [u8]) -> Result<(), Settled> {
        let sent = self.client.publish(self.ack_subject(), &Headers::new(), Bytes::from_static(word)).await;
        sent.map_err(|error| match error {
            PublishError::Closed => Settled::Closed,
            PublishError::TooLarge { .. } | PublishError::InvalidSubject(_) => Settled::Unconfirmed,
        })
    }

    fn ack_subject(&self) -> &str {
        self.message.reply_to().unwrap_or_default()
    }

    async fn confirm(&self, body: String) -> Result<(), Settled> {
        let answer = self.client.request(self.ack_subject(), &Headers::new(), body.into(), ACK_TIMEOUT).await;
        match answer {
            Ok(_) => Ok(()),
            Err(RequestError::PermissionDenied { subject }) => Err(Settled::Denied(subject)),
            Err(_) => Err(Settled::Unconfirmed),
        }
    }
}
