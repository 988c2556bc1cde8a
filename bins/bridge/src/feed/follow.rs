//! The one follower of all projects.

use std::time::Duration;

use maestro_client::{Delivered, FollowError, FollowOptions, Follower, Item, ReadError, Start};
use maestro_wire::{Subject, decode_commit};
use tokio_util::sync::CancellationToken;

use super::{Commit, EVENTS, Feed};

const RETRY: Duration = Duration::from_millis(500);

/// Why the follower begins again.
enum Ended {
    /// The stream is not the one that was followed.
    OtherStream,
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
        self.ring().reset(last);
        self.shared.head.send_replace(last);
        if let Err(ended) = self.learn_ledger().await {
            return ended;
        }
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
                Ended::OtherStream | Ended::Failed(_) => return Err(ended),
            }
        }
        match item {
            Item::Message(delivered) => self.take(&delivered),
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

    fn take(&self, delivered: &Delivered) {
        let commit = Commit::read(delivered);
        if &*commit.project == "_" {
            self.note_ledger(delivered.payload());
        }
        let (seq, about_project) = (commit.seq, commit.about_project);
        self.ring().push(commit);
        self.shared.head.send_replace(seq);
        if about_project {
            self.shared.projects.send_replace(seq);
        }
    }

    async fn learn_ledger(&self) -> Result<(), Ended> {
        let first = self.client.next_message(EVENTS, &Subject::ledger().to_string(), 1).await;
        let first = first.map_err(Ended::NotRead)?;
        let known = self.shared.ledger.borrow().id.clone();
        let found = first.and_then(|message| decode_commit(&message.payload).ok()?.ledger).map(|l| l.ledger_id);
        match (known, found) {
            (Some(known), Some(found)) if known != found => {
                self.shared.ledger.send_modify(|ledger| ledger.id = Some(found));
                Err(Ended::OtherStream)
            }
            (None, Some(found)) => {
                self.shared.ledger.send_modify(|ledger| ledger.id = Some(found));
                Ok(())
            }
            (_, _) => Ok(()),
        }
    }

    fn note_ledger(&self, payload: &[u8]) {
        let Some(created) = decode_commit(payload).ok().and_then(|decoded| decoded.ledger) else { return };
        self.shared.ledger.send_if_modified(|ledger| {
            let other = ledger.id.as_ref().is_some_and(|id| *id != created.ledger_id);
            let new = ledger.id.as_ref() != Some(&created.ledger_id);
            ledger.generation += u64::from(other);
            ledger.id = Some(created.ledger_id);
            new
        });
    }
}
