//! The page in a real Chromium: how long until it shows a project, and how much script that takes.

use anyhow::Context;
use maestro_tests::browser::try_drive;
use serde_json::{Value, json};

use crate::{
    Scale,
    bridge::Bridge,
    ledger::{PROJECT, Plan},
    report::{Report, Row, say},
    stack::Stack,
    store,
};

const TASKS: u32 = 1_000;

pub async fn run(_scale: Scale, report: &mut Report) -> anyhow::Result<()> {
    let mut stack = Stack::new(store::filled(&Plan::tasks(TASKS)).await?)?;
    stack.start("server-1")?;
    let bridge = Bridge::start(&stack)?;
    let (origin, token) = (bridge.origin(), bridge.token()?);
    let driven = tokio::task::spawn_blocking(move || try_drive(&origin, &token, "first.mjs", &[("PROJECT", PROJECT)]));
    let Some(said) = driven.await? else {
        say("  no browser here (make browser)");
        return Ok(());
    };
    let line = said.lines().find(|line| line.starts_with('{')).context("first.mjs says its figures")?;
    let figures: Value = serde_json::from_str(line)?;
    let (first, bytes) = (figures["firstViewMs"].as_f64(), figures["scriptBytes"].as_f64());
    let (first, kilobytes) = (first.context("a time")?, bytes.context("a size")? / 1000.0);
    report.row(Row {
        what: format!("first view of {TASKS} tasks on loopback"),
        measured: format!("{first:.0} ms"),
        raw: "-".into(),
        compared: format!("{first:.0} ms"),
        target: "<= 500 ms".into(),
        met: first <= 500.0,
    });
    report.row(Row {
        what: "JavaScript before a terminal or the graph".into(),
        measured: format!("{kilobytes:.0} kB compressed"),
        raw: "-".into(),
        compared: format!("{kilobytes:.0} kB"),
        target: "<= 350 kB".into(),
        met: kilobytes <= 350.0,
    });
    report.details("page", &json!(figures))
}
