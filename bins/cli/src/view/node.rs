//! Hosts.

use maestro_wire::NodeRecord;

use crate::command::node::info::Info;
use crate::output::{BOLD, DIM, WARN, paint};
use crate::terminal::harmless::Harmless;

use super::{age, cell, rendered, table};

pub fn list(nodes: &[NodeRecord]) -> String {
    if nodes.is_empty() {
        return format!("no spawner is there\n  {} maestro doctor", paint(DIM, "try:"));
    }
    let mut table = table(&["node", "pool", "free", "agents", "labels", "version", "since"]);
    for node in nodes {
        let agents: Vec<&str> = node.agents.iter().map(|agent| agent.name.as_str()).collect();
        let labels: Vec<String> = node.labels.iter().map(ToString::to_string).collect();
        table.add_row([
            cell(&node.node, BOLD),
            cell(&node.pool, anstyle::Style::new()),
            cell(free(node), if node.draining { WARN } else { anstyle::Style::new() }),
            cell(agents.join(" "), anstyle::Style::new()),
            cell(labels.join(" "), anstyle::Style::new()),
            cell(&node.version, if is_ours(node) { DIM } else { WARN }),
            cell(age(node.since), DIM),
        ]);
    }
    let mut text = rendered(&mut table);
    if nodes.iter().any(|node| !is_ours(node)) {
        text.push_str(&format!(
            "\n{} this command line is {}",
            paint(WARN, "versions differ:"),
            env!("CARGO_PKG_VERSION")
        ));
    }
    text
}

fn free(node: &NodeRecord) -> String {
    let drains = if node.draining { " draining" } else { "" };
    format!("{}/{}{drains}", node.free, node.slots)
}

fn is_ours(node: &NodeRecord) -> bool {
    node.version == env!("CARGO_PKG_VERSION")
}

pub fn card(info: &Info) -> String {
    let mut text = list(std::slice::from_ref(&info.node));
    if info.sessions.is_empty() {
        text.push_str(&format!("\n{}", paint(DIM, "no sessions")));
    }
    for (project, why) in &info.refused {
        text.push_str(&format!("\n{} {project}: {}", paint(WARN, "not here:"), Harmless::text(why)));
    }
    for running in &info.sessions {
        text.push_str(&format!(
            "\n{}/{} {}",
            running.project,
            running.session,
            paint(DIM, format!("epoch {}", running.epoch))
        ));
    }
    text
}
