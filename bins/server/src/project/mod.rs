//! A project in memory: its state, its mailbox, and the actor that alone decides for it here.

mod actor;
mod group;
mod home;
mod known;
pub mod peer;
mod silence;

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use arc_swap::ArcSwap;
use maestro_domain::{Caller, ProjectId, Request, State, Timestamp};
use maestro_wire::{CommandId, Reply};
use tokio::sync::{mpsc, oneshot, watch};

pub use actor::{Actor, Shared, answer};

use crate::{ledger::Commit, service::Responder};

/// Commits that may wait for an actor that is waiting for the broker; the follower waits beyond that.
const FOLLOW_CAPACITY: usize = 1024;

/// A command on its way to the actor.
pub struct Ask {
    pub caller: Caller,
    pub request: Request,
    pub id: CommandId,
    pub digest: String,
    pub traceparent: Option<String>,
    /// The sender has given up after this.
    pub expires_at: Timestamp,
    /// The command as it came, for handing it on; absent when another replica handed it to us.
    pub raw: Option<(String, bytes::Bytes)>,
    pub reply: ReplyTo,
}

/// Who waits for the answer.
pub enum ReplyTo {
    /// Somebody at the other end of the broker.
    Caller(Responder),
    /// A task of this replica.
    Here(oneshot::Sender<Reply>),
}

impl ReplyTo {
    fn send(self, reply: Reply) {
        match self {
            Self::Caller(responder) => responder.send(reply),
            // One that has gone away does not need it; it will ask again under the same id.
            Self::Here(sender) => drop(sender.send(reply)),
        }
    }

    /// Another replica answers.
    fn hand_over(self) {
        match self {
            Self::Caller(responder) => responder.hand_over(),
            Self::Here(_) => {}
        }
    }
}

/// The state of a project after a commit.
pub struct View {
    pub state: State,
    pub seq: u64,
}

/// What everybody but its actor knows of a project.
pub struct Project {
    pub id: ProjectId,
    mailbox: mpsc::Sender<Ask>,
    follow: mpsc::Sender<Arc<Commit>>,
    /// The last commit that the follower handed over.
    handed: AtomicU64,
    view: ArcSwap<View>,
    seq: watch::Sender<u64>,
    /// Its last commit was written by this replica.
    at_home: AtomicBool,
}

impl Project {
    /// The state as it is; nothing changes under the reader.
    #[must_use]
    pub fn view(&self) -> Arc<View> {
        self.view.load_full()
    }

    /// Grows with every commit that the actor has applied.
    pub fn seq(&self) -> watch::Receiver<u64> {
        self.seq.subscribe()
    }

    /// Whether the actor has applied this sequence.
    #[must_use]
    pub fn has_reached(&self, seq: u64) -> bool {
        *self.seq.borrow() >= seq
    }

    /// Whether this replica wrote its last commit, and so decides for it as long as nobody else does.
    #[must_use]
    pub fn is_at_home(&self) -> bool {
        self.at_home.load(Ordering::Relaxed)
    }

    /// Puts a command into the mailbox; gives it back when that is full or closed.
    pub fn try_ask(&self, ask: Ask) -> Result<(), Box<Ask>> {
        self.mailbox.try_send(ask).map_err(|error| match error {
            mpsc::error::TrySendError::Full(ask) | mpsc::error::TrySendError::Closed(ask) => Box::new(ask),
        })
    }

    /// Hands a commit of the stream to the actor; waits while it is busy. False: the actor is gone.
    pub async fn follow(&self, commit: Arc<Commit>) -> bool {
        self.handed.store(commit.seq, Ordering::Relaxed);
        self.follow.send(commit).await.is_ok()
    }

    /// Waits until the actor has applied what the follower has handed over so far.
    pub async fn caught_up(&self) {
        let handed = self.handed.load(Ordering::Relaxed);
        let mut seq = self.seq();
        // The sender lives in `self`, so it cannot be gone.
        let _reached = seq.wait_for(|seq| *seq >= handed).await;
    }

    fn publish(&self, state: State, seq: u64) {
        self.view.store(Arc::new(View { state, seq }));
        self.seq.send_replace(seq);
    }
}
