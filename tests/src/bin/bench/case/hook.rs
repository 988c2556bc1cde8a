//! `maestro hook` as a process, start to exit, with the JSON of an agent on stdin: with a live broker, and without one.

use std::{
    io::Write,
    net::TcpListener,
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
    session::Person,
    stack::{Stack, program},
    store,
};

const LIVE_P50: f64 = 8.0;
const LIVE_P99: f64 = 20.0;
const NO_BROKER: f64 = 200.0;

/// From the cheapest to the dearest.
const EVENTS: [(&str, &str); 3] = [
    ("PostToolUse", r#"{"hook_event_name":"PostToolUse","tool_name":"Bash"}"#),
    ("Stop", r#"{"hook_event_name":"Stop","stop_hook_active":true,"background_tasks":[]}"#),
    ("UserPromptSubmit", r#"{"hook_event_name":"UserPromptSubmit","prompt":"go on"}"#),
];

pub async fn run(scale: Scale, report: &mut Report) -> anyhow::Result<()> {
    let mut stack = Stack::new(store::filled(&Plan::tasks(10_000)).await?)?;
    let spawner = raw::connect(&stack.nats.url(), "spawner", stack.nats.password("spawner")).await?;
    let _echo = raw::echo(spawner).await?;
    stack.start("server-1")?;
    let session = session(&stack).await?;
    let hook = |event: &str, address: &str| -> anyhow::Result<Command> {
        let mut command = Command::new(program("maestro")?);
        command
            .args(["hook", "claude", event])
            .env_clear()
            .env("MAESTRO_NATS_URL", address)
            .env("MAESTRO_HOME", stack.home())
            .env("MAESTRO_PROJECT_ID", PROJECT)
            .env("MAESTRO_SESSION_ID", &session)
            .env("MAESTRO_SESSION_EPOCH", "1")
            .env("HOME", stack.home());
        Ok(command)
    };
    let mut least = Command::new(program("bench-request")?);
    least
        .env_clear()
        .env("BENCH_URL", stack.nats.url())
        .env("BENCH_PASSWORD", stack.nats.password("edge"))
        .env("BENCH_SUBJECT", raw::ECHO);
    let runs = scale.pick(300, 60);
    let mut raws = Vec::new();
    let mut live = EVENTS.map(|_| Vec::new());
    for number in 0..runs + 10 {
        let raw = time(&mut least, "")?;
        for (at, (event, input)) in EVENTS.iter().enumerate() {
            let took = time(&mut hook(event, &stack.address("edge"))?, input)?;
            // The first ones read the programs from the disk.
            if number >= 10 {
                live[at].push(took);
            }
        }
        if number >= 10 {
            raws.push(raw);
        }
    }
    // A hook never fails; had it gone wrong, it would be here.
    let log = std::fs::read_to_string(stack.home().join("logs/hook.log")).unwrap_or_default();
    anyhow::ensure!(log.is_empty(), "hooks went wrong: {log}");
    let dead = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut none = Vec::new();
    for _ in 0..scale.pick(60, 20) {
        none.push(time(&mut hook("Stop", &format!("nats://edge:x@127.0.0.1:{dead}"))?, EVENTS[1].1)?);
    }
    let of = |samples: &[Duration]| json!({ "p50": millis(p50(samples)), "p99": millis(percentile(samples, 0.99)) });
    let events: serde_json::Map<_, _> =
        EVENTS.iter().zip(&live).map(|((event, _), samples)| ((*event).to_owned(), of(samples))).collect();
    report
        .details("hook", &json!({ "runs": runs, "millis": events, "noBroker": of(&none), "rawMillis": of(&raws) }))?;
    let row = |what: &str, took: Duration, raw: Option<Duration>, target: f64| Row {
        what: format!("`maestro hook`, {what}"),
        measured: format!("{:.2} ms", millis(took)),
        raw: raw.map_or_else(|| "-".into(), |raw| format!("{:.2} ms", millis(raw))),
        compared: format!("{:.2} ms", millis(took)),
        target: format!("<= {target} ms"),
        met: millis(took) <= target,
    };
    for ((event, _), samples) in EVENTS.iter().zip(&live) {
        report.row(row(&format!("{event}, p50"), p50(samples), Some(p50(&raws)), LIVE_P50));
        let (ours, raw) = (percentile(samples, 0.99), percentile(&raws, 0.99));
        report.row(row(&format!("{event}, p99"), ours, Some(raw), LIVE_P99));
    }
    report.row(row("no broker, p99", percentile(&none, 0.99), None, NO_BROKER));
    Ok(())
}

/// A session that runs, as its spawner would report it.
async fn session(stack: &Stack) -> anyhow::Result<String> {
    let person = Person::new(stack).await?;
    let id = person.spawn(&["true"]).await?;
    let own = person.as_session(&id)?;
    own.send(("session", "starting"), json!({ "node": "bench" })).await?;
    own.send(("session", "active"), json!({})).await?;
    Ok(id)
}

fn time(command: &mut Command, input: &str) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // One that does not read is no failure.
        let _ = stdin.write_all(input.as_bytes());
    }
    let status = child.wait()?;
    let took = began.elapsed();
    anyhow::ensure!(status.success(), "{} ended with {status}", command.get_program().display());
    Ok(took)
}
