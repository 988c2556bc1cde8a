//! Messages: sent, delivered, seen; notices of the server; bounds.

use maestro_domain::*;
use serde_json::json;

use crate::kit::World;

#[test]
fn a_message_is_queued_delivered_and_seen_by_its_recipient() {
    let mut w = World::team();
    w.ok("ann", "message.send", json!({"to": "s2", "body": "hurry"}));
    assert_eq!(w.inbox("s2"), ["hurry"]);
    assert_eq!(w.no("s3", "message.seen", json!({"message": "m1"})), "MessageNotFound");
    assert_eq!(w.ok("s2", "message.delivered", json!({"message": "m1"})), ["message.delivered"]);
    assert_eq!(w.ok("s2", "message.delivered", json!({"message": "m1"})), Vec::<String>::new());
    assert_eq!(w.ok("s2", "message.seen", json!({"message": "m1"})), ["message.seen"]);
    assert_eq!(w.ok("s2", "message.seen", json!({"message": "m1"})), Vec::<String>::new());
    assert!(w.inbox("s2").is_empty());
    assert_eq!(w.no("s2", "message.seen", json!({"message": "m2"})), "MessageNotFound");
}

#[test]
fn a_message_needs_a_recipient_a_task_and_an_epoch_that_exist() {
    let mut w = World::team();
    assert_eq!(w.no("ann", "message.send", json!({"to": "s9", "body": "x"})), "SessionNotFound");
    assert_eq!(w.no("ann", "message.send", json!({"to": "s2", "body": "x", "task": "t1"})), "TaskNotFound");
    assert_eq!(w.no("ann", "message.send", json!({"to": "s2", "body": "x", "epoch": 2})), "StaleSession");
    assert_eq!(w.no("ann", "message.send", json!({"to": "system", "body": "x"})), "Invalid");
    w.ok("s2", "message.send", json!({"to": "bob", "body": "x"}));
}

#[test]
fn an_inbox_full_of_mail_refuses_senders_and_drops_notices_but_nothing_else() {
    let mut w = World::team();
    w.task();
    for _ in 0..Limits::UNREAD {
        w.ok("ann", "message.send", json!({"to": "s1", "body": "x"}));
    }
    assert_eq!(w.no("ann", "message.send", json!({"to": "s1", "body": "x"})), "LimitReached");
    w.ok("s2", "task.start", json!({"task": "t1"}));
    assert_eq!(w.ok("s2", "task.complete", json!({"task": "t1"})), ["task.completed"]);
    w.ok("s1", "message.seen", json!({"message": "m1"}));
    w.ok("ann", "message.send", json!({"to": "s1", "body": "x"}));
}

#[test]
fn the_orchestrator_hears_of_completion_block_and_submission_in_the_same_commit() {
    for (verb, payload) in [
        ("task.complete", json!({"task": "t1", "summary": "so it is"})),
        ("task.submit", json!({"task": "t1", "summary": "so it is"})),
        ("task.block", json!({"task": "t1", "reason": "so it is"})),
    ] {
        let mut w = World::team();
        w.task();
        w.ok("s2", "task.start", json!({"task": "t1"}));
        assert_eq!(w.ok("s2", verb, payload)[1..], ["message.queued"], "{verb}");
        assert!(w.inbox("s1")[0].contains("so it is"));
    }
}

#[test]
fn nobody_is_told_what_he_did_himself() {
    let mut w = World::team();
    w.task();
    w.ok("s1", "task.start", json!({"task": "t1"}));
    w.ok("ann", "session.stop", json!({"session": "s2"}));
    assert!(w.inbox("s1").is_empty());
    w.ok("s2", "session.stopped", json!({}));
    assert_eq!(w.inbox("s1").len(), 1);
    assert!(w.inbox("s2").is_empty());
}

#[test]
fn a_holder_hears_that_its_task_is_taken_away() {
    for (verb, payload) in [
        ("task.cancel", json!({"task": "t1", "reason": "no budget"})),
        ("task.release", json!({"task": "t1"})),
        ("task.delete", json!({"task": "t1", "force": true})),
    ] {
        let mut w = World::team();
        w.task();
        w.ok("s2", "task.start", json!({"task": "t1"}));
        w.ok("ann", verb, payload);
        assert_eq!(w.inbox("s2").len(), 1, "{verb}");
    }
}

#[test]
fn a_queued_command_that_is_refused_later_is_kept_on_the_timeline_and_its_sender_told() {
    let mut w = World::team();
    w.task();
    let refused = |task: &str| {
        json!({"task": task, "to": "s2", "verb": "task complete", "code": "open_subtasks", "message": "st1",
            "report": "my work"})
    };
    assert_eq!(w.no("s1", "timeline.refuse", refused("t1")), "NotPermitted");
    let kinds = w.ok("system", "timeline.refuse", refused("t1"));
    assert_eq!(kinds, ["task.queued_refused", "message.queued"]);
    assert_eq!(w.ok("system", "timeline.refuse", refused("t9")), ["message.queued"]);
    assert!(w.inbox("s2")[0].contains("open_subtasks"));
}

#[test]
fn a_long_body_is_cut_between_characters() {
    let mut w = World::team();
    w.task();
    w.ok("s2", "task.start", json!({"task": "t1"}));
    w.ok("s2", "task.complete", json!({"task": "t1", "summary": "ü".repeat(4_096)}));
    let body = w.inbox("s1").pop().unwrap();
    assert!(body.len() <= 8_000 && body.ends_with('ü'));
}
