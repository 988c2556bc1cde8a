//! The decider: `decide(state, command, now)` answers with events or with the reason why not. One file a verb.

mod expire;
mod message;
mod project;
mod session;
mod subtask;
mod task;
mod who;

pub use task::import::order as plan_order;

use std::sync::Arc;

use crate::{
    Actor, Command, EffectChange, EntityRef, Event, IllegalEvent, Message, Project, Refusal, Request, Session, State,
    Task, Timestamp, command::Caller, draft::Draft,
};

/// Decides one command. No events means that what was asked for is so already (`unchanged`), or, for `task.next`, that
/// nothing is ready.
///
/// # Errors
/// A [`Refusal`]: a fact about the state that stands in the way. Nothing has changed then.
pub fn decide(state: &State, command: &Command, now: Timestamp) -> Result<Vec<Event>, Refusal> {
    match decide_in(&mut state.clone(), command, now) {
        Ok(decision) => Ok(decision.events),
        Err(refused) => Err(refused.refusal),
    }
}

/// What was decided.
pub struct Decision {
    pub events: Vec<Event>,
    /// A defect of the model: the state does not take one of the events.
    pub illegal: Option<IllegalEvent>,
}

/// Why nothing was decided.
pub struct Refused {
    pub refusal: Refusal,
    /// The refusal came after the first event: the state is no longer what it was and must be folded anew.
    pub spoiled: bool,
}

/// As [`decide`], for whoever goes on from there: the events are folded into the state, in place, so that many
/// commands in a row copy each part of it at most once.
///
/// # Errors
/// As [`decide`]; the state is as it was unless `spoiled` says otherwise.
pub fn decide_in(state: &mut State, command: &Command, now: Timestamp) -> Result<Decision, Refused> {
    let mut draft = Draft::new(std::mem::take(state), &command.caller.actor, now);
    let outcome = dispatch(&mut draft, command).map(|()| session::done::review(&mut draft));
    let Draft { state: folded, events, illegal, .. } = draft;
    *state = folded;
    match outcome {
        Ok(()) => Ok(Decision { events, illegal }),
        Err(refusal) => Err(Refused { refusal, spoiled: !events.is_empty() }),
    }
}

