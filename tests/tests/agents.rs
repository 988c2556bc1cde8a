//! Real coding agents from npm, against a stub of their model's API that says what the model would: a worker takes its task
//! from start to completion with the command line as its tool. Where npm cannot install them the test says so, loudly, and
//! proves nothing.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

#[path = "agents/claude.rs"]
mod claude;
#[path = "agents/install.rs"]
mod install;
#[path = "agents/stub.rs"]
mod stub;
