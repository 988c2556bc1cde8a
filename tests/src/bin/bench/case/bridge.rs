//! From an acknowledged commit to the clients of a bridge: one, and a thousand of them.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use maestro_client::{Caller, Seen};
use maestro_domain::{ProjectId, TaskId};
use serde_json::json;
use tokio::{sync::mpsc, task::JoinSet};

use crate::{
    Scale,
    bridge::{Bridge, Client},
    ledger::{self, PROJECT, Plan},
    load,
    measure::{median, millis, p50, percentile},
    report::{Report, Row},
    stack::Stack,
    store,
};

const TASKS: u32 = 1_000;
const CROWD: usize = 1_000;
/// Commits a second while the crowd is timed.
const PACE: u64 = 10;
const LOOPS: usize = 64;
const MISSED: u64 = 10_000;
const WITHIN: Duration = Duration::from_secs(10);

pub async fn run(scale: Scale, report: &mut Report) -> anyhow::Result<()> {
    let mut stack = Stack::new(store::filled(&Plan::tasks(TASKS)).await?)?;
    stack.start("server-1")?;
    let callers = [load::caller(stack.edge().await?)?, load::caller(stack.edge().await?)?];
    let bridge = Bridge::start(&stack)?;

    let one = frames(&callers[0], &bridge, scale.pick(1_000, 100)).await?;
    report.row(at_most("acknowledged to frame, 1 client, p50", p50(&one), 1.0));
    report.row(at_most("acknowledged to frame, 1 client, p99", percentile(&one, 0.99), 5.0));

    let resumed = resume(&callers, &bridge).await?;
    for (what, took) in &resumed {
        report.row(at_most(what, *took, 200.0));
    }

    let size = scale.pick(CROWD, 200);
    let alone = bridge.memory()?;
    let crowd = Crowd::gather(&bridge, size).await?;
    let each = bridge.memory()?.saturating_sub(alone) / size as u64;
    report.row(Row {
        what: "bridge memory a client".into(),
        measured: format!("{:.1} kB of {size} clients", each as f64 / 1000.0),
        raw: "-".into(),
        compared: format!("{:.1} kB", each as f64 / 1000.0),
        target: "<= 60 kB".into(),
        met: each <= 60_000,
    });
    let last = crowd.timed(&callers[0], scale.pick(200, 30)).await?;
    report.row(at_most(&format!("the same, {size} clients, last one served, p99"), percentile(&last, 0.99), 25.0));

    let time = Duration::from_secs(scale.pick(3, 2) as u64);
    let mut with_crowd = Vec::new();
    for _ in 0..scale.pick(3, 1) {
        with_crowd.push(load::commands(&callers, LOOPS, TASKS, time).await?.per_second);
    }
    crowd.leave().await;
    let single = Crowd::gather(&bridge, 1).await?;
    let mut with_one = Vec::new();
    for _ in 0..scale.pick(3, 1) {
        with_one.push(load::commands(&callers, LOOPS, TASKS, time).await?.per_second);
    }
    single.leave().await;
    let share = median(&with_crowd) / median(&with_one);
    report.row(Row {
        what: format!("commands a second, {size} clients connected"),
        measured: format!("{:.0}/s", median(&with_crowd)),
        raw: format!("{:.0}/s with one", median(&with_one)),
        compared: format!("{:.0} %", share * 100.0),
        target: ">= 50 %".into(),
        met: share >= 0.5,
    });
    report.details(
        "bridge",
        &json!({
            "oneClientMillis": { "p50": millis(p50(&one)), "p99": millis(percentile(&one, 0.99)) },
            "crowd": size,
            "lastServedMillis": { "p50": millis(p50(&last)), "p99": millis(percentile(&last, 0.99)) },
            "bytesAClient": each,
            "resumeMillis": resumed.iter().map(|(what, took)| json!({ "what": what, "millis": millis(*took) })).collect::<Vec<_>>(),
            "commandsPerSecond": { "withCrowd": with_crowd, "withOne": with_one },
        }),
    )
}

fn at_most(what: &str, measured: Duration, target: f64) -> Row {
    Row {
        what: what.into(),
        measured: format!("{:.2} ms", millis(measured)),
        raw: "-".into(),
        compared: format!("{:.2} ms", millis(measured)),
        target: format!("<= {target} ms"),
        met: millis(measured) <= target,
    }
}

/// One report on a task, and the sequence of its commit.
async fn commit(caller: &Caller, number: usize) -> anyhow::Result<(u64, Instant)> {
    let project: ProjectId = PROJECT.parse()?;
    let task = TaskId::new(u32::try_from(number * 7919 % TASKS as usize)? + 1);
    let seen = load::command(caller, &project, &ledger::log(task, number)?, &Seen::default()).await?;
    Ok((seen.seq.context("an acknowledged command has a sequence")?, Instant::now()))
}

