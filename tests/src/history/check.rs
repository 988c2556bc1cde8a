//! All checks together.

use std::time::Duration;

use super::follower::{self, Trail};
use super::ledger::Ledger;
use super::operation::Operation;
use super::violation::Violation;
use super::{command, entity};

/// What a run was found to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    pub violations: Vec<Violation>,
    /// Commands that stand in the ledger although their sender was refused (or was told that nothing changed): an attempt
    /// that was half-way when another one was answered. See ARCHITECTURE.md; counted, and never twice for one command.
    pub late: Vec<String>,
    pub acknowledged: usize,
    pub refused: usize,
    pub unknown: usize,
}

/// Compares what clients heard and followers saw with the ledger.
#[must_use]
pub fn check(operations: &[Operation], ledger: &Ledger, trails: &[Trail]) -> Checked {
    let mut found = Checked::default();
    command::check(operations, ledger, &mut found);
    entity::check(operations, ledger, &mut found);
    follower::check(trails, ledger, &mut found);
    found
}

impl Checked {
    /// How long after `from` the first command was acknowledged.
    #[must_use]
    pub fn recovery(operations: &[Operation], from: Duration) -> Option<Duration> {
        command::recovery(operations, from)
    }
}
