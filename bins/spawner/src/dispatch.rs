//! Takes orders from SPAWN: as many as there are free slots, none when there is none.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use maestro_client::{Job, QueueConfig, QueueError, WorkQueue};
use maestro_domain::AgentName;
use maestro_wire::Subject;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::context::Context;
use crate::ledger::Entry;
use crate::node;
use crate::session::{self, Slot};

/// How many times an order is handed out before its session is failed.
pub const DELIVERIES: u32 = 5;
/// For how long an order may be silent before another spawner gets it.
const SILENCE: Duration = Duration::from_secs(30);
/// One wait for orders.
const WAIT: Duration = Duration::from_secs(5);
/// For how long an order waits for a slot that another agent's order has taken before somebody else is looked for, and how
/// often that is done then; the broker hears as often that the order is in hand.
const FULL: Duration = Duration::from_secs(1);
const PROGRESS: Duration = Duration::from_secs(5);

/// The queues of this spawner: its pool's and its own, for each agent that it offers.
pub struct Queues(Vec<Source>);

/// One of them.
struct Source {
    whose: Whose,
    agent: AgentName,
    config: QueueConfig,
    queue: WorkQueue,
}

#[derive(Clone, Copy)]
enum Whose {
    Pool,
    /// Of this spawner alone, for sessions that are to run here.
    Own,
}

impl Queues {
    /// Makes or compares their consumers.
    ///
    /// # Errors
    /// When one cannot be opened.
    pub async fn open(context: &Context) -> Result<Self, QueueError> {
        let mut queues = Vec::new();
        for info in context.agents.offered() {
            for whose in [Whose::Pool, Whose::Own] {
                let config = config(context, whose, &info.name);
                let queue = context.client.work_queue(config.clone()).await?;
                queues.push(Source { whose, agent: info.name.clone(), config, queue });
            }
        }
        Ok(Self(queues))
    }
}

fn config(context: &Context, whose: Whose, agent: &AgentName) -> QueueConfig {
    let (pool, node) = (&context.config.pool, &context.config.node);
    let (durable, subject) = match whose {
        Whose::Pool => (format!("{pool}-{agent}"), Subject::Spawn { pool: pool.clone(), agent: agent.clone() }),
        Whose::Own => (format!("@{node}-{agent}"), Subject::SpawnOn { node: node.clone(), agent: agent.clone() }),
    };
    let subject = subject.to_string();
    QueueConfig {
        ack_wait: SILENCE,
        max_deliver: Some(DELIVERIES),
        ..QueueConfig::new("SPAWN", &durable, Some(&subject))
    }
}

/// Runs until shutdown, then waits for the sessions' ends; or until it is to leave, and waits for nothing. A session's task that panics is logged; its holder goes on, and
/// the next start adopts it.
pub async fn run(context: &Arc<Context>, queues: Queues, living: Vec<Entry>, leave: &CancellationToken) {
    let slots = Arc::new(Semaphore::new(context.config.slots as usize));
    let endings = Arc::new(Semaphore::new(context.config.slots as usize));
    let mut sessions = JoinSet::new();
    for entry in living {
        // More may run than there are slots now; then there are none for a while.
        let slot = slots.clone().try_acquire_owned().ok();
        let context = context.clone();
        sessions.spawn(async move {
            session::adopt(&context, entry).await;
            drop(slot);
        });
    }
    // One at a time: whoever takes orders waits until they are in hand.
    let (taken, mut orders) = mpsc::channel(1);
    let mut takers = JoinSet::new();
    for source in queues.0 {
        takers.spawn(take_all(context.clone(), source, slots.clone(), taken.clone()));
    }
    drop(taken);
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some((job, slot)) => {
                    let context = context.clone();
                    let slot = Slot::new(slot, endings.clone());
                    sessions.spawn(async move { session::run(&context, job, slot).await });
                }
                None => break,
            },
            Some(ended) = sessions.join_next(), if !sessions.is_empty() => note(ended),
            () = leave.cancelled() => {
                tracing::info!(sessions = sessions.len(), "leaves; its sessions go on");
                // Orders that are not in hand yet come again.
                takers.shutdown().await;
                return sessions.shutdown().await;
            }
        }
    }
    while let Some(ended) = takers.join_next().await {
        note(ended);
    }
    while let Some(ended) = sessions.join_next().await {
        note(ended);
    }
}

