//! What somebody saw who followed a project.

use std::collections::BTreeMap;

use super::check::Checked;
use super::ledger::Ledger;
use super::violation::Violation;

/// One thing that a follower was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// A commit with the ids of its events.
    Commit { seq: u64, events: Vec<String> },
    /// A picture of everything up to this sequence; what follows goes on from there.
    Snapshot { seq: u64 },
}

/// All that a follower was told, from its beginning to the end of the run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trail {
    pub name: String,
    pub project: String,
    /// It begins behind this sequence.
    pub start: u64,
    pub seen: Vec<Seen>,
    /// Its picture in the end, when it has one: the revision of each task.
    pub picture: Option<BTreeMap<String, u64>>,
}

impl Trail {
    /// The last sequence that it knows.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.seen.last().map_or(self.start, |seen| match seen {
            Seen::Commit { seq, .. } | Seen::Snapshot { seq } => *seq,
        })
    }
}

pub(super) fn check(trails: &[Trail], ledger: &Ledger, found: &mut Checked) {
    for trail in trails {
        one(trail, ledger, found);
    }
}

fn one(trail: &Trail, ledger: &Ledger, found: &mut Checked) {
    let commits: BTreeMap<u64, Vec<&str>> = ledger
        .of(&trail.project)
        .map(|commit| (commit.seq, commit.facts.iter().map(|fact| fact.id.as_str()).collect()))
        .collect();
    // What was written after the ledger was read is not judged.
    let end = ledger.commits.last().map_or(0, |commit| commit.seq);
    let after = |position: u64| commits.range(position + 1..).next().map(|(seq, _)| *seq);
    let mut skipped = |wanted, got| {
        found.violations.push(Violation::FollowerSkipped { follower: trail.name.clone(), wanted, got });
    };
    let mut position = trail.start;
    for seen in &trail.seen {
        match seen {
            Seen::Snapshot { seq } => position = *seq,
            Seen::Commit { seq, .. } if *seq > end => {}
            Seen::Commit { seq, .. } => {
                let wanted = after(position);
                if wanted != Some(*seq) {
                    skipped(wanted, Some(*seq));
                }
                position = *seq;
            }
        }
    }
    if let Some(missing) = after(position) {
        skipped(Some(missing), None);
    }
    for seen in &trail.seen {
        let Seen::Commit { seq, events } = seen else { continue };
        if commits.get(seq).is_some_and(|held| held != events) {
            found.violations.push(Violation::FollowerDiffers { follower: trail.name.clone(), seq: *seq });
        }
    }
    let Some(picture) = &trail.picture else { return };
    let revisions = ledger.revisions(&trail.project);
    let tasks: std::collections::BTreeSet<&String> = revisions.keys().chain(picture.keys()).collect();
    for task in tasks {
        let of = |known: &BTreeMap<String, u64>| known.get(task).copied().unwrap_or(0);
        let (ledger, picture) = (of(&revisions), of(picture));
        if ledger != picture {
            let (follower, task) = (trail.name.clone(), task.clone());
            found.violations.push(Violation::PictureDiffers { follower, task, ledger, picture });
        }
    }
}
