//! Everything a server answers about a project, to be compared before and after.

use maestro_client::{Caller, Seen};
use maestro_domain::TaskId;
use maestro_wire::{EventList, MessageList, ProjectGet, Query, SessionList, TaskGet, TaskList};
use serde_json::Value;

use super::ask;

/// What a server says of `web`.
#[derive(Debug, PartialEq)]
pub struct Snapshot {
    pub project: Value,
    pub tasks: Vec<Value>,
    pub details: Vec<Value>,
    pub sessions: Value,
    pub messages: Value,
    pub events: Vec<Value>,
}

/// All rows of the task list, page by page.
///
/// # Panics
/// When a page is refused.
pub async fn all_tasks(caller: &Caller, seen: &Seen) -> Vec<Value> {
    let list = TaskList { limit: Some(500), ..TaskList::default() };
    pages(caller, seen, |cursor| Query::TaskList(TaskList { cursor, ..list.clone() })).await
}

async fn pages(caller: &Caller, seen: &Seen, query: impl Fn(Option<String>) -> Query) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut cursor = None;
    loop {
        let mut page = ask(caller, &query(cursor.take()), seen).await;
        rows.append(page["items"].as_array_mut().expect("a page has items"));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return rows,
        }
    }
}

/// One task with its whole timeline.
pub async fn task(caller: &Caller, id: TaskId, seen: &Seen) -> Value {
    ask(caller, &Query::TaskGet(TaskGet { task: Some(id), timeline: Some(1000) }), seen).await
}

/// Asks for everything.
///
/// # Panics
/// When something is refused.
pub async fn snapshot(caller: &Caller, seen: &Seen) -> Snapshot {
    let tasks = all_tasks(caller, seen).await;
    let mut details = Vec::new();
    for row in &tasks {
        let id = row["id"].as_str().and_then(|id| id.parse().ok()).expect("a task has an id");
        details.push(task(caller, id, seen).await);
    }
    let sessions = SessionList { all: true, limit: Some(500), ..SessionList::default() };
    Snapshot {
        project: ask(caller, &Query::ProjectGet(ProjectGet {}), seen).await,
        tasks,
        details,
        sessions: ask(caller, &Query::SessionList(sessions), seen).await,
        messages: ask(caller, &Query::MessageList(MessageList { limit: Some(500), cursor: None }), seen).await,
        events: pages(caller, seen, |cursor| {
            Query::EventList(EventList { limit: Some(500), cursor, ..EventList::default() })
        })
        .await,
    }
}
