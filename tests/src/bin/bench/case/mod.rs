//! What is measured, one file a case.

mod bridge;
mod cli;
mod hook;
mod latency;
mod list;
mod memory;
mod page;
mod rebuild;
mod spawn;
mod surface;
mod terminal;
mod throughput;

use crate::{Scale, report::Report};

pub const NAMES: [&str; 12] = [
    "cli",
    "surface",
    "hook",
    "spawn",
    "terminal",
    "latency",
    "throughput",
    "rebuild",
    "memory",
    "list",
    "bridge",
    "page",
];

pub async fn run(name: &str, scale: Scale, report: &mut Report) -> anyhow::Result<()> {
    match name {
        "cli" => cli::run(scale, report).await,
        "surface" => surface::run(scale, report).await,
        "hook" => hook::run(scale, report).await,
        "spawn" => spawn::run(scale, report).await,
        "terminal" => terminal::run(scale, report).await,
        "latency" => latency::run(scale, report).await,
        "throughput" => throughput::run(scale, report).await,
        "rebuild" => rebuild::run(scale, report).await,
        "memory" => memory::run(scale, report).await,
        "bridge" => bridge::run(scale, report).await,
        "page" => page::run(scale, report).await,
        _ => list::run(scale, report).await,
    }
}
