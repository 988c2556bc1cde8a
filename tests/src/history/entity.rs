//! Entities as the ledger tells them: chains, revisions, claims, epochs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::check::Checked;
use super::ledger::{Commit, Fact, Ledger};
use super::operation::{Operation, Outcome};
use super::violation::Violation;

/// A claim as text; empty: nobody holds it.
fn holder(after: &Value) -> String {
    let claim = &after["claim"];
    match (claim["actor"].as_str(), claim["epoch"].as_u64()) {
        (None, _) => String::new(),
        (Some(actor), None) => actor.to_owned(),
        (Some(actor), Some(epoch)) => format!("{actor}/{epoch}"),
    }
}

#[derive(Default)]
struct Task {
    rev: u64,
    holder: String,
    claims: u64,
}

#[derive(Default)]
struct Session {
    rev: u64,
    epoch: u64,
    taken: BTreeSet<u64>,
}

#[derive(Default)]
struct Project {
    last: u64,
    tasks: BTreeMap<String, Task>,
    sessions: BTreeMap<String, Session>,
}

pub(super) fn check(operations: &[Operation], ledger: &Ledger, found: &mut Checked) {
    let mut projects: BTreeMap<&str, Project> = BTreeMap::new();
    let mut events = BTreeSet::new();
    // Who held a task after a command.
    let mut held: BTreeMap<(&str, &str, &str), String> = BTreeMap::new();
    for commit in &ledger.commits {
        let project = projects.entry(&commit.project).or_default();
        if commit.expected != Some(project.last) || commit.seq <= project.last {
            let (name, before, named) = (commit.project.clone(), project.last, commit.expected);
            found.violations.push(Violation::ChainBroken { project: name, seq: commit.seq, before, named });
        }
        project.last = commit.seq;
        for fact in &commit.facts {
            if !events.insert(&fact.id) {
                found.violations.push(Violation::EventTwice { event: fact.id.clone(), seq: commit.seq });
            }
            if fact.entity.starts_with("task/") {
                task(project.tasks.entry(fact.entity.clone()).or_default(), commit, fact, found);
                held.insert((&fact.command, &fact.actor, &fact.entity), holder(&fact.after));
            } else if fact.entity.starts_with("session/") {
                session(project.sessions.entry(fact.entity.clone()).or_default(), commit, fact, found);
            }
        }
    }
    for operation in operations {
        let Outcome::Acknowledged { answer, unchanged: false, .. } = &operation.outcome else { continue };
        let claims = operation.verb == "task.next" || operation.verb == "task.start";
        let (true, Some(id)) = (claims, answer["id"].as_str()) else { continue };
        let task = format!("task/{id}");
        let in_ledger = held.get(&(operation.command.as_str(), operation.actor.as_str(), task.as_str()));
        // A blocked task that is started goes back to its holder, whoever started it, or to nobody.
        let agrees = in_ledger.is_some_and(|by| *by == holder(answer));
        if !agrees {
            let (command, task) = (operation.command.clone(), id.to_owned());
            found.violations.push(Violation::ClaimNotHeld { command, task });
        }
    }
}

fn revision(rev: &mut u64, commit: &Commit, fact: &Fact, found: &mut Checked) {
    let Some(to) = fact.after["rev"].as_u64() else { return };
    if to != *rev + 1 {
        let entity = fact.entity.clone();
        found.violations.push(Violation::RevisionSkipped { entity, seq: commit.seq, from: *rev, to });
    }
    *rev = to;
}

fn task(task: &mut Task, commit: &Commit, fact: &Fact, found: &mut Checked) {
    if fact.after.is_null() {
        return;
    }
    revision(&mut task.rev, commit, fact, found);
    let now = holder(&fact.after);
    let claims = fact.after["claims"].as_u64().unwrap_or(0);
    let forced = fact.change["forced"] == true;
    let changed_hands = !task.holder.is_empty() && !now.is_empty() && task.holder != now && !forced;
    // A new claim has the next number and an event of its own; without one the holder stays, or gives it back.
    let taken = claims == task.claims + 1 && fact.kind == "task.claimed" && !now.is_empty();
    let kept = claims == task.claims && (now == task.holder || now.is_empty());
    if changed_hands || !(taken || kept) {
        let (id, from, to) = (fact.entity.clone(), std::mem::take(&mut task.holder), now.clone());
        found.violations.push(Violation::ClaimTaken { task: id, seq: commit.seq, from, to });
    }
    (task.holder, task.claims) = (now, claims);
}

fn session(session: &mut Session, commit: &Commit, fact: &Fact, found: &mut Checked) {
    if fact.after.is_null() {
        return;
    }
    revision(&mut session.rev, commit, fact, found);
    let to = fact.after["epoch"].as_u64().unwrap_or(0);
    let named = fact.change["epoch"].as_u64().unwrap_or(to);
    if to < session.epoch || to > session.epoch + 1 || named != to {
        let (id, from) = (fact.entity.clone(), session.epoch);
        found.violations.push(Violation::EpochBroken { session: id, seq: commit.seq, from, to });
    }
    session.epoch = to;
    if fact.kind == "session.starting" && !session.taken.insert(to) {
        let id = fact.entity.clone();
        found.violations.push(Violation::EpochTakenTwice { session: id, epoch: to, seq: commit.seq });
    }
}
