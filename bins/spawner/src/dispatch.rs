//! Takes orders from SPAWN: as many as there are free slots, none when there is none.

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
use crate::session;

/// How many times an order is handed out before its session is failed.
pub const DELIVERIES: u32 = 5;
/// For how long an order may be silent before another spawner gets it.
const SILENCE: Duration = Duration::from_secs(30);
/// One wait for orders.
const WAIT: Duration = Duration::from_secs(5);
/// For how long an order waits for a slot that another agent's order has taken.
const FULL: Duration = Duration::from_secs(1);

/// The queues of this spawner: its pool's and its own, for each agent that it offers.
pub struct Queues(Vec<(QueueConfig, WorkQueue)>);

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
                queues.push((config, queue));
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
    for (config, queue) in queues.0 {
        takers.spawn(take_all(context.clone(), config, queue, slots.clone(), taken.clone()));
    }
    drop(taken);
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some((job, slot)) => {
                    let context = context.clone();
                    sessions.spawn(async move {
                        session::run(&context, job).await;
                        drop::<OwnedSemaphorePermit>(slot);
                    });
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
    config: QueueConfig,
    mut queue: WorkQueue,
    slots: Arc<Semaphore>,
    taken: mpsc::Sender<(Job, OwnedSemaphorePermit)>,
) {
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
                for job in jobs {
                    hand_over(&context, job, &slots, &taken).await;
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

/// The order with a slot of its own. Orders for another agent may have taken the last one in the same moment; then it
/// goes back, to whoever has one.
async fn hand_over(
    context: &Context,
    job: Job,
    slots: &Arc<Semaphore>,
    taken: &mpsc::Sender<(Job, OwnedSemaphorePermit)>,
) {
    if context.drain.is_on() {
        // It was on its way when the drain began; another spawner may have it, once our last request for orders is over: the
        // broker would only hand it to that again.
        if let Err(error) = job.nak(WAIT + Duration::from_secs(1)).await {
            tracing::debug!(cause = %error, "order not handed back; it comes again by itself");
        }
        return;
    }
    match tokio::time::timeout(FULL, slots.clone().acquire_owned()).await {
        Ok(Ok(slot)) => {
            // The receiver lives until every sender is gone.
            let _ = taken.send((job, slot)).await;
        }
        Ok(Err(_)) | Err(_) => {
            if let Err(error) = job.nak(Duration::from_secs(1)).await {
                tracing::debug!(cause = %error, "order not handed back; it comes again by itself");
            }
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
