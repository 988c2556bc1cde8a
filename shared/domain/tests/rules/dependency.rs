//! The graph of dependencies: no circles, readiness, cancelled and deleted dependencies.

use maestro_domain::*;
use serde_json::json;

use crate::kit::World;

/// t1, t2 <- t1, t3 <- t2.
fn chain() -> World {
    let mut w = World::team();
    w.task();
    w.task_with(json!({"dependsOn": ["t1"]}));
    w.task_with(json!({"dependsOn": ["t2"]}));
    w
}

fn cancelled_dependency(task: &Task) -> bool {
    matches!(task.status, Status::Blocked { blocked_kind: BlockKind::DependencyCancelled, .. })
}

#[test]
fn a_circle_is_refused_and_spelled_out() {
    let mut w = chain();
    let refusal = w.refused("ann", "task.depend", json!({"task": "t1", "add": ["t3"]}));
    assert_eq!(refusal.to_string(), "that dependency would close a circle: t1 -> t3 -> t2 -> t1");
    let refusal = w.refused("ann", "task.depend", json!({"task": "t1", "add": ["t1"]}));
    assert_eq!(refusal.to_string(), "that dependency would close a circle: t1 -> t1");
    assert_eq!(w.no("ann", "task.create", json!({"title": "x", "dependsOn": ["t4"]})), "TaskNotFound");
}

#[test]
fn what_is_not_ready_starts_with_force_only() {
    let mut w = chain();
    let refusal = w.refused("s2", "task.start", json!({"task": "t2"}));
    let (task, first) = (TaskId::new(2), vec![TaskId::new(1)]);
    let told = |startable: &[TaskId], held: &[TaskId]| Refusal::DependenciesOpen {
        task,
        open: first.clone(),
        startable: startable.to_vec(),
        held: held.to_vec(),
    };
    assert_eq!(refusal, told(&first, &[]));
    // What it waits for waits too, is in somebody's hands, in the caller's own, stuck.
    let refusal = w.refused("s2", "task.start", json!({"task": "t3"}));
    let Refusal::DependenciesOpen { open, startable, held, .. } = refusal else { panic!("{refusal:?}") };
    assert_eq!((open, startable, held), (vec![task], vec![], vec![]));
    w.ok("s1", "task.start", json!({"task": "t1"}));
    assert_eq!(w.refused("s2", "task.start", json!({"task": "t2"})), told(&[], &first));
    assert_eq!(w.refused("s1", "task.start", json!({"task": "t2"})), told(&[], &[]));
    w.ok("s1", "task.block", json!({"task": "t1", "reason": "which?"}));
    assert_eq!(w.refused("s2", "task.start", json!({"task": "t2"})), told(&[], &[]));
    assert_eq!(w.ok("s2", "task.start", json!({"task": "t2", "force": true})), ["task.claimed"]);
}

#[test]
fn dependants_become_ready_in_the_commit_of_the_last_completion() {
    let mut w = chain();
    let both = w.task_with(json!({"dependsOn": ["t1", "t2"]}));
    w.ok("s2", "task.start", json!({"task": "t1"}));
    let kinds = w.ok("s2", "task.complete", json!({"task": "t1"}));
    assert_eq!(kinds, ["task.completed", "task.ready", "message.queued"]);
    w.ok("s2", "task.next", json!({"claim": true}));
    let events = w.say("s2", "task.complete", json!({"task": "t2"})).unwrap();
    let ready: Vec<_> = events.iter().filter(|e| e.kind().1 == "ready").map(|e| e.entity().to_string()).collect();
    assert_eq!(ready, ["task/t3".to_owned(), format!("task/{both}")]);
}

#[test]
fn reopening_a_dependency_takes_the_readiness_away() {
    let mut w = chain();
    w.ok("s2", "task.start", json!({"task": "t1"}));
    w.ok("s2", "task.complete", json!({"task": "t1"}));
    assert!(w.state.is_ready(w.get("t2")));
    w.ok("ann", "task.reopen", json!({"task": "t1"}));
    assert!(!w.state.is_ready(w.get("t2")));
    assert_eq!(w.no("s2", "task.start", json!({"task": "t2"})), "DependenciesOpen");
}

#[test]
fn a_cancelled_dependency_blocks_until_it_is_reopened() {
    let mut w = chain();
    assert_eq!(w.ok("ann", "task.cancel", json!({"task": "t1"})), ["task.cancelled", "task.blocked"]);
    assert!(cancelled_dependency(w.get("t2")));
    assert_eq!(w.status("t3"), StatusKind::Pending, "it waits for t2, which may go on");
    assert_eq!(w.ok("ann", "task.reopen", json!({"task": "t1"})), ["task.reopened", "task.ready", "task.unblocked"]);
    assert_eq!(w.status("t2"), StatusKind::Pending);
}

