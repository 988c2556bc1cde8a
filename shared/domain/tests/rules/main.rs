//! The rules of the model, one by one: given, when, then.

#![expect(clippy::unwrap_used, reason = "a set-up that fails is a failed test")]

mod claim;
mod dependency;
mod golden;
mod handover;
mod import;
mod json;
mod kit;
mod message;
mod permission;
mod project;
mod session;
mod session_again;
mod session_done;
mod session_end;
mod status;
mod story;
mod subtask;
mod task;
