//! Who asks, and what they may do.

use std::sync::Arc;

use crate::{Actor, BlockKind, Caller, Holder, Refusal, Role, Session, State, Status, Task};

pub(crate) struct Who {
    pub actor: Actor,
    /// The session behind the actor, if it is one.
    pub session: Option<Arc<Session>>,
}

impl Who {
    /// # Errors
    /// `session_not_found`, and `stale_session` when the caller's epoch is not the session's present one.
    pub fn of(state: &State, caller: &Caller) -> Result<Self, Refusal> {
        let session = match caller.actor {
            Actor::Session(id) => {
                let session = state.session(id).cloned().ok_or(Refusal::SessionNotFound(id))?;
                if caller.epoch != Some(session.epoch) {
                    return Err(Refusal::StaleSession { session: id, given: caller.epoch, current: session.epoch });
                }
                Some(session)
            }
            Actor::User(_) | Actor::System => None,
        };
        Ok(Self { actor: caller.actor.clone(), session })
    }

    pub fn holder(&self) -> Holder {
        Holder { actor: self.actor.clone(), epoch: self.session.as_ref().map(|s| s.epoch) }
    }

    /// Orchestrators, people and the server act on everything.
    pub fn commands_all(&self) -> bool {
        self.session.as_ref().is_none_or(|s| match s.role {
            Role::Orchestrator => true,
            Role::Worker | Role::Custom => false,
        })
    }

    /// Claims it now, was given it, held it before, or completed it.
    pub fn owns(&self, task: &Task) -> bool {
        let holds = task.claim.as_ref().is_some_and(|c| c.holder.actor == self.actor);
        let held = task.released.as_ref().is_some_and(|r| r.holder.actor == self.actor)
            || task.past_holders.iter().any(|h| h.actor == self.actor);
        let given = self
            .session
            .as_ref()
            .is_some_and(|s| s.tasks.contains(&task.id) || task.assignment.as_ref().is_some_and(|a| a.session == s.id));
        let completed = matches!(&task.status, Status::Completed { completed_by, .. } if *completed_by == self.actor);
        holds || held || given || completed
    }

    pub fn must_own(&self, task: &Task, what: &str) -> Result<(), Refusal> {
        if self.commands_all() || self.owns(task) { Ok(()) } else { Err(self.refused(what, Some(task))) }
    }

    /// For verbs that change more than the timeline: a task of one's own that nobody else holds at present.
    pub fn must_work_on(&self, task: &Task, what: &str) -> Result<(), Refusal> {
        self.must_own(task, what)?;
        match &task.claim {
            Some(claim) if claim.holder.actor != self.actor && !self.commands_all() => {
                Err(Refusal::AlreadyClaimed { task: task.id, holder: claim.holder.clone() })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// A task that came back too often waits for somebody who is not among those that gave it back.
    pub fn must_take_up(&self, task: &Task, what: &str) -> Result<(), Refusal> {
        match task.status {
            Status::Blocked { blocked_kind: BlockKind::ReleasedTooOften, .. } => {
                self.must_command_all(what, Some(task))
            }
            Status::Pending
            | Status::InProgress { .. }
            | Status::InReview { .. }
            | Status::Blocked { .. }
            | Status::Completed { .. }
            | Status::Cancelled { .. } => self.must_work_on(task, what),
        }
    }

    pub fn must_command_all(&self, what: &str, task: Option<&Task>) -> Result<(), Refusal> {
        if self.commands_all() { Ok(()) } else { Err(self.refused(what, task)) }
    }

    pub fn must_be_system(&self, what: &str) -> Result<(), Refusal> {
        match self.actor {
            Actor::System => Ok(()),
            Actor::User(_) | Actor::Session(_) => Err(self.refused(what, None)),
        }
    }

    /// A session that has ended takes nothing on.
    pub fn must_live(&self, verb: &'static str) -> Result<(), Refusal> {
        match &self.session {
            Some(s) if !s.is_living() => Err(Refusal::SessionState { session: s.id, status: s.status.kind(), verb }),
            Some(_) | None => Ok(()),
        }
    }

    pub fn own_session(&self, what: &str) -> Result<Arc<Session>, Refusal> {
        self.session.clone().ok_or_else(|| self.refused(what, None))
    }

    fn refused(&self, what: &str, task: Option<&Task>) -> Refusal {
        let what = task.map_or_else(|| what.to_owned(), |t| format!("{what} {}", t.id));
        Refusal::NotPermitted { actor: self.actor.clone(), what, task: task.map(|t| t.id) }
    }
}
