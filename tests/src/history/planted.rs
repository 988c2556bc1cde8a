//! A checker that finds nothing proves nothing: each violation is planted once in a history that is right, and must be found.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::{Checked, Commit, Fact, Ledger, Operation, Outcome, Seen, Trail, Violation, check};

const PROJECT: &str = "web";

/// A history, its ledger and its followers; everything is right.
#[derive(Clone)]
struct Story {
    operations: Vec<Operation>,
    ledger: Ledger,
    trails: Vec<Trail>,
}

fn fact(id: &str, kind: &str, entity: &str, by: &str, command: &str, change: Value, after: Value) -> Fact {
    let text = str::to_owned;
    Fact {
        id: text(id),
        kind: text(kind),
        entity: text(entity),
        actor: text(by),
        command: text(command),
        change,
        after,
    }
}

fn operation(actor: &str, command: &str, verb: &str, times: (u64, u64), outcome: Outcome) -> Operation {
    Operation {
        project: PROJECT.into(),
        actor: actor.into(),
        command: command.into(),
        verb: verb.into(),
        payload: Value::Null,
        began: Duration::from_millis(times.0),
        ended: Duration::from_millis(times.1),
        outcome,
    }
}

fn acknowledged(seq: u64, answer: Value) -> Outcome {
    Outcome::Acknowledged { seq, unchanged: false, answer }
}

impl Story {
    fn right() -> Self {
        let held = |by: &str, rev: u64, claims: u64| json!({ "rev": rev, "claims": claims, "claim": { "actor": by } });
        let none = Value::Null;
        let facts = [
            fact("e1", "task.created", "task/t1", "ann", "c1", none.clone(), json!({ "rev": 1, "claims": 0 })),
            fact("e2", "task.claimed", "task/t1", "ann", "c2", none.clone(), held("ann", 2, 1)),
            fact("e3", "task.released", "task/t1", "ann", "c3", none.clone(), json!({ "rev": 3, "claims": 1 })),
            fact("e4", "task.claimed", "task/t1", "bob", "c4", none, held("bob", 4, 2)),
            fact("e5", "session.requested", "session/s1", "ann", "c5", json!({"epoch":1}), json!({"rev":1,"epoch":1})),
            fact("e6", "session.starting", "session/s1", "s1", "x1", json!({"epoch":1}), json!({"rev":2,"epoch":1})),
            fact("e7", "session.restarted", "session/s1", "ann", "c6", json!({"epoch":2}), json!({"rev":3,"epoch":2})),
        ];
        let mut commits = Vec::new();
        let mut before = 0;
        for (index, fact) in facts.into_iter().enumerate() {
            // Other projects' commits lie between.
            let seq = 10 + 2 * index as u64;
            commits.push(Commit { seq, project: PROJECT.into(), expected: Some(before), facts: vec![fact] });
            before = seq;
        }
        let task = |by: &str| json!({ "id": "t1", "claim": { "actor": by } });
        let operations = vec![
            operation("ann", "c1", "task.create", (0, 1), acknowledged(10, json!({ "id": "t1" }))),
            operation("ann", "c2", "task.start", (2, 3), acknowledged(12, task("ann"))),
            operation("bob", "c9", "task.start", (4, 5), Outcome::Refused { code: "already_claimed".into() }),
            operation("ann", "c3", "task.release", (6, 7), acknowledged(14, json!({ "id": "t1" }))),
            operation("bob", "c4", "task.next", (8, 9), acknowledged(16, task("bob"))),
            operation("ann", "c5", "session.spawn", (10, 11), acknowledged(18, json!({ "id": "s1" }))),
            operation("ann", "c6", "session.restart", (12, 13), Outcome::Unknown { code: "timed_out".into() }),
        ];
        let ledger = Ledger { commits };
        let told: Vec<Seen> = ledger
            .commits
            .iter()
            .map(|commit| Seen::Commit { seq: commit.seq, events: vec![commit.facts[0].id.clone()] })
            .collect();
        let trail = |name: &str| Trail { name: name.into(), project: PROJECT.into(), ..Trail::default() };
        let mut late = vec![Seen::Snapshot { seq: 15 }];
        late.extend_from_slice(&told[3..]);
        let trails = vec![
            Trail { seen: told, ..trail("events") },
            Trail { seen: late, picture: Some(BTreeMap::from([("t1".into(), 4)])), ..trail("socket") },
        ];
        Self { operations, ledger, trails }
    }

    fn check(&self) -> Checked {
        check(&self.operations, &self.ledger, &self.trails)
    }

    fn operation(&mut self, command: &str) -> &mut Operation {
        self.operations.iter_mut().find(|operation| operation.command == command).expect("a command of the story")
    }

    /// The event of a commit, by the number of the event.
    fn fact(&mut self, number: usize) -> &mut Fact {
        &mut self.ledger.commits[number - 1].facts[0]
    }

