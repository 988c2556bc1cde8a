//! Claims: one at a time, given back, taken up again, reported late.

use maestro_domain::*;
use serde_json::json;

use crate::kit::World;

fn one(task: &str) -> serde_json::Value {
    json!({"task": task})
}

#[test]
fn a_claimed_task_is_refused_to_everybody_else() {
    let mut w = World::team();
    w.task();
    w.ok("s2", "task.start", one("t1"));
    let refusal = w.refused("s3", "task.start", one("t1"));
    let holder = Holder { actor: "s2".parse().unwrap(), epoch: Some(1) };
    assert_eq!(refusal, Refusal::AlreadyClaimed { task: TaskId::new(1), holder });
    assert_eq!(w.no("ann", "task.start", json!({"task": "t1", "force": true})), "AlreadyClaimed");
}

#[test]
fn next_takes_the_most_urgent_then_the_oldest_and_no_task_twice() {
    let mut w = World::team();
    w.task();
    w.task_with(json!({"priority": "high"}));
    w.task_with(json!({"priority": "high", "labels": ["ui"]}));
    w.task_with(json!({"priority": "critical", "dependsOn": ["t1"]}));
    let take = json!({"claim": true});
    assert_eq!(w.ok("s2", "task.next", json!({})), Vec::<String>::new(), "without claim nothing happens");
    assert_eq!(w.ok("s2", "task.next", take.clone()), ["task.claimed"]);
    assert_eq!(w.status("t2"), StatusKind::InProgress);
    w.ok("s3", "task.next", json!({"claim": true, "labels": ["ui"]}));
    assert_eq!(w.status("t3"), StatusKind::InProgress);
    w.ok("s3", "task.next", take.clone());
    assert_eq!(w.get("t1").claim.as_ref().unwrap().holder.actor.to_string(), "s3");
    assert_eq!(w.ok("s2", "task.next", take.clone()), Vec::<String>::new(), "nothing ready is success");
    let command = w.command("s2", "task.next", take);
    assert_eq!(answer(&w.state, &command.caller, &command.request, &[]), Answer::Nothing);
}

#[test]
fn next_prefers_what_the_session_was_given_and_leaves_what_others_were_given() {
    let mut w = World::team();
    w.task_with(json!({"priority": "critical"}));
    w.task();
    w.spawn("s1", json!({"tasks": ["t2"]}));
    w.spawn("s1", json!({"tasks": ["t1"]}));
    w.ok("s4", "task.next", json!({"claim": true}));
    assert_eq!(w.status("t2"), StatusKind::InProgress);
    assert_eq!(w.ok("s4", "task.next", json!({"claim": true})), Vec::<String>::new());
    w.ok("s5", "session.exited", json!({"code": 1}));
    assert_eq!(w.ok("s4", "task.next", json!({"claim": true})), ["task.claimed"], "its session is gone");
}

#[test]
fn claims_are_numbered_per_task() {
    let mut w = World::team();
    w.task();
    for (number, who) in [(1, "s2"), (2, "s3"), (3, "s2")] {
        w.ok(who, "task.start", one("t1"));
        assert_eq!(w.get("t1").claim.as_ref().unwrap().number, number);
        if number < 3 {
            w.ok(who, "task.release", one("t1"));
        }
    }
}

#[test]
fn the_third_release_blocks_and_a_look_by_somebody_else_starts_the_count_again() {
    let mut w = World::team();
    w.task();
    for _ in 0..2 {
        w.ok("s2", "task.start", one("t1"));
        assert_eq!(w.ok("s2", "task.release", one("t1")), ["task.released", "task.ready", "message.queued"]);
    }
    w.ok("s2", "task.start", one("t1"));
    assert_eq!(w.ok("s2", "task.release", one("t1")), ["task.blocked", "message.queued"]);
    assert!(matches!(w.get("t1").status, Status::Blocked { blocked_kind: BlockKind::ReleasedTooOften, .. }));
    assert_eq!(w.no("s2", "task.start", one("t1")), "NotPermitted");
    assert_eq!(w.no("s2", "task.unblock", one("t1")), "NotPermitted");
    assert_eq!(w.ok("s1", "task.start", one("t1")), ["task.unblocked", "task.ready"]);
    assert_eq!((w.status("t1"), w.get("t1").releases), (StatusKind::Pending, 0));
}

