//! `project.create`, `update`, `archive`, `purge`.

use crate::{
    Actor, Line, Project, ProjectChange, ProjectId, Refusal,
    draft::Draft,
    verb::{ArchiveProject, CreateProject, PurgeProject, UpdateProject},
};

fn must_be_person(draft: &Draft, what: &str) -> Result<(), Refusal> {
    match draft.actor {
        Actor::User(_) | Actor::System => Ok(()),
        Actor::Session(_) => {
            Err(Refusal::NotPermitted { actor: draft.actor.clone(), what: what.to_owned(), task: None })
        }
    }
}

fn present(draft: &Draft, id: &ProjectId) -> Result<Project, Refusal> {
    draft.state.project().map(|p| Project::clone(p)).ok_or_else(|| Refusal::ProjectNotFound(id.clone()))
}

/// No session lives or is about to be started again.
fn nobody_runs(draft: &Draft, verb: &'static str) -> Result<(), Refusal> {
    let pending = draft.state.deadlines().iter().map(|(_, session, _)| *session);
    match draft.state.living().iter().copied().chain(pending).next() {
        Some(session) => {
            let status = draft.session(session)?.status.kind();
            Err(Refusal::SessionState { session, status, verb })
        }
        None => Ok(()),
    }
}

/// A ledger keeps what it is told for ever, and shows it to everybody. One that holds a password already is followed all
/// the same: only what is new is refused.
fn without_password(repository: Option<&Line>) -> Result<(), Refusal> {
    let Some((scheme, rest)) = repository.and_then(|address| address.split_once("://")) else { return Ok(()) };
    let is_http = ["http", "https"].iter().any(|name| scheme.eq_ignore_ascii_case(name));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let user = authority.rsplit_once('@').map(|(user, _)| user);
    let password = user.and_then(|user| user.split_once(':')).map_or("", |(_, password)| password);
    if is_http && !password.is_empty() { Err(Refusal::PasswordInRepository) } else { Ok(()) }
}

pub(super) fn create(draft: &mut Draft, id: &ProjectId, verb: &CreateProject) -> Result<(), Refusal> {
    must_be_person(draft, "create projects")?;
    if draft.state.project().is_some() {
        return Err(Refusal::ProjectExists(id.clone()));
    }
    without_password(verb.repository.as_ref())?;
    let project = Project {
        id: id.clone(),
        rev: 0,
        title: verb.title.clone(),
        repository: verb.repository.clone(),
        base_branch: verb.base_branch.clone(),
        default_agent: verb.default_agent.clone(),
        archived: false,
        created_by: draft.actor.clone(),
        created_at: draft.now,
        updated_by: draft.actor.clone(),
        updated_at: draft.now,
    };
    draft.put_project(ProjectChange::Created { overview: verb.overview.clone(), goals: verb.goals.clone() }, project);
    Ok(())
}

pub(super) fn update(draft: &mut Draft, id: &ProjectId, verb: &UpdateProject) -> Result<(), Refusal> {
    must_be_person(draft, "change projects")?;
    let mut project = present(draft, id)?;
    if project.archived {
        return Err(Refusal::ProjectArchived(id.clone()));
    }
    without_password(verb.repository.as_ref())?;
    let mut fields = Vec::new();
    if let Some(title) = &verb.title {
        project.title = title.clone();
        fields.push("title".to_owned());
    }
    if let Some(repository) = &verb.repository {
        project.repository = Some(repository.clone());
        fields.push("repository".to_owned());
    }
    if let Some(branch) = &verb.base_branch {
        project.base_branch = Some(branch.clone());
        fields.push("baseBranch".to_owned());
    }
    if let Some(agent) = &verb.default_agent {
        project.default_agent = Some(agent.clone());
        fields.push("defaultAgent".to_owned());
    }
    for (given, name) in [(&verb.overview, "overview"), (&verb.goals, "goals")] {
        if given.is_some() {
            fields.push(name.to_owned());
        }
    }
    if fields.is_empty() {
        return Err(Refusal::NoUpdates);
    }
    let change = ProjectChange::Updated { fields, overview: verb.overview.clone(), goals: verb.goals.clone() };
    draft.put_project(change, project);
    Ok(())
}

pub(super) fn archive(draft: &mut Draft, id: &ProjectId, verb: &ArchiveProject) -> Result<(), Refusal> {
    must_be_person(draft, "archive projects")?;
    let mut project = present(draft, id)?;
    if project.archived == verb.archived {
        return Ok(());
    }
    if verb.archived {
        // Their reports could not be heard any more.
        nobody_runs(draft, "archive the project")?;
    }
    project.archived = verb.archived;
    let change = if verb.archived { ProjectChange::Archived {} } else { ProjectChange::Restored {} };
    draft.put_project(change, project);
    Ok(())
}

pub(super) fn purge(draft: &mut Draft, id: &ProjectId, verb: &PurgeProject) -> Result<(), Refusal> {
    must_be_person(draft, "purge projects")?;
    present(draft, id)?;
    if verb.confirm != id.as_str() {
        return Err(Refusal::ConfirmationMissing(id.clone()));
    }
    nobody_runs(draft, "purge the project")?;
    draft.purge_project();
    Ok(())
}
