//! The actor: drains its mailbox, decides in groups, follows the stream.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use maestro_domain::{ProjectId, State};
use maestro_wire::{ErrorBody, ErrorCode, Reply, header};
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{Ask, FOLLOW_CAPACITY, Project, View, home::Home, known::Known, silence::Silence};
use crate::{
    ledger::{Commit, Ledger},
    registry::Entries,
    store::{Commands, KnownCommand, Store, StoreError},
};

/// What all actors share.
#[derive(Clone)]
pub struct Shared {
    pub ledger: Ledger,
    pub store: Store,
    /// Why the projection must be built anew; the first reason counts.
    pub broken: watch::Sender<Option<String>>,
    /// Commands that were handed to other replicas; each ends within its bound.
    pub calls: TaskTracker,
    pub stop: CancellationToken,
}

impl Shared {
    pub fn break_off(&self, reason: String) {
        self.broken.send_if_modified(|slot| slot.is_none() && slot.replace(reason).is_none());
    }
}

/// The only one that decides for its project on this replica.
pub struct Actor {
    pub(super) project: Arc<Project>,
    pub(super) shared: Shared,
    entries: Entries,
    mailbox: mpsc::Receiver<Ask>,
    follow: mpsc::Receiver<Arc<Commit>>,
    pub(super) state: State,
    pub(super) applied: u64,
    pub(super) known: Known,
    pub(super) home: Home,
    pub(super) waiting: VecDeque<Ask>,
    pub(super) silence: Silence,
}

/// How long the follower may be silent before the actor reads the gap itself.
const STALL: Duration = Duration::from_secs(1);
/// An actor of which nothing became looks this often whether it may go.
const LINGER: Duration = Duration::from_secs(1);

impl Actor {
    /// An actor and the handle that everybody else keeps.
    pub fn new(
        id: ProjectId,
        shared: Shared,
        entries: Entries,
        state: State,
        seq: u64,
        mailbox: usize,
    ) -> (Arc<Project>, Self) {
        let (mailbox_in, mailbox) = mpsc::channel(mailbox);
        let (follow_in, follow) = mpsc::channel(FOLLOW_CAPACITY);
        let project = Arc::new(Project {
            id,
            mailbox: mailbox_in,
            follow: follow_in,
            handed: AtomicU64::new(seq),
            view: ArcSwap::from_pointee(View { state: state.clone(), seq }),
            seq: watch::Sender::new(seq),
            at_home: AtomicBool::new(false),
        });
        let actor = Self {
            project: Arc::clone(&project),
            home: Home::default(),
            shared,
            entries,
            mailbox,
            follow,
            state,
            applied: seq,
            known: Known::default(),
            waiting: VecDeque::new(),
            silence: Silence::default(),
        };
        (project, actor)
    }

    /// Works until told to stop and the mailbox is empty, or until nothing became of its project.
    pub async fn run(mut self) {
        let stop = self.shared.stop.clone();
        loop {
            self.show();
            if self.waiting.is_empty() {
                if self.leaves() {
                    break;
                }
                tokio::select! {
                    biased;
                    Some(commit) = self.follow.recv() => self.apply(&commit),
                    Some(ask) = self.mailbox.recv() => self.waiting.push_back(ask),
                    () = stop.cancelled() => break,
                    () = async { tokio::time::sleep(LINGER).await }, if self.applied == 0 => {}
                }
            }
            while self.waiting.len() < header::MAX_GROUP
                && let Ok(ask) = self.mailbox.try_recv()
            {
                self.waiting.push_back(ask);
            }
            self.catch_up();
            if !self.waiting.is_empty() {
                self.decide_group().await;
            }
        }
    }

    /// Every id that somebody thinks of gets an actor, to be refused by it; one that has nothing to keep goes, and the
    /// next command or commit of its project begins another.
    fn leaves(&mut self) -> bool {
        let is_idle = || self.mailbox.is_empty() && self.follow.is_empty();
        self.applied == 0 && self.entries.leave(&mut self.project, is_idle)
    }

    /// Applies whatever the follower has brought.
    pub(super) fn catch_up(&mut self) {
        // A replica that has a long ledger behind it shows itself now and then on its way.
        let mut unseen = 0;
        while let Ok(commit) = self.follow.try_recv() {
            self.apply(&commit);
            unseen += 1;
            if unseen == FOLLOW_CAPACITY {
                unseen = 0;
                self.show();
            }
        }
        self.show();
    }