/// Takes the orders of one queue until shutdown; none while the spawner drains.
async fn take_all(
    context: Arc<Context>,
    source: Source,
    slots: Arc<Semaphore>,
    taken: mpsc::Sender<(Job, OwnedSemaphorePermit)>,
) {
    let Source { whose, agent, config, mut queue } = source;
    loop {
        let jobs = tokio::select! {
            biased;
            () = context.shutdown.cancelled() => return,
            jobs = async {
                context.drain.over().await;
                tokio::select! {
                    jobs = take(&mut queue, &slots) => jobs,
                    // With the request the broker's interest in us goes: it hands the orders to others at once.
                    () = context.drain.begun() => Ok(Vec::new()),
                }
            } => jobs,
        };
        match jobs {
            Ok(jobs) => {
                let mut jobs = VecDeque::from(jobs);
                let waiting = Waiting { context: &context, whose, agent: &agent, slots: &slots };
                while let Some(job) = jobs.pop_front() {
                    waiting.hand_over(job, &jobs, &taken).await;
                }
            }
            Err(error) => {
                tracing::warn!(queue = config.durable, cause = %error, "no orders to be had");
                let pause = tokio::time::sleep(Duration::from_secs(1));
                tokio::select! { () = pause => {}, () = context.shutdown.cancelled() => return }
                // The consumer may be gone with a restored or recreated stream.
                match context.client.work_queue(config.clone()).await {
                    Ok(opened) => queue = opened,
                    Err(error) => tracing::debug!(queue = config.durable, cause = %error, "queue cannot be opened"),
                }
            }
        }
    }
}

/// An order on its way to a slot of its own.
struct Waiting<'a> {
    context: &'a Context,
    whose: Whose,
    agent: &'a AgentName,
    slots: &'a Arc<Semaphore>,
}

impl Waiting<'_> {
    /// Gives the order a slot. Orders for another agent may have taken the last one in the same moment: then it is kept until
    /// there is one again, for each time that an order is handed back is one of its few deliveries; unless somebody else has
    /// room for it now. `behind` came with it and waits too.
    async fn hand_over(&self, job: Job, behind: &VecDeque<Job>, taken: &mpsc::Sender<(Job, OwnedSemaphorePermit)>) {
        let mut slot = std::pin::pin!(self.slots.clone().acquire_owned());
        let mut wait = FULL;
        let rest = loop {
            if self.context.drain.is_on() {
                // Another spawner may have it, once our last request for orders is over: the broker would only hand it to that
                // again.
                break WAIT + Duration::from_secs(1);
            }
            tokio::select! {
                biased;
                () = self.context.shutdown.cancelled() => break Duration::ZERO,
                slot = &mut slot => {
                    if let Ok(slot) = slot {
                        // The receiver lives until every sender is gone.
                        let _ = taken.send((job, slot)).await;
                    }
                    return;
                }
                () = self.context.drain.begun() => {}
                () = tokio::time::sleep(wait) => {
                    wait = PROGRESS;
                    if matches!(self.whose, Whose::Pool) && node::has_room_elsewhere(self.context, self.agent).await {
                        break Duration::ZERO;
                    }
                    for job in behind.iter().chain([&job]) {
                        // Unheard, it comes again.
                        let _ = job.in_progress().await;
                    }
                }
            }
        };
        if let Err(error) = job.nak(rest).await {
            tracing::debug!(cause = %error, "order not handed back; it comes again by itself");
        }
    }
}

async fn take(queue: &mut WorkQueue, slots: &Semaphore) -> Result<Vec<Job>, QueueError> {
    if let Ok(slot) = slots.acquire().await {
        drop(slot);
    }
    match slots.available_permits() {
        // Somebody else was quicker.
        0 => Ok(Vec::new()),
        free => queue.fetch(free, WAIT).await,
    }
}

fn note(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(cause = %error, "a session's task broke off");
    }
}
