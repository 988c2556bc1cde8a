//! `maestro hook` as agents call it: the real program with the JSON of the agents on stdin, in sessions of a real stack.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

#[path = "hook/kit.rs"]
mod kit;
#[path = "hook/others.rs"]
mod others;
#[path = "hook/safe.rs"]
mod safe;
#[path = "hook/story.rs"]
mod story;
