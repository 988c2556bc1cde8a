//! Terminals of sessions from end to end: real programs in real terminals, watched and used through the command line, which
//! runs in a terminal of its own.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

#[path = "terminal/attach.rs"]
mod attach;
#[path = "terminal/flood.rs"]
mod flood;
#[path = "terminal/harmless.rs"]
mod harmless;
#[path = "terminal/kit.rs"]
mod kit;
#[path = "terminal/logs.rs"]
mod logs;
#[path = "terminal/moved.rs"]
mod moved;
#[path = "terminal/node.rs"]
mod node;
#[path = "terminal/reports.rs"]
mod reports;
#[path = "terminal/storm.rs"]
mod storm;
#[path = "terminal/stream.rs"]
mod stream;
