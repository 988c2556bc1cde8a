//! What clients did and heard, what the ledger holds, what followers saw; and whether the three agree.
//!
//! The checker is pure: it gets values and says what is wrong with them. It reads the ledger as JSON, not with the
//! product's own types, so that a fault in reading cannot hide one in writing.

mod check;
mod command;
mod entity;
mod follower;
mod ledger;
mod operation;
#[cfg(test)]
mod planted;
mod violation;

pub use check::{Checked, check};
pub use follower::{Seen, Trail};
pub use ledger::{Commit, Fact, Ledger};
pub use operation::{Operation, Outcome, Recorder};
pub use violation::Violation;
