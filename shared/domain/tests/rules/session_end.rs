//! The ends of sessions: what they held goes back, whoever spawned them hears of it, some start again.

use maestro_domain::*;
use serde_json::{Value, json};

use crate::kit::World;

fn working() -> World {
    let mut w = World::team();
    w.task();
    w.ok("s2", "task.start", json!({"task": "t1"}));
    w
}

fn restarting(max: u32) -> World {
    let mut w = World::new();
    w.task();
    w.spawn("ann", json!({"tasks": ["t1"], "restart": {"on_failure": {"max": max}}}));
    w.ok("s1", "task.start", json!({"task": "t1"}));
    w
}

fn expire(session: &str, epoch: u32, deadline: &str) -> Value {
    json!({"session": session, "epoch": epoch, "deadline": deadline})
}

#[test]
fn every_end_gives_the_claim_back_and_tells_the_orchestrator_in_one_commit() {
    let ends = [
        ("s2", "session.exited", json!({"code": 0}), "exited with code 0"),
        ("s2", "session.failed", json!({"failure": "the terminal broke"}), "failed: the terminal broke"),
        ("s2", "session.lost", json!({"reason": "the holder died"}), "lost: the holder died"),
        ("s2", "session.stopped", json!({}), "stopped by s2"),
        ("system", "session.lost", json!({"session": "s2", "epoch": 1, "reason": "no lease"}), "lost: no lease"),
    ];
    for (who, verb, payload, said) in ends {
        let mut w = working();
        let kinds = w.ok(who, verb, payload);
        assert_eq!(kinds[1..], ["task.released", "task.ready", "message.queued"], "{verb}");
        assert_eq!(w.status("t1"), StatusKind::Pending);
        let told = w.inbox("s1").pop().unwrap();
        assert!(told.contains(said) && told.contains("given back: t1"), "{told}");
    }
}

#[test]
fn the_third_end_in_a_row_blocks_the_task() {
    let mut w = World::team();
    w.task();
    for end in 1..=3 {
        let id = w.spawn("s1", json!({"tasks": ["t1"]}));
        w.ok(&id, "task.start", json!({"task": "t1"}));
        let kinds = w.ok(&id, "session.exited", json!({"code": 0}));
        assert_eq!(kinds[1], if end < 3 { "task.released" } else { "task.blocked" });
    }
    assert!(matches!(w.get("t1").status, Status::Blocked { blocked_kind: BlockKind::ReleasedTooOften, .. }));
}

#[test]
fn a_lost_session_that_comes_back_goes_on_in_its_epoch_without_its_claims() {
    let mut w = working();
    w.ok("system", "session.lost", json!({"session": "s2", "reason": "silence"}));
    assert_eq!(w.no("s2", "task.start", json!({"task": "t1"})), "SessionState");
    assert_eq!(w.ok("s2", "session.active", json!({})), ["session.active", "message.queued"]);
    assert_eq!(w.session("s2").epoch, 1);
    assert_eq!(w.ok("s2", "task.start", json!({"task": "t1"})), ["task.claimed"]);
}

#[test]
fn a_lost_session_is_superseded_once_a_newer_epoch_was_granted() {
    let mut w = restarting(1);
    w.ok("system", "session.lost", json!({"session": "s1", "reason": "silence"}));
    w.later(5);
    assert_eq!(w.ok("system", "session.expire", expire("s1", 1, "restart")), ["session.restarted"]);
    let refusal = w.refused("s1@1", "session.active", json!({}));
    assert_eq!(refusal, Refusal::StaleSession { session: SessionId::new(1), given: Some(1), current: 2 });
    assert_eq!(w.no("s1@1", "task.complete", json!({"task": "t1"})), "StaleSession");
}

#[test]
fn losing_what_has_ended_or_moved_on_changes_nothing() {
    let mut w = working();
    assert_eq!(
        w.ok("system", "session.lost", json!({"session": "s2", "epoch": 9, "reason": "x"})),
        Vec::<String>::new()
    );
    w.ok("s2", "session.exited", json!({"code": 0}));
    assert_eq!(w.ok("system", "session.lost", json!({"session": "s2", "reason": "x"})), Vec::<String>::new());
    assert_eq!(w.no("ann", "session.lost", json!({"session": "s2", "reason": "x"})), "NotPermitted");
    assert_eq!(w.no("s1", "session.lost", json!({"session": "s2", "reason": "x"})), "NotPermitted");
}

#[test]
fn a_failing_session_starts_again_with_growing_pauses_until_its_policy_is_used_up() {
    let mut w = restarting(3);
    for (epoch, pause) in [(1, 5), (2, 10), (3, 20)] {
        let ended = w.now;
        w.ok("s1", "session.exited", json!({"code": 1}));
        assert_eq!(w.session("s1").restart_at.unwrap().millis_since(ended), pause * 1000);
        assert!(w.get("t1").assignment.is_some(), "it will come for its task");
        assert_eq!(w.no("system", "session.expire", expire("s1", epoch, "restart")), "NotDue");
        w.later(pause);
        assert_eq!(w.ok("system", "session.expire", expire("s1", epoch, "restart")), ["session.restarted"]);
        assert_eq!(w.session("s1").epoch, epoch + 1);
        w.ok("s1", "session.starting", json!({"node": "host-b"}));
        w.ok("s1", "session.active", json!({}));
    }
    assert!(w.ok("s1", "session.exited", json!({"code": 1})).contains(&"task.unassigned".to_owned()));
    assert!(w.session("s1").restart_at.is_none());
}