    /// Takes a commit away as if it had never been written; whoever followed knows nothing of it.
    fn without(&mut self, number: usize) {
        let gone = self.ledger.commits.remove(number - 1);
        if let Some(next) = self.ledger.commits.get_mut(number - 1) {
            next.expected = gone.expected;
        }
        for trail in &mut self.trails {
            trail.seen.retain(|seen| !matches!(seen, Seen::Commit { seq, .. } if *seq == gone.seq));
        }
    }
}

/// Plants something and looks for what must be found.
fn planted(plant: impl FnOnce(&mut Story), is_it: impl Fn(&Violation) -> bool) {
    let mut story = Story::right();
    plant(&mut story);
    let found = story.check();
    assert!(found.violations.iter().any(is_it), "it was not found: {found:#?}");
}

#[test]
fn what_is_right_is_found_to_be_right() {
    let found = Story::right().check();
    assert_eq!((found.violations, found.late), (vec![], vec![]));
    assert_eq!((found.acknowledged, found.refused, found.unknown), (5, 1, 1));
}

#[test]
fn an_acknowledged_command_that_is_lost() {
    planted(
        |story| story.without(3),
        |v| matches!(v, Violation::AcknowledgedMissing { seq: 14, found, .. } if found.is_empty()),
    );
}

#[test]
fn an_acknowledged_command_that_stands_elsewhere() {
    let plant = |story: &mut Story| story.operation("c1").outcome = acknowledged(11, json!({ "id": "t1" }));
    planted(plant, |v| matches!(v, Violation::AcknowledgedMissing { seq: 11, found, .. } if found == &[10]));
}

#[test]
fn a_command_that_happened_twice() {
    planted(
        |story| story.fact(3).command = "c2".into(),
        |v| matches!(v, Violation::HappenedTwice { found, .. } if found == &[12, 14]),
    );
    // Also one whose sender never heard of it.
    let plant = |story: &mut Story| {
        story.fact(6).command = "c6".into();
        story.fact(6).actor = "ann".into();
    };
    planted(plant, |v| matches!(v, Violation::HappenedTwice { found, .. } if found == &[20, 22]));
}

#[test]
fn a_command_that_nobody_sent() {
    let plant = |story: &mut Story| story.operations.retain(|operation| operation.command != "c6");
    planted(plant, |v| matches!(v, Violation::Invented { seq: 22, .. }));
}

#[test]
fn commands_in_another_order_than_they_were_sent() {
    let plant = |story: &mut Story| {
        story.operation("c1").outcome = acknowledged(12, Value::Null);
        story.operation("c2").outcome = acknowledged(10, Value::Null);
        story.fact(1).command = "c2".into();
        story.fact(2).command = "c1".into();
    };
    planted(plant, |v| matches!(v, Violation::OutOfOrder { earlier_seq: 12, later_seq: 10, .. }));
    // At the same time any order is right.
    let mut story = Story::right();
    story.operation("c3").began = Duration::from_millis(1);
    story.operation("c3").ended = Duration::from_millis(50);
    assert_eq!(story.check().violations, []);
}

#[test]
fn a_refused_command_that_was_written_is_counted() {
    let mut story = Story::right();
    story.operation("c6").outcome = Outcome::Refused { code: "session_state".into() };
    let found = story.check();
    assert_eq!((found.violations.len(), found.late.len()), (0, 1), "{:?}", found.late);
    story.operation("c6").outcome = Outcome::Acknowledged { seq: 18, unchanged: true, answer: Value::Null };
    assert_eq!(story.check().late.len(), 1);
}

#[test]
fn a_chain_that_is_broken() {
    planted(
        |story| story.ledger.commits[3].expected = Some(12),
        |v| matches!(v, Violation::ChainBroken { seq: 16, before: 14, .. }),
    );
    planted(|story| story.ledger.commits[3].expected = None, |v| matches!(v, Violation::ChainBroken { seq: 16, .. }));
    let plant = |story: &mut Story| {
        let removed = story.ledger.commits.remove(2);
        story.trails.clear();
        drop(removed);
    };
    planted(plant, |v| matches!(v, Violation::ChainBroken { seq: 16, before: 12, named: Some(14), .. }));
}

#[test]
fn an_event_that_stands_twice() {
    planted(|story| story.fact(4).id = "e3".into(), |v| matches!(v, Violation::EventTwice { seq: 16, .. }));
}