#[test]
fn an_orchestrator_gives_a_blocked_task_back_to_its_holder_with_a_message() {
    for (verb, kind) in [("task.start", "task.claimed"), ("task.unblock", "task.unblocked")] {
        let mut w = World::team();
        w.task();
        w.ok("s2", "task.start", one("t1"));
        w.ok("s2", "task.block", json!({"task": "t1", "reason": "which?"}));
        assert!(w.inbox("s1").last().unwrap().contains("which?"));
        assert_eq!(w.ok("s1", verb, one("t1")), [kind, "message.queued"]);
        let claim = w.get("t1").claim.clone().unwrap();
        assert_eq!((claim.number, claim.holder.actor.to_string().as_str()), (1, "s2"), "the claim is the same");
        assert_eq!(w.status("t1"), StatusKind::InProgress);
        assert_eq!(w.inbox("s2").len(), 1);
    }
}

#[test]
fn a_blocked_task_without_holder_becomes_pending() {
    for verb in ["task.start", "task.unblock"] {
        let mut w = World::team();
        w.task();
        w.ok("s2", "task.start", one("t1"));
        w.ok("s2", "task.block", json!({"task": "t1", "reason": "which?"}));
        w.ok("s2", "session.exited", json!({"code": 0}));
        assert_eq!(w.status("t1"), StatusKind::Blocked, "an end leaves the question open");
        assert_eq!(w.ok("ann", verb, one("t1")), ["task.unblocked", "task.ready"]);
        assert!(w.get("t1").claim.is_none());
    }
}

#[test]
fn a_completion_that_comes_late_is_accepted_while_nothing_changed() {
    let mut w = World::team();
    w.task();
    w.ok("s2", "task.start", one("t1"));
    w.ok("system", "session.lost", json!({"session": "s2", "reason": "gone"}));
    w.ok("ann", "task.comment", json!({"task": "t1", "message": "a pity"}));
    let events = w.say("s2", "task.complete", json!({"task": "t1", "summary": "done"})).unwrap();
    assert!(matches!(&events[0], Event::Task { change: TaskChange::Completed { late: true, .. }, .. }));
    assert_eq!(w.ok("s2", "task.complete", one("t1")), Vec::<String>::new());
}

#[test]
fn a_completion_that_comes_too_late_is_kept() {
    let mut w = World::team();
    w.task();
    w.ok("s2", "task.start", one("t1"));
    w.ok("s2", "task.release", one("t1"));
    w.ok("s3", "task.start", one("t1"));
    let done = json!({"task": "t1", "summary": "mine"});
    assert_eq!(w.ok("s2", "task.complete", done.clone()), ["task.late_report", "message.queued"]);
    assert_eq!(w.get("t1").claim.as_ref().unwrap().holder.actor.to_string(), "s3");
    w.ok("s3", "task.complete", one("t1"));
    assert_eq!(w.ok("s2", "task.complete", done)[0], "task.late_report");
    assert_eq!(w.no("s3", "task.block", json!({"task": "t1", "reason": "no"})), "InvalidTransition");
}

#[test]
fn who_is_overtaken_by_an_orchestrator_is_told_and_its_report_kept() {
    let mut w = World::team();
    w.task();
    w.ok("s2", "task.start", one("t1"));
    w.ok("s1", "task.complete", one("t1"));
    assert!(w.inbox("s2")[0].contains("stop working on it"));
    assert_eq!(
        w.ok("s2", "task.complete", json!({"task": "t1", "summary": "s"})),
        ["task.late_report", "message.queued"]
    );
}

#[test]
fn starting_a_completed_task_reopens_and_claims_it() {
    let mut w = World::team();
    w.task();
    w.ok("s2", "task.start", one("t1"));
    w.ok("s2", "task.complete", one("t1"));
    assert_eq!(w.no("s3", "task.start", one("t1")), "NotPermitted");
    assert_eq!(w.ok("s2", "task.start", one("t1")), ["task.claimed"]);
    assert_eq!(w.get("t1").claim.as_ref().unwrap().number, 2);
}

#[test]
fn a_submitted_task_is_approved_or_sent_back_to_its_holder() {
    let mut w = World::team();
    w.task();
    w.ok("s2", "task.start", one("t1"));
    w.ok("s2", "task.submit", json!({"task": "t1", "summary": "see"}));
    assert!(w.inbox("s1")[0].contains("see"));
    w.ok("s1", "task.start", one("t1"));
    assert_eq!(w.inbox("s2").len(), 1);
    w.ok("s2", "task.submit", one("t1"));
    w.ok("s1", "task.approve", one("t1"));
    assert_eq!(w.status("t1"), StatusKind::Completed);
    assert_eq!(w.inbox("s2").len(), 1, "what was handed in needs no stop");
}
