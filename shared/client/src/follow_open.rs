//! The consumer behind a follower: making it, asking it for more, noticing its silence.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::Instant;

use crate::api::{ApiError, nanos};
use crate::client::Client;
use crate::follow::{FollowError, FollowOptions, Follower, Item, Start};
use crate::link::{Refused, Signal};
use crate::message::Message;
use crate::pull::{Pull, PullInbox};

/// How long one pull request stands.
const EXPIRES: Duration = Duration::from_secs(60);
/// How many consumers in place of an earlier one are refused in a row because they know less than the stream's leader.
pub(crate) const MOVES: u32 = 8;
/// Bound of one question while a consumer is made or compared. Little, since one that falls into an election is lost, and all
/// of it is asked again.
const ANSWERED_WITHIN: Duration = Duration::from_secs(2);
/// How long the broker keeps a consumer that nobody asks.
const INACTIVE: Duration = Duration::from_secs(30);

pub(crate) struct Live {
    pub(crate) inbox: PullInbox,
    pub(crate) consumer: String,
    /// The consumer's own number of the last delivery.
    pub(crate) consumer_seq: u64,
    /// Messages asked for and not yet received.
    pub(crate) outstanding: usize,
    /// When anything came from this consumer, or it was asked for more.
    pub(crate) heard: Instant,
    /// What came last was a heartbeat.
    pub(crate) beat: bool,
    /// When it delivered a message, or the leader had nothing more than it.
    pub(crate) fed: Instant,
    /// What the leader had already when it was asked about this consumer's silence.
    pub(crate) owed: Option<u64>,
    batch: usize,
    /// Losses of the connection when this consumer was made.
    losses: u64,
}

#[derive(Deserialize)]
struct Created {
    name: String,
    #[serde(default)]
    num_pending: u64,
    delivered: Cursor,
}

#[derive(Deserialize)]
struct Cursor {
    /// One before the first sequence that the consumer looks at.
    #[serde(default)]
    stream_seq: u64,
}

impl Live {
    pub(crate) fn wants_more(&self) -> bool {
        self.outstanding <= self.batch / 2
    }

    pub(crate) async fn ask(&mut self, client: &Client, options: &FollowOptions) -> Result<(), FollowError> {
        let count = self.batch - self.outstanding;
        let pull = Pull {
            max_bytes: options.batch_bytes.max(client.nats().max_payload() * 2),
            idle_heartbeat: nanos(options.heartbeat),
            ..Pull::new(count, EXPIRES)
        };
        self.inbox.send(client, &pull).await.map_err(|_| FollowError::Closed)?;
        self.outstanding += count;
        self.heard = Instant::now();
        Ok(())
    }

    /// The next thing on the inbox; an error names why this consumer is given up. How long it was silent counts from what
    /// came last, not from this call: a caller who waits a little at a time notices a stall too.
    pub(crate) async fn wait(&mut self, client: &Client, stall: Duration) -> Result<Option<Message>, &'static str> {
        let mut signals = client.signals();
        if client.link().borrow().losses != self.losses {
            return Err("the connection was lost");
        }
        let deadline = self.heard + stall;
        loop {
            tokio::select! {
                biased;
                received = self.inbox.messages.next() => return Ok(received),
                signal = signals.recv() => match signal {
                    Ok(Signal::Lost) | Err(RecvError::Closed) => return Err("the connection was lost"),
                    Ok(Signal::Refused(Refused::Publish(subject))) if subject == self.inbox.request_subject() => {
                        return Err("the broker does not permit the pull");
                    }
                    Ok(Signal::Refused(Refused::Subscribe(subject))) if subject == self.inbox.subject() => {
                        return Err("the broker does not permit the inbox");
                    }
                    Ok(Signal::Refused(_)) | Err(RecvError::Lagged(_)) => {}
                },
                () = tokio::time::sleep_until(deadline) => return Err("no heartbeat"),
            }
        }
    }
}

impl Follower {
    /// Makes a consumer; tries again for as long as the reason can pass.
    pub(crate) async fn open(&mut self) -> Result<Option<Item>, FollowError> {
        loop {
            self.wait_for_link().await?;
            self.back_off().await;
            match self.try_open().await {
                Ok(item) => return Ok(item),
                Err(error) if error.is_transient() => {
                    tracing::debug!(stream = %self.options.stream, cause = %error, "follower cannot start yet");
                    self.failures += 1;
                }
                Err(error) => {
                    self.failures += 1;
                    return Err(match error {
                        ApiError::NoStream(stream) => FollowError::NoStream(stream),
                        ApiError::Denied(subject) => FollowError::Denied(subject),
                        other => FollowError::Refused(other),
                    });
                }
            }
        }
    }

    /// A consumer lives on one broker of several, which may lag or be stuck and send heartbeats all the same. One that
    /// delivers nothing from one heartbeat to the next is compared with the stream's leader; when it still has not
    /// delivered at the heartbeat after that what the leader had then, it is given up.
    pub(crate) async fn check_silence(&mut self) {
        let Some(live) = &mut self.live else { return };
        if live.fed.elapsed() < self.options.heartbeat {
            return;
        }
        let had = self.next_seq.unwrap_or(1) - 1;
        if live.owed.is_some_and(|owed| owed > had) {
            self.start_over("the consumer lags behind the stream");
            return;
        }
        // Without an answer there is nothing to compare with.
        let Ok(last) = self.leader_last().await else { return };
        let Some(live) = &mut self.live else { return };
        if last > had {
            live.owed = Some(last);
        } else {
            live.owed = None;
            live.fed = Instant::now();
        }
    }

