//! Sessions: spawned, assigned, started, waiting for input, stopped.

use maestro_domain::*;
use serde_json::json;

use crate::kit::World;

fn status(w: &World, id: &str) -> SessionStatusKind {
    w.session(id).status.kind()
}

#[test]
fn a_session_goes_from_requested_to_exited() {
    let mut w = World::new();
    assert_eq!(w.ok("ann", "session.spawn", json!({})), ["session.requested"]);
    assert_eq!(w.no("s1", "session.active", json!({})), "SessionState");
    assert_eq!(w.no("s1", "session.exited", json!({"code": 0})), "SessionState");
    w.ok("s1", "session.starting", json!({"node": "host-a"}));
    assert_eq!(w.no("s1", "session.needs_input", json!({"input": "idle", "question": "?"})), "SessionState");
    w.ok("s1", "session.active", json!({}));
    w.ok("s1", "session.needs_input", json!({"input": "question", "question": "which?"}));
    assert!(w.inbox("ann")[0].contains("needs input: which?"));
    w.ok("s1", "session.active", json!({}));
    assert_eq!(w.ok("s1", "session.exited", json!({"code": 3})), ["session.exited", "message.queued"]);
    assert_eq!(w.ok("s1", "session.exited", json!({"code": 3})), Vec::<String>::new());
    assert_eq!(w.no("s1", "session.active", json!({})), "SessionState");
}

#[test]
fn one_spawner_takes_an_epoch_and_may_say_so_again() {
    let mut w = World::new();
    w.ok("ann", "session.spawn", json!({}));
    w.ok("s1", "session.starting", json!({"node": "host-a"}));
    assert_eq!(w.ok("s1", "session.starting", json!({"node": "host-a"})), Vec::<String>::new());
    assert_eq!(w.no("s1", "session.starting", json!({"node": "host-b"})), "SessionTaken");
    w.ok("s1", "session.active", json!({}));
    assert_eq!(w.no("s1", "session.starting", json!({"node": "host-b"})), "SessionTaken");
}

#[test]
fn a_repeated_question_is_asked_once() {
    let mut w = World::team();
    let asks = json!({"input": "permission", "question": "rm -rf?"});
    assert_eq!(w.ok("s2", "session.needs_input", asks.clone()), ["session.needs_input", "message.queued"]);
    assert_eq!(w.ok("s2", "session.needs_input", asks), Vec::<String>::new());
}

#[test]
fn spawning_with_a_task_assigns_it_once() {
    let mut w = World::team();
    w.task();
    assert_eq!(w.ok("s1", "session.spawn", json!({"tasks": ["t1", "t1"]})), ["session.requested", "task.assigned"]);
    assert_eq!(&*w.session("s4").name, "Worker: Parse the header");
    let refusal = w.refused("ann", "session.spawn", json!({"tasks": ["t1"]}));
    assert_eq!(refusal, Refusal::AlreadyAssigned { task: TaskId::new(1), session: SessionId::new(4) });
    assert_eq!(w.no("s2", "task.start", json!({"task": "t1"})), "AlreadyAssigned");
    w.ok("ann", "session.spawn", json!({"tasks": ["t1"], "force": true}));
    assert_eq!(w.get("t1").assignment.as_ref().unwrap().session, SessionId::new(5));
    assert_eq!(w.no("s4", "task.start", json!({"task": "t1"})), "AlreadyAssigned", "it was given on");
}

#[test]
fn nothing_closed_claimed_or_unknown_is_assigned() {
    let mut w = World::team();
    w.task();
    w.task();
    w.ok("s2", "task.start", json!({"task": "t1"}));
    w.ok("ann", "task.cancel", json!({"task": "t2"}));
    assert_eq!(w.no("s1", "session.spawn", json!({"tasks": ["t1"]})), "AlreadyClaimed");
    assert_eq!(w.no("s1", "session.spawn", json!({"tasks": ["t2"]})), "InvalidTransition");
    assert_eq!(w.no("s1", "session.spawn", json!({"tasks": ["t9"]})), "TaskNotFound");
    assert_eq!(w.no("s1", "session.spawn", json!({"agent": "shell"})), "Invalid");
}

