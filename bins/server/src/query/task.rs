//! `task.get` and `task.timeline`

use maestro_domain::{Actor, EntityRef, Refusal, Role, Session, State, Status, Task, TaskId};
use maestro_wire::{
    DependencyView, ErrorBody, ErrorCode, Page, TaskDetail, TaskGet, TaskTimeline, TimelineEntry, branch_of,
};

use super::{Asked, cursor, cut, history, message};
use crate::store::Reading;

/// A task has at most this many bytes as JSON; what an answer has beside it needs some room.
const LARGEST: usize = 800 * 1024;
/// How much is told of each text that is not its own, tried one after the other until everything fits.
const CUTS: [usize; 3] = [4 * 1024, 1024, 200];

pub fn named(task: Option<TaskId>) -> Result<TaskId, ErrorBody> {
    task.ok_or_else(|| ErrorBody::new(ErrorCode::MissingTaskId, "no task was named"))
}

pub async fn get(asked: &Asked<'_>, get: &TaskGet) -> Result<TaskDetail, ErrorBody> {
    let id = named(get.task)?;
    let task = asked.view.state.task(id).ok_or(Refusal::TaskNotFound(id))?;
    let reading = asked.reading().await?;
    let mut detail = detail(asked, &reading, task, get.timeline.unwrap_or(10).min(1000) as usize).await?;
    detail.messages = message::about(asked, &reading, id)?;
    Ok(fitted(detail))
}

/// With texts cut until the whole fits. Its own are never cut, but for those of its steps, which `subtask.list` tells.
fn fitted(mut detail: TaskDetail) -> TaskDetail {
    let fits = |detail: &TaskDetail| serde_json::to_vec(detail).is_ok_and(|json| json.len() <= LARGEST);
    for most in CUTS {
        if fits(&detail) {
            return detail;
        }
        cut_texts(&mut detail, most);
    }
    if !fits(&detail) {
        detail.truncated |= !detail.timeline.is_empty();
        detail.timeline.clear();
    }
    detail
}

fn cut_texts(detail: &mut TaskDetail, most: usize) {
    let id = detail.task.id;
    let mut cut = cut::entries(&mut detail.timeline, most, || format!("`maestro events --about {id}`"));
    for text in detail.texts.subtask_descriptions.values_mut() {
        cut |= cut::shorten(text, most, || "`maestro task export`".to_owned());
    }
    for dependency in &mut detail.dependencies {
        let id = dependency.id;
        if let Some(summary) = &mut dependency.summary {
            cut |= cut::shorten(summary, most, || format!("`maestro task get {id}`"));
        }
    }
    for view in &mut detail.messages {
        cut |= cut::message(view, most);
    }
    detail.truncated |= cut;
}

/// A task with its texts, the summaries of its dependencies and its last entries.
pub async fn detail(
    asked: &Asked<'_>,
    reading: &Reading,
    task: &Task,
    entries: usize,
) -> Result<TaskDetail, ErrorBody> {
    let (state, project) = (&asked.view.state, &asked.project.id);
    let texts = asked.stored(reading.task_texts(project, task.id))?;
    let mut dependencies = Vec::new();
    for id in &task.depends_on {
        let Some(dependency) = state.task(*id) else { continue };
        dependencies.push(DependencyView {
            id: *id,
            title: dependency.title.clone(),
            status: dependency.status.kind(),
            summary: asked.stored(reading.task_texts(project, *id))?.summary,
            branch: branch(&asked.view.state, dependency),
        });
    }
    let places = asked.stored(reading.timeline(project, &EntityRef::Task(task.id), None, entries))?;
    let newest_first = history::at(asked, &places).await?;
    let timeline = newest_first.into_iter().rev().map(|(_, entry)| entry).collect();
    Ok(TaskDetail {
        progress: task.progress(),
        ready: state.is_ready(task),
        dependants: state.dependants(task.id).collect(),
        task: task.clone(),
        texts,
        truncated: false,
        dependencies,
        timeline,
        messages: Vec::new(),
    })
}

/// Where its worker put its work: a completed task names who completed it, and a person who approved it is no worker.
fn branch(state: &State, task: &Task) -> Option<String> {
    let Status::Completed { completed_by, .. } = &task.status else { return None };
    let past = task.past_holders.iter().rev().map(|holder| &holder.actor);
    // Also one that took the task as it came. Only who commands all completes what somebody else has worked on.
    let worked = |session: &Session| session.role != Role::Orchestrator || session.tasks.contains(&task.id);
    let worker = std::iter::once(completed_by).chain(past).find_map(|actor| match actor {
        Actor::Session(id) => state.session(*id).map(AsRef::as_ref).filter(|session| worked(session)),
        Actor::User(_) | Actor::System => None,
    })?;
    Some(branch_of(worker.tasks.first().copied(), worker.id))
}

pub async fn timeline(asked: &Asked<'_>, query: &TaskTimeline) -> Result<Page<TimelineEntry>, ErrorBody> {
    let id = named(query.task)?;
    if id.number() > asked.view.state.counters().0 {
        return Err(Refusal::TaskNotFound(id).into());
    }
    let limit = cursor::limit(query.limit)?;
    let before: Option<(u64, u16)> = cursor::read(query.cursor.as_deref())?;
    let reading = asked.reading().await?;
    let mut places = asked.stored(reading.timeline(&asked.project.id, &EntityRef::Task(id), before, limit + 1))?;
    let more = places.len() > limit;
    places.truncate(limit);
    let found = history::at(asked, &places).await?;
    // A page that is full of bytes is shorter than was asked for and goes on all the same.
    let last = found.last().map(|(place, _)| *place);
    let next_cursor = last.filter(|last| more || places.last() != Some(last)).map(|place| cursor::write(&place));
    Ok(Page { items: found.into_iter().map(|(_, entry)| entry).collect(), next_cursor })
}
