//! Commands a second on one project, and the same with three replicas.

use std::time::Duration;

use maestro_client::{Caller, FollowOptions, Start};
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    Scale,
    ledger::{self, Plan},
    load::{self, Achieved},
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
    let mut details = Vec::new();
    let mut alone = [0.0; TARGETS.len()];
    stack.start("server-1")?;
    for replicas in [1, 3] {
        while replicas == 3 && stack.replicas() < 3 {
            let name = format!("server-{}", stack.replicas() + 1);
            stack.start(&name)?;
        }
        for (index, (clients, target)) in TARGETS.into_iter().enumerate() {
            let (mut raws, mut ours) = (Vec::new(), Vec::new());
            let mut last: Option<Achieved> = None;
            let before = stack.processor()?;
            for _ in 0..scale.pick(3, 1) {
                raws.push(load::appends(&contexts, 64, size, time).await?.per_second);
                let achieved = run_commands(&callers, clients, time).await?;
                ours.push(achieved.per_second);
                last = Some(achieved);
            }
            let (raw, ours) = (median(&raws), median(&ours));
            let Some(last) = last else { continue };
            let used = stack.processor()?.saturating_sub(before);
            details.push(json!({
                "replicas": replicas, "clients": clients, "perSecond": ours, "rawPerSecond": raw, "ratio": ours / raw,
                "serverProcessorSeconds": used.as_secs_f64(),
                "millis": { "p50": millis(last.p50), "p99": millis(last.p99), "worst": millis(last.worst) },
            }));
            let measured = format!("{ours:.0}/s, worst {:.0} ms", millis(last.worst));
            let row = if replicas == 1 {
                alone[index] = ours;
                Row {
                    what: format!("commands a second, {clients} clients"),
                    measured,
                    raw: format!("{raw:.0}/s"),
                    compared: format!("{:.1} x", ours / raw),
                    target: format!(">= {target} x"),
                    met: ours / raw >= target,
                }
            } else {
                Row {
                    what: format!("the same, three replicas, {clients} clients"),
                    measured,
                    raw: format!("{:.0}/s with one", alone[index]),
                    compared: format!("{:.0} %", ours / alone[index] * 100.0),
                    target: format!(">= {:.0} %", WITH_THREE * 100.0),
                    met: ours / alone[index] >= WITH_THREE,
                }
            };
            report.row(row);
        }
    }
    report.details("throughput", &json!(details))
}

async fn run_commands(callers: &[Caller], clients: usize, time: Duration) -> anyhow::Result<Achieved> {
    load::commands(callers, clients, TASKS, time).await
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
