//! Every pair of status and verb, for the worker whose task it is and for a person.

use serde_json::{Value, json};

use crate::kit::{World, name};

const STATUSES: [&str; 6] = ["pending", "in_progress", "in_review", "blocked", "completed", "cancelled"];

/// `t1` in a status; `s4` is the worker that it was given to.
fn given(status: &str) -> World {
    let mut w = World::team();
    w.task();
    w.spawn("s1", json!({"tasks": ["t1"]}));
    if status != "pending" {
        w.ok("s4", "task.start", json!({"task": "t1"}));
    }
    match status {
        "pending" | "in_progress" => Vec::new(),
        "in_review" => w.ok("s4", "task.submit", json!({"task": "t1"})),
        "blocked" => w.ok("s4", "task.block", json!({"task": "t1", "reason": "which?"})),
        "completed" => w.ok("s4", "task.complete", json!({"task": "t1"})),
        "cancelled" => w.ok("ann", "task.cancel", json!({"task": "t1"})),
        other => panic!("{other}"),
    };
    assert_eq!(w.status("t1").as_str(), status);
    w
}

/// `unchanged`, the name of a refusal, or what happened first and the status that it left.
fn outcome(w: &mut World, who: &str, verb: &str, payload: Value) -> String {
    match w.say(who, verb, payload) {
        Err(refusal) => name(&refusal),
        Ok(events) => match events.first() {
            None => "unchanged".to_owned(),
            Some(first) => {
                let task = w.state.task("t1".parse().unwrap());
                let status = task.map_or("gone".to_owned(), |t| t.status.kind().to_string());
                format!("{} {status}", first.kind().1)
            }
        },
    }
}

/// One row a verb: its payload beside the task, then the outcome for each status in the order of `STATUSES`.
fn check(who: &str, rows: &[(&str, Value, [&str; 6])]) {
    for (verb, more, expected) in rows {
        for (status, expected) in STATUSES.iter().zip(expected) {
            let mut w = given(status);
            let mut payload = more.clone();
            payload["task"] = json!("t1");
            assert_eq!(outcome(&mut w, who, verb, payload), *expected, "{who}: {verb} of a task that is {status}");
        }
    }
}

const NO: &str = "InvalidTransition";
const MAY_NOT: &str = "NotPermitted";

#[test]
fn what_a_worker_may_do_with_its_own_task() {
    let (none, reason, force) = (json!({}), json!({"reason": "so"}), json!({"force": true}));
    let (said, title) = (json!({"message": "so"}), json!({"title": "So"}));
    check(
        "s4",
        &[
            (
                "task.start",
                none.clone(),
                [
                    "claimed in_progress",
                    "unchanged",
                    "claimed in_progress",
                    "claimed in_progress",
                    "claimed in_progress",
                    NO,
                ],
            ),
            (
                "task.complete",
                none.clone(),
                [NO, "completed completed", MAY_NOT, NO, "unchanged", "late_report cancelled"],
            ),
            (
                "task.complete",
                force,
                [NO, "completed completed", MAY_NOT, "completed completed", "unchanged", "late_report cancelled"],
            ),
            ("task.approve", none.clone(), [MAY_NOT; 6]),
            ("task.submit", none.clone(), [NO, "submitted in_review", "unchanged", NO, NO, "late_report cancelled"]),
            ("task.block", reason, [NO, "blocked blocked", NO, "unchanged", NO, NO]),
            ("task.unblock", none.clone(), ["unchanged", "unchanged", NO, "unblocked in_progress", NO, NO]),
            (
                "task.release",
                none.clone(),
                ["unchanged", "released pending", "released in_review", "released blocked", NO, NO],
            ),
            ("task.reopen", none.clone(), [MAY_NOT; 6]),
            ("task.cancel", none.clone(), [MAY_NOT; 6]),
            ("task.delete", none.clone(), [MAY_NOT; 6]),
            (
                "task.log",
                said.clone(),
                [
                    "progress pending",
                    "progress in_progress",
                    "progress in_review",
                    "progress blocked",
                    "progress completed",
                    "progress cancelled",
                ],
            ),
            (
                "task.comment",
                said,
                [
                    "comment pending",
                    "comment in_progress",
                    "comment in_review",
                    "comment blocked",
                    "comment completed",
                    "comment cancelled",
                ],
            ),
            (
                "task.update",
                title.clone(),
                [
                    "updated pending",
                    "updated in_progress",
                    "updated in_review",
                    "updated blocked",
                    "updated completed",
                    "updated cancelled",
                ],
            ),
            (
                "subtask.create",
                title,
                [
                    "subtask_created pending",
                    "subtask_created in_progress",
                    "subtask_created in_review",
                    "subtask_created blocked",
                    NO,
                    NO,
                ],
            ),
        ],
    );
}

#[test]
fn what_a_person_may_do_with_any_task() {
    let (none, reason, force) = (json!({}), json!({"reason": "so"}), json!({"force": true}));
    let (given, held) = ("AlreadyAssigned", "StillClaimed");
    check(
        "ann",
        &[
            (
                "task.start",
                none.clone(),
                [given, "AlreadyClaimed", "claimed in_progress", "claimed in_progress", given, NO],
            ),
            (
                "task.start",
                force.clone(),
                [
                    "claimed in_progress",
                    "AlreadyClaimed",
                    "claimed in_progress",
                    "claimed in_progress",
                    "claimed in_progress",
                    NO,
                ],
            ),
            ("task.complete", none.clone(), [NO, "completed completed", "completed completed", NO, NO, NO]),
            (
                "task.complete",
                force.clone(),
                [NO, "completed completed", "completed completed", "completed completed", NO, NO],
            ),
            ("task.approve", none.clone(), [NO, NO, "completed completed", NO, NO, NO]),
            ("task.submit", none.clone(), [NO, "submitted in_review", "unchanged", NO, NO, NO]),
            ("task.block", reason, [NO, "blocked blocked", NO, "unchanged", NO, NO]),
            ("task.unblock", none.clone(), ["unchanged", "unchanged", NO, "unblocked in_progress", NO, NO]),
            (
                "task.release",
                none.clone(),
                ["unchanged", "released pending", "released in_review", "released blocked", NO, NO],
            ),
            ("task.reopen", none.clone(), ["unchanged", NO, NO, NO, "reopened pending", "reopened pending"]),
            (
                "task.cancel",
                none.clone(),
                [
                    "cancelled cancelled",
                    "cancelled cancelled",
                    "cancelled cancelled",
                    "cancelled cancelled",
                    NO,
                    "unchanged",
                ],
            ),
            ("task.delete", none.clone(), ["deleted gone", held, held, held, "deleted gone", "deleted gone"]),
            ("task.delete", force, ["deleted gone"; 6]),
        ],
    );
}

#[test]
fn a_refused_transition_says_whether_force_would_help() {
    let refusal = given("blocked").refused("ann", "task.complete", json!({"task": "t1"}));
    assert!(matches!(refusal, maestro_domain::Refusal::InvalidTransition { needs_force: true, .. }), "{refusal:?}");
    let refusal = given("cancelled").refused("ann", "task.start", json!({"task": "t1"}));
    assert!(matches!(refusal, maestro_domain::Refusal::InvalidTransition { needs_force: false, .. }), "{refusal:?}");
}