/// How long after its acknowledgement each commit is a frame in the client's hands; zero when it is there before.
async fn frames(caller: &Caller, bridge: &Bridge, count: usize) -> anyhow::Result<Vec<Duration>> {
    let mut client = bridge.client(None).await?;
    let (sender, mut arrived) = mpsc::channel(1024);
    let reading = tokio::spawn(async move {
        while let Ok(seq) = client.commit().await {
            if sender.send((seq, Instant::now())).await.is_err() {
                return;
            }
        }
    });
    let mut took = Vec::new();
    for number in 0..count + 20 {
        let (seq, acknowledged) = commit(caller, number).await?;
        let at = loop {
            let (found, at) = tokio::time::timeout(WITHIN, arrived.recv()).await?.context("the client reads on")?;
            if found >= seq {
                break at;
            }
        };
        if number >= 20 {
            took.push(at.saturating_duration_since(acknowledged));
        }
    }
    drop(arrived);
    reading.abort();
    Ok(took)
}

/// A client comes back that missed ten thousand events: in commits of many, and each in one of its own.
async fn resume(callers: &[Caller; 2], bridge: &Bridge) -> anyhow::Result<Vec<(String, Duration)>> {
    let mut found = Vec::new();
    for (at_once, shape) in [(512, "in commits of many"), (1, "each in its own commit")] {
        let client = bridge.client(None).await?;
        let (ledger, since) = (client.ledger.clone(), client.seq);
        drop(client);
        // One on its way at a time has a commit of its own; four projects' worth of patience is too much for ten thousand.
        let count = if at_once == 1 { MISSED / 4 } else { MISSED };
        let sending = stream::iter(0..count).map(|number| {
            let caller = &callers[number as usize % 2];
            async move { commit(caller, number as usize).await.map(|(seq, _)| seq) }
        });
        let head = sending.buffer_unordered(at_once).try_fold(0, |most, seq| async move { Ok(most.max(seq)) }).await?;
        // The bridge has them too.
        let mut follower = bridge.client(None).await?;
        while follower.seq < head {
            follower.commit().await?;
        }
        let mut rounds = Vec::new();
        for _ in 0..5 {
            let began = Instant::now();
            let mut back = bridge.client(Some((&ledger, since))).await?;
            while back.seq < head {
                tokio::time::timeout(WITHIN, back.commit()).await??;
            }
            rounds.push(began.elapsed());
        }
        found.push((format!("resume of {count} missed events, {shape}"), p50(&rounds)));
    }
    Ok(found)
}

/// Clients that read everything.
struct Crowd {
    clients: JoinSet<()>,
    size: usize,
    arrivals: Arc<Arrivals>,
}

#[derive(Default)]
struct Arrivals {
    noted: AtomicBool,
    /// By sequence: how many have it, and since when the last of them.
    last: Mutex<HashMap<u64, (usize, Instant)>>,
}

impl Crowd {
    async fn gather(bridge: &Bridge, size: usize) -> anyhow::Result<Self> {
        let arrivals = Arc::new(Arrivals::default());
        let coming = stream::iter(0..size).map(|_| bridge.client(None)).buffer_unordered(16);
        let came: Vec<Client> = coming.try_collect().await?;
        let mut clients = JoinSet::new();
        for mut client in came {
            let arrivals = Arc::clone(&arrivals);
            clients.spawn(async move {
                while let Ok(seq) = client.commit().await {
                    if arrivals.noted.load(Ordering::Relaxed) {
                        let now = Instant::now();
                        let mut last = arrivals.last.lock().unwrap_or_else(PoisonError::into_inner);
                        let entry = last.entry(seq).or_insert((0, now));
                        *entry = (entry.0 + 1, now);
                    }
                }
            });
        }
        Ok(Self { clients, size, arrivals })
    }

    /// How long after its acknowledgement the last client has each commit.
    async fn timed(&self, caller: &Caller, count: usize) -> anyhow::Result<Vec<Duration>> {
        self.arrivals.noted.store(true, Ordering::Relaxed);
        let mut ticks = tokio::time::interval(Duration::from_millis(1_000 / PACE));
        let mut acknowledged = Vec::new();
        for number in 0..count {
            ticks.tick().await;
            acknowledged.push(commit(caller, number).await?);
        }
        let end = Instant::now() + WITHIN;
        let all = |seq: &u64| {
            let last = self.arrivals.last.lock().unwrap_or_else(PoisonError::into_inner);
            last.get(seq).filter(|(served, _)| *served == self.size).map(|(_, at)| *at)
        };
        let mut took = Vec::new();
        for (seq, since) in &acknowledged {
            let at = loop {
                if let Some(at) = all(seq) {
                    break at;
                }
                ensure!(Instant::now() < end, "not every client got commit {seq}");
                tokio::time::sleep(Duration::from_millis(5)).await;
            };
            took.push(at.saturating_duration_since(*since));
        }
        self.arrivals.noted.store(false, Ordering::Relaxed);
        Ok(took)
    }

    async fn leave(mut self) {
        self.clients.shutdown().await;
        // The bridge notices, and its processor is free again.
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
