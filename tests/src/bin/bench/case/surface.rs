//! What people and agents type most, as processes, start to exit: a list among many tasks, and the help.

use std::{process::Command, time::Duration};

use serde_json::json;

use super::cli::time;
use crate::{
    Scale,
    ledger::{PROJECT, Plan},
    measure::{millis, p50, percentile},
    report::{Report, Row},
    stack::{Stack, program},
    store,
};

/// What is typed, and how long it may take at the median.
const TYPED: [(&[&str], u64); 3] =
    [(&["task", "list", "--project", PROJECT], 15), (&["--help"], 5), (&["help", "agents"], 5)];

pub async fn run(scale: Scale, report: &mut Report) -> anyhow::Result<()> {
    let mut stack = Stack::new(store::filled(&Plan::tasks(10_000)).await?)?;
    stack.start("server-1")?;
    let mut details = Vec::new();
    for (words, most) in TYPED {
        let mut command = Command::new(program("maestro")?);
        command
            .args(words)
            .env_clear()
            .env("MAESTRO_NATS_URL", stack.address("edge"))
            .env("MAESTRO_HOME", stack.home())
            .env("MAESTRO_USER", "bench")
            .env("HOME", stack.home());
        // The first ones read the program from the disk.
        for _ in 0..10 {
            time(&mut command)?;
        }
        let times = (0..scale.pick(300, 60)).map(|_| time(&mut command)).collect::<anyhow::Result<Vec<_>>>()?;
        let (middle, target) = (p50(&times), Duration::from_millis(most));
        let what = words.iter().take(2).copied().collect::<Vec<_>>().join(" ");
        details.push(json!({
            "typed": what, "millis": { "p50": millis(middle), "p99": millis(percentile(&times, 0.99)) },
        }));
        report.row(Row {
            what: format!("`maestro {what}`, process"),
            measured: format!("{:.2} ms", millis(middle)),
            raw: "-".into(),
            compared: "-".into(),
            target: format!("<= {most} ms"),
            met: middle <= target,
        });
    }
    report.details("surface", &json!(details))
}
