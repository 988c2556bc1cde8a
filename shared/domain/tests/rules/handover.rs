//! Work that changes hands: nothing is lost on the way, and somebody who can act is told.

use maestro_domain::*;
use serde_json::{Value, json};

use crate::kit::World;

fn t(number: u32) -> Value {
    json!({"task": format!("t{number}")})
}

/// `s1`, ann's worker for `t1`, has begun it; `t2` is for whoever comes.
fn working() -> World {
    let mut w = World::new();
    w.task();
    w.task();
    w.spawn("ann", json!({"tasks": ["t1"]}));
    w.ok("s1", "task.start", t(1));
    w
}

fn assigned(w: &World, task: &str) -> Option<String> {
    w.get(task).assignment.as_ref().map(|assignment| assignment.session.to_string())
}

#[test]
fn a_session_that_was_thought_lost_gets_its_tasks_back_and_is_not_done() {
    for back in [("session.active", json!({})), ("session.needs_input", json!({"input": "question", "question": "?"}))]
    {
        let mut w = working();
        w.ok("system", "session.lost", json!({"session": "s1", "reason": "silence"}));
        assert_eq!(assigned(&w, "t1"), None);
        w.ok("s1", back.0, back.1);
        assert_eq!(assigned(&w, "t1").as_deref(), Some("s1"));
        assert!(w.session("s1").stop_at.is_none(), "it has work");
        assert_eq!(w.inbox("s1"), ["t1 was given back while this session was thought lost: maestro task start t1"]);
        w.ok("s1", "task.start", t(1));
        w.ok("s1", "task.complete", t(1));
    }
}

#[test]
fn what_somebody_else_took_meanwhile_stays_theirs() {
    let mut w = working();
    w.ok("system", "session.lost", json!({"session": "s1", "reason": "silence"}));
    w.spawn("ann", json!({"tasks": ["t1"]}));
    w.ok("s2", "task.start", t(1));
    w.ok("s1", "session.active", json!({}));
    assert_eq!(assigned(&w, "t1").as_deref(), Some("s2"));
    assert_eq!(w.inbox("s1"), ["t1 went to s2 while this session was thought lost: stop working on it"]);
    assert_eq!(w.no("s1", "task.start", t(1)), "AlreadyClaimed");
}

#[test]
fn a_task_sent_back_from_review_is_for_the_next_when_its_worker_is_gone() {
    let mut w = working();
    w.ok("s1", "task.submit", json!({"task": "t1", "summary": "so it is"}));
    w.ok("s1", "session.exited", json!({"code": 0}));
    assert_eq!(w.status("t1"), StatusKind::InReview);
    assert_eq!(w.ok("ann", "task.start", t(1)), ["task.reopened", "task.ready"]);
    assert_eq!((w.status("t1"), w.get("t1").claim.is_none()), (StatusKind::Pending, true));
    w.spawn("ann", json!({"tasks": ["t1"]}));
    w.ok("s2", "task.start", t(1));
    assert_eq!(w.status("t1"), StatusKind::InProgress);
}

#[test]
fn reports_of_an_ended_orchestrators_workers_go_to_whoever_spawned_it() {
    let mut w = World::team();
    w.task();
    w.ok("s2", "task.start", t(1));
    w.ok("s1", "session.exited", json!({"code": 0}));
    w.ok("s2", "task.block", json!({"task": "t1", "reason": "which dialect?"}));
    let told = w.inbox("ann");
    let last = told.last().unwrap();
    assert!(last.starts_with("for s1, which has ended: t1 is blocked") && last.contains("which dialect?"), "{told:?}");
    w.ok("s2", "session.exited", json!({"code": 1}));
    assert!(w.inbox("ann").pop().unwrap().contains("s2 (First) exited with code 1; given back: t1"));
    w.ok("s3", "session.needs_input", json!({"input": "question", "question": "May I?"}));
    assert!(w.inbox("ann").pop().unwrap().contains("May I?"));
}

#[test]
fn who_gives_a_task_up_does_not_get_it_again() {
    let mut w = working();
    w.ok("s1", "task.release", json!({"task": "t1", "reason": "cannot do it"}));
    assert_eq!(assigned(&w, "t1"), None);
    w.ok("s1", "task.next", json!({"claim": true}));
    assert!(w.get("t1").claim.is_none() && w.get("t2").claim.is_some());
    w.ok("s1", "task.complete", t(2));
    assert_eq!(w.ok("s1", "task.next", json!({"claim": true})), Vec::<String>::new(), "nothing else is left");
    w.spawn("ann", json!({}));
    assert_eq!(w.ok("s2", "task.next", json!({"claim": true})), ["task.claimed"], "others may try");
}

#[test]
fn a_reopened_task_is_told_to_the_session_that_it_was_given_to() {
    let mut w = working();
    w.ok("s1", "task.complete", t(1));
    w.ok("ann", "task.reopen", json!({"task": "t1", "reason": "the quotes"}));
    assert_eq!(w.inbox("s1"), ["t1 was reopened (the quotes): maestro task start t1"]);
    assert!(w.session("s1").stop_at.is_none());
    assert_eq!(w.no("s1", "task.complete", t(1)), "InvalidTransition", "it is to be begun first");
    w.ok("s1", "task.start", t(1));
}

