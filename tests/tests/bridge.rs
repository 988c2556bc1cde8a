//! The bridge as a process, with a real nats-server and a real maestro-server: what its clients see, through
//! kills and slowness, and whom it does not let in.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "bridge/browser.rs"]
mod browser;
#[path = "bridge/client.rs"]
mod client;
#[path = "bridge/crowd.rs"]
mod crowd;
#[path = "bridge/door.rs"]
mod door;
#[path = "bridge/follow.rs"]
mod follow;
#[path = "bridge/health.rs"]
mod health;
#[path = "bridge/hostile.rs"]
mod hostile;
#[path = "bridge/metrics.rs"]
mod metrics;
#[path = "bridge/resume.rs"]
mod resume;
#[path = "bridge/slow.rs"]
mod slow;
#[path = "bridge/stack.rs"]
mod stack;
#[path = "bridge/terminal.rs"]
mod terminal;
#[path = "bridge/tls.rs"]
mod tls;
