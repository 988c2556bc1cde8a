//! A terminal's bytes: how many reach a client, what a viewer that stands still costs the agent, and how soon somebody who
//! comes late sees the screen.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpStream,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::Context;
use futures::StreamExt;
use maestro_tests::pty;
use maestro_wire::header;
use serde_json::json;

use crate::{
    Scale,
    ledger::{PROJECT, Plan},
    measure::{median, millis, p50, percentile},
    raw,
    report::{Report, Row},
    session::Person,
    stack::{Stack, program},
    store,
};

const PER_SECOND: f64 = 25.0;
const SLOWER: f64 = 1.10;
const ATTACH: f64 = 50.0;
const SCROLLBACK: usize = 8 << 20;
const PATIENCE: Duration = Duration::from_secs(120);
/// The last line of a session that waits.
const LAST: &str = "the-last-line";

pub async fn run(scale: Scale, report: &mut Report) -> anyhow::Result<()> {
    let mut stack = Stack::new(store::filled(&Plan::tasks(100)).await?)?;
    stack.start("server-1")?;
    stack.start_spawner(4)?;
    let person = Person::new(&stack).await?;
    let bytes = scale.pick(64, 8) << 20;
    let big = stack.home().join("big");
    fs::write(&big, lines(bytes))?;
    let show = format!("cat {}", big.display());

    // Until everybody is there.
    let script = format!("sleep 0.3; {show}");
    let viewer = raw::connect(&stack.nats.url(), "core-work", stack.nats.password("core-work")).await?;
    let mut speeds = Vec::new();
    for _ in 0..scale.pick(3, 1) {
        speeds.push(speed(&viewer, &person, &script).await?);
    }
    drop(viewer);
    let speed = median(&speeds);
    report.row(Row {
        what: "terminal bytes, agent to client".into(),
        measured: format!("{speed:.1} MB/s"),
        raw: "-".into(),
        compared: format!("{speed:.1} MB/s"),
        target: format!(">= {PER_SECOND} MB/s"),
        met: speed >= PER_SECOND,
    });

    let (mut without, mut with) = (Vec::new(), Vec::new());
    for _ in 0..scale.pick(3, 1) {
        without.push(agent_time(&stack, &person, &show).await?);
        let stalled = stalled_viewer(&stack)?;
        with.push(agent_time(&stack, &person, &show).await?);
        drop(stalled);
    }
    let (without, with) = (median(&without), median(&with));
    let ratio = with / without;
    report.row(Row {
        what: "agent beside a viewer that stands still".into(),
        measured: format!("{with:.2} s"),
        raw: format!("{without:.2} s without"),
        compared: format!("{ratio:.2}"),
        target: format!("<= {SLOWER}"),
        met: ratio <= SLOWER,
    });

    let script = format!("head -c {SCROLLBACK} {}; printf '\\n{LAST}\\n'; sleep 600", big.display());
    let id = person.spawn(&["sh", "-c", &script]).await?;
    person.until(&id, &["active"]).await?;
    let mut attach = Command::new(program("maestro")?);
    attach
        .args(["--project", PROJECT, "session", "attach", &id])
        .env_clear()
        .env("TERM", "xterm-256color")
        .env("MAESTRO_NATS_URL", stack.address("edge"))
        .env("MAESTRO_HOME", stack.home())
        .env("MAESTRO_USER", "bench")
        .env("HOME", stack.home());
    // The first one waits until all of it was drawn.
    pty::until(&mut attach, 100, LAST).context("the screen")?;
    let times = (0..scale.pick(20, 5))
        .map(|_| pty::until(&mut attach, 100, LAST).context("the screen"))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let middle = p50(&times);
    report.row(Row {
        what: "attach with 8 MiB of scrollback, process".into(),
        measured: format!("{:.1} ms", millis(middle)),
        raw: "-".into(),
        compared: format!("{:.1} ms", millis(middle)),
        target: format!("<= {ATTACH} ms"),
        met: millis(middle) <= ATTACH,
    });
    report.details(
        "terminal",
        &json!({
            "bytes": bytes, "megabytesPerSecond": speeds, "agentSeconds": { "without": without, "stalled": with },
            "attachMillis": { "p50": millis(middle), "p99": millis(percentile(&times, 0.99)) },
        }),
    )
}

/// Lines as a build prints them, with colours.
fn lines(bytes: usize) -> Vec<u8> {
    let mut text = Vec::with_capacity(bytes + 128);
    let mut number = 0_u32;
    while text.len() < bytes {
        number += 1;
        let line =
            format!("\x1b[32m   Compiling\x1b[0m thing-{number} v0.{}.1 (/work/project/thing-{number})\n", number % 90);
        text.extend_from_slice(line.as_bytes());
    }
    text.truncate(bytes);
    text
}

/// Megabytes a second, from the first piece to the last at a client.
async fn speed(viewer: &async_nats::Client, person: &Person, script: &str) -> anyhow::Result<f64> {
    let mut output = viewer.subscribe("maestro.v1.term.*.*.*.out").await?;
    viewer.flush().await?;
    let id = person.spawn(&["sh", "-c", script]).await?;
    let (mut began, mut bytes) = (None, 0);
    loop {
        let message = tokio::time::timeout(PATIENCE, output.next()).await?.context("the viewer's connection ended")?;
        if !message.subject.contains(&format!(".{id}.")) {
            continue;
        }
        let first = *began.get_or_insert_with(Instant::now);
        bytes += message.payload.len();
        if message.headers.as_ref().is_some_and(|headers| headers.get(header::END).is_some()) {
            output.unsubscribe().await?;
            return Ok(bytes as f64 / 1e6 / first.elapsed().as_secs_f64());
        }
    }
}

/// How long the agent itself took, in seconds.
async fn agent_time(stack: &Stack, person: &Person, show: &str) -> anyhow::Result<f64> {
    let note = stack.home().join("times");
    let script = format!("date +%s%N > {0}; {show}; date +%s%N >> {0}", note.display());
    let id = person.spawn(&["sh", "-c", &script]).await?;
    person.until(&id, &["exited"]).await?;
    let text = fs::read_to_string(&note)?;
    let times = text.lines().map(str::parse::<i64>).collect::<Result<Vec<_>, _>>()?;
    let [from, to] = times[..] else { anyhow::bail!("two times: {text}") };
    Ok((to - from) as f64 / 1e9)
}

/// A subscriber that never reads.
fn stalled_viewer(stack: &Stack) -> anyhow::Result<TcpStream> {
    let url = stack.nats.url();
    let mut stream = TcpStream::connect(url.trim_start_matches("nats://"))?;
    let login = json!({
        "user": "core-work", "pass": stack.nats.password("core-work"), "verbose": false, "pedantic": false, "headers": true,
    });
    write!(stream, "CONNECT {login}\r\nSUB maestro.v1.term.*.*.*.out 1\r\nPING\r\n")?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    while !line.starts_with("PONG") {
        line.clear();
        anyhow::ensure!(reader.read_line(&mut line)? > 0 && !line.starts_with("-ERR"), "the broker refused: {line}");
    }
    Ok(stream)
}
