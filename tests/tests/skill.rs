//! Skills: every command in them is run against a real stack, and they are put where agents look without touching what is
//! somebody else's.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

#[path = "skill/examples.rs"]
mod examples;
#[path = "skill/files.rs"]
mod files;
