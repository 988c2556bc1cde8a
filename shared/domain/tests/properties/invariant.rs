//! What holds of every state, whatever was asked before. One function each; its name is the invariant.

use std::collections::BTreeSet;

use maestro_domain::*;

use crate::naive;

/// Hold after every event.
pub const OF_A_STATE: &[fn(&State)] = &[
    one_live_claim_per_task_and_held_agrees,
    only_work_in_hand_is_claimed_and_in_progress_always,
    no_dependency_circle,
    restore_equals_the_fold,
    ready_equals_a_naive_recomputation,
    task_indexes_equal_a_naive_recomputation,
    session_indexes_equal_a_naive_recomputation,
    inbox_equals_a_naive_recomputation_and_is_bounded,
    counters_cover_every_id,
    subtask_ids_are_unique,
    what_came_back_too_often_is_not_offered_again,
];

/// Within a commit a session ends before its claims go back; a commit is folded whole.
pub const OF_A_COMMIT: &[fn(&State)] = &[claims_belong_to_living_incarnations, only_idle_workers_are_to_be_stopped];

fn one_live_claim_per_task_and_held_agrees(state: &State) {
    let expected = naive::held(state);
    for (actor, tasks) in &expected {
        assert_eq!(&state.held_by(actor).collect::<BTreeSet<_>>(), tasks, "held by {actor}");
    }
    for task in state.tasks().values() {
        if let Some(claim) = &task.claim {
            assert_eq!(claim.number, task.claims, "the live claim of {} is its latest", task.id);
            assert!(task.released.is_none(), "{} is claimed and its latest claim released", task.id);
        }
        let idle = state.sessions().keys().map(|id| Actor::Session(*id)).filter(|a| !expected.contains_key(a));
        for actor in idle {
            assert_eq!(state.held_by(&actor).count(), 0, "{actor} holds nothing");
        }
    }
}

fn only_work_in_hand_is_claimed_and_in_progress_always(state: &State) {
    for task in state.tasks().values() {
        match task.status {
            Status::InProgress { .. } => assert!(task.claim.is_some(), "{} is in progress, unclaimed", task.id),
            Status::InReview { .. } | Status::Blocked { .. } => {}
            Status::Pending | Status::Completed { .. } | Status::Cancelled { .. } => {
                assert!(task.claim.is_none(), "{} is {} and claimed", task.id, task.status.kind());
            }
        }
    }
}

fn claims_belong_to_living_incarnations(state: &State) {
    for task in state.tasks().values() {
        let Some(claim) = &task.claim else { continue };
        let session = claim.holder.actor.session().map(|id| state.session(id).expect("the holder exists"));
        assert!(session.is_none_or(|s| s.is_living()), "{} is claimed by an ended session", task.id);
        assert_eq!(session.map(|s| s.epoch), claim.holder.epoch, "{} is claimed by a superseded epoch", task.id);
    }
}

fn only_idle_workers_are_to_be_stopped(state: &State) {
    for session in state.sessions().values().filter(|s| s.stop_at.is_some()) {
        let id = session.id;
        let runs = matches!(session.status, SessionStatus::Active { .. } | SessionStatus::NeedsInput { .. });
        assert!(
            runs && session.role == Role::Worker && !session.keep && session.stop.is_none(),
            "{id} is to be stopped"
        );
        let actor = Actor::Session(id);
        for task in state.tasks().values() {
            let its = task.claim.as_ref().is_some_and(|c| c.holder.actor == actor);
            let handed_in = matches!(task.status, Status::InReview { .. });
            assert!(!its || handed_in, "{id} works on {} and is to be stopped", task.id);
        }
        let letters = state.messages().values().filter(|m| m.to == actor && m.kind != MessageKind::Notice);
        assert_eq!(letters.count(), 0, "{id} has mail and is to be stopped");
    }
}

fn no_dependency_circle(state: &State) {
    for id in state.tasks().keys() {
        assert!(!naive::reachable(state, *id).contains(id), "{id} depends on itself");
    }
}

fn restore_equals_the_fold(state: &State) {
    assert_eq!(&naive::restored(state), state);
}

fn ready_equals_a_naive_recomputation(state: &State) {
    assert_eq!(state.ready().iter().copied().collect::<Vec<_>>(), naive::ready(state));
    for task in state.tasks().values() {
        assert_eq!(state.is_ready(task), state.ready().contains(&(task.priority, task.id)));
    }
}

fn task_indexes_equal_a_naive_recomputation(state: &State) {
    for kind in StatusKind::ALL {
        let expected: Vec<_> = state.tasks().values().filter(|t| t.status.kind() == kind).map(|t| t.id).collect();
        assert_eq!(state.with_status(kind).iter().copied().collect::<Vec<_>>(), expected, "{kind}");
    }
    let mut expected: Vec<_> = state.tasks().values().map(|t| (t.updated_at, t.id)).collect();
    expected.sort();
    assert_eq!(state.by_update().iter().copied().collect::<Vec<_>>(), expected);
    let dependants = naive::dependants(state);
    for id in state.tasks().keys() {
        let expected = dependants.get(id).cloned().unwrap_or_default();
        assert_eq!(state.dependants(*id).collect::<BTreeSet<_>>(), expected, "dependants of {id}");
    }
}

fn session_indexes_equal_a_naive_recomputation(state: &State) {
    let living: Vec<_> = state.sessions().values().filter(|s| s.status.kind().is_living()).map(|s| s.id).collect();
    assert_eq!(state.living().iter().copied().collect::<Vec<_>>(), living);
    assert_eq!(state.deadlines().iter().copied().collect::<BTreeSet<_>>(), naive::deadlines(state));
}

fn inbox_equals_a_naive_recomputation_and_is_bounded(state: &State) {
    for (actor, letters) in naive::inbox(state) {
        assert_eq!(state.inbox(&actor).collect::<BTreeSet<_>>(), letters, "inbox of {actor}");
        assert_eq!(state.unread(&actor), letters.len());
        assert!(letters.len() <= Limits::UNREAD);
    }
    assert!(state.messages().values().all(|m| m.status != MessageStatus::Seen), "a seen message was kept");
    assert!(state.messages().len() <= Limits::UNREAD_IN_ALL);
}

fn counters_cover_every_id(state: &State) {
    let (task, session, message) = state.counters();
    assert!(state.tasks().keys().all(|id| (1..=task).contains(&id.number())));
    assert!(state.sessions().keys().all(|id| (1..=session).contains(&id.number())));
    assert!(state.messages().keys().all(|id| (1..=message).contains(&id.number())));
}

fn subtask_ids_are_unique(state: &State) {
    for task in state.tasks().values() {
        let ids: BTreeSet<_> = task.subtasks.iter().map(|s| s.id).collect();
        assert_eq!(ids.len(), task.subtasks.len(), "{} has two subtasks of one id", task.id);
        assert!(ids.iter().all(|id| (1..=task.last_subtask).contains(&id.number())));
    }
}

fn what_came_back_too_often_is_not_offered_again(state: &State) {
    for task in state.tasks().values() {
        if matches!(task.status, Status::Pending | Status::InProgress { .. }) {
            assert!(task.releases < Limits::RELEASES, "{} came back {} times", task.id, task.releases);
        }
    }
}
