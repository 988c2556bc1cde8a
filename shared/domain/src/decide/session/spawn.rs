//! `session.spawn`: asks for a session and gives it its tasks.

use crate::{
    AgentName, Assignment, BlockKind, InvalidValue, Limits, PoolName, Refusal, Role, Session, SessionChange, SessionId,
    SessionStatus, SkillName, Status, StatusKind, TaskChange, TaskId, Wants,
    decide::{
        task::{becomes_ready, create::at_most, create::limit, start::living_assignment},
        who::Who,
    },
    draft::Draft,
    verb::SpawnSession,
};

pub(crate) fn decide(
    draft: &mut Draft,
    who: &Who,
    verb: &SpawnSession,
    default_agent: Option<AgentName>,
) -> Result<(), Refusal> {
    who.must_command_all("spawn sessions", None)?;
    who.must_live("spawn sessions")?;
    limit("living sessions of one project", draft.state.living().len(), Limits::LIVING_SESSIONS)?;
    limit("session numbers", draft.state.counters().1 as usize, Limits::NUMBER as usize)?;
    at_most("labels", verb.labels.len(), Limits::LABELS)?;
    at_most("tasks of one session", verb.tasks.len(), Limits::SESSION_TASKS)?;
    at_most("initial commands of one session", verb.initial_commands.len(), Limits::INITIAL_COMMANDS)?;
    let agent = match verb.agent.clone().or(default_agent) {
        Some(agent) => agent,
        None => "claude".parse()?,
    };
    if agent.as_str() == "shell" && verb.command.is_empty() && verb.prompt.as_ref().is_none_or(|p| p.is_empty()) {
        return Err(Refusal::Invalid(InvalidValue::new(
            "missing_required_field",
            "a shell session needs something to run: a command or a prompt",
        )));
    }
    let mut tasks = Vec::new();
    for id in &verb.tasks {
        let task = draft.task(*id)?;
        if !task.status.kind().is_open() {
            return Err(Refusal::InvalidTransition {
                task: *id,
                from: task.status.kind(),
                verb: "spawn a session for it",
                needs_force: false,
            });
        }
        if let Some(session) = living_assignment(draft, &task).filter(|_| !verb.force) {
            return Err(Refusal::AlreadyAssigned { task: *id, session });
        }
        if let Some(claim) = task.claim.as_ref().filter(|_| !verb.force) {
            return Err(Refusal::AlreadyClaimed { task: *id, holder: claim.holder.clone() });
        }
        if !tasks.contains(id) {
            tasks.push(*id);
        }
    }
    let id = SessionId::new(draft.state.counters().1 + 1);
    let session = Session {
        id,
        rev: 0,
        name: verb.name.clone().unwrap_or_else(|| Draft::line(&default_name(draft, verb.role, &tasks))),
        role: verb.role,
        agent,
        skill: match &verb.skill {
            Some(skill) => skill.clone(),
            None => default_skill(verb.role)?,
        },
        model: verb.model.clone(),
        tasks: tasks.clone(),
        parent: draft.actor.clone(),
        pool: match &verb.pool {
            Some(pool) => pool.clone(),
            None => "default".parse::<PoolName>()?,
        },
        wants: Wants { node: verb.node.clone(), labels: verb.labels.clone() },
        epoch: 1,
        status: SessionStatus::Requested {
            requested_at: draft.now,
            expires_at: draft.now.plus_secs(Limits::REQUEST_SECS),
        },
        node: None,
        workspace: None,
        stop: None,
        restart: verb.restart,
        restarts: 0,
        restart_at: None,
        tries: 0,
        keep: verb.keep,
        stop_at: None,
        resumes: None,
        last_update: None,
        created_at: draft.now,
        updated_at: draft.now,
    };
    let change = SessionChange::Requested {
        epoch: 1,
        prompt: verb.prompt.clone(),
        command: verb.command.clone(),
        initial_commands: verb.initial_commands.clone(),
        reason: verb.reason.clone(),
        include_related: verb.include_related,
    };
    draft.put_session(change, session);
    for task in tasks {
        let assignment = Assignment { session: id, by: draft.actor.clone(), at: draft.now };
        draft.change_task(task, TaskChange::Assigned { session: id }, |t| t.assignment = Some(assignment));
        take_up(draft, task);
    }
    Ok(())
}

/// Somebody has looked at a task that came back too often: a new session is to try it.
fn take_up(draft: &mut Draft, id: TaskId) {
    let came_back =
        |status: &Status| matches!(status, Status::Blocked { blocked_kind: BlockKind::ReleasedTooOften, .. });
    if draft.state.task(id).is_some_and(|task| came_back(&task.status)) {
        let change = TaskChange::Unblocked { to: StatusKind::Pending, message: None };
        draft.change_task(id, change, |task| {
            task.status = Status::Pending;
            task.releases = 0;
        });
        becomes_ready(draft, id);
    }
}

fn default_name(draft: &Draft, role: Role, tasks: &[crate::TaskId]) -> String {
    let what = match role {
        Role::Worker => "Worker",
        Role::Orchestrator => "Orchestrator",
        Role::Custom => "Session",
    };
    match tasks.first().and_then(|id| draft.state.task(*id)) {
        Some(task) => format!("{what}: {}", task.title.chars().take(30).collect::<String>().trim_end()),
        None => what.to_owned(),
    }
}

fn default_skill(role: Role) -> Result<SkillName, InvalidValue> {
    match role {
        Role::Worker => "maestro-worker".parse(),
        Role::Orchestrator => "maestro-orchestrator".parse(),
        Role::Custom => "maestro-cli".parse(),
    }
}