    /// Lets everybody see what was applied. Not after each of many commits: whoever looks at a state makes the next
    /// change copy what it touches.
    fn show(&mut self) {
        // What could not be folded is no state to look at.
        let whole = self.shared.broken.borrow().is_none();
        if whole && *self.project.seq.borrow() < self.applied {
            self.project.publish(self.state.clone(), self.applied);
            self.known.prune(*self.shared.store.position().borrow());
        }
    }

    /// Applies one commit of the stream; own ones and repetitions are known already.
    fn apply(&mut self, commit: &Arc<Commit>) {
        if commit.seq <= self.applied {
            return;
        }
        let problem = self.fold(commit).err();
        if let Some(problem) = problem {
            let newer = commit.model > header::MODEL_VERSION || !commit.decoded.unknown.is_empty();
            let fatal = if newer { crate::follower::FATAL } else { "" };
            let reason = format!("{fatal}project {} at sequence {}: {problem}", self.project.id, commit.seq);
            self.shared.break_off(reason);
            return;
        }
        for recorded in &commit.decoded.events {
            self.known.insert(recorded.command, &recorded.actor, commit.seq, &recorded.digest);
        }
        self.home.saw(&commit.writer, self.shared.ledger.replica());
        self.project.at_home.store(commit.writer == self.shared.ledger.replica(), Ordering::Relaxed);
        self.applied = commit.seq;
    }

    fn fold(&mut self, commit: &Commit) -> Result<(), String> {
        if commit.model > header::MODEL_VERSION || !commit.decoded.unknown.is_empty() {
            // Read past the follower, which stops at it: nobody decides on a state that lacks it.
            return Err(format!("it is of model {}, this server of {}", commit.model, header::MODEL_VERSION));
        }
        let purged = commit.purges();
        match commit.expected {
            Some(expected) if expected != self.applied && !purged => {
                return Err(format!("it follows {expected}, but {} was the last one seen", self.applied));
            }
            Some(_) | None => {}
        }
        if purged {
            self.state = State::default();
        }
        // An event that does not follow ends this life of the projection: a state with half a commit decides nothing.
        for recorded in &commit.decoded.events {
            self.state.apply(&recorded.event).map_err(|e| e.to_string())?;
        }
        Ok(())
    }

    /// Follows to `target`; reads the gap from the leader when the follower stalls.
    pub(super) async fn follow_to(&mut self, target: u64) -> Result<(), ErrorBody> {
        while self.applied < target {
            match timeout(STALL, self.follow.recv()).await {
                Ok(Some(commit)) => self.apply(&commit),
                Ok(None) => return Err(unavailable("the server is stopping")),
                Err(_) => self.read_gap(target).await?,
            }
            if self.shared.broken.borrow().is_some() {
                return Err(unavailable("the projection is being built anew"));
            }
        }
        Ok(())
    }

    async fn read_gap(&mut self, target: u64) -> Result<(), ErrorBody> {
        while self.applied < target {
            let next = self.shared.ledger.next_commit(&self.project.id, self.applied + 1).await;
            match next {
                Ok(Some(commit)) => self.apply(&Arc::new(commit)),
                Ok(None) => return Err(unavailable(&format!("the ledger has no sequence {target} of this project"))),
                Err(error) => return Err(unavailable(&format!("the ledger cannot be read: {error}"))),
            }
            if self.shared.broken.borrow().is_some() {
                return Err(unavailable("the projection is being built anew"));
            }
        }
        Ok(())
    }

    /// A command that was accepted before, here or by another replica.
    pub(super) fn look_up(&self, ask: &Ask) -> Result<Option<KnownCommand>, StoreError> {
        self.look_up_in(&self.shared.store.begin()?.commands(&self.project.id)?, ask)
    }

    /// The same with a reading that is there.
    pub(super) fn look_up_in(&self, commands: &Commands, ask: &Ask) -> Result<Option<KnownCommand>, StoreError> {
        if let Some(known) = self.known.get(ask.id, &ask.caller.actor) {
            return Ok(Some(*known));
        }
        commands.find(&ask.caller.actor, ask.id)
    }
}

pub(super) fn unavailable(text: &str) -> ErrorBody {
    ErrorBody::new(ErrorCode::Unavailable, text).suggest("try again in a moment")
}

/// Tells the sender of a command what became of it.
pub fn answer(ask: Ask, reply: Reply) {
    ask.reply.send(reply);
}
