//! `maestro task get` as a process, start to exit, beside the least that a program can do.

use std::{
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use serde_json::json;

use crate::{
    Scale,
    ledger::{PROJECT, Plan},
    measure::{millis, p50, percentile},
    raw,
    report::{Report, Row},
    stack::{Stack, program},
    store,
};

const TARGET: f64 = 1.6;

pub async fn run(scale: Scale, report: &mut Report) -> anyhow::Result<()> {
    let mut stack = Stack::new(store::filled(&Plan::tasks(10_000)).await?)?;
    let spawner = raw::connect(&stack.nats.url(), "spawner", stack.nats.password("spawner")).await?;
    let _echo = raw::echo(spawner).await?;
    stack.start("server-1")?;
    let mut get = Command::new(program("maestro")?);
    get.args(["task", "get", "t500", "--json", "--project", PROJECT])
        .env_clear()
        .env("MAESTRO_NATS_URL", stack.address("edge"))
        .env("MAESTRO_HOME", stack.home())
        .env("MAESTRO_USER", "bench")
        .env("HOME", stack.home());
    let mut least = Command::new(program("bench-request")?);
    least
        .env_clear()
        .env("BENCH_URL", stack.nats.url())
        .env("BENCH_PASSWORD", stack.nats.password("edge"))
        .env("BENCH_SUBJECT", raw::ECHO);
    let runs = scale.pick(300, 60);
    let (mut ours, mut raws) = (Vec::new(), Vec::new());
    for number in 0..runs + 10 {
        let pair = (time(&mut least)?, time(&mut get)?);
        // The first ones read the programs from the disk.
        if number >= 10 {
            raws.push(pair.0);
            ours.push(pair.1);
        }
    }
    let ratio = p50(&ours).as_secs_f64() / p50(&raws).as_secs_f64();
    report.details(
        "cli",
        &json!({
            "runs": runs, "ratio": ratio,
            "millis": { "p50": millis(p50(&ours)), "p95": millis(percentile(&ours, 0.95)) },
            "rawMillis": { "p50": millis(p50(&raws)), "p95": millis(percentile(&raws, 0.95)) },
        }),
    )?;
    report.row(Row {
        what: "`maestro task get`, process".into(),
        measured: format!("{:.2} ms", millis(p50(&ours))),
        raw: format!("{:.2} ms", millis(p50(&raws))),
        compared: format!("{ratio:.2} x"),
        target: format!("<= {TARGET} x"),
        met: ratio <= TARGET,
    });
    Ok(())
}

/// How long a process lives, start to exit.
pub fn time(command: &mut Command) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
    let took = began.elapsed();
    anyhow::ensure!(status.success(), "{} ended with {status}", command.get_program().display());
    Ok(took)
}
