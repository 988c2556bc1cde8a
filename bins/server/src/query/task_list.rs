//! `task.list`: filters, sorting, pages.

use std::sync::Arc;

use maestro_domain::{Actor, Priority, State, StatusKind, Task, TaskId, Timestamp};
use maestro_wire::{ErrorBody, Page, TaskList, TaskRow, TaskSort};

use super::{Asked, cursor};
use crate::{reply::row, store::Reading};

/// About how many bytes a task takes in an answer.
fn weight(task: &Task) -> usize {
    let subtasks: usize = task.subtasks.iter().map(|s| s.title.len() * 2 + 200).sum();
    800 + task.title.len() * 2 + task.depends_on.len() * 12 + task.labels.len() * 52 + subtasks
}

/// The place of a task in its order.
#[derive(serde::Serialize, serde::Deserialize, PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
#[serde(untagged)]
enum Place {
    Priority(Priority, TaskId),
    Updated(Timestamp, TaskId),
    Created(TaskId),
}

pub async fn answer(asked: &Asked<'_>, list: &TaskList) -> Result<Page<TaskRow>, ErrorBody> {
    let limit = cursor::limit(list.limit)?;
    let after: Option<Place> = cursor::read(list.cursor.as_deref())?;
    let words: Vec<String> =
        list.text.as_deref().map(|text| text.split_whitespace().map(str::to_lowercase).collect()).unwrap_or_default();
    let reading = if words.is_empty() { None } else { Some(asked.reading().await?) };
    let state = &asked.view.state;
    let filter = Filter { list, words: &words, asked, reading: reading.as_ref() };
    let mut items = Vec::with_capacity(limit.min(64));
    let mut last = None;
    let mut more = false;
    let mut bytes = 0;
    // Newest first is the natural order of changes, oldest first that of creation and priority.
    let descending = list.reverse != (list.sort == TaskSort::Updated);
    let begins = |place: Place| match after {
        None => true,
        Some(after) if descending => place < after,
        Some(after) => place > after,
    };
    for (place, task) in candidates(state, list, descending, after) {
        if !begins(place) || !filter.fits(state, task)? {
            continue;
        }
        if items.len() == limit || bytes > cursor::PAGE_BYTES {
            more = true;
            break;
        }
        last = Some(place);
        bytes += weight(task);
        items.push(row(state, task));
    }
    Ok(Page { items, next_cursor: last.filter(|_| more).map(|place| cursor::write(&place)) })
}

type Candidates<'a> = Box<dyn Iterator<Item = (Place, &'a Task)> + Send + 'a>;

/// Tasks in order, from an index where there is one.
fn candidates<'a>(state: &'a State, list: &TaskList, descending: bool, after: Option<Place>) -> Candidates<'a> {
    let task = move |id: &TaskId| state.task(*id).map(AsRef::as_ref);
    match list.sort {
        TaskSort::Created => {
            let of = move |id: &TaskId| task(id).map(|t| (Place::Created(*id), t));
            let placed = |(id, task): (&TaskId, &'a Arc<Task>)| (Place::Created(*id), task.as_ref());
            match (list.status.as_slice(), after) {
                ([one], _) if descending => Box::new(state.with_status(*one).iter().rev().filter_map(of)),
                ([one], _) => Box::new(state.with_status(*one).iter().filter_map(of)),
                (_, Some(Place::Created(id))) if !descending => Box::new(state.tasks().range(id..).map(placed)),
                (_, Some(Place::Created(id))) => Box::new(state.tasks().range(..=id).rev().map(placed)),
                _ if descending => Box::new(state.tasks().iter().rev().map(placed)),
                _ => Box::new(state.tasks().iter().map(placed)),
            }
        }
        TaskSort::Updated => {
            let entries: Box<dyn Iterator<Item = &'a (Timestamp, TaskId)> + Send + 'a> =
                if descending { Box::new(state.by_update().iter().rev()) } else { Box::new(state.by_update().iter()) };
            Box::new(entries.filter_map(move |(at, id)| task(id).map(|t| (Place::Updated(*at, *id), t))))
        }
        TaskSort::Priority if list.ready == Some(true) => {
            let entries: Box<dyn Iterator<Item = &'a (Priority, TaskId)> + Send + 'a> =
                if descending { Box::new(state.ready().iter().rev()) } else { Box::new(state.ready().iter()) };
            Box::new(entries.filter_map(move |(p, id)| task(id).map(|t| (Place::Priority(*p, *id), t))))
        }
        TaskSort::Priority if !is_few(state, list) => {
            let entries: Box<dyn Iterator<Item = &'a (Priority, TaskId)> + Send + 'a> = match after {
                Some(Place::Priority(p, id)) if descending => Box::new(state.by_priority().range(..=(p, id)).rev()),
                Some(Place::Priority(p, id)) => Box::new(state.by_priority().range((p, id)..)),
                _ if descending => Box::new(state.by_priority().iter().rev()),
                _ => Box::new(state.by_priority().iter()),
            };
            Box::new(entries.filter_map(move |(p, id)| task(id).map(|t| (Place::Priority(*p, *id), t))))
        }
        TaskSort::Priority => {
            let statuses: &[StatusKind] = if list.status.is_empty() { &StatusKind::ALL } else { &list.status };
            let mut all: Vec<(Place, &'a Task)> = statuses
                .iter()
                .flat_map(|status| state.with_status(*status).iter())
                .filter_map(|id| task(id).map(|t| (Place::Priority(t.priority, t.id), t)))
                .collect();
            all.sort_unstable_by_key(|(place, _)| *place);
            all.dedup_by_key(|(place, _)| *place);
            if descending {
                all.reverse();
            }
            Box::new(all.into_iter())
        }
    }
}

/// Whether the statuses that are asked for have so few tasks that sorting those is less work than passing by the rest.
fn is_few(state: &State, list: &TaskList) -> bool {
    let tasks: usize = list.status.iter().map(|status| state.with_status(*status).len()).sum();
    !list.status.is_empty() && tasks < 1000
}

struct Filter<'a> {
    list: &'a TaskList,
    words: &'a [String],
    asked: &'a Asked<'a>,
    reading: Option<&'a Reading>,
}

impl Filter<'_> {
    fn fits(&self, state: &State, task: &Task) -> Result<bool, ErrorBody> {
        let list = self.list;
        let holds = (list.status.is_empty() || list.status.contains(&task.status.kind()))
            && (list.priority.is_empty() || list.priority.contains(&task.priority))
            && list.labels.iter().all(|label| task.labels.contains(label))
            && list.ready.is_none_or(|ready| ready == state.is_ready(task))
            && list.assignee.as_ref().is_none_or(|who| belongs_to(task, who));
        if !holds || self.words.is_empty() {
            return Ok(holds);
        }
        let title = task.title.to_lowercase();
        if self.words.iter().all(|word| title.contains(word)) {
            return Ok(true);
        }
        let Some(reading) = self.reading else { return Ok(false) };
        let texts = self.asked.stored(reading.task_texts(&self.asked.project.id, task.id))?;
        let description = texts.description.unwrap_or_default().to_lowercase();
        Ok(self.words.iter().all(|word| title.contains(word) || description.contains(word)))
    }
}

fn belongs_to(task: &Task, who: &Actor) -> bool {
    task.claim.as_ref().is_some_and(|claim| claim.holder.actor == *who)
        || task.assignment.as_ref().is_some_and(|a| Actor::Session(a.session) == *who)
}