#[test]
fn a_claim_that_two_hold() {
    // Bob's follows Ann's without a release between.
    let plant = |story: &mut Story| {
        story.without(3);
        story.fact(3).after["rev"] = json!(3);
    };
    planted(plant, |v| matches!(v, Violation::ClaimTaken { from, to, .. } if from == "ann" && to == "bob"));
    // Another holder under the same number.
    let plant = |story: &mut Story| {
        story.fact(3).after = json!({ "rev": 3, "claims": 1, "claim": { "actor": "bob" } });
        story.fact(3).change = json!({ "forced": true });
    };
    planted(plant, |v| matches!(v, Violation::ClaimTaken { seq: 14, .. }));
    // The number of the claim was given twice.
    planted(|story| story.fact(4).after["claims"] = json!(1), |v| matches!(v, Violation::ClaimTaken { seq: 16, .. }));
    // It changed with an event that is about something else.
    planted(|story| story.fact(4).kind = "task.updated".into(), |v| matches!(v, Violation::ClaimTaken { seq: 16, .. }));
    // Two incarnations of one session are two holders.
    let plant = |story: &mut Story| {
        story.without(3);
        story.fact(2).after["claim"] = json!({ "actor": "bob", "epoch": 1 });
        story.fact(3).after["claim"] = json!({ "actor": "bob", "epoch": 2 });
    };
    planted(plant, |v| matches!(v, Violation::ClaimTaken { from, to, .. } if from == "bob/1" && to == "bob/2"));
}

#[test]
fn a_claim_that_was_promised_and_not_given() {
    let plant = |story: &mut Story| {
        story.operation("c4").outcome = acknowledged(16, json!({ "id": "t2", "claim": { "actor": "bob" } }))
    };
    planted(plant, |v| matches!(v, Violation::ClaimNotHeld { task, .. } if task == "t2"));
    let plant = |story: &mut Story| story.fact(4).after["claim"]["actor"] = json!("ann");
    planted(plant, |v| matches!(v, Violation::ClaimNotHeld { command, .. } if command == "c4"));
}

#[test]
fn a_revision_that_is_skipped_or_repeated() {
    for rev in [3, 5] {
        planted(
            |story| story.fact(4).after["rev"] = json!(rev),
            |v| matches!(v, Violation::RevisionSkipped { seq: 16, .. }),
        );
    }
}

#[test]
fn epochs_that_go_back_or_jump() {
    for epoch in [0, 3] {
        let plant = |story: &mut Story| {
            story.fact(7).after["epoch"] = json!(epoch);
            story.fact(7).change["epoch"] = json!(epoch);
        };
        planted(plant, |v| matches!(v, Violation::EpochBroken { seq: 22, .. }));
    }
    planted(|story| story.fact(6).change["epoch"] = json!(2), |v| matches!(v, Violation::EpochBroken { seq: 20, .. }));
}

#[test]
fn an_epoch_that_two_spawners_took() {
    let plant = |story: &mut Story| {
        story.fact(7).kind = "session.starting".into();
        story.fact(7).after["epoch"] = json!(1);
        story.fact(7).change["epoch"] = json!(1);
    };
    planted(plant, |v| matches!(v, Violation::EpochTakenTwice { epoch: 1, seq: 22, .. }));
}

#[test]
fn a_follower_that_was_not_told_everything_in_order() {
    let skipped = |v: &Violation| matches!(v, Violation::FollowerSkipped { .. });
    for trail in [0, 1] {
        planted(|story| _ = story.trails[trail].seen.remove(2), skipped);
        planted(
            |story| _ = story.trails[trail].seen.pop(),
            |v| matches!(v, Violation::FollowerSkipped { got: None, .. }),
        );
        planted(|story| story.trails[trail].seen.swap(2, 3), skipped);
        let twice = |story: &mut Story| {
            let again = story.trails[trail].seen[2].clone();
            story.trails[trail].seen.insert(3, again);
        };
        planted(twice, skipped);
    }
    let plant = |story: &mut Story| story.trails[0].seen.insert(1, Seen::Commit { seq: 11, events: vec![] });
    planted(plant, |v| matches!(v, Violation::FollowerSkipped { wanted: Some(12), got: Some(11), .. }));
    // After a snapshot that is older than what it knows it must be told again what lies between.
    planted(
        |story| story.trails[0].seen.push(Seen::Snapshot { seq: 16 }),
        |v| matches!(v, Violation::FollowerSkipped { wanted: Some(18), .. }),
    );
}

#[test]
fn a_follower_that_was_told_other_events() {
    let plant = |story: &mut Story| story.trails[0].seen[1] = Seen::Commit { seq: 12, events: vec!["e9".into()] };
    planted(plant, |v| matches!(v, Violation::FollowerDiffers { seq: 12, .. }));
}

#[test]
fn a_picture_that_is_not_the_ledgers() {
    let with = |picture: &[(&str, u64)]| {
        let picture = picture.iter().map(|(task, rev)| ((*task).to_owned(), *rev)).collect();
        move |story: &mut Story| story.trails[1].picture = Some(picture)
    };
    planted(with(&[("t1", 3)]), |v| matches!(v, Violation::PictureDiffers { ledger: 4, picture: 3, .. }));
    planted(with(&[]), |v| matches!(v, Violation::PictureDiffers { ledger: 4, picture: 0, .. }));
    planted(with(&[("t1", 4), ("t9", 1)]), |v| matches!(v, Violation::PictureDiffers { ledger: 0, picture: 1, .. }));
}
