//! How much memory a server takes that holds many tasks.

use serde_json::json;

use crate::{
    Scale,
    ledger::Plan,
    report::{Report, Row},
    stack::Stack,
    store,
};

const MEGABYTE: u64 = 1_000_000;
/// By number of tasks, in megabytes.
const TARGETS: [(u32, u64); 2] = [(10_000, 60), (100_000, 400)];

pub async fn run(_scale: Scale, report: &mut Report) -> anyhow::Result<()> {
    let mut details = Vec::new();
    for (tasks, target) in TARGETS {
        let mut stack = Stack::new(store::filled(&Plan::tasks(tasks)).await?)?;
        stack.start("server-1")?;
        super::list::ask_all(&stack, 50).await?;
        let rebuilt = stack.memory()?;
        stack.stop(true)?;
        stack.start("server-1")?;
        super::list::ask_all(&stack, 50).await?;
        let warm = stack.memory()?;
        // What counts is the worse of the two.
        let most = rebuilt.max(warm);
        details.push(json!({ "tasks": tasks, "afterRebuild": rebuilt, "afterWarmStart": warm }));
        report.row(Row {
            what: format!("server memory, {tasks} tasks"),
            measured: format!("{} MB rebuilt, {} MB warm", rebuilt / MEGABYTE, warm / MEGABYTE),
            raw: "-".into(),
            compared: format!("{} MB", most / MEGABYTE),
            target: format!("< {target} MB"),
            met: most < target * MEGABYTE,
        });
    }
    report.details("memory", &json!(details))
}
