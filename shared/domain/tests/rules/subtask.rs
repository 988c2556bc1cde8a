//! Subtasks: steps inside a task, in an order.

use serde_json::{Value, json};

use crate::kit::World;

fn order(w: &World) -> Vec<String> {
    w.get("t1").subtasks.iter().map(|s| s.id.to_string()).collect()
}

fn three() -> World {
    let mut w = World::new();
    w.task_with(json!({"subtasks": [{"title": "a"}, {"title": "b"}, {"title": "c"}]}));
    w
}

fn one(id: &str) -> Value {
    json!({"task": "t1", "subtask": id})
}

#[test]
fn moving_keeps_within_the_list() {
    for (id, position, expected) in [
        ("st1", 3, ["st2", "st3", "st1"]),
        ("st3", 1, ["st3", "st1", "st2"]),
        ("st3", 0, ["st3", "st1", "st2"]),
        ("st1", u32::MAX, ["st2", "st3", "st1"]),
        ("st2", 2, ["st1", "st2", "st3"]),
    ] {
        let mut w = three();
        w.ok("ann", "subtask.move", json!({"task": "t1", "subtask": id, "position": position}));
        assert_eq!(order(&w), expected, "{id} to {position}");
    }
    let mut w = World::new();
    w.task();
    assert_eq!(w.no("ann", "subtask.move", json!({"task": "t1", "subtask": "st1", "position": 1})), "SubtaskNotFound");
}

#[test]
fn numbers_are_not_used_twice() {
    let mut w = three();
    w.ok("ann", "subtask.delete", one("st3"));
    w.ok("ann", "subtask.create", json!({"task": "t1", "title": "d"}));
    assert_eq!(order(&w), ["st1", "st2", "st4"]);
    assert_eq!(w.no("ann", "subtask.complete", one("st3")), "SubtaskNotFound");
}

#[test]
fn completing_and_reopening_twice_changes_nothing() {
    let mut w = three();
    assert_eq!(w.ok("ann", "subtask.complete", one("st1")), ["task.subtask_completed"]);
    assert_eq!(w.ok("ann", "subtask.complete", one("st1")), Vec::<String>::new());
    assert_eq!((w.get("t1").progress().completed, w.get("t1").progress().total), (1, 3));
    assert_eq!(w.ok("ann", "subtask.reopen", one("st1")), ["task.subtask_reopened"]);
    assert_eq!(w.ok("ann", "subtask.reopen", one("st1")), Vec::<String>::new());
}

#[test]
fn open_subtasks_stand_in_the_way_of_completion_and_submission() {
    let mut w = three();
    w.ok("ann", "task.start", json!({"task": "t1"}));
    w.ok("ann", "subtask.complete", one("st2"));
    let refusal = w.refused("ann", "task.complete", json!({"task": "t1"}));
    assert_eq!(refusal.to_string(), "task t1 has open subtasks: st1, st3");
    assert_eq!(w.no("ann", "task.submit", json!({"task": "t1"})), "OpenSubtasks");
    w.ok("ann", "task.complete", json!({"task": "t1", "force": true}));
}

#[test]
fn an_update_needs_something_to_change() {
    let mut w = three();
    assert_eq!(w.no("ann", "subtask.update", one("st1")), "NoUpdates");
    w.ok("ann", "subtask.update", json!({"task": "t1", "subtask": "st1", "title": "z"}));
    assert_eq!(&*w.get("t1").subtasks[0].title, "z");
}

#[test]
fn a_task_has_a_bounded_number_of_subtasks() {
    let mut w = World::new();
    let many = |n: usize| json!({"title": "x", "subtasks": vec![json!({"title": "y"}); n]});
    let limit = maestro_domain::Limits::SUBTASKS;
    let refusal = w.refused("ann", "task.create", many(limit + 1));
    assert_eq!(refusal.to_string(), format!("subtasks of one task: the limit is {limit}"));
    w.ok("ann", "task.create", many(limit));
    assert_eq!(w.no("ann", "subtask.create", json!({"task": "t1", "title": "x"})), "LimitReached");
}