#[test]
fn a_good_end_and_no_policy_mean_no_restart() {
    let mut w = restarting(3);
    w.ok("s1", "session.exited", json!({"code": 0}));
    assert!(w.state.deadlines().is_empty());
    let mut w = working();
    w.ok("s2", "session.exited", json!({"code": 1}));
    assert!(w.session("s2").restart_at.is_none());
}

#[test]
fn the_pause_is_bounded() {
    let mut w = World::new();
    w.ok("ann", "session.spawn", json!({"restart": {"on_failure": {"max": u32::MAX}}}));
    for epoch in 1..20 {
        w.ok("s1", "session.failed", json!({"failure": "no"}));
        let pause = w.session("s1").restart_at.unwrap().millis_since(w.session("s1").updated_at);
        assert!(pause <= Limits::BACKOFF_SECS * 1000);
        w.later(Limits::BACKOFF_SECS);
        w.ok("system", "session.expire", expire("s1", epoch, "restart"));
    }
}

#[test]
fn deadlines_are_heard_when_due_once_and_from_the_server_only() {
    let mut w = World::new();
    w.ok("ann", "session.spawn", json!({}));
    assert_eq!(w.no("ann", "session.expire", expire("s1", 1, "request")), "NotPermitted");
    assert_eq!(w.no("system", "session.expire", expire("s1", 1, "request")), "NotDue");
    assert_eq!(w.no("system", "session.expire", expire("s9", 1, "request")), "SessionNotFound");
    assert_eq!(w.ok("system", "session.expire", expire("s1", 1, "starting")), Vec::<String>::new());
    assert_eq!(w.ok("system", "session.expire", expire("s1", 2, "request")), Vec::<String>::new());
    w.later(Limits::REQUEST_SECS);
    assert_eq!(w.ok("system", "session.expire", expire("s1", 1, "request")), ["session.failed", "message.queued"]);
    assert_eq!(w.ok("system", "session.expire", expire("s1", 1, "request")), Vec::<String>::new());
}

#[test]
fn starting_without_becoming_active_fails() {
    let mut w = World::new();
    w.ok("ann", "session.spawn", json!({}));
    w.ok("s1", "session.starting", json!({"node": "host-a"}));
    w.later(Limits::STARTING_SECS);
    w.ok("system", "session.expire", expire("s1", 1, "starting"));
    assert_eq!(w.session("s1").status.kind(), SessionStatusKind::Failed);
}

#[test]
fn a_late_exit_of_a_lost_session_is_recorded() {
    let mut w = restarting(1);
    w.ok("system", "session.lost", json!({"session": "s1", "reason": "silence"}));
    w.ok("s1", "session.exited", json!({"code": 0}));
    assert_eq!(w.session("s1").status.kind(), SessionStatusKind::Exited);
    assert!(w.state.deadlines().is_empty(), "it ended well after all");
}

/// A backup is put back: what lived then lives no more as far as anybody knows, and nothing starts by itself.
#[test]
fn what_a_restore_finds_living_is_lost_for_good_and_nobody_is_to_blame() {
    let lost = |reason: &str| json!({"session": "s1", "reason": reason, "restored": true});
    for status in ["requested", "starting", "active"] {
        let mut w = World::new();
        w.task();
        if status == "active" {
            w = restarting(3);
        } else {
            let spawn = json!({"tasks": ["t1"], "restart": {"on_failure": {"max": 3}}});
            let spawned = w.ok("ann", "session.spawn", spawn);
            assert!(spawned.contains(&"session.requested".to_owned()), "{spawned:?}");
            if status == "starting" {
                w.ok("s1", "session.starting", json!({"node": "host-a"}));
            }
        }
        assert_eq!(w.session("s1").status.kind().as_str(), status);
        assert_eq!(w.no("ann", "session.lost", lost("restored")), "NotPermitted");
        w.ok("system", "session.lost", lost("restored"));
        let session = w.session("s1");
        assert_eq!(session.status.kind(), SessionStatusKind::Lost, "{status}");
        assert_eq!((session.epoch, session.restart_at, session.deadline()), (1, None, None), "{status}");
        let task = w.get("t1");
        assert_eq!((task.status.kind(), task.releases, task.assignment.is_none()), (StatusKind::Pending, 0, true));
        let told = w.inbox("ann").pop().unwrap();
        assert!(told.contains("lost: restored") && told.contains("maestro session resume s1"), "{told}");
        assert_eq!(w.ok("system", "session.lost", lost("restored")), Vec::<String>::new(), "once is enough");
    }
    // Alive after all, it goes on where it was.
    let mut w = restarting(3);
    w.ok("system", "session.lost", lost("restored"));
    assert_eq!(w.ok("s1", "session.active", json!({}))[0], "session.active");
    // One that had ended and was about to start again does not.
    let mut w = restarting(3);
    w.ok("s1", "session.exited", json!({"code": 1}));
    assert!(w.session("s1").restart_at.is_some());
    assert_eq!(w.ok("system", "session.lost", lost("restored"))[0], "session.restart_abandoned");
    assert_eq!((w.session("s1").restart_at, w.session("s1").status.kind()), (None, SessionStatusKind::Exited));
}
