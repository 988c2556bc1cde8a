//! The next epoch because somebody wants it: resume and restart.

use maestro_domain::*;
use serde_json::{Value, json};

use crate::kit::World;

fn s2() -> Value {
    json!({"session": "s2"})
}

/// `s2`, a worker of `s1` that works on `t1`.
fn working() -> World {
    let mut w = World::new();
    w.spawn("ann", json!({"role": "orchestrator"}));
    w.task();
    w.spawn("s1", json!({"tasks": ["t1"]}));
    w.ok("s2", "task.start", json!({"task": "t1"}));
    w
}

#[test]
fn every_ended_session_is_resumed_in_a_new_epoch_with_its_tasks() {
    let ends = [
        ("s2", "session.exited", json!({"code": 0})),
        ("s2", "session.failed", json!({"failure": "the terminal broke"})),
        ("s2", "session.stopped", json!({"shutdown": true})),
        ("system", "session.lost", json!({"session": "s2", "reason": "silence"})),
    ];
    for (who, verb, payload) in ends {
        let mut w = working();
        w.ok(who, verb, payload);
        assert!(w.get("t1").assignment.is_none());
        assert_eq!(w.ok("ann", "session.resume", s2()), ["session.resumed", "task.assigned"], "{verb}");
        let session = w.session("s2");
        assert_eq!((session.epoch, session.status.kind()), (2, SessionStatusKind::Requested));
        assert_eq!(session.resumes, Some(Resumes { epoch: 1, node: Some("host-a".parse().unwrap()) }));
        assert!(session.stop.is_none() && session.node.is_none());
        assert_eq!(w.no("s2@1", "task.start", json!({"task": "t1"})), "StaleSession", "the old one has no say");
    }
}

#[test]
fn a_living_session_is_not_resumed() {
    let mut w = working();
    for _ in 0..2 {
        let refusal = w.refused("ann", "session.resume", s2());
        assert!(matches!(refusal, Refusal::SessionState { verb: "resume", .. }), "{refusal:?}");
        w.ok("s2", "session.needs_input", json!({"input": "question", "question": "which?"}));
    }
    w.ok("s2", "session.exited", json!({"code": 0}));
    w.ok("ann", "session.resume", s2());
    assert_eq!(w.no("ann", "session.resume", s2()), "SessionState", "it is requested");
    assert_eq!(w.no("ann", "session.resume", json!({"session": "s9"})), "SessionNotFound");
}

#[test]
fn a_session_that_never_ran_again_goes_on_where_it_was() {
    let mut w = working();
    w.ok("s2", "session.exited", json!({"code": 0}));
    w.ok("ann", "session.resume", s2());
    w.ok("ann", "session.stop", s2());
    w.ok("ann", "session.resume", s2());
    assert_eq!(w.session("s2").resumes, Some(Resumes { epoch: 2, node: Some("host-a".parse().unwrap()) }));
}

#[test]
fn a_task_that_somebody_else_has_by_now_stays_there() {
    let mut w = working();
    w.ok("s2", "session.exited", json!({"code": 0}));
    w.ok("ann", "task.start", json!({"task": "t1"}));
    assert_eq!(w.ok("ann", "session.resume", s2()), ["session.resumed"]);
    assert_eq!(w.get("t1").claim.as_ref().unwrap().holder.actor, "ann".parse().unwrap());
}

#[test]
fn a_restart_stops_a_living_session_and_begins_the_next_epoch_in_the_commit_of_its_end() {
    let mut w = working();
    assert_eq!(w.ok("ann", "session.restart", s2()), ["session.stop_requested"]);
    assert_eq!(w.ok("ann", "session.restart", s2()), Vec::<String>::new());
    assert_eq!(w.session("s2").stop.as_ref().unwrap().cause, StopCause::Restart);
    let kinds = w.ok("s2", "session.stopped", json!({}));
    let expected = ["session.stopped", "task.released", "task.ready", "session.restarted", "message.queued"];
    assert_eq!(kinds, expected);
    let session = w.session("s2");
    assert_eq!((session.epoch, session.status.kind()), (2, SessionStatusKind::Requested));
    assert_eq!((&session.resumes, &session.stop), (&None, &None));
    assert_eq!(w.get("t1").assignment.as_ref().unwrap().session, "s2".parse().unwrap());
    assert_eq!(w.get("t1").releases, 0, "nobody is to blame");
    assert!(w.inbox("s1").pop().unwrap().contains("it will be started again"));
}

