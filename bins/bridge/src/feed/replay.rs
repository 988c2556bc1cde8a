//! What a client missed that the ring no longer has: read from the stream, at the client's pace.

use std::time::Duration;

use maestro_client::{ApiError, FollowError, FollowOptions, Follower, Item, Start};

use super::{Commit, EVENTS, Feed};

/// How long a broker that lags may take for the next commit that the leader has.
const LAG: Duration = Duration::from_secs(2);

/// A client's way from its position to where the ring takes over.
pub struct Replay {
    follower: Follower,
    /// Beyond this the ring has everything; read before the stream was opened.
    floor: u64,
    /// The project's last commit by the stream's leader, when the replay began. The consumer lives on one broker, which
    /// may lag and have nothing more although there is more.
    last: u64,
    position: u64,
    limit: u64,
    first: Option<Item>,
}

/// A replay cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error(transparent)]
    Follow(#[from] FollowError),
    #[error("the stream's leader cannot be asked: {0}")]
    Leader(#[from] ApiError),
}

/// Where a replay stands.
pub enum ReplayEnd {
    /// The ring takes over behind `position`.
    Joined { position: u64 },
    /// Too much was missed, or it is no longer there: a snapshot is due.
    TooFar,
}

impl Feed {
    /// Opens the stream behind `position`; the ring is complete above `floor`.
    pub async fn replay(&self, project: &str, position: u64, floor: u64) -> Result<Replay, ReplayError> {
        let subject = format!("maestro.v1.evt.{project}");
        let mut options = FollowOptions::new(EVENTS, Some(&subject), Start::At(position + 1), "bridge-replay");
        // The client may be slow: little is under way, and its silence is no stall.
        options.batch = 256;
        options.batch_bytes = 2 << 20;
        let mut follower = self.client.follow(options);
        let first = follower.prepare().await?;
        let last = follower.leader_last().await?;
        Ok(Replay { follower, floor, last, position, limit: self.limits.replay_commits, first })
    }
}

impl Replay {
    /// The next commit; or where it ended.
    pub async fn next(&mut self) -> Result<Result<Commit, ReplayEnd>, FollowError> {
        let pending = self.follower.pending().unwrap_or(0);
        let item = match self.first.take() {
            Some(item) => item,
            None if pending > self.limit => return Ok(Err(ReplayEnd::TooFar)),
            // Up to the floor there is nothing behind the leader's last.
            None if self.position >= self.floor.min(self.last) => {
                return Ok(Err(ReplayEnd::Joined { position: self.position.max(self.floor) }));
            }
            None => match tokio::time::timeout(LAG, self.follower.next()).await {
                Ok(item) => item?,
                // Purged meanwhile, or the lag is too long: a snapshot has it all.
                Err(_) => return Ok(Err(ReplayEnd::TooFar)),
            },
        };
        match item {
            Item::Message(delivered) => {
                self.position = delivered.stream_seq;
                Ok(Ok(Commit::read(&delivered)))
            }
            Item::Gap { .. } | Item::Behind { .. } => Ok(Err(ReplayEnd::TooFar)),
        }
    }

    /// Takes the consumer away at the broker.
    pub async fn close(self) {
        self.follower.close().await;
    }
}