fn dispatch(draft: &mut Draft, command: &Command) -> Result<(), Refusal> {
    let Command { project: id, caller, request } = command;
    match request {
        Request::CreateProject(verb) => return project::create(draft, id, verb),
        Request::UpdateProject(verb) => return project::update(draft, id, verb),
        Request::ArchiveProject(verb) => return project::archive(draft, id, verb),
        Request::PurgeProject(verb) => return project::purge(draft, id, verb),
        _ => {}
    }
    let project = draft.state.project().ok_or_else(|| Refusal::ProjectNotFound(id.clone()))?;
    if project.archived {
        return Err(Refusal::ProjectArchived(id.clone()));
    }
    let default_agent = project.default_agent.clone();
    let who = who::Who::of(&draft.state, caller)?;
    match request {
        Request::CreateProject(_)
        | Request::UpdateProject(_)
        | Request::ArchiveProject(_)
        | Request::PurgeProject(_) => Ok(()),
        Request::CreateTask(verb) => task::create::decide(draft, verb),
        Request::ImportTasks(verb) => task::import::decide(draft, &who, verb),
        Request::UpdateTask(verb) => task::update::decide(draft, &who, verb),
        Request::StartTask(verb) => task::start::decide(draft, &who, verb.task, verb.force),
        Request::NextTask(verb) => task::next::decide(draft, &who, verb),
        Request::LogTask(verb) => task::log::decide(draft, &who, verb),
        Request::CommentTask(verb) => task::log::comment(draft, verb),
        Request::CompleteTask(verb) => task::complete::decide(draft, &who, verb),
        Request::ApproveTask(verb) => task::complete::approve(draft, &who, verb),
        Request::SubmitTask(verb) => task::submit::decide(draft, &who, verb),
        Request::BlockTask(verb) => task::block::decide(draft, &who, verb),
        Request::UnblockTask(verb) => task::block::unblock(draft, &who, verb),
        Request::ReleaseTask(verb) => task::release::decide(draft, &who, verb),
        Request::ReopenTask(verb) => task::reopen::decide(draft, &who, verb),
        Request::CancelTask(verb) => task::cancel::decide(draft, &who, verb),
        Request::DeleteTask(verb) => task::delete::decide(draft, &who, verb),
        Request::DependTask(verb) => task::depend::decide(draft, &who, verb),
        Request::CreateSubtask(verb) => subtask::create(draft, &who, verb),
        Request::UpdateSubtask(verb) => subtask::update(draft, &who, verb),
        Request::CompleteSubtask(verb) => subtask::complete(draft, &who, verb),
        Request::ReopenSubtask(verb) => subtask::reopen(draft, &who, verb),
        Request::DeleteSubtask(verb) => subtask::delete(draft, &who, verb),
        Request::MoveSubtask(verb) => subtask::reorder(draft, &who, verb),
        Request::SpawnSession(verb) => session::spawn::decide(draft, &who, verb, default_agent),
        Request::SessionStarting(verb) => session::report::starting(draft, &who, verb),
        Request::SessionActive(_) => session::report::active(draft, &who),
        Request::SessionNeedsInput(verb) => session::report::needs_input(draft, &who, verb),
        Request::SessionUpdate(verb) => session::report::update(draft, &who, verb),
        Request::SessionExited(verb) => session::end::exited(draft, &who, verb.code),
        Request::SessionFailed(verb) => session::end::failed(draft, &who, &verb.failure),
        Request::SessionLost(verb) => session::end::lost(draft, &who, verb),
        Request::SessionStopped(verb) => session::end::stopped(draft, &who, verb.shutdown),
        Request::StopSession(verb) => session::stop::decide(draft, &who, verb.session),
        Request::ResumeSession(verb) => session::again::resume(draft, &who, verb.session),
        Request::RestartSession(verb) => session::again::restart(draft, &who, verb.session),
        Request::ExpireSession(verb) => expire::decide(draft, &who, verb),
        Request::SendMessage(verb) => message::send(draft, verb),
        Request::MessageDelivered(verb) => message::delivered(draft, &who, verb.message),
        Request::MessageSeen(verb) => message::seen(draft, &who, verb.message),
        Request::EffectFailed(verb) => {
            who.must_be_system("record effects")?;
            draft.push_effect(EffectChange::Failed {
                effect: verb.effect.clone(),
                entity: verb.entity.clone(),
                error: verb.error.clone(),
            });
            Ok(())
        }
        Request::RefuseQueued(verb) => message::refuse_queued(draft, &who, verb),
    }
}

/// What a command's sender gets to see.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Nothing, as from `task.next` with nothing ready.
    Nothing,
    Project(Arc<Project>),
    Task(Arc<Task>),
    Session(Arc<Session>),
    Message(Arc<Message>),
    /// What became of the tasks of a plan, in its order.
    Imported(Vec<Imported>),
    /// The entity is gone.
    Gone(EntityRef),
}

/// A task of a plan, and whether this command created it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Imported {
    pub key: crate::PlanKey,
    pub task: Arc<Task>,
    pub created: bool,
}

