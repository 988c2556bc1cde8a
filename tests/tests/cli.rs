//! The command line with a real server behind it: as people see it, as agents use it, as pipes take it.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

#[path = "cli/agent.rs"]
mod agent;
#[path = "cli/follow.rs"]
mod follow;
#[path = "cli/killed.rs"]
mod killed;
#[path = "cli/plan.rs"]
mod plan;
#[path = "cli/scene.rs"]
mod scene;
#[path = "cli/snapshot.rs"]
mod snapshot;
#[path = "cli/terminal.rs"]
mod terminal;