#[test]
fn a_cancelled_dependency_blocks_until_the_edge_is_removed() {
    let mut w = chain();
    w.ok("ann", "task.cancel", json!({"task": "t1"}));
    let kinds = w.ok("ann", "task.depend", json!({"task": "t2", "remove": ["t1"]}));
    assert_eq!(kinds, ["task.dependencies_changed", "task.unblocked", "task.ready"]);
}

#[test]
fn a_cancelled_dependency_blocks_until_it_is_deleted() {
    let mut w = chain();
    w.ok("ann", "task.cancel", json!({"task": "t1"}));
    assert_eq!(w.no("ann", "task.delete", json!({"task": "t1"})), "HasDependants");
    let kinds = w.ok("ann", "task.delete", json!({"task": "t1", "force": true}));
    assert_eq!(kinds, ["task.deleted", "task.dependencies_changed", "task.unblocked", "task.ready"]);
}

#[test]
fn with_two_cancelled_dependencies_one_that_comes_back_is_not_enough() {
    let mut w = World::team();
    w.task();
    w.task();
    w.task_with(json!({"dependsOn": ["t1", "t2"]}));
    w.ok("ann", "task.cancel", json!({"task": "t1"}));
    w.ok("ann", "task.cancel", json!({"task": "t2"}));
    w.ok("ann", "task.reopen", json!({"task": "t1"}));
    assert!(cancelled_dependency(w.get("t3")));
    w.ok("ann", "task.reopen", json!({"task": "t2"}));
    assert_eq!(w.status("t3"), StatusKind::Pending);
}

#[test]
fn what_was_started_by_force_and_comes_back_does_not_wait_for_what_was_cancelled() {
    let mut w = chain();
    w.ok("s2", "task.start", json!({"task": "t2", "force": true}));
    w.ok("ann", "task.cancel", json!({"task": "t1"}));
    assert_eq!(w.status("t2"), StatusKind::InProgress, "work in hand goes on");
    let kinds = w.ok("s2", "task.release", json!({"task": "t2"}));
    assert_eq!(kinds[..2], ["task.released", "task.blocked"]);
    assert!(cancelled_dependency(w.get("t2")));
}

#[test]
fn a_reopened_task_does_not_wait_for_what_was_cancelled() {
    let mut w = chain();
    w.ok("ann", "task.cancel", json!({"task": "t2"}));
    w.ok("ann", "task.cancel", json!({"task": "t1"}));
    assert_eq!(w.ok("ann", "task.reopen", json!({"task": "t2"}))[..2], ["task.reopened", "task.blocked"]);
    assert!(cancelled_dependency(w.get("t2")));
    assert_eq!(w.status("t3"), StatusKind::Pending, "t2 is open again; somebody will look at it");
}

#[test]
fn nothing_new_may_wait_for_a_cancelled_task() {
    let mut w = chain();
    w.ok("ann", "task.cancel", json!({"task": "t3"}));
    assert_eq!(w.no("ann", "task.create", json!({"title": "x", "dependsOn": ["t3"]})), "Invalid");
    assert_eq!(w.no("ann", "task.depend", json!({"task": "t1", "add": ["t3"]})), "Invalid");
}

#[test]
fn deleting_what_was_completed_announces_nobody_twice() {
    let mut w = chain();
    w.ok("s2", "task.start", json!({"task": "t1"}));
    w.ok("s2", "task.complete", json!({"task": "t1"}));
    let kinds = w.ok("ann", "task.delete", json!({"task": "t1", "force": true}));
    assert_eq!(kinds, ["task.deleted", "task.dependencies_changed"]);
}

#[test]
fn a_graph_of_many_layers_is_searched_once_a_task() {
    let mut w = World::new();
    let mut layer: Vec<String> = (0..3).map(|_| w.task()).collect();
    for _ in 0..40 {
        layer = (0..3).map(|_| w.task_with(json!({"dependsOn": layer}))).collect();
    }
    let refusal = w.refused("ann", "task.depend", json!({"task": "t1", "add": [layer[0]]}));
    let Refusal::DependencyCycle { circle } = refusal else { panic!("{refusal:?}") };
    assert_eq!((circle.len(), circle.first(), circle.last()), (42, circle.last(), circle.first()));
}
