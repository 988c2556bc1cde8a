//! What the ledger says: followed once, kept for a while, read by every client at its own pace.
//!
//! A client has no queue. It has a position in the stream, and reads on from there: out of the ring while the
//! ring reaches back to it, out of the stream when it joins from further back. A client that the ring has left
//! behind is told so and begins again with a snapshot. So nothing is skipped, a slow client costs nothing, and
//! the last commit of a burst is always found.

mod commit;
mod follow;
mod replay;
mod ring;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use maestro_client::Client;
use tokio::sync::watch;

pub use commit::Commit;
pub use replay::ReplayEnd;
pub use ring::After;
use ring::Ring;

use crate::config::Limits;

/// The one stream of commits.
const EVENTS: &str = "EVENTS";

/// What is known about the ledger as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Its random id.
    pub id: Option<String>,
    /// Grows when the ledger turned out to be another one, or shorter: every client begins again.
    pub generation: u64,
    /// Whether the follower has a place in the stream.
    pub following: bool,
}

/// The ledger's commits. Clones share one follower.
#[derive(Clone)]
pub struct Feed {
    client: Client,
    limits: Limits,
    shared: Arc<Shared>,
}

struct Shared {
    ring: Mutex<Ring>,
    head: watch::Sender<u64>,
    ledger: watch::Sender<Ledger>,
    /// The sequence of the last commit about a project itself: lists of projects are old then.
    projects: watch::Sender<u64>,
}

impl Feed {
    pub fn new(client: Client, limits: Limits) -> Self {
        let shared = Shared {
            ring: Mutex::new(Ring::new(limits.ring_commits, limits.ring_bytes)),
            head: watch::Sender::new(0),
            ledger: watch::Sender::new(Ledger::default()),
            projects: watch::Sender::new(0),
        };
        Self { client, limits, shared: Arc::new(shared) }
    }

    /// The last sequence of the stream that has arrived, to wait for the next.
    pub fn head(&self) -> watch::Receiver<u64> {
        self.shared.head.subscribe()
    }

    pub fn ledger(&self) -> watch::Receiver<Ledger> {
        self.shared.ledger.subscribe()
    }

    pub fn projects(&self) -> watch::Receiver<u64> {
        self.shared.projects.subscribe()
    }

    /// Whether a client that comes now is served: the broker is there and the stream is followed.
    pub fn is_ready(&self) -> bool {
        let ledger = self.shared.ledger.borrow();
        self.client.is_connected() && ledger.following && ledger.id.is_some()
    }

    /// Commits of `project` behind `position`, some at a time.
    pub fn after(&self, project: &str, position: u64) -> After {
        self.ring().after(project, position)
    }

    /// How many commits are kept, and how many bytes they take.
    pub fn ring_size(&self) -> (usize, usize) {
        self.ring().size()
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        self.shared.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
