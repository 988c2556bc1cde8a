//! One command after the other through a connected client, with one replica and with two.

use std::time::{Duration, Instant};

use async_nats::jetstream;
use bytes::Bytes;
use maestro_client::{Caller, Seen};
use maestro_domain::{ProjectId, TaskId};
use serde_json::json;

use crate::{
    Scale,
    ledger::{self, PROJECT, Plan},
    load,
    measure::{millis, p50, percentile},
    raw,
    report::{Report, Row},
    stack::Stack,
    store,
};

const TASKS: u32 = 10_000;
/// By number of replicas.
const TARGETS: [(usize, f64); 2] = [(1, 1.3), (2, 1.8)];

struct Ends {
    caller: Caller,
    edge: async_nats::Client,
    stream: jetstream::Context,
}

pub async fn run(scale: Scale, report: &mut Report) -> anyhow::Result<()> {
    let mut stack = Stack::new(store::filled(&Plan::tasks(TASKS)).await?)?;
    let url = stack.nats.url();
    let spawner = raw::connect(&url, "spawner", stack.nats.password("spawner")).await?;
    let _echo = raw::echo(spawner).await?;
    let stream = raw::stream(&raw::connect_raw(&url).await?).await?;
    let edge = raw::connect(&url, "edge", stack.nats.password("edge")).await?;
    let ends = Ends { caller: load::caller(stack.edge().await?)?, edge, stream };
    let mut details = Vec::new();
    for (replicas, target) in TARGETS {
        stack.start(&format!("server-{replicas}"))?;
        let (requests, appends, commands) = sample(&ends, scale.pick(2_000, 300)).await?;
        let raw = p50(&requests) + p50(&appends);
        let ratio = p50(&commands).as_secs_f64() / raw.as_secs_f64();
        details.push(json!({
            "replicas": replicas, "ratio": ratio,
            "millis": { "p50": millis(p50(&commands)), "p99": millis(percentile(&commands, 0.99)) },
            "rawRequestMillis": { "p50": millis(p50(&requests)), "p99": millis(percentile(&requests, 0.99)) },
            "rawAppendMillis": { "p50": millis(p50(&appends)), "p99": millis(percentile(&appends, 0.99)) },
        }));
        report.row(Row {
            what: format!("command, p50, {replicas} replica{}", if replicas == 1 { "" } else { "s" }),
            measured: format!("{:.2} ms", millis(p50(&commands))),
            raw: format!("{:.2} + {:.2} ms", millis(p50(&requests)), millis(p50(&appends))),
            compared: format!("{ratio:.2} x"),
            target: format!("<= {target} x"),
            met: ratio <= target,
        });
    }
    report.details("latency", &json!(details))
}

/// A raw request, a raw append and a command in turns.
async fn sample(ends: &Ends, count: usize) -> anyhow::Result<(Vec<Duration>, Vec<Duration>, Vec<Duration>)> {
    let project: ProjectId = PROJECT.parse()?;
    let request: Bytes = load::noise(400).into();
    let message: Bytes = load::noise(ledger::commit_size()?).into();
    let (mut requests, mut appends, mut commands) = (Vec::new(), Vec::new(), Vec::new());
    let mut seen = Seen::default();
    for number in 0..count + 50 {
        let began = Instant::now();
        ends.edge.request(raw::ECHO, request.clone()).await?;
        let asked = began.elapsed();
        let began = Instant::now();
        raw::append(&ends.stream, message.clone()).await?;
        let appended = began.elapsed();
        let task = TaskId::new(u32::try_from(number * 7919 % TASKS as usize)? + 1);
        let log = ledger::log(task, number)?;
        let began = Instant::now();
        // Each carries what the one before has seen, as the command line's do.
        seen = load::command(&ends.caller, &project, &log, &seen).await?;
        let commanded = began.elapsed();
        if number >= 50 {
            requests.push(asked);
            appends.push(appended);
            commands.push(commanded);
        }
    }
    Ok((requests, appends, commands))
}