#[test]
fn an_ended_session_leaves_its_assignment_to_the_next() {
    let mut w = World::team();
    w.task();
    let id = w.spawn("s1", json!({"tasks": ["t1"]}));
    let kinds = w.ok(&id, "session.exited", json!({"code": 0}));
    assert_eq!(kinds, ["session.exited", "task.unassigned", "message.queued"]);
    w.ok("s1", "session.spawn", json!({"tasks": ["t1"]}));
}

#[test]
fn a_request_that_is_stopped_never_starts() {
    let mut w = World::new();
    w.task();
    w.ok("ann", "session.spawn", json!({"tasks": ["t1"], "restart": {"on_failure": {"max": 3}}}));
    assert_eq!(w.ok("ann", "session.stop", json!({"session": "s1"})), ["session.stopped", "task.unassigned"]);
    assert_eq!(w.no("s1", "session.starting", json!({"node": "host-a"})), "SessionState");
    assert!(w.state.deadlines().is_empty());
}

#[test]
fn a_running_session_is_asked_to_stop_once_and_its_exit_is_a_stop() {
    let mut w = World::new();
    w.task();
    w.spawn("ann", json!({"tasks": ["t1"], "restart": {"on_failure": {"max": 3}}}));
    w.ok("s1", "task.start", json!({"task": "t1"}));
    let events = w.say("bob", "session.stop", json!({"session": "s1"})).unwrap();
    assert_eq!(react(&events[0]), [Effect::Stop { session: SessionId::new(1), epoch: 1 }]);
    assert_eq!(w.ok("bob", "session.stop", json!({"session": "s1"})), Vec::<String>::new());
    w.ok("s1", "session.exited", json!({"code": 143}));
    assert!(
        matches!(&w.session("s1").status, SessionStatus::Stopped { stopped_by, .. } if stopped_by.to_string() == "bob")
    );
    assert!(w.session("s1").restart_at.is_none(), "who was stopped is not started again");
    assert_eq!(w.status("t1"), StatusKind::Pending);
}

#[test]
fn a_stop_reaches_a_session_that_comes_back_from_being_lost() {
    let mut w = World::new();
    w.spawn("ann", json!({"restart": {"on_failure": {"max": 1}}}));
    w.ok("system", "session.lost", json!({"session": "s1", "reason": "gone"}));
    assert_eq!(w.ok("ann", "session.stop", json!({"session": "s1"})), ["session.stop_requested"]);
    assert!(w.state.deadlines().is_empty(), "the restart is off");
    w.ok("s1", "session.active", json!({}));
    assert!(w.session("s1").stop.is_some());
    w.ok("s1", "session.exited", json!({"code": 0}));
    assert_eq!(status(&w, "s1"), SessionStatusKind::Stopped);
}

#[test]
fn stopping_while_a_restart_is_due_abandons_it() {
    let mut w = World::new();
    w.task();
    w.spawn("ann", json!({"tasks": ["t1"], "restart": {"on_failure": {"max": 1}}}));
    w.ok("s1", "session.exited", json!({"code": 1}));
    let kinds = w.ok("ann", "session.stop", json!({"session": "s1"}));
    assert_eq!(kinds, ["session.restart_abandoned", "task.unassigned"]);
    assert!(w.state.deadlines().is_empty());
}

#[test]
fn an_update_is_on_the_timeline_of_the_session_and_of_what_it_works_on() {
    let mut w = World::team();
    w.task();
    w.ok("s2", "task.start", json!({"task": "t1"}));
    assert_eq!(w.ok("s2", "session.update", json!({"message": "half way"})), ["session.progress", "task.progress"]);
    assert_eq!(w.session("s2").last_update.as_deref(), Some("half way"));
}

#[test]
fn what_is_spawned_is_put_on_the_queue_of_its_pool_and_agent() {
    let mut w = World::new();
    let events = w.say("ann", "session.spawn", json!({"pool": "gpu", "agent": "codex"})).unwrap();
    let (pool, agent) = ("gpu".parse().unwrap(), "codex".parse().unwrap());
    assert_eq!(react(&events[0]), [Effect::Spawn { session: SessionId::new(1), epoch: 1, pool, agent }]);
}
