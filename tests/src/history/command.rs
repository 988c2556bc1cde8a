//! Commands: once, where the answer says, in their order, and none that nobody sent.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::check::Checked;
use super::ledger::Ledger;
use super::operation::{Operation, Outcome};
use super::violation::Violation;

pub(super) fn check(operations: &[Operation], ledger: &Ledger, found: &mut Checked) {
    let commands = ledger.commands();
    for ((project, actor, command), at) in &commands {
        if at.len() > 1 {
            let command = format!("{command} of {actor} in {project}");
            found.violations.push(Violation::HappenedTwice { command, found: at.iter().copied().collect() });
        }
    }
    let mut sent: BTreeMap<&str, BTreeSet<(&str, &str)>> = BTreeMap::new();
    for operation in operations {
        sent.entry(&operation.actor).or_default().insert((&operation.project, &operation.command));
        let key = (operation.project.as_str(), operation.actor.as_str(), operation.command.as_str());
        let at: Vec<u64> = commands.get(&key).into_iter().flatten().copied().collect();
        let name = || format!("{} {} of {}", operation.verb, operation.command, operation.actor);
        match &operation.outcome {
            Outcome::Acknowledged { seq, unchanged: false, .. } => {
                found.acknowledged += 1;
                if !at.contains(seq) {
                    found.violations.push(Violation::AcknowledgedMissing { command: name(), seq: *seq, found: at });
                }
            }
            Outcome::Acknowledged { unchanged: true, .. } => {
                found.acknowledged += 1;
                found
                    .late
                    .extend((!at.is_empty()).then(|| format!("{} had nothing to change, and did: {at:?}", name())));
            }
            Outcome::Refused { code } => {
                found.refused += 1;
                found.late.extend((!at.is_empty()).then(|| format!("{} was refused ({code}): {at:?}", name())));
            }
            Outcome::Unknown { .. } => found.unknown += 1,
        }
    }
    for ((project, actor, command), at) in &commands {
        if sent.get(actor).is_some_and(|known| !known.contains(&(*project, *command))) {
            let seq = at.first().copied().unwrap_or(0);
            let (command, actor) = ((*command).to_owned(), (*actor).to_owned());
            found.violations.push(Violation::Invented { command, actor, seq });
        }
    }
    order(operations, found);
}

/// What was sent after something was acknowledged stands behind it.
fn order(operations: &[Operation], found: &mut Checked) {
    let mut by_project: BTreeMap<&str, Vec<(&Operation, u64)>> = BTreeMap::new();
    for operation in operations {
        if let Outcome::Acknowledged { seq, unchanged: false, .. } = operation.outcome {
            by_project.entry(&operation.project).or_default().push((operation, seq));
        }
    }
    for written in by_project.values() {
        let mut by_start = written.clone();
        by_start.sort_by_key(|(operation, _)| operation.began);
        let mut by_end = written.clone();
        by_end.sort_by_key(|(operation, _)| operation.ended);
        let mut ended = by_end.into_iter().peekable();
        let mut highest: Option<(&Operation, u64)> = None;
        for (later, later_seq) in by_start {
            while let Some(done) = ended.next_if(|(operation, _)| operation.ended < later.began) {
                if highest.is_none_or(|(_, seq)| seq < done.1) {
                    highest = Some(done);
                }
            }
            // The same commit may hold several commands, but not one that was sent when it was there already.
            if let Some((earlier, earlier_seq)) = highest.filter(|(_, seq)| *seq >= later_seq) {
                let (earlier, later) = (earlier.command.clone(), later.command.clone());
                found.violations.push(Violation::OutOfOrder { earlier, earlier_seq, later, later_seq });
            }
        }
    }
}

/// How long after `from` the first command was acknowledged that was sent after it.
pub(super) fn recovery(operations: &[Operation], from: Duration) -> Option<Duration> {
    let acknowledged = |operation: &&Operation| matches!(operation.outcome, Outcome::Acknowledged { .. });
    let after = operations.iter().filter(acknowledged).filter(|operation| operation.ended >= from);
    after.map(|operation| operation.ended - from).min()
}