    /// The last sequence of what this follower yields, by the stream's leader; 0 when there is nothing. `pending` is only
    /// what the broker knows that has the consumer, and may say 0 too early.
    ///
    /// # Errors
    /// When the leader does not answer.
    pub async fn leader_last(&self) -> Result<u64, ApiError> {
        let last = async {
            match &self.options.filter {
                Some(filter) => self.client.last_sequence(&self.options.stream, filter).await,
                None => Ok(self.client.stream_info(&self.options.stream).await?.last_seq),
            }
        };
        tokio::time::timeout(ANSWERED_WITHIN, last).await.map_err(|_| ApiError::TimedOut)?
    }

    async fn wait_for_link(&self) -> Result<(), FollowError> {
        let mut link = self.client.link();
        // The sender lives in the client that this follower holds.
        let _ = link.wait_for(|link| link.connected || link.closed).await;
        let closed = link.borrow().closed;
        if closed { Err(FollowError::Closed) } else { Ok(()) }
    }

    async fn back_off(&self) {
        if self.failures > 1 {
            let wait = Duration::from_millis(25 << self.failures.min(6));
            tokio::time::sleep(wait).await;
        }
    }

    async fn try_open(&mut self) -> Result<Option<Item>, ApiError> {
        let losses = self.client.link().borrow().losses;
        let inbox = self.client.new_inbox();
        let nonce = inbox.rsplit('.').next().unwrap_or_default();
        let name = format!("{}-{nonce}", self.options.name_prefix);
        let created =
            tokio::time::timeout(ANSWERED_WITHIN, self.create(&name)).await.map_err(|_| ApiError::TimedOut)??;
        let first = created.delivered.stream_seq + 1;
        let wanted = self.next_seq;
        // A start beyond the stream's end is taken as it is, silently; one that has nothing to deliver is
        // worth a question.
        if let Some(wanted) = wanted.filter(|wanted| *wanted > 1 && created.num_pending == 0) {
            let last = self.client.stream_info(&self.options.stream).await?.last_seq;
            if last + 1 < wanted {
                self.failures += 1;
                return Ok(Some(Item::Behind { wanted, last }));
            }
        }
        if self.moves_left > 0 && created.num_pending == 0 && self.leader_last().await? >= self.next_seq.unwrap_or(1) {
            // Chance has put it on a broker that lags.
            self.moves_left -= 1;
            self.client.forget_consumer(&self.options.stream, &created.name).await?;
            return Err(ApiError::Unavailable);
        }
        self.moves_left = MOVES;
        let inbox = PullInbox::open(&self.client, &self.options.stream, &created.name)
            .await
            .map_err(|_| ApiError::Disconnected)?;
        self.next_seq = Some(wanted.unwrap_or(first));
        self.pending = Some(created.num_pending);
        self.opened += 1;
        let batch = self.options.batch.clamp(2, (self.client.inner.subscription_capacity / 2).max(2));
        let now = Instant::now();
        self.live = Some(Live {
            inbox,
            consumer: created.name,
            consumer_seq: 0,
            outstanding: 0,
            heard: now,
            beat: false,
            fed: now,
            owed: None,
            batch,
            losses,
        });
        match wanted {
            Some(wanted) if first > wanted => {
                self.next_seq = Some(first);
                Ok(Some(Item::Gap { wanted, first }))
            }
            _ => Ok(None),
        }
    }

    async fn create(&self, name: &str) -> Result<Created, ApiError> {
        let FollowOptions { stream, filter, start, .. } = &self.options;
        let mut config = json!({
            "name": name,
            "ack_policy": "none",
            "replay_policy": "instant",
            "max_deliver": 1,
            "mem_storage": true,
            "num_replicas": 1,
            "inactive_threshold": nanos(INACTIVE),
        });
        match (self.next_seq, start) {
            (Some(seq), _) => {
                config["deliver_policy"] = Value::from("by_start_sequence");
                config["opt_start_seq"] = Value::from(seq);
            }
            (None, Start::New) => config["deliver_policy"] = Value::from("new"),
            (None, Start::LastPerSubject) => config["deliver_policy"] = Value::from("last_per_subject"),
            (None, Start::First | Start::At(_)) => config["deliver_policy"] = Value::from("all"),
        }
        let mut path = format!("CONSUMER.CREATE.{stream}.{name}");
        if let Some(filter) = filter.as_deref().or(matches!(start, Start::LastPerSubject).then_some(">")) {
            config["filter_subject"] = Value::from(filter);
            path = format!("{path}.{filter}");
        }
        let body = json!({ "stream_name": stream, "config": config, "action": "create" });
        self.client.api(&path, Some(&body)).await
    }

    /// Removes the consumer at the broker.
    pub async fn close(mut self) {
        if let Some(live) = self.live.take() {
            // Otherwise the broker removes it after its silence.
            let _ = self.client.forget_consumer(&self.options.stream, &live.consumer).await;
        }
    }
}
