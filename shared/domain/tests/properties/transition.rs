//! What holds of every command and what became of it. One function each; its name is the invariant.

use std::collections::{BTreeMap, BTreeSet};

use maestro_domain::*;

/// One command, the states around it and all that was folded before.
pub struct Observed<'a> {
    pub before: &'a State,
    pub command: &'a Command,
    pub now: Timestamp,
    pub outcome: &'a Result<Vec<Event>, Refusal>,
    pub after: &'a State,
    /// Every id that was ever given since the project's beginning.
    pub given: &'a BTreeSet<EntityRef>,
}

impl Observed<'_> {
    fn events(&self) -> &[Event] {
        self.outcome.as_deref().unwrap_or_default()
    }

    fn purged(&self) -> bool {
        self.after.project().is_none()
    }

    fn session(&self) -> Option<&Session> {
        self.command.caller.actor.session().and_then(|id| self.before.session(id)).map(|s| &**s)
    }
}

pub const OF_A_COMMAND: &[fn(&Observed<'_>)] = &[
    the_same_input_has_the_same_outcome,
    a_refusal_and_no_events_change_nothing,
    claim_numbers_only_grow,
    subtask_numbers_only_grow,
    epochs_only_grow,
    rev_grows_by_one,
    ids_are_never_reused,
    repeating_what_is_so_yields_no_events,
    the_first_event_is_about_the_target,
    the_answer_is_the_target_as_it_now_is,
    a_worker_changes_no_foreign_task,
    a_superseded_epoch_is_not_heard,
    an_archived_project_does_not_change,
    ready_is_announced_when_it_becomes_so,
    an_ended_session_takes_nothing_on,
    events_survive_json,
];

fn the_same_input_has_the_same_outcome(o: &Observed<'_>) {
    let restored = crate::naive::restored(o.before);
    assert_eq!(&decide(o.before, o.command, o.now), o.outcome);
    assert_eq!(&decide(&restored, o.command, o.now), o.outcome, "a restored state decides otherwise");
}

fn a_refusal_and_no_events_change_nothing(o: &Observed<'_>) {
    if o.events().is_empty() {
        assert_eq!(o.before, o.after);
    }
}

fn claim_numbers_only_grow(o: &Observed<'_>) {
    let mut numbers: BTreeMap<TaskId, (u32, Option<Claim>)> =
        o.before.tasks().values().map(|t| (t.id, (t.claims, t.claim.clone()))).collect();
    for event in o.events() {
        let Event::Task { id, after: Some(after), .. } = event else { continue };
        let (claims, claim) = numbers.insert(*id, (after.claims, after.claim.clone())).unwrap_or_default();
        match (&claim, &after.claim) {
            (Some(old), Some(new)) => assert_eq!(old, new, "{id} changed hands without a release"),
            (None, Some(new)) => assert_eq!(new.number, claims + 1, "a new claim of {id} has a new number"),
            (_, None) => assert_eq!(after.claims, claims, "{id}"),
        }
    }
}

fn subtask_numbers_only_grow(o: &Observed<'_>) {
    for event in o.events() {
        let Event::Task { id, change, after: Some(after) } = event else { continue };
        let last = o.before.task(*id).map_or(0, |t| t.last_subtask);
        assert!(after.last_subtask >= last, "{id}");
        if let TaskChange::SubtaskCreated { subtask, .. } = change {
            assert!(subtask.number() > last, "{subtask} of {id} was given twice");
        }
    }
}

fn epochs_only_grow(o: &Observed<'_>) {
    for session in o.before.sessions().values() {
        let Some(after) = o.after.session(session.id) else { continue };
        assert!((session.epoch..=session.epoch + 1).contains(&after.epoch), "{}", session.id);
    }
}

fn rev_grows_by_one(o: &Observed<'_>) {
    let mut state = o.before.clone();
    for event in o.events() {
        let (before, after) = match event {
            Event::Project { after: Some(a), .. } => (state.project().map(|p| p.rev), a.rev),
            Event::Task { id, after: Some(a), .. } => (state.task(*id).map(|t| t.rev), a.rev),
            Event::Session { id, after: Some(a), .. } => (state.session(*id).map(|s| s.rev), a.rev),
            Event::Message { id, after: Some(a), .. } => (state.message(*id).map(|m| m.rev), a.rev),
            _ => continue,
        };
        assert_eq!(after, before.unwrap_or(0) + 1, "{:?} of {}", event.kind(), event.entity());
        state.apply(event).unwrap();
    }
}

fn ids_are_never_reused(o: &Observed<'_>) {
    for event in o.events() {
        let begins = match event {
            Event::Task { after: Some(a), .. } => a.rev == 1,
            Event::Session { after: Some(a), .. } => a.rev == 1,
            Event::Message { after: Some(a), .. } => a.rev == 1,
            _ => false,
        };
        assert!(!begins || !o.given.contains(&event.entity()), "{} was given twice", event.entity());
    }
}

fn repeating_what_is_so_yields_no_events(o: &Observed<'_>) {
    if o.outcome.is_err() {
        return;
    }
    let actor = &o.command.caller.actor;
    let epoch = |state: &State| actor.session().and_then(|id| state.session(id)).map(|s| s.epoch);
    if epoch(o.before).is_some() && epoch(o.before) != epoch(o.after) {
        // Its next epoch has begun; whoever says it again is no longer the session.
        return;
    }
    let status = |id| o.after.task(id).map(|t| t.status.kind());
    let so = match &o.command.request {
        Request::StartTask(v) => {
            let held = o.after.held_by(actor).any(|id| id == v.task);
            held && status(v.task) == Some(StatusKind::InProgress)
        }
        Request::BlockTask(v) => status(v.task) == Some(StatusKind::Blocked),
        Request::CompleteTask(v) | Request::ApproveTask(v) => {
            matches!(o.after.task(v.task).map(|t| &t.status), Some(Status::Completed { completed_by, .. }) if completed_by == actor)
        }
        Request::CancelTask(v) => status(v.task) == Some(StatusKind::Cancelled),
        Request::SubmitTask(v) => status(v.task) == Some(StatusKind::InReview),
        Request::StopSession(_)
        | Request::SessionStarting(_)
        | Request::SessionActive(_)
        | Request::SessionNeedsInput(_)
        | Request::SessionExited(_)
        | Request::SessionStopped(_)
        | Request::SessionFailed(_)
        | Request::MessageDelivered(_)
        | Request::MessageSeen(_)
        | Request::CompleteSubtask(_)
        | Request::ReopenSubtask(_)
        | Request::MoveSubtask(_)
        | Request::ImportTasks(_)
        | Request::ArchiveProject(_) => o.after.project().is_some_and(|p| !p.archived) || o.events().is_empty(),
        _ => false,
    };
    if so {
        assert_eq!(decide(o.after, o.command, o.now.plus_millis(5)), Ok(Vec::new()), "{:?} again", o.command.request);
    }
}

/// What a request is about, when that does not depend on the decision.
fn target(request: &Request, caller: &Actor) -> Option<EntityRef> {
    let own = caller.session().map(EntityRef::Session);
    match request {
        Request::CreateProject(_)
        | Request::UpdateProject(_)
        | Request::ArchiveProject(_)
        | Request::PurgeProject(_)
        | Request::EffectFailed(_) => Some(EntityRef::Project),
        Request::CreateTask(_)
        | Request::ImportTasks(_)
        | Request::NextTask(_)
        | Request::SpawnSession(_)
        | Request::SendMessage(_)
        | Request::RefuseQueued(_) => None,
        Request::SessionStarting(_)
        | Request::SessionActive(_)
        | Request::SessionNeedsInput(_)
        | Request::SessionUpdate(_)
        | Request::SessionExited(_)
        | Request::SessionFailed(_)
        | Request::SessionStopped(_) => own,
        Request::SessionLost(v) => v.session.map(EntityRef::Session).or(own),
        Request::StopSession(v) => Some(EntityRef::Session(v.session)),
        Request::ResumeSession(v) | Request::RestartSession(v) => Some(EntityRef::Session(v.session)),
        Request::ExpireSession(v) => Some(EntityRef::Session(v.session)),
        Request::MessageDelivered(v) | Request::MessageSeen(v) => Some(EntityRef::Message(v.message)),
        other => Some(EntityRef::Task(task_of(other).expect("the rest are about a task"))),
    }
}

fn task_of(request: &Request) -> Option<TaskId> {
    let mut json = Vec::new();
    request.serialize_payload(&mut serde_json::Serializer::new(&mut json)).unwrap();
    let value: serde_json::Value = serde_json::from_slice(&json).unwrap();
    value["task"].as_str().map(|id| id.parse().unwrap())
}

fn the_first_event_is_about_the_target(o: &Observed<'_>) {
    let Some(first) = o.events().first() else { return };
    let (task, session, message) = o.before.counters();
    let expected = match &o.command.request {
        Request::CreateTask(_) | Request::ImportTasks(_) => EntityRef::Task(TaskId::new(task + 1)),
        Request::SpawnSession(_) => EntityRef::Session(SessionId::new(session + 1)),
        Request::SendMessage(_) => EntityRef::Message(MessageId::new(message + 1)),
        Request::NextTask(_) => {
            assert_eq!(first.kind(), ("task", "claimed"));
            return;
        }
        Request::RefuseQueued(v) => match v.task.filter(|id| o.before.task(*id).is_some()) {
            Some(id) => EntityRef::Task(id),
            None => EntityRef::Message(MessageId::new(message + 1)),
        },
        other => target(other, &o.command.caller.actor).expect("it has a target"),
    };
    assert_eq!(first.entity(), expected);
}

fn the_answer_is_the_target_as_it_now_is(o: &Observed<'_>) {
    let Ok(events) = o.outcome else { return };
    let Command { caller, request, .. } = o.command;
    let about = events.first().map(Event::entity).or_else(|| target(request, &caller.actor));
    match answer(o.after, caller, request, events) {
        Answer::Nothing => {
            let expected = matches!(
                request,
                Request::NextTask(_)
                    | Request::EffectFailed(_)
                    | Request::RefuseQueued(_)
                    | Request::MessageDelivered(_)
                    | Request::MessageSeen(_)
            );
            assert!(expected, "{request:?} was answered with nothing");
        }
        Answer::Project(project) => assert_eq!(Some(&project), o.after.project()),
        Answer::Task(task) => {
            assert_eq!(Some(&task), o.after.task(task.id));
            assert!(about.is_none() || about == Some(EntityRef::Task(task.id)));
        }
        Answer::Session(session) => {
            assert_eq!(Some(&session), o.after.session(session.id));
            assert_eq!(about, Some(EntityRef::Session(session.id)));
        }
        Answer::Message(message) => assert_eq!(about, Some(EntityRef::Message(message.id))),
        Answer::Imported(tasks) => {
            let Request::ImportTasks(plan) = request else { panic!("{request:?} imports nothing") };
            assert!(tasks.iter().map(|t| &t.key).eq(plan.tasks.iter().map(|t| &t.key)), "one answer a task");
            for imported in tasks {
                assert_eq!(Some(&imported.task), o.after.task(imported.task.id));
                assert_eq!(imported.created, o.before.task(imported.task.id).is_none(), "{}", imported.key);
            }
        }
        Answer::Gone(entity) => assert_eq!(about, Some(entity)),
    }
}

fn a_worker_changes_no_foreign_task(o: &Observed<'_>) {
    let Some(session) = o.session().filter(|s| s.role != Role::Orchestrator) else { return };
    let actor = &o.command.caller.actor;
    for event in o.events() {
        let Event::Task { id, change, after: Some(after) } = event else { continue };
        let Some(before) = o.before.task(*id) else {
            assert!(matches!(o.command.request, Request::CreateTask(_) | Request::ImportTasks(_)));
            continue;
        };
        let held = before.past_holders.iter().chain(before.claim.iter().map(|c| &c.holder));
        let own = held.map(|h| &h.actor).any(|a| a == actor)
            || session.tasks.contains(id)
            || before.assignment.as_ref().is_some_and(|a| a.session == session.id)
            || matches!(&before.status, Status::Completed { completed_by, .. } if completed_by == actor);
        let elsewhere = before.claim.as_ref().is_some_and(|c| c.holder.actor != *actor);
        match change {
            // Anybody may say something; what is said leaves the task as it is.
            TaskChange::Comment { .. } | TaskChange::Progress { .. } | TaskChange::LateReport { .. } => {
                assert!(own || matches!(change, TaskChange::Comment { .. }));
                let said = Task {
                    rev: after.rev,
                    updated_at: after.updated_at,
                    updated_by: after.updated_by.clone(),
                    ..Task::clone(before)
                };
                assert_eq!(said, **after);
            }
            TaskChange::Unassigned { session: of } => assert_eq!(*of, session.id),
            TaskChange::Claimed { from: StatusKind::Pending, .. } => assert!(!elsewhere),
            _ => assert!(own && !elsewhere, "{actor} did {} to {id}", change.kind()),
        }
    }
}

fn a_superseded_epoch_is_not_heard(o: &Observed<'_>) {
    if o.session().is_some_and(|s| o.command.caller.epoch != Some(s.epoch)) {
        assert!(o.outcome.is_err());
    }
}

fn an_archived_project_does_not_change(o: &Observed<'_>) {
    if o.before.project().is_some_and(|p| p.archived) {
        let allowed = |e: &Event| {
            matches!(e, Event::Project { change: ProjectChange::Restored {} | ProjectChange::Purged {}, .. })
        };
        assert!(o.events().iter().all(allowed));
    }
    if o.after.project().is_some_and(|p| p.archived) {
        assert!(o.after.living().is_empty() && o.after.deadlines().is_empty(), "archived under running sessions");
    }
}

/// And only then. A task that is ready from its creation needs no announcement, nor does one that was ready before.
fn ready_is_announced_when_it_becomes_so(o: &Observed<'_>) {
    if o.purged() {
        return;
    }
    let announced: Vec<_> = o.events().iter().filter(|e| e.kind() == ("task", "ready")).map(Event::entity).collect();
    let became: Vec<_> = o.after.ready().iter().map(|(_, id)| *id).collect();
    let became = became.into_iter().filter(|id| o.before.task(*id).is_some_and(|t| !o.before.is_ready(t)));
    let mut expected: Vec<_> = became.map(EntityRef::Task).collect();
    let mut sorted = announced;
    sorted.sort();
    expected.sort();
    assert_eq!(sorted, expected);
}

fn an_ended_session_takes_nothing_on(o: &Observed<'_>) {
    if o.session().is_some_and(|s| !s.is_living()) {
        let takes = |e: &Event| matches!(e.kind(), ("task", "claimed") | ("session", "requested"));
        assert!(!o.events().iter().any(takes));
    }
}

fn events_survive_json(o: &Observed<'_>) {
    fn survives<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
        let json = serde_json::to_string(value).unwrap();
        assert_eq!(&serde_json::from_str::<T>(&json).unwrap(), value, "{json}");
    }
    for event in o.events() {
        match event {
            Event::Project { change, after } => (survives(change), survives(after)).1,
            Event::Task { change, after, .. } => (survives(change), survives(after)).1,
            Event::Session { change, after, .. } => (survives(change), survives(after)).1,
            Event::Message { change, after, .. } => (survives(change), survives(after)).1,
            Event::Effect { change } => survives(change),
        }
    }
}
