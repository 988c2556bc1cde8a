//! `task list --limit 50` among many tasks: the server's own figures, and a request less a raw request.

use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use bytes::Bytes;
use futures::StreamExt;
use maestro_client::Seen;
use maestro_domain::StatusKind;
use maestro_wire::{Place, Query, TaskList, TaskSort};
use serde_json::{Value, json};

use crate::{
    Scale,
    ledger::{PROJECT, Plan},
    load,
    measure::{millis, p50, percentile},
    raw,
    report::{Report, Row},
    stack::Stack,
    store,
};

const TASKS: u32 = 100_000;
const TARGET: Duration = Duration::from_millis(5);

pub async fn run(scale: Scale, report: &mut Report) -> anyhow::Result<()> {
    let mut stack = Stack::new(store::filled(&Plan::tasks(TASKS)).await?)?;
    let url = stack.nats.url();
    let spawner = raw::connect(&url, "spawner", stack.nats.password("spawner")).await?;
    let _echo = raw::echo(spawner).await?;
    let edge = raw::connect(&url, "edge", stack.nats.password("edge")).await?;
    stack.start("server-1")?;
    // A server serves before its projection has caught up; searches in texts wait for that.
    ask_all(&stack, 1).await?;
    let caller = load::caller(stack.edge().await?)?;
    let place = Place::Project(PROJECT.parse()?);
    let mut details = Vec::new();
    let mut worst = (String::new(), Duration::ZERO);
    for (name, list) in lists()? {
        let query = Query::TaskList(list);
        let before = figures(&stack).await?;
        let (mut ours, mut raws) = (Vec::new(), Vec::new());
        let mut reply: Bytes = Bytes::new();
        for _ in 0..scale.pick(200, 40) {
            let began = Instant::now();
            let answer = caller.query(&place, &query, &Seen::default(), Duration::from_secs(5)).await;
            ours.push(began.elapsed());
            let answer = answer.map_err(|error| anyhow!("{name}: {}", error.message))?;
            reply = answer.encode().into();
            let began = Instant::now();
            edge.request(raw::ECHO, reply.clone()).await?;
            raws.push(began.elapsed());
        }
        let after = figures(&stack).await?;
        let served = Duration::from_micros((after.1 - before.1) / (after.0 - before.0).max(1));
        details.push(json!({
            "list": name, "replyBytes": reply.len(), "serverMillis": millis(served),
            "millis": { "p50": millis(p50(&ours)), "p99": millis(percentile(&ours, 0.99)) },
            "rawMillis": { "p50": millis(p50(&raws)), "p99": millis(percentile(&raws, 0.99)) },
        }));
        if served > worst.1 {
            worst = (name.to_owned(), served);
        }
        if name == "as it comes" {
            report.row(row(name, served, p50(&ours), p50(&raws)));
        }
    }
    report.row(row(&format!("{}, the slowest", worst.0), worst.1, Duration::ZERO, Duration::ZERO));
    report.details("list", &json!(details))
}

fn row(name: &str, served: Duration, ours: Duration, raw: Duration) -> Row {
    let requested = ours.checked_sub(raw).filter(|_| !ours.is_zero());
    Row {
        what: format!("task list of 50 among {TASKS}: {name}"),
        measured: format!("{:.2} ms in the server", millis(served)),
        raw: requested.map_or_else(|| "-".into(), |_| format!("{:.2} of {:.2} ms", millis(raw), millis(ours))),
        compared: "-".into(),
        target: format!("< {} ms", TARGET.as_millis()),
        met: served < TARGET,
    }
}

/// The lists that people ask for.
fn lists() -> anyhow::Result<Vec<(&'static str, TaskList)>> {
    let plain = TaskList { limit: Some(50), ..TaskList::default() };
    Ok(vec![
        ("as it comes", plain.clone()),
        ("pending", TaskList { status: vec![StatusKind::Pending], ..plain.clone() }),
        ("ready, best first", TaskList { ready: Some(true), sort: TaskSort::Priority, ..plain.clone() }),
        ("last changed", TaskList { sort: TaskSort::Updated, ..plain.clone() }),
        ("by priority", TaskList { sort: TaskSort::Priority, ..plain.clone() }),
        ("a common word", TaskList { text: Some("parser".into()), ..plain.clone() }),
        ("a label that none has", TaskList { labels: vec!["absent".parse()?], ..plain }),
    ])
}

/// Every list, so many times.
pub async fn ask_all(stack: &Stack, times: usize) -> anyhow::Result<()> {
    let caller = load::caller(stack.edge().await?)?;
    let place = Place::Project(PROJECT.parse()?);
    for _ in 0..times {
        for (name, list) in lists()? {
            let answer = caller.query(&place, &Query::TaskList(list), &Seen::default(), Duration::from_secs(5)).await;
            answer.map_err(|error| anyhow!("{name}: {}", error.message))?;
        }
    }
    Ok(())
}

/// How many lists the server has answered, and how many microseconds that took in all: from its STATS data.
async fn figures(stack: &Stack) -> anyhow::Result<(u64, u64)> {
    let core = raw::connect(&stack.nats.url(), "core", stack.nats.password("core")).await?;
    let inbox = core.new_inbox();
    let mut replies = core.subscribe(inbox.clone()).await?;
    core.publish_with_reply("$SRV.STATS.maestro", inbox, Bytes::new()).await?;
    let reply = tokio::time::timeout(Duration::from_secs(5), replies.next()).await?.context("no figures")?;
    let stats: Value = serde_json::from_slice(&reply.payload)?;
    let endpoints = stats["endpoints"].as_array().context("figures without endpoints")?;
    let queries = endpoints.iter().find(|endpoint| endpoint["name"] == "qry").context("no figures of queries")?;
    let verb = &queries["data"]["verbs"]["task.list"];
    Ok((verb["requests"].as_u64().unwrap_or(0), verb["totalMicros"].as_u64().unwrap_or(0)))
}
