//! Workers act on their own tasks; orchestrators and people on any; only the server on deadlines.

use serde_json::{Value, json};

use crate::kit::World;

/// `t1` is in the hands of `s2`.
fn held() -> World {
    let mut w = World::team();
    w.task_with(json!({"subtasks": [{"title": "Read"}]}));
    w.ok("s2", "task.start", json!({"task": "t1"}));
    w
}

fn verbs_on(task: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("task.update", json!({"task": task, "title": "x"})),
        ("task.log", json!({"task": task, "message": "x"})),
        ("task.complete", json!({"task": task, "force": true})),
        ("task.approve", json!({"task": task})),
        ("task.submit", json!({"task": task})),
        ("task.block", json!({"task": task, "reason": "x"})),
        ("task.unblock", json!({"task": task})),
        ("task.release", json!({"task": task})),
        ("task.reopen", json!({"task": task})),
        ("task.cancel", json!({"task": task})),
        ("task.delete", json!({"task": task, "force": true})),
        ("task.depend", json!({"task": task, "add": ["t2"]})),
        ("subtask.create", json!({"task": task, "title": "x"})),
        ("subtask.update", json!({"task": task, "subtask": "st1", "title": "x"})),
        ("subtask.complete", json!({"task": task, "subtask": "st1"})),
        ("subtask.reopen", json!({"task": task, "subtask": "st1"})),
        ("subtask.delete", json!({"task": task, "subtask": "st1"})),
        ("subtask.move", json!({"task": task, "subtask": "st1", "position": 1})),
    ]
}

#[test]
fn workers_and_custom_sessions_leave_foreign_tasks_alone() {
    let mut w = held();
    w.spawn("s1", json!({"role": "custom"}));
    for who in ["s3", "s4"] {
        for (verb, payload) in verbs_on("t1") {
            assert_eq!(w.no(who, verb, payload), "NotPermitted", "{who}: {verb}");
        }
        w.ok(who, "task.comment", json!({"task": "t1", "message": "looks good"}));
    }
}

#[test]
fn who_held_a_task_before_may_say_something_and_no_more_while_another_holds_it() {
    let mut w = held();
    w.ok("s2", "task.release", json!({"task": "t1"}));
    w.ok("s3", "task.start", json!({"task": "t1"}));
    for (verb, payload) in verbs_on("t1") {
        let outcome = match verb {
            "task.log" => continue,
            "task.complete" | "task.submit" => continue,
            "task.approve" | "task.reopen" | "task.cancel" | "task.delete" => "NotPermitted",
            _ => "AlreadyClaimed",
        };
        assert_eq!(w.no("s2", verb, payload), outcome, "{verb}");
    }
    w.ok("s2", "task.log", json!({"task": "t1", "message": "by the way"}));
}

#[test]
fn orchestrators_people_and_the_server_act_on_any_task() {
    for who in ["s1", "bob", "system"] {
        for (verb, payload) in verbs_on("t1") {
            let mut w = held();
            w.task();
            if let Err(refusal) = w.say(who, verb, payload) {
                assert_ne!(crate::kit::name(&refusal), "NotPermitted", "{who}: {verb}");
            }
        }
    }
}

#[test]
fn workers_neither_spawn_nor_stop_others() {
    let mut w = World::team();
    assert_eq!(w.no("s2", "session.spawn", json!({})), "NotPermitted");
    assert_eq!(w.no("s2", "session.stop", json!({"session": "s3"})), "NotPermitted");
    w.ok("s2", "session.stop", json!({"session": "s2"}));
}

#[test]
fn people_do_not_report_for_sessions() {
    let mut w = World::team();
    for (verb, payload) in [
        ("session.starting", json!({"node": "host-a"})),
        ("session.active", json!({})),
        ("session.update", json!({"message": "x"})),
        ("session.exited", json!({"code": 0})),
        ("session.failed", json!({"failure": "x"})),
        ("session.stopped", json!({})),
    ] {
        assert_eq!(w.no("ann", verb, payload), "NotPermitted", "{verb}");
    }
}

#[test]
fn a_session_says_which_epoch_it_is() {
    let mut w = World::team();
    for epoch in ["s2@0", "s2@2", "s2@4294967295"] {
        assert_eq!(w.no(epoch, "task.next", json!({"claim": true})), "StaleSession");
    }
    assert_eq!(w.no("s9@1", "task.next", json!({})), "SessionNotFound");
    let mut command = w.command("s2", "task.next", json!({}));
    command.caller.epoch = None;
    assert!(maestro_domain::decide(&w.state, &command, w.now).is_err());
}

#[test]
fn an_ended_session_takes_nothing_on() {
    let mut w = World::team();
    w.task();
    w.ok("s2", "session.exited", json!({"code": 0}));
    assert_eq!(w.no("s2", "task.start", json!({"task": "t1"})), "SessionState");
    assert_eq!(w.no("s2", "task.next", json!({"claim": true})), "SessionState");
    w.ok("s1", "session.exited", json!({"code": 0}));
    assert_eq!(w.no("s1", "session.spawn", json!({})), "SessionState");
}

#[test]
fn only_the_server_records_effects() {
    let mut w = World::team();
    let failed = json!({"effect": "e", "entity": "session/s2", "error": "x"});
    assert_eq!(w.no("ann", "effect.failed", failed.clone()), "NotPermitted");
    assert_eq!(w.ok("system", "effect.failed", failed), ["effect.failed"]);
}
