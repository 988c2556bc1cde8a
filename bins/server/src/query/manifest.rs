//! `session.manifest`: what a session is told when it starts, within what the broker carries.

use maestro_domain::{Actor, Role, SessionId};
use maestro_wire::{ErrorBody, Manifest, TaskDetail, TaskRow};

use super::prompt::{self, Prompt};
use super::{Asked, cut, message, project, resumed, session, task};
use crate::reply::row;

const RELATED: usize = 20;
/// Messages and timeline entries that are told.
const MESSAGES: usize = 10;
const ENTRIES: usize = 5;

/// A manifest has at most this many bytes as JSON: less than an answer may have, since a host adds its skills.
const LARGEST: usize = 800 * 1024;
/// How much of each long text is told, tried one after the other until everything fits.
const CUTS: [usize; 5] = [64 * 1024, 16 * 1024, 4 * 1024, 1024, 200];

pub async fn get(asked: &Asked<'_>, given: Option<SessionId>) -> Result<Manifest, ErrorBody> {
    let session = session::named(asked, given)?;
    let state = &asked.view.state;
    let reading = asked.reading().await?;
    let texts = asked.stored(reading.session_texts(&asked.project.id, session.id))?;
    let mut tasks = Vec::new();
    for id in &session.tasks {
        if let Some(found) = state.task(*id) {
            tasks.push(task::detail(asked, &reading, found, ENTRIES).await?);
        }
    }
    let related = if texts.include_related { related(asked, &session.tasks) } else { Vec::new() };
    let mut messages = message::unread_of(asked, &reading, &Actor::Session(session.id), None, MESSAGES)?;
    messages.retain(|view| view.message.epoch.is_none_or(|epoch| epoch == session.epoch));
    let project = project::get(asked).await?;
    let manifest = Manifest {
        project,
        project_id: asked.project.id.clone(),
        session: session.id,
        epoch: session.epoch,
        role: session.role,
        name: session.name.to_string(),
        agent: session.agent.clone(),
        skill: session.skill.clone(),
        model: session.model.as_deref().map(str::to_owned),
        restart: session.restart,
        tasks,
        related,
        command: texts.command,
        initial_commands: texts.initial_commands,
        messages,
        prompt: texts.prompt,
        initial_prompt: String::new(),
        resumes: session.resumes.as_ref().map(|resumes| resumes.epoch),
        resume_prompt: session.resumes.is_some().then(|| resumed::prompt(&session, state)),
        stop_requested: session.stop.is_some(),
    };
    let plan = (manifest.role == Role::Orchestrator).then(|| prompt::plan(state, session.id));
    Ok(fitted(manifest, plan.as_deref()))
}

/// With its prompt, and with long texts cut until the whole fits. What was given as a prompt is never cut.
fn fitted(whole: Manifest, plan: Option<&str>) -> Manifest {
    let size = |manifest: &Manifest| serde_json::to_vec(manifest).map_or(usize::MAX, |json| json.len());
    let mut manifest = whole;
    for most in CUTS {
        cut_texts(&mut manifest, most);
        manifest.initial_prompt = Prompt { manifest: &manifest, plan, instructions: true }.text();
        if size(&manifest) <= LARGEST {
            return manifest;
        }
    }
    // What was given stands in the manifest already.
    manifest.initial_prompt = Prompt { manifest: &manifest, plan, instructions: false }.text();
    manifest
}

/// Cuts every text that is not the session's own prompt, and says where the rest is.
fn cut_texts(manifest: &mut Manifest, most: usize) {
    let project = &mut manifest.project;
    for text in [&mut project.overview, &mut project.goals].into_iter().flatten() {
        cut::shorten(text, most, || "`maestro project get`".to_owned());
    }
    for detail in &mut manifest.tasks {
        cut_task(detail, most);
    }
    for view in &mut manifest.messages {
        cut::message(view, most);
    }
}

fn cut_task(detail: &mut TaskDetail, most: usize) {
    let own = detail.task.id;
    let rest = || format!("`maestro task get {own}`");
    let texts = &mut detail.texts;
    let long = [&mut texts.description, &mut texts.technical_notes, &mut texts.summary, &mut texts.late_report];
    let mut cut = false;
    for text in long.into_iter().flatten().chain(texts.subtask_descriptions.values_mut()) {
        cut |= cut::shorten(text, most, rest);
    }
    for dependency in &mut detail.dependencies {
        let id = dependency.id;
        if let Some(summary) = &mut dependency.summary {
            cut |= cut::shorten(summary, most, || format!("`maestro task get {id}`"));
        }
    }
    cut |= cut::entries(&mut detail.timeline, most, rest);
    for view in &mut detail.messages {
        cut |= cut::message(view, most);
    }
    detail.truncated |= cut;
}

/// Tasks that share a label or a dependency with the session's.
fn related(asked: &Asked<'_>, own: &[maestro_domain::TaskId]) -> Vec<TaskRow> {
    let state = &asked.view.state;
    let own_tasks: Vec<_> = own.iter().filter_map(|id| state.task(*id)).collect();
    state
        .tasks()
        .values()
        .filter(|task| !own.contains(&task.id) && task.status.kind().is_open())
        .filter(|task| {
            own_tasks.iter().any(|mine| {
                mine.labels.iter().any(|label| task.labels.contains(label))
                    || mine.depends_on.contains(&task.id)
                    || task.depends_on.contains(&mine.id)
                    || mine.depends_on.iter().any(|d| task.depends_on.contains(d))
            })
        })
        .take(RELATED)
        .map(|task| row(state, task))
        .collect()
}
