//! Closed loops: so many clients that each send the next request when the last one is answered.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, anyhow};
use async_nats::jetstream;
use bytes::Bytes;
use maestro_client::{Caller, Seen};
use maestro_domain::{ProjectId, Request, TaskId};
use maestro_wire::CommandId;
use tokio::task::JoinSet;

use crate::{ledger, measure};

/// How long a load runs before it counts.
const WARM: Duration = Duration::from_millis(500);
const TIMEOUT: Duration = Duration::from_secs(10);

/// What a load achieved.
pub struct Achieved {
    pub per_second: f64,
    pub worst: Duration,
}

/// A caller as user `bench`.
pub fn caller(client: maestro_client::Client) -> anyhow::Result<Caller> {
    let actor = "bench".parse().map_err(|error| anyhow!("an actor: {error}"))?;
    Ok(Caller::new(client, actor, None))
}

/// Sends one command and takes its answer.
pub async fn command(caller: &Caller, project: &ProjectId, request: &Request, seen: &Seen) -> anyhow::Result<Seen> {
    let id = CommandId(ulid::Ulid::generate());
    let reply = caller
        .command(project, request, id, seen, TIMEOUT)
        .await
        .map_err(|error| anyhow!("{}: {}", error.code.as_str(), error.message))?;
    Ok(Seen { seq: reply.seq, ledger: reply.ledger })
}

/// Commands of `clients` loops over these connections: reports on tasks that are there, and every eighth a new task.
pub async fn commands(callers: &[Caller], clients: usize, tasks: u32, time: Duration) -> anyhow::Result<Achieved> {
    let project: ProjectId = ledger::PROJECT.parse()?;
    let (begin, end) = window(time);
    let mut loops = JoinSet::new();
    for client in 0..clients {
        let caller = callers.get(client % callers.len().max(1)).context("no connection")?.clone();
        let project = project.clone();
        loops.spawn(async move {
            let mut took = Vec::new();
            let mut number = client;
            loop {
                let started = Instant::now();
                if started >= end {
                    return anyhow::Ok(took);
                }
                let task = TaskId::new(u32::try_from(number * 7919 % tasks as usize)? + 1);
                let request = if number % 8 == 0 { ledger::create(tasks, false)? } else { ledger::log(task, number)? };
                command(&caller, &project, &request, &Seen::default()).await?;
                number += 1;
                if started >= begin {
                    took.push(started.elapsed());
                }
            }
        });
    }
    gather(loops, time).await
}

/// Raw appends, so many on their way at once over these connections.
pub async fn appends(
    contexts: &[jetstream::Context],
    at_once: usize,
    size: usize,
    time: Duration,
) -> anyhow::Result<Achieved> {
    let payload: Bytes = noise(size).into();
    let contexts: Arc<[jetstream::Context]> = contexts.into();
    let (begin, end) = window(time);
    let mut loops = JoinSet::new();
    for client in 0..at_once {
        let (contexts, payload) = (Arc::clone(&contexts), payload.clone());
        loops.spawn(async move {
            let context = contexts.get(client % contexts.len().max(1)).context("no connection")?;
            let mut took = Vec::new();
            loop {
                let started = Instant::now();
                if started >= end {
                    return anyhow::Ok(took);
                }
                crate::raw::append(context, payload.clone()).await?;
                if started >= begin {
                    took.push(started.elapsed());
                }
            }
        });
    }
    gather(loops, time).await
}

/// Bytes that compress about as well as JSON.
pub fn noise(size: usize) -> Vec<u8> {
    let text = ledger::description();
    (0..size).map(|i| text.as_bytes()[(i * 31 + i / 97) % text.len()]).collect()
}

fn window(time: Duration) -> (Instant, Instant) {
    let begin = Instant::now() + WARM;
    (begin, begin + time)
}

async fn gather(mut loops: JoinSet<anyhow::Result<Vec<Duration>>>, time: Duration) -> anyhow::Result<Achieved> {
    let mut took = Vec::new();
    while let Some(outcome) = loops.join_next().await {
        took.extend(outcome??);
    }
    Ok(Achieved { per_second: took.len() as f64 / time.as_secs_f64(), worst: measure::percentile(&took, 1.0) })
}
