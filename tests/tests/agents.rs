//! Agents under Maestro: real ones from npm, against a stub of their model's API that says what the model would, and a
//! scripted one in a real terminal that calls the same hooks. Where npm cannot install an agent its test says so, loudly, and
//! proves nothing.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

#[path = "agents/api/mod.rs"]
mod api;
#[path = "agents/claude.rs"]
mod claude;
#[path = "agents/context.rs"]
mod context;
#[path = "agents/install.rs"]
mod install;
#[path = "agents/mail.rs"]
mod mail;
#[path = "agents/scene.rs"]
mod scene;
#[path = "agents/stub.rs"]
mod stub;
#[path = "agents/worker.rs"]
mod worker;
