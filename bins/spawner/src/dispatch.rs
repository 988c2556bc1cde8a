//! Takes orders from SPAWN: as many as there are free slots, none when there is none.

use std::sync::Arc;
use std::time::Duration;

use maestro_client::{Job, QueueConfig, QueueError, WorkQueue};
use maestro_domain::AgentName;
use maestro_wire::Subject;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::agent;
use crate::context::Context;
use crate::ledger::Entry;
use crate::session;

/// How many times an order is handed out before its session is failed.
pub const DELIVERIES: u32 = 5;
/// For how long an order may be silent before another spawner gets it.
const SILENCE: Duration = Duration::from_secs(30);
/// One wait for orders, shared by the agents' queues.
const WAIT: Duration = Duration::from_secs(5);

/// The queues of this spawner's pool, one an agent that it offers.
pub struct Queues(Vec<(AgentName, WorkQueue)>);

impl Queues {
    /// Makes or compares their consumers.
    ///
    /// # Errors
    /// When one cannot be opened.
    pub async fn open(context: &Context) -> Result<Self, QueueError> {
        let mut queues = Vec::new();
        for info in agent::offered() {
            let queue = context.client.work_queue(config(context, &info.name)).await?;
            queues.push((info.name, queue));
        }
        Ok(Self(queues))
    }
}

fn config(context: &Context, agent: &AgentName) -> QueueConfig {
    let pool = &context.config.pool;
    let subject = Subject::Spawn { pool: pool.clone(), agent: agent.clone() }.to_string();
    QueueConfig {
        ack_wait: SILENCE,
        max_deliver: Some(DELIVERIES),
        ..QueueConfig::new("SPAWN", &format!("{pool}-{agent}"), Some(&subject))
    }
}

/// Runs until shutdown, then waits for the sessions' ends. A session's task that panics is logged; its holder goes on, and
/// the next start adopts it.
pub async fn run(context: &Arc<Context>, mut queues: Queues, living: Vec<Entry>) {
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
    while !context.shutdown.is_cancelled() {
        for index in 0..queues.0.len() {
            let wait = WAIT / u32::try_from(queues.0.len()).unwrap_or(1);
            let (agent, queue) = &mut queues.0[index];
            let jobs = tokio::select! {
                biased;
                () = context.shutdown.cancelled() => break,
                jobs = take(queue, &slots, wait) => jobs,
            };
            match jobs {
                Ok(jobs) => {
                    for job in jobs {
                        // There are as many as were free, and nobody else takes any.
                        let slot = slots.clone().try_acquire_owned();
                        let context = context.clone();
                        sessions.spawn(async move {
                            session::run(&context, job).await;
                            drop(slot);
                        });
                    }
                }
                Err(error) => {
                    tracing::warn!(%agent, cause = %error, "no orders to be had");
                    let pause = tokio::time::sleep(Duration::from_secs(1));
                    tokio::select! { () = pause => {}, () = context.shutdown.cancelled() => break }
                    // The consumer may be gone with a restored or recreated stream.
                    match context.client.work_queue(config(context, agent)).await {
                        Ok(opened) => *queue = opened,
                        Err(error) => tracing::debug!(%agent, cause = %error, "queue cannot be opened"),
                    }
                }
            }
        }
        while let Some(ended) = sessions.try_join_next() {
            note(ended);
        }
    }
    while let Some(ended) = sessions.join_next().await {
        note(ended);
    }
}

async fn take(queue: &mut WorkQueue, slots: &Semaphore, wait: Duration) -> Result<Vec<Job>, QueueError> {
    if let Ok(slot) = slots.acquire().await {
        // Only this loop takes slots, so what is free now stays free.
        drop(slot);
    }
    queue.fetch(slots.available_permits(), wait).await
}

fn note(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        tracing::error!(cause = %error, "a session's task broke off");
    }
}
