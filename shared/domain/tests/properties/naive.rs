//! The derived parts of a state once more, computed from its entities alone and the slow way.

use std::collections::{BTreeMap, BTreeSet};

use maestro_domain::*;

pub fn is_completed(state: &State, id: TaskId) -> bool {
    state.tasks().values().any(|t| t.id == id && t.status.kind() == StatusKind::Completed)
}

pub fn ready(state: &State) -> Vec<(Priority, TaskId)> {
    let mut ready: Vec<_> = state
        .tasks()
        .values()
        .filter(|t| t.status.kind() == StatusKind::Pending && t.depends_on.iter().all(|d| is_completed(state, *d)))
        .map(|t| (t.priority, t.id))
        .collect();
    ready.sort();
    ready
}

pub fn dependants(state: &State) -> BTreeMap<TaskId, BTreeSet<TaskId>> {
    let mut all: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for task in state.tasks().values() {
        for dependency in &task.depends_on {
            all.entry(*dependency).or_default().insert(task.id);
        }
    }
    all
}

pub fn held(state: &State) -> BTreeMap<Actor, BTreeSet<TaskId>> {
    let mut all: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for task in state.tasks().values() {
        if let Some(claim) = &task.claim {
            all.entry(claim.holder.actor.clone()).or_default().insert(task.id);
        }
    }
    all
}

pub fn inbox(state: &State) -> BTreeMap<Actor, BTreeSet<MessageId>> {
    let mut all: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for message in state.messages().values() {
        all.entry(message.to.clone()).or_default().insert(message.id);
    }
    all
}

pub fn deadlines(state: &State) -> BTreeSet<(Timestamp, SessionId, DeadlineKind)> {
    let of = |s: &Session| match (&s.status, s.restart_at) {
        (SessionStatus::Requested { expires_at, .. }, _) => Some((*expires_at, s.id, DeadlineKind::Request)),
        (SessionStatus::Starting { active_by, .. }, _) => Some((*active_by, s.id, DeadlineKind::Starting)),
        (SessionStatus::Active { .. } | SessionStatus::NeedsInput { .. }, _) => {
            s.stop_at.map(|at| (at, s.id, DeadlineKind::Done))
        }
        (_, Some(at)) => Some((at, s.id, DeadlineKind::Restart)),
        (_, None) => None,
    };
    state.sessions().values().filter_map(|s| of(s)).collect()
}

pub fn restored(state: &State) -> State {
    State::restore(
        state.project().cloned(),
        state.tasks().values().cloned(),
        state.sessions().values().cloned(),
        state.messages().values().cloned(),
        state.counters(),
    )
}

/// The tasks reachable from one along its dependencies.
pub fn reachable(state: &State, from: TaskId) -> BTreeSet<TaskId> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<_> = state.task(from).into_iter().flat_map(|t| t.depends_on.clone()).collect();
    while let Some(id) = open.pop() {
        if seen.insert(id) {
            open.extend(state.task(id).into_iter().flat_map(|t| t.depends_on.clone()));
        }
    }
    seen
}
