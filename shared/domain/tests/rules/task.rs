//! Tasks: created, changed, deleted; their numbers; what apply refuses.

use std::sync::Arc;

use maestro_domain::*;
use serde_json::json;

use crate::kit::World;

#[test]
fn numbers_are_not_used_twice() {
    let mut w = World::new();
    w.task();
    w.ok("ann", "task.delete", json!({"task": "t1"}));
    assert_eq!(w.task(), "t2");
    assert_eq!(w.no("ann", "task.start", json!({"task": "t1"})), "TaskNotFound");
}

#[test]
fn the_last_number_is_the_last() {
    let mut w = World::new();
    let project = w.state.project().cloned();
    w.state = State::restore(project, [], [], [], (Limits::NUMBER, Limits::NUMBER, Limits::NUMBER));
    assert_eq!(w.no("ann", "task.create", json!({"title": "x"})), "LimitReached");
    assert_eq!(w.no("ann", "session.spawn", json!({})), "LimitReached");
    assert_eq!(w.no("ann", "message.send", json!({"to": "bob", "body": "x"})), "LimitReached");
}

#[test]
fn an_update_says_which_fields_and_an_empty_one_is_refused() {
    let mut w = World::new();
    w.task();
    assert_eq!(w.no("ann", "task.update", json!({"task": "t1"})), "NoUpdates");
    let same = json!({"task": "t1", "title": "Parse the header", "priority": "medium"});
    assert_eq!(w.ok("ann", "task.update", same), Vec::<String>::new());
    let events =
        w.say("ann", "task.update", json!({"task": "t1", "priority": "low", "labels": ["b", "a", "b"]})).unwrap();
    let Event::Task { change: TaskChange::Updated { fields, .. }, after: Some(after), .. } = &events[0] else {
        panic!("{events:?}")
    };
    assert_eq!(fields, &["priority", "labels"]);
    assert_eq!(after.labels.iter().map(Label::as_str).collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn lists_are_bounded_and_the_bound_is_named() {
    let mut w = World::new();
    let labels: Vec<_> = (0..=Limits::LABELS).map(|n| format!("l{n}")).collect();
    let refusal = w.refused("ann", "task.create", json!({"title": "x", "labels": labels}));
    assert_eq!(refusal, Refusal::LimitReached { what: "labels of one task", limit: Limits::LABELS as u64 });
    let criteria = vec!["c"; Limits::CRITERIA + 1];
    assert_eq!(w.no("ann", "task.create", json!({"title": "x", "acceptance": criteria})), "LimitReached");
}

#[test]
fn a_claimed_task_or_one_that_others_wait_for_is_deleted_by_force_only() {
    let mut w = World::team();
    w.task();
    w.task_with(json!({"dependsOn": ["t1"]}));
    assert_eq!(w.no("ann", "task.delete", json!({"task": "t1"})), "HasDependants");
    w.ok("s2", "task.start", json!({"task": "t1"}));
    assert_eq!(w.no("ann", "task.delete", json!({"task": "t1"})), "StillClaimed");
    let kinds = w.ok("ann", "task.delete", json!({"task": "t1", "force": true}));
    assert_eq!(kinds, ["task.deleted", "task.dependencies_changed", "task.ready", "message.queued"]);
    assert_eq!(w.state.held_by(&"s2".parse().unwrap()).count(), 0);
    w.ok("s2", "session.exited", json!({"code": 0}));
}

fn created(w: &mut World) -> (TaskId, Task) {
    w.task();
    let task = w.get("t1").clone();
    (task.id, task)
}

fn change(id: TaskId, after: Task) -> Event {
    let message = "x".to_owned();
    let change = TaskChange::Comment { message: Report::parse(&message).unwrap() };
    Event::Task { id, change, after: Some(Arc::new(after)) }
}

#[test]
fn apply_refuses_what_cannot_have_been_decided() {
    let mut w = World::new();
    let (id, task) = created(&mut w);
    let next = |edit: fn(&mut Task)| {
        let mut after = Task { rev: 2, ..task.clone() };
        edit(&mut after);
        change(id, after)
    };
    let refused = |event: Event| w.state.clone().apply(&event).unwrap_err().problem;
    assert!(w.state.clone().apply(&next(|_| ())).is_ok());
    assert_eq!(refused(next(|t| t.rev = 1)), "rev 1 follows rev 1");
    assert_eq!(refused(next(|t| t.rev = u32::MAX)), "rev 4294967295 follows rev 1");
    assert_eq!(refused(next(|t| t.id = TaskId::new(7))), "the entity is t7");
    let mut cancelled = w.state.clone();
    cancelled.apply(&next(|t| t.status = Status::Cancelled { cancelled_at: t.created_at })).unwrap();
    let in_review = Task { rev: 3, status: Status::InReview { submitted_at: task.created_at }, ..task.clone() };
    assert_eq!(cancelled.apply(&change(id, in_review)).unwrap_err().problem, "in_review follows cancelled");
    let message = Report::parse("x").unwrap();
    let gone = Event::Task { id, change: TaskChange::Comment { message }, after: None };
    assert!(refused(gone).contains("leaves the entity"));
    for change in [TaskChange::Deleted {}, TaskChange::Ready {}] {
        assert!(refused(Event::Task { id: TaskId::new(9), change, after: None }).contains("unknown task"));
    }
}

#[test]
fn a_revision_at_its_end_is_refused_and_nothing_panics() {
    let mut w = World::new();
    let (id, task) = created(&mut w);
    let last = Arc::new(Task { rev: u32::MAX, ..task.clone() });
    let mut state = State::restore(w.state.project().cloned(), [last], [], [], w.state.counters());
    assert!(state.apply(&change(id, Task { rev: 0, ..task })).is_err());
}
