//! What every part of the running spawner shares.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use maestro_client::{Caller, Client};
use maestro_domain::{ProjectId, Timestamp};
use maestro_runtime::trace;
use maestro_wire::NodeRecord;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::agent::Agents;
use crate::config::Config;
use crate::drain::Drain;
use crate::holder::Holders;
use crate::incarnation::Incarnation;
use crate::ledger::Ledger;
use crate::outbox::Outbox;
use crate::workspace::{Rooms, files};

pub struct Context {
    pub config: Config,
    pub client: Client,
    pub ledger: Ledger,
    pub outbox: Outbox,
    pub holders: Holders,
    /// Where sessions work.
    pub(crate) rooms: Rooms,
    /// What this host can run.
    pub agents: Agents,
    /// Cancelled when the spawner is to end, and its sessions with it.
    pub shutdown: CancellationToken,
    pub since: Timestamp,
    /// Incarnations in hand; `true`: their order is acknowledged.
    in_hand: Mutex<HashMap<Incarnation, bool>>,
    taken: AtomicU32,
    /// Told when the number of free slots changes.
    pub slots_changed: Notify,
    /// Projects that this host does not have, and why: it hands their orders back.
    pub refused: Mutex<BTreeMap<ProjectId, String>>,
    /// Told when a session has ended and its files are nobody's any more.
    pub ended: Notify,
    pub drain: Drain,
}

impl Context {
    pub fn new(
        config: Config,
        client: Client,
        (ledger, outbox): (Ledger, Outbox),
        holders: Holders,
        rooms: Rooms,
        shutdown: CancellationToken,
    ) -> Arc<Self> {
        let agents = Agents::find(&config.agents, &config.inherited);
        let drain = Drain::of(&config.data);
        Arc::new(Self {
            config,
            agents,
            client,
            ledger,
            outbox,
            holders,
            rooms,
            shutdown,
            since: now(),
            in_hand: Mutex::default(),
            taken: AtomicU32::new(0),
            slots_changed: Notify::new(),
            refused: Mutex::default(),
            ended: Notify::new(),
            drain,
        })
    }

    /// Speaks as the session, in this incarnation.
    pub fn caller(&self, incarnation: &Incarnation) -> Caller {
        let caller = Caller::new(self.client.clone(), incarnation.actor(), Some(incarnation.epoch));
        caller.with_trace(trace::current)
    }

    /// Slots in use.
    pub fn taken(&self) -> u32 {
        self.taken.load(Ordering::Relaxed)
    }

    /// This spawner as others see it.
    pub fn record(&self) -> NodeRecord {
        let Config { node, pool, labels, slots, .. } = &self.config;
        NodeRecord {
            node: node.clone(),
            pool: pool.clone(),
            labels: labels.clone(),
            agents: self.agents.offered(),
            slots: *slots,
            free: slots.saturating_sub(self.taken()),
            draining: self.drain.is_on(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            since: self.since,
        }
    }

    /// Notes why this host does not have a project; `None`: it has.
    pub fn refuses(&self, project: &ProjectId, why: Option<&str>) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        match why {
            Some(why) => drop(refused.insert(project.clone(), why.to_owned())),
            None => drop(refused.remove(project)),
        }
    }

    /// What is in hand, sorted.
    pub fn sessions(&self) -> Vec<Incarnation> {
        let mut all: Vec<_> = self.lock().keys().cloned().collect();
        all.sort();
        all
    }

    /// Whether an incarnation's agent, or something that it started, may run here: known, and not known to be gone.
    pub(crate) fn may_run(&self, incarnation: &Incarnation) -> bool {
        self.ledger.has(incarnation) && !self.is_over(incarnation)
    }

    fn is_over(&self, incarnation: &Incarnation) -> bool {
        files::is_over(&files::of(&self.config.data, incarnation), incarnation)
    }

    /// Whether a session works here or is about to, in any of its epochs: its worktree is needed.
    pub(crate) fn is_at_work(&self, of: &Incarnation) -> bool {
        let same = |other: &&Incarnation| other.project == of.project && other.session == of.session;
        self.may_run(of) || self.sessions().iter().filter(same).any(|other| !self.is_over(other))
    }

    /// Does something about an incarnation that has ended, unless another one of its session is in hand: that may go on
    /// where it was, and none is taken in hand meanwhile.
    pub fn unless_back(&self, ended: &Incarnation, act: impl FnOnce()) {
        let in_hand = self.lock();
        let same = |other: &&Incarnation| other.project == ended.project && other.session == ended.session;
        if in_hand.keys().filter(same).all(|other| other == ended) {
            act();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Incarnation, bool>> {
        self.in_hand.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An incarnation in hand: it takes a slot, and a second order for it starts nothing.
pub struct InHand {
    context: Arc<Context>,
    incarnation: Incarnation,
}

/// An incarnation is in hand already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Twice {
    /// Its order is acknowledged, so a second one is a repetition of the broker's.
    pub settled: bool,
}

impl InHand {
    /// # Errors
    /// When it is in hand already.
    pub fn take(context: &Arc<Context>, incarnation: &Incarnation) -> Result<Self, Twice> {
        let mut in_hand = context.lock();
        if let Some(settled) = in_hand.get(incarnation) {
            return Err(Twice { settled: *settled });
        }
        in_hand.insert(incarnation.clone(), false);
        drop(in_hand);
        context.taken.fetch_add(1, Ordering::Relaxed);
        context.slots_changed.notify_one();
        Ok(Self { context: context.clone(), incarnation: incarnation.clone() })
    }

    pub fn settled(&self) {
        self.context.lock().insert(self.incarnation.clone(), true);
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.context.lock().remove(&self.incarnation);
        self.context.taken.fetch_sub(1, Ordering::Relaxed);
        self.context.slots_changed.notify_one();
    }
}

pub fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
