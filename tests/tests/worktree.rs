//! Where sessions work, from end to end: real repositories, a real stack, `maestro session spawn`.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

#[path = "worktree/begin.rs"]
mod begin;
#[path = "worktree/claimed.rs"]
mod claimed;
#[path = "worktree/crash.rs"]
mod crash;
#[path = "worktree/kit.rs"]
mod kit;
#[path = "worktree/refused.rs"]
mod refused;
#[path = "worktree/verbs.rs"]
mod verbs;