/// The answer to a command whose events these are: the entity of the first, as the last of them left it. A pure
/// function of the command's own events, so that a repetition gets the first answer.
///
/// Without events: the entity that the request is about, as it stands.
#[must_use]
pub fn answer(state: &State, caller: &Caller, request: &Request, events: &[Event]) -> Answer {
    if let Request::ImportTasks(verb) = request {
        return Answer::Imported(task::import::answer(state, verb, events));
    }
    let Some(first) = events.first() else { return standing(state, caller, request) };
    let entity = first.entity();
    let last = events.iter().rev().find(|event| {
        event.entity() == entity && !matches!(event, Event::Task { change: crate::TaskChange::Ready {}, .. })
    });
    match last.unwrap_or(first) {
        Event::Project { after: Some(p), .. } => Answer::Project(Arc::clone(p)),
        Event::Task { after: Some(t), .. } => Answer::Task(Arc::clone(t)),
        Event::Session { after: Some(s), .. } => Answer::Session(Arc::clone(s)),
        Event::Message { after: Some(m), .. } => Answer::Message(Arc::clone(m)),
        Event::Project { after: None, .. }
        | Event::Task { after: None, .. }
        | Event::Session { after: None, .. }
        | Event::Message { after: None, .. } => Answer::Gone(entity),
        Event::Effect { .. } => Answer::Nothing,
    }
}

fn standing(state: &State, caller: &Caller, request: &Request) -> Answer {
    let task = |id| state.task(id).cloned().map_or(Answer::Nothing, Answer::Task);
    let session = |id| state.session(id).cloned().map_or(Answer::Nothing, Answer::Session);
    let message = |id| state.message(id).cloned().map_or(Answer::Nothing, Answer::Message);
    let own_session = || caller.actor.session().map_or(Answer::Nothing, session);
    match request {
        Request::CreateProject(_)
        | Request::UpdateProject(_)
        | Request::ArchiveProject(_)
        | Request::PurgeProject(_) => state.project().cloned().map_or(Answer::Nothing, Answer::Project),
        Request::NextTask(verb) => task::next::best(state, &caller.actor, &verb.labels).map_or(Answer::Nothing, task),
        Request::CreateTask(_) | Request::ImportTasks(_) | Request::EffectFailed(_) | Request::RefuseQueued(_) => {
            Answer::Nothing
        }
        Request::UpdateTask(v) => task(v.task),
        Request::StartTask(v) => task(v.task),
        Request::LogTask(v) => task(v.task),
        Request::CommentTask(v) => task(v.task),
        Request::CompleteTask(v) | Request::ApproveTask(v) => task(v.task),
        Request::SubmitTask(v) => task(v.task),
        Request::BlockTask(v) => task(v.task),
        Request::UnblockTask(v) => task(v.task),
        Request::ReleaseTask(v) => task(v.task),
        Request::ReopenTask(v) => task(v.task),
        Request::CancelTask(v) => task(v.task),
        Request::DeleteTask(v) => task(v.task),
        Request::DependTask(v) => task(v.task),
        Request::CreateSubtask(v) => task(v.task),
        Request::UpdateSubtask(v) => task(v.task),
        Request::CompleteSubtask(v) | Request::ReopenSubtask(v) | Request::DeleteSubtask(v) => task(v.task),
        Request::MoveSubtask(v) => task(v.task),
        Request::StopSession(v) => session(v.session),
        Request::ResumeSession(v) | Request::RestartSession(v) => session(v.session),
        Request::ExpireSession(v) => session(v.session),
        Request::SessionLost(v) => v.session.map_or_else(own_session, session),
        Request::SpawnSession(_)
        | Request::SessionStarting(_)
        | Request::SessionActive(_)
        | Request::SessionNeedsInput(_)
        | Request::SessionUpdate(_)
        | Request::SessionExited(_)
        | Request::SessionFailed(_)
        | Request::SessionStopped(_) => own_session(),
        Request::SendMessage(_) => Answer::Nothing,
        Request::MessageDelivered(v) | Request::MessageSeen(v) => message(v.message),
    }
}

/// Whoever is told how a task goes: the one who spawned the session that works on it.
fn orchestrator_of(state: &State, task: &Task) -> Option<Actor> {
    let holder = task.claim.as_ref().and_then(|c| c.holder.actor.session());
    let session = holder.or_else(|| task.assignment.as_ref().map(|a| a.session))?;
    state.session(session).map(|s| s.parent.clone())
}