#[test]
fn a_stop_after_a_restart_is_a_stop() {
    let mut w = working();
    w.ok("ann", "session.restart", s2());
    assert_eq!(w.ok("ann", "session.stop", s2()), ["session.stop_requested"]);
    w.ok("s2", "session.stopped", json!({}));
    assert_eq!(w.session("s2").epoch, 1);
    assert_eq!(
        w.ok("ann", "session.restart", s2()),
        ["session.restarted", "task.assigned"],
        "an ended one begins at once"
    );
}

#[test]
fn what_goes_down_with_its_spawner_says_so_and_costs_its_task_nothing() {
    let mut w = working();
    for epoch in 1..=4 {
        w.ok("s2", "session.stopped", json!({"shutdown": true}));
        let session = w.session("s2");
        assert_eq!(session.stop.as_ref().unwrap().cause, StopCause::Shutdown);
        assert_eq!(session.epoch, epoch);
        assert_eq!(w.status("t1"), StatusKind::Pending, "however often it happens");
        let told = w.inbox("s1").pop().unwrap();
        assert!(told.contains("maestro session resume s2"), "{told}");
        w.ok("ann", "session.resume", s2());
        w.ok("s2", "session.starting", json!({"node": "host-a"}));
        w.ok("s2", "session.active", json!({}));
        w.ok("s2", "task.start", json!({"task": "t1"}));
    }
}

#[test]
fn a_shutdown_does_not_bring_the_restart_policy_into_play() {
    let mut w = World::new();
    w.spawn("ann", json!({"restart": {"on_failure": {"max": 3}}}));
    w.ok("s1", "session.stopped", json!({"shutdown": true}));
    assert_eq!(w.session("s1").restart_at, None);
}

#[test]
fn workers_start_nobody_again() {
    let mut w = World::team();
    w.ok("s3", "session.exited", json!({"code": 0}));
    for verb in ["session.resume", "session.restart"] {
        assert_eq!(w.no("s2", verb, json!({"session": "s3"})), "NotPermitted");
    }
    assert_eq!(w.ok("s1", "session.resume", json!({"session": "s3"})), ["session.resumed"]);
}

#[test]
fn a_resume_ends_the_wait_for_a_restart_by_policy() {
    let mut w = World::new();
    w.spawn("ann", json!({"restart": {"on_failure": {"max": 3}}}));
    w.ok("s1", "session.exited", json!({"code": 1}));
    assert!(w.session("s1").restart_at.is_some());
    w.ok("ann", "session.resume", json!({"session": "s1"}));
    assert_eq!((w.session("s1").restart_at, w.session("s1").epoch), (None, 2));
    w.later(600);
    let late = json!({"session": "s1", "epoch": 1, "deadline": "restart"});
    assert_eq!(w.ok("system", "session.expire", late), Vec::<String>::new());
}

#[test]
fn what_is_lost_before_it_ran_is_started_once_more_and_the_first_one_has_no_say() {
    let mut w = World::new();
    w.task();
    w.ok("ann", "session.spawn", json!({"tasks": ["t1"]}));
    for tries in 1..=Limits::TRIES {
        w.ok("s1", "session.starting", json!({"node": "host-a"}));
        let lost = json!({"session": "s1", "epoch": tries, "reason": "its spawner is gone"});
        let kinds = w.ok("system", "session.lost", lost);
        assert_eq!(kinds, ["session.lost", "session.restarted", "message.queued"]);
        let session = w.session("s1");
        assert_eq!((session.epoch, session.status.kind()), (tries + 1, SessionStatusKind::Requested));
        assert_eq!(w.no(&format!("s1@{tries}"), "session.active", json!({})), "StaleSession");
        assert_eq!(w.get("t1").assignment.as_ref().unwrap().session, "s1".parse().unwrap(), "it is still its task");
    }
    w.ok("s1", "session.starting", json!({"node": "host-a"}));
    let kinds = w.ok("system", "session.lost", json!({"session": "s1", "epoch": 4, "reason": "again"}));
    assert_eq!(kinds, ["session.lost", "task.unassigned", "message.queued"], "there is an end to it");
}

#[test]
fn an_agent_that_ran_is_not_started_once_more() {
    let mut w = World::new();
    w.ok("ann", "session.spawn", json!({"prompt": "x"}));
    w.ok("s1", "session.starting", json!({"node": "host-a"}));
    w.ok("system", "session.lost", json!({"session": "s1", "epoch": 1, "reason": "silence"}));
    w.ok("s1", "session.starting", json!({"node": "host-a"}));
    w.ok("s1", "session.active", json!({}));
    assert_eq!(w.session("s1").tries, 0);
    assert_eq!(
        w.ok("system", "session.lost", json!({"session": "s1", "reason": "x"})),
        ["session.lost", "message.queued"]
    );
}
