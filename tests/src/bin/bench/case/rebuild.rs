//! The projection of a long ledger: built from nothing, and found again after a clean stop and after SIGKILL.

use std::time::{Duration, Instant};

use anyhow::Context;
use maestro_client::{FollowOptions, Item, Seen, Start};
use maestro_domain::TaskId;
use maestro_wire::{Place, Query, TaskGet};
use serde_json::json;

use crate::{
    Scale,
    ledger::{self, PROJECT, Plan},
    load,
    report::{Report, Row},
    stack::Stack,
    store,
};

const REBUILD: Duration = Duration::from_secs(8);
const CLEAN: Duration = Duration::from_secs(1);
const KILLED: Duration = Duration::from_secs(2);

pub async fn run(scale: Scale, report: &mut Report) -> anyhow::Result<()> {
    let events = scale.pick(1_000_000, 100_000);
    let plan = Plan { tasks: 10_000, events, commit: 32 };
    let mut stack = Stack::new(store::cached(&plan).await?)?;
    let raw = replay(&stack).await?;
    let serving = stack.start("server-1")?;
    let began = Instant::now();
    projected(&stack).await?;
    let whole = serving + began.elapsed();
    let processor = stack.processor()?;
    report.row(Row {
        what: format!("rebuild from {events} events"),
        measured: format!("{:.2} s ({:.0} events/s)", whole.as_secs_f64(), events as f64 / whole.as_secs_f64()),
        raw: format!("{:.2} s to read them", raw.as_secs_f64()),
        compared: format!("{:.1} x", whole.as_secs_f64() / raw.as_secs_f64()),
        target: format!("<= {} s", REBUILD.as_secs()),
        met: !scale.quick && whole <= REBUILD,
    });
    let memory = stack.memory()?;
    stack.stop(true)?;
    let size = std::fs::metadata(stack.data("server-1").join("projection.redb"))?.len();
    let mut warm = Vec::new();
    for (what, drained, target) in [("clean stop", true, CLEAN), ("SIGKILL", false, KILLED)] {
        stack.start("server-1")?;
        touch(&stack).await?;
        stack.stop(drained)?;
        let took = stack.start("server-1")?;
        stack.stop(true)?;
        warm.push(took.as_secs_f64());
        report.row(Row {
            what: format!("start with a warm redb, {what}"),
            measured: format!("{:.2} s", took.as_secs_f64()),
            raw: "-".into(),
            compared: "-".into(),
            target: format!("< {} s", target.as_secs()),
            met: !scale.quick && took < target,
        });
    }
    let single = Plan { tasks: 10_000, events: events / 5, commit: 1 };
    let mut small = Stack::new(store::cached(&single).await?)?;
    let raw_single = replay(&small).await?;
    let serving_single = small.start("server-1")?;
    let began = Instant::now();
    projected(&small).await?;
    let whole_single = serving_single + began.elapsed();
    report.details(
        "rebuild",
        &json!({
            "events": events, "seconds": whole.as_secs_f64(), "secondsToServing": serving.as_secs_f64(),
            "rawReplaySeconds": raw.as_secs_f64(), "processorSeconds": processor.as_secs_f64(),
            "memoryAfterwards": memory, "projectionBytes": size,
            "warmSeconds": { "clean": warm[0], "killed": warm[1] },
            "oneEventACommit": {
                "events": single.events, "seconds": whole_single.as_secs_f64(),
                "rawReplaySeconds": raw_single.as_secs_f64(),
                "eventsPerSecond": single.events as f64 / whole_single.as_secs_f64(),
            },
        }),
    )
}

/// How long reading the ledger takes a client that does nothing with it.
async fn replay(stack: &Stack) -> anyhow::Result<Duration> {
    let client = stack.client("core").await?;
    let last = client.stream_info("EVENTS").await?.last_seq;
    let began = Instant::now();
    let options = FollowOptions::new("EVENTS", Some("maestro.v1.evt.*"), Start::First, "follow-bench");
    let mut follower = client.follow(options);
    loop {
        if let Item::Message(message) = follower.next().await?
            && message.stream_seq >= last
        {
            return Ok(began.elapsed());
        }
    }
}

/// Waits until a query is answered from the projection of the whole ledger.
async fn projected(stack: &Stack) -> anyhow::Result<()> {
    let caller = load::caller(stack.edge().await?)?;
    let query = Query::TaskGet(TaskGet { task: Some(TaskId::new(1)), timeline: None });
    let place = Place::Project(PROJECT.parse()?);
    let deadline = Instant::now() + Duration::from_secs(120);
    loop {
        match caller.query(&place, &query, &Seen::default(), Duration::from_secs(5)).await {
            Ok(_) => return Ok(()),
            Err(error) => {
                anyhow::ensure!(Instant::now() < deadline, "the projection did not follow: {}", error.message)
            }
        }
    }
}

/// Some commands, so that the last thing that was written is not on the disk yet.
async fn touch(stack: &Stack) -> anyhow::Result<()> {
    let caller = load::caller(stack.edge().await?)?;
    let project = PROJECT.parse()?;
    let mut seen = Seen::default();
    for number in 0..200 {
        let task = TaskId::new(number + 1);
        seen = load::command(&caller, &project, &ledger::log(task, 1)?, &seen).await.context("after a warm start")?;
    }
    Ok(())
}
