//! Commands a second on one project, and the same with three replicas.

use std::time::Duration;

use maestro_client::{FollowOptions, Start};
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    Scale,
    ledger::{self, Plan},
    load,
    measure::{median, millis},
    raw,
    report::{Report, Row},
    stack::Stack,
    store,
};

const TASKS: u32 = 10_000;
const CONNECTIONS: usize = 4;
/// By number of clients: the factor over raw appends with one replica.
const TARGETS: [(usize, f64); 2] = [(64, 4.0), (256, 6.0)];
/// Of what one replica does.
const WITH_THREE: f64 = 0.8;

pub async fn run(scale: Scale, report: &mut Report) -> anyhow::Result<()> {
    let mut stack = Stack::new(store::filled(&Plan::tasks(TASKS)).await?)?;
    let raw_client = raw::connect_raw(&stack.nats.url()).await?;
    let mut contexts = vec![raw::stream(&raw_client).await?];
    let mut callers = Vec::new();
    for _ in 0..CONNECTIONS {
        callers.push(load::caller(stack.edge().await?)?);
        contexts.push(async_nats::jetstream::new(raw::connect_raw(&stack.nats.url()).await?));
    }
    // The bridge's part: somebody besides the server who follows everything.
    let _viewer = viewer(stack.client("core").await?);
    let size = ledger::commit_size()?;
    let time = Duration::from_secs(scale.pick(4, 2) as u64);
    let mut raws = Vec::new();
    let mut found = Vec::new();
    stack.start("server-1")?;
    for replicas in [1, 3] {
        while stack.replicas() < replicas {
            let name = format!("server-{}", stack.replicas() + 1);
            stack.start(&name)?;
        }
        for (clients, target) in TARGETS {
            let (mut rates, mut worst) = (Vec::new(), Duration::ZERO);
            let before = stack.processor()?;
            for _ in 0..scale.pick(3, 1) {
                raws.push(load::appends(&contexts, 64, size, time).await?.per_second);
                let achieved = load::commands(&callers, clients, TASKS, time).await?;
                rates.push(achieved.per_second);
                worst = worst.max(achieved.worst);
            }
            let processor = stack.processor()?.saturating_sub(before);
            found.push(Found { replicas, clients, target, rate: median(&rates), rates, worst, processor });
        }
    }
    // All raw rounds count for all: a disk has better and worse moments.
    let raw = median(&raws);
    let mut details = Vec::new();
    for one in &found {
        let alone = found.iter().find(|other| other.replicas == 1 && other.clients == one.clients).unwrap_or(one);
        details.push(one.details(raw));
        report.row(if one.replicas == 1 { one.alone(raw) } else { one.beside(alone.rate) });
    }
    report.details("throughput", &json!({ "rawPerSecond": raw, "rawRounds": raws, "commands": details }))
}

/// What was found with so many replicas and clients.
struct Found {
    replicas: usize,
    clients: usize,
    target: f64,
    rate: f64,
    rates: Vec<f64>,
    worst: Duration,
    /// Of the replica that was started last.
    processor: Duration,
}

impl Found {
    fn details(&self, raw: f64) -> serde_json::Value {
        json!({
            "replicas": self.replicas, "clients": self.clients, "perSecond": self.rate, "rounds": self.rates,
            "ratio": self.rate / raw, "worstMillis": millis(self.worst),
            "serverProcessorSeconds": self.processor.as_secs_f64(),
        })
    }

    fn alone(&self, raw: f64) -> Row {
        Row {
            what: format!("commands a second, {} clients", self.clients),
            measured: format!("{:.0}/s, worst {:.0} ms", self.rate, millis(self.worst)),
            raw: format!("{raw:.0}/s"),
            compared: format!("{:.1} x", self.rate / raw),
            target: format!(">= {} x", self.target),
            met: self.rate / raw >= self.target,
        }
    }

    fn beside(&self, alone: f64) -> Row {
        Row {
            what: format!("the same, three replicas, {} clients", self.clients),
            measured: format!("{:.0}/s, worst {:.0} ms", self.rate, millis(self.worst)),
            raw: format!("{alone:.0}/s with one"),
            compared: format!("{:.0} %", self.rate / alone * 100.0),
            target: format!(">= {:.0} %", WITH_THREE * 100.0),
            met: self.rate / alone >= WITH_THREE,
        }
    }
}

fn viewer(client: maestro_client::Client) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let options = FollowOptions::new("EVENTS", Some("maestro.v1.evt.*"), Start::New, "follow-bench");
        let mut follower = client.follow(options);
        while follower.next().await.is_ok() {}
    });
    tasks
}
