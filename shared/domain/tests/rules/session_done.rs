//! A worker that is done is stopped after a while, unless something comes up.

use maestro_domain::*;
use serde_json::{Value, json};

use crate::kit::World;

fn t(number: u32) -> Value {
    json!({"task": format!("t{number}")})
}

fn done() -> Value {
    json!({"session": "s1", "epoch": 1, "deadline": "done"})
}

fn planned(w: &World) -> bool {
    w.session("s1").stop_at.is_some()
}

/// `s1`, ann's worker on two tasks, the first of them in hand.
fn working(more: Value) -> World {
    let mut w = World::new();
    w.task();
    w.task();
    let mut verb = json!({"tasks": ["t1", "t2"]});
    verb.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    w.spawn("ann", verb);
    w.ok("s1", "task.start", t(1));
    w
}

#[test]
fn a_worker_whose_tasks_are_done_is_stopped_after_a_minute() {
    let mut w = working(json!({}));
    assert_eq!(w.ok("s1", "task.complete", t(1)), ["task.completed", "message.queued"], "one is left");
    w.ok("s1", "task.start", t(2));
    assert_eq!(w.ok("s1", "task.complete", t(2)), ["task.completed", "message.queued", "session.stop_planned"]);
    let at = w.session("s1").stop_at.unwrap();
    assert_eq!(w.session("s1").deadline(), Some((at, DeadlineKind::Done)));
    assert_eq!(w.no("system", "session.expire", done()), "NotDue");
    w.later(Limits::DONE_SECS);
    assert_eq!(w.ok("system", "session.expire", done()), ["session.stop_requested"]);
    assert_eq!(w.session("s1").stop.as_ref().unwrap().cause, StopCause::TasksDone);
    assert_eq!(w.ok("system", "session.expire", done()), Vec::<String>::new(), "once");
    w.ok("s1", "session.stopped", json!({}));
    assert_eq!(w.session("s1").status.kind(), SessionStatusKind::Stopped);
    assert!(w.inbox("ann").pop().unwrap().contains("its tasks are done"));
}

#[test]
fn done_is_completed_cancelled_or_handed_in() {
    let mut w = working(json!({}));
    w.ok("s1", "task.submit", t(1));
    assert!(!planned(&w));
    w.ok("ann", "task.cancel", t(2));
    assert!(planned(&w));
    w.ok("ann", "task.start", t(1));
    assert!(!planned(&w), "sent back from review");
    w.ok("s1", "task.block", json!({"task": "t1", "reason": "which one?"}));
    assert!(!planned(&w), "blocked is not done");
    w.ok("ann", "task.complete", json!({"task": "t1", "force": true}));
    assert!(planned(&w), "whoever completed it");
}

#[test]
fn another_task_or_a_message_calls_it_off() {
    let mut w = working(json!({}));
    w.ok("ann", "task.cancel", t(2));
    w.ok("s1", "task.complete", t(1));
    assert!(planned(&w));
    w.task();
    assert_eq!(w.ok("s1", "task.next", json!({"claim": true})), ["task.claimed", "session.stop_called_off"]);
    w.ok("s1", "task.complete", t(3));
    assert!(planned(&w));
    let kinds = w.ok("ann", "message.send", json!({"to": "s1", "body": "one more thing"}));
    assert_eq!(kinds, ["message.queued", "session.stop_called_off"]);
    let before = w.now;
    let letter = json!({"message": format!("m{}", w.state.counters().2)});
    w.later(500);
    assert_eq!(w.ok("s1", "message.seen", letter), ["message.seen", "session.stop_planned"]);
    assert!(w.session("s1").stop_at.unwrap() > before.plus_secs(500), "it has another minute");
    w.ok("ann", "task.reopen", t(1));
    assert!(!planned(&w), "its task is open again");
}

#[test]
fn a_worker_that_takes_tasks_as_they_come_is_done_after_one() {
    let mut w = World::new();
    w.spawn("ann", json!({}));
    assert!(!planned(&w), "it has not begun");
    w.task();
    w.ok("s1", "task.next", json!({"claim": true}));
    assert_eq!(w.ok("s1", "task.complete", t(1)), ["task.completed", "message.queued", "session.stop_planned"]);
}

#[test]
fn kept_sessions_orchestrators_and_ended_ones_are_left_alone() {
    for more in [json!({"keep": true}), json!({"role": "orchestrator"}), json!({"role": "custom"})] {
        let mut w = working(more);
        w.ok("ann", "task.cancel", t(2));
        w.ok("s1", "task.complete", t(1));
        assert!(!planned(&w));
    }
    let mut w = working(json!({}));
    w.ok("ann", "task.cancel", t(2));
    w.ok("s1", "task.complete", t(1));
    w.ok("s1", "session.exited", json!({"code": 0}));
    assert!(!planned(&w) && w.session("s1").deadline().is_none());
    w.ok("ann", "session.resume", json!({"session": "s1"}));
    w.ok("s1", "session.starting", json!({"node": "host-a"}));
    assert!(!planned(&w));
    w.ok("s1", "session.active", json!({}));
    assert!(planned(&w), "resumed with nothing to do");
}

#[test]
fn somebody_elses_review_is_work() {
    let mut w = World::new();
    w.task();
    w.ok("ann", "task.start", t(1));
    w.ok("ann", "task.submit", t(1));
    w.spawn("ann", json!({"tasks": ["t1"], "force": true}));
    assert!(!planned(&w));
}

#[test]
fn new_work_calls_an_ordered_stop_off_and_a_person_may_not_want_to_wait() {
    let ordered = || {
        let mut w = working(json!({}));
        for task in [1, 2] {
            w.ok("s1", "task.start", t(task));
            w.ok("s1", "task.complete", t(task));
        }
        w.later(Limits::DONE_SECS);
        w.ok("system", "session.expire", done());
        assert_eq!(w.ok("s1", "session.update", json!({"message": "pushing"})), ["session.progress"], "nothing new");
        w
    };
    let mut w = ordered();
    let sent = w.ok("ann", "message.send", json!({"to": "s1", "body": "one more thing"}));
    assert_eq!(sent, ["message.queued", "session.stop_called_off"]);
    assert_eq!(w.session("s1").stop, None);
    let mut w = ordered();
    assert_eq!(w.ok("ann", "task.reopen", t(1)).last().unwrap(), "session.stop_called_off");
    let mut w = ordered();
    assert_eq!(w.ok("ann", "session.stop", json!({"session": "s1"})), ["session.stop_requested"]);
    assert_eq!(w.session("s1").stop.as_ref().unwrap().cause, StopCause::Asked);
    let mut w = ordered();
    assert_eq!(w.ok("ann", "session.restart", json!({"session": "s1"})), ["session.stop_requested"]);
}
