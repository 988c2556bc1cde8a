//! The follower: every commit of the stream in order, to the projector and to the project's actor.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use maestro_client::{Client, Delivered, FollowError, FollowOptions, Item, Start};
use maestro_wire::{CommitError, header};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    ledger::{Commit, Ledger, STREAM},
    project::Shared,
    registry::Registry,
};

/// What the projector is told.
pub enum Followed {
    Commit(Arc<Commit>),
    /// A message that carries nothing to project; the position moves.
    Nothing {
        seq: u64,
        digest: u64,
    },
}

/// How far the follower is.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Progress {
    pub seq: u64,
    /// Messages behind it in the stream.
    pub pending: u64,
}

/// How much of the ledger may be in memory between here and the state and projection, in KiB of messages; beyond that
/// the follower waits.
const ROOM_KIB: usize = 48 << 10;

/// While so much is still to be followed, messages are read ahead.
const BEHIND: u64 = 64;
/// Messages that are read at the same time.
const READERS: usize = 4;

/// Follows until told to stop, or until the ledger holds what this program must not read.
pub async fn run(
    client: Client,
    from: u64,
    name: String,
    registry: Arc<Registry>,
    projector: mpsc::Sender<Followed>,
    progress: watch::Sender<Progress>,
) {
    let options = FollowOptions::new(STREAM, Some(maestro_wire::Subject::ALL_EVENTS), Start::At(from + 1), &name);
    let mut follower = client.follow(options);
    let room = Arc::new(Semaphore::new(ROOM_KIB));
    let hand = Hand { registry, projector, progress, room };
    let shared = hand.registry.shared().clone();
    let mut ahead = Ahead::default();
    loop {
        let step = tokio::select! {
            biased;
            () = shared.stop.cancelled() => break,
            read = ahead.next(), if !ahead.is_empty() => hand.pass(read).await,
            item = follower.next(), if ahead.has_room() => match item {
                Ok(Item::Message(delivered)) => {
                    ahead.read(&shared.ledger, delivered);
                    Step::On
                }
                other => {
                    // What was before it in the stream comes before it here.
                    let mut step = Step::On;
                    while step == Step::On && !ahead.is_empty() {
                        step = hand.pass(ahead.next().await).await;
                    }
                    if step == Step::On { other_than_message(&shared, other).await } else { step }
                }
            },
        };
        if step == Step::End {
            break;
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    On,
    End,
}

async fn other_than_message(shared: &Shared, item: Result<Item, FollowError>) -> Step {
    match item {
        Ok(Item::Message(_)) => {}
        Ok(Item::Gap { wanted, first }) => {
            // Purged projects leave gaps; the chain of expected sequences proves that none of the others did.
            tracing::info!(wanted, first, "the ledger begins later");
        }
        Ok(Item::Behind { wanted, last }) => {
            shared.break_off(format!("the ledger ends at {last}, but {wanted} was to come next"));
            return Step::End;
        }
        Err(FollowError::Closed) => return Step::End,
        Err(error) => {
            tracing::warn!(cause = %error, "following stopped; trying again");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
    Step::On
}

/// A message that was read.
struct Read {
    seq: u64,
    pending: u64,
    commit: Result<Option<Commit>, CommitError>,
    /// Of a message without a commit.
    digest: u64,
}

/// Messages that are being read, in the order of the stream. A long ledger is read by several at once.
#[derive(Default)]
struct Ahead(VecDeque<Reading>);

enum Reading {
    Done(Box<Read>),
    Under(AbortOnDropHandle<Read>),
}

impl Ahead {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn has_room(&self) -> bool {
        self.0.len() < READERS
    }

    fn read(&mut self, ledger: &Ledger, delivered: Delivered) {
        if delivered.pending < BEHIND && self.is_empty() {
            self.0.push_back(Reading::Done(Box::new(read(ledger, &delivered))));
        } else {
            let ledger = ledger.clone();
            // Ends by itself, with one message, or with whoever follows.
            let reading = tokio::spawn(async move { read(&ledger, &delivered) });
            self.0.push_back(Reading::Under(AbortOnDropHandle::new(reading)));
        }
    }

    /// The oldest, once it is read. Cancelling loses nothing.
    async fn next(&mut self) -> Option<Read> {
        let read = match self.0.front_mut()? {
            Reading::Done(_) => None,
            Reading::Under(handle) => Some(handle.await),
        };
        match (self.0.pop_front()?, read) {
            (Reading::Done(read), _) => Some(*read),
            (Reading::Under(_), read) => read.and_then(Result::ok),
        }
    }
}

fn read(ledger: &Ledger, delivered: &Delivered) -> Read {
    let commit = ledger.followed(delivered);
    let digest = if matches!(commit, Ok(None)) { crate::ledger::digest(delivered.payload()) } else { 0 };
    Read { seq: delivered.stream_seq, pending: delivered.pending, commit, digest }
}

/// Hands what was read to those who apply it.
struct Hand {
    registry: Arc<Registry>,
    projector: mpsc::Sender<Followed>,
    progress: watch::Sender<Progress>,
    room: Arc<Semaphore>,
}

impl Hand {
    async fn pass(&self, read: Option<Read>) -> Step {
        let shared = self.registry.shared();
        let Some(Read { seq, pending, commit, digest }) = read else {
            shared.break_off("a message of the ledger could not be read: a defect of Maestro".to_owned());
            return Step::End;
        };
        let handed = match commit {
            Ok(None) => self.projector.send(Followed::Nothing { seq, digest }).await.is_ok(),
            Ok(Some(commit)) if commit.model > header::MODEL_VERSION => {
                let (theirs, ours) = (commit.model, header::MODEL_VERSION);
                tracing::error!(seq, model = theirs, ours, "the ledger is newer");
                shared.break_off(format!(
                    "{FATAL}the ledger is of model {theirs}, this server of model {ours}: install the newer maestro-server"
                ));
                false
            }
            Ok(Some(commit)) if !commit.decoded.unknown.is_empty() => {
                shared.break_off(format!("{FATAL}unknown events {:?} at sequence {seq}", commit.decoded.unknown));
                false
            }
            Ok(Some(mut commit)) => {
                let share = u32::try_from(commit.size >> 10).unwrap_or(u32::MAX).saturating_add(1);
                commit.room = Arc::clone(&self.room).acquire_many_owned(share).await.ok();
                let commit = Arc::new(commit);
                // The actor first: what the projection shows is on its way to whoever is asked about it.
                self.registry.get_or_start(&commit.project).follow(Arc::clone(&commit)).await;
                self.projector.send(Followed::Commit(commit)).await.is_ok()
            }
            Err(error) => {
                shared.break_off(format!("{FATAL}sequence {seq} of the ledger cannot be read: {error}"));
                false
            }
        };
        if !handed {
            return Step::End;
        }
        self.progress.send_replace(Progress { seq, pending });
        Step::On
    }
}

/// Marks a reason that building the projection anew cannot mend.
pub const FATAL: &str = "fatal: ";
