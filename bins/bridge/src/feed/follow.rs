//! The one follower of all projects.

use std::time::Duration;

use maestro_client::{Delivered, FollowError, FollowOptions, Follower, Item, ReadError, Start};
use maestro_wire::{Subject, decode_commit};
use tokio_util::sync::CancellationToken;

use super::{Commit, EVENTS, Feed};

const RETRY: Duration = Duration::from_millis(500);
/// Commits wait for this answer.
const ANSWERED_WITHIN: Duration = Duration::from_secs(2);

/// Why the follower begins again.
enum Ended {
    /// The stream is not the one that was followed.
    OtherStream,
    /// It is being filled from a backup; nobody serves it yet.
    Unfinished,
    Failed(FollowError),
    NotRead(ReadError),
}

impl Feed {
    /// Follows until `shutdown`, through every outage of the broker.
    pub async fn follow(self, shutdown: CancellationToken) {
        shutdown.run_until_cancelled(self.follow_always()).await;
    }

    async fn follow_always(&self) {
        loop {
            let ended = self.follow_once().await;
            self.shared.ledger.send_modify(|ledger| ledger.following = false);
            match ended {
                Ended::OtherStream => {
                    tracing::warn!("the ledger is another one than before; every client begins again");
                    self.shared.ledger.send_modify(|ledger| ledger.generation += 1);
                }
                Ended::Unfinished => tracing::info!("the ledger is being filled from a backup"),
                Ended::Failed(cause) => tracing::info!(%cause, "the ledger cannot be followed yet"),
                Ended::NotRead(cause) => tracing::info!(%cause, "the ledger cannot be read yet"),
            }
            tokio::time::sleep(RETRY).await;
        }
    }

    async fn follow_once(&self) -> Ended {
        let last = match self.client.stream_info(EVENTS).await {
            Ok(info) => info.last_seq,
            Err(cause) => return Ended::NotRead(cause),
        };
        let options = FollowOptions::new(EVENTS, Some(Subject::ALL_EVENTS), Start::At(last + 1), "bridge");
        let mut follower = self.client.follow(options);
        if let Err(ended) = self.learn_ledger().await {
            return ended;
        }
        self.ring().reset(last);
        self.shared.head.send_replace(last);
        self.shared.ledger.send_modify(|ledger| ledger.following = true);
        loop {
            match self.follow_on(&mut follower).await {
                Ok(()) => {}
                // The follower keeps its place and tries again.
                Err(Ended::Failed(cause)) if !matches!(cause, FollowError::Closed) => {
                    tracing::warn!(%cause, "the ledger cannot be followed now");
                    tokio::time::sleep(RETRY).await;
                }
                Err(ended) => return ended,
            }
        }
    }

    /// The next message, and a look at the ledger's id whenever the connection was made anew.
    async fn follow_on(&self, follower: &mut Follower) -> Result<(), Ended> {
        let before = follower.restarts();
        let item = follower.next().await.map_err(Ended::Failed)?;
        if follower.restarts() != before
            && let Err(ended) = self.learn_ledger().await
        {
            match ended {
                Ended::NotRead(cause) => tracing::info!(%cause, "the ledger's id cannot be read now"),
                Ended::OtherStream | Ended::Unfinished | Ended::Failed(_) => return Err(ended),
            }
        }
        match item {
            Item::Message(delivered) => self.take(&delivered)?,
            // What was purged meanwhile is nowhere any more; whoever stood before it begins with a snapshot.
            Item::Gap { wanted, first } => {
                tracing::info!(wanted, first, "the ledger was purged in between");
                self.ring().reset(first - 1);
                self.shared.head.send_replace(first - 1);
            }
            Item::Behind { .. } => return Err(Ended::OtherStream),
        }
        Ok(())
    }

    fn take(&self, delivered: &Delivered) -> Result<(), Ended> {
        let commit = Commit::read(delivered);
        if &*commit.project == "_" {
            self.note_ledger(delivered.payload())?;
        }
        let (seq, about_project) = (commit.seq, commit.about_project);
        self.ring().push(commit);
        self.shared.head.send_replace(seq);
        if about_project {
            self.shared.projects.send_replace(seq);
        }
        Ok(())
    }

    /// What the ledger calls itself now: its last word, since one that was filled from a backup has an older one before it.
    async fn learn_ledger(&self) -> Result<(), Ended> {
        let subject = Subject::ledger().to_string();
        let last = tokio::time::timeout(ANSWERED_WITHIN, self.client.last_message(EVENTS, &subject)).await;
        let last = last.map_err(|_| Ended::NotRead(ReadError::TimedOut))?.map_err(Ended::NotRead)?;
        last.map_or(Ok(()), |message| self.note_ledger(&message.payload))
    }

    fn note_ledger(&self, payload: &[u8]) -> Result<(), Ended> {
        let Some(ledger) = decode_commit(payload).ok().and_then(|decoded| decoded.ledger) else { return Ok(()) };
        if ledger.restore.is_some_and(|restore| !restore.finished) {
            return Err(Ended::Unfinished);
        }
        let before = self.shared.ledger.borrow().id.clone();
        if before.as_ref() == Some(&ledger.ledger_id) {
            return Ok(());
        }
        self.shared.ledger.send_modify(|known| known.id = Some(ledger.ledger_id));
        if before.is_some() { Err(Ended::OtherStream) } else { Ok(()) }
    }
}