#[test]
fn in_a_full_inbox_a_notice_takes_the_place_of_the_oldest_one() {
    let mut w = working();
    for _ in 0..Limits::UNREAD {
        w.ok("s1", "task.block", json!({"task": "t1", "reason": "again"}));
        w.ok("ann", "task.unblock", json!({"task": "t1"}));
        for id in w.state.inbox(&"s1".parse().unwrap()).collect::<Vec<_>>() {
            w.ok("s1", "message.seen", json!({"message": id}));
        }
    }
    let oldest = w.state.inbox(&"ann".parse().unwrap()).next().unwrap();
    assert_eq!(w.state.unread(&"ann".parse().unwrap()), Limits::UNREAD);
    w.ok("s1", "task.block", json!({"task": "t1", "reason": "the last straw"}));
    assert_eq!(w.state.unread(&"ann".parse().unwrap()), Limits::UNREAD);
    assert!(w.inbox("ann").pop().unwrap().contains("the last straw"));
    assert!(w.state.message(oldest).is_none());
}

#[test]
fn a_session_spawned_for_what_came_back_too_often_may_begin() {
    let mut w = working();
    for _ in 0..Limits::RELEASES {
        let holder = w.get("t1").claim.as_ref().unwrap().holder.actor.to_string();
        w.ok(&holder, "session.exited", json!({"code": 3}));
        if w.status("t1") == StatusKind::Pending {
            let next = w.spawn("ann", json!({"tasks": ["t1"]}));
            w.ok(&next, "task.start", t(1));
        }
    }
    assert_eq!(w.status("t1"), StatusKind::Blocked);
    let told = w.inbox("ann").pop().unwrap();
    assert!(told.contains("t1 came back 3 times and is blocked: maestro task unblock t1"), "{told}");
    assert!(!told.contains("given back"), "{told}");
    let next = w.spawn("ann", json!({"tasks": ["t1"]}));
    w.ok(&next, "task.start", t(1));
    assert_eq!((w.status("t1"), w.get("t1").releases), (StatusKind::InProgress, 0));
}

#[test]
fn mail_for_an_epoch_ends_with_it() {
    let mut w = working();
    w.ok("ann", "message.send", json!({"to": "s1", "body": "now", "epoch": 1}));
    w.ok("ann", "message.send", json!({"to": "s1", "body": "whenever"}));
    w.ok("ann", "session.restart", json!({"session": "s1"}));
    assert_eq!(w.inbox("s1").len(), 2, "it still runs");
    w.ok("s1", "session.stopped", json!({}));
    assert_eq!((w.session("s1").epoch, w.inbox("s1")), (2, vec!["whenever".to_owned()]));
}

#[test]
fn what_depends_on_a_cancelled_task_is_not_unblocked_into_waiting_for_ever() {
    let mut w = World::new();
    w.task();
    w.task_with(json!({"dependsOn": ["t1"]}));
    w.ok("ann", "task.cancel", t(1));
    assert_eq!(w.status("t2"), StatusKind::Blocked);
    assert_eq!(w.no("ann", "task.unblock", t(2)), "DependencyCancelled");
    assert_eq!(w.no("ann", "task.start", t(2)), "DependencyCancelled");
    w.ok("ann", "task.depend", json!({"task": "t2", "remove": ["t1"]}));
    assert_eq!(w.status("t2"), StatusKind::Pending);
}

#[test]
fn what_is_handed_in_late_is_taken_or_kept() {
    let mut w = working();
    w.ok("s1", "task.release", t(1));
    assert_eq!(w.ok("s1", "task.submit", json!({"task": "t1", "summary": "it works"}))[0], "task.submitted");
    assert_eq!(w.status("t1"), StatusKind::InReview);
    assert!(w.inbox("ann").pop().unwrap().contains("it works"));

    let mut w = working();
    w.ok("s1", "task.release", t(1));
    w.spawn("ann", json!({"tasks": ["t1"]}));
    w.ok("s2", "task.start", t(1));
    assert_eq!(w.ok("s1", "task.submit", json!({"task": "t1", "summary": "mine"}))[0], "task.late_report");
    assert_eq!(w.status("t1"), StatusKind::InProgress);
    assert!(w.inbox("ann").pop().unwrap().contains("mine"));
}

#[test]
fn a_request_that_nobody_takes_says_what_it_waited_for() {
    let mut w = World::new();
    w.ok("ann", "session.spawn", json!({}));
    w.later(Limits::REQUEST_SECS);
    let why = "no spawner in pool default has the agent claude";
    w.ok("system", "session.expire", json!({"session": "s1", "epoch": 1, "deadline": "request", "why": why}));
    let SessionStatus::Failed { failure, .. } = &w.session("s1").status else { panic!("it failed") };
    assert!(failure.ends_with(why), "{failure}");
}
