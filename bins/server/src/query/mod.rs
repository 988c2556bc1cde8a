//! The answers to queries, from a snapshot of the state and the long texts of the projection.

mod cursor;
mod cut;
pub mod history;
mod manifest;
mod message;
pub mod project;
mod prompt;
mod resumed;
mod session;
mod status;
mod subtask;
pub mod system;
mod task;
mod task_list;

use std::sync::Arc;

use maestro_domain::Actor;
use maestro_wire::{ErrorBody, ErrorCode, Query, Reply};

pub use message::unread;

use crate::{
    project::{Project, View},
    service::Room,
    store::{EventRange, Reading, StoreError},
};

/// Who asks, and what they look at.
pub struct Asked<'a> {
    pub room: &'a Room,
    pub project: &'a Arc<Project>,
    pub view: &'a Arc<View>,
    pub actor: &'a Actor,
}

impl Asked<'_> {
    /// The projection, at least as new as the snapshot.
    pub async fn reading(&self) -> Result<Reading, ErrorBody> {
        crate::service::query::projected(self.room, self.view.seq).await?;
        self.stored(self.room.registry.shared().store.begin())
    }

    /// A failing projection is built anew; the caller tries again.
    pub fn stored<T>(&self, outcome: Result<T, StoreError>) -> Result<T, ErrorBody> {
        outcome.map_err(|error| {
            self.room.registry.shared().break_off(error.to_string());
            ErrorBody::new(ErrorCode::Unavailable, "the projection is being built anew")
        })
    }
}

/// Answers a query about a project.
pub async fn answer(asked: &Asked<'_>, query: Query) -> Result<Reply, ErrorBody> {
    Ok(match query {
        Query::ProjectGet(_) => Reply::ok(&project::get(asked).await?),
        Query::TaskList(list) => Reply::ok(&task_list::answer(asked, &list).await?),
        Query::TaskGet(get) => Reply::ok(&task::get(asked, &get).await?),
        Query::SubtaskList(list) => Reply::ok(&subtask::list(asked, &list).await?),
        Query::TaskTimeline(timeline) => Reply::ok(&task::timeline(asked, &timeline).await?),
        Query::SessionList(list) => Reply::ok(&session::list(asked, &list).await?),
        Query::SessionGet(get) => Reply::ok(&session::get(asked, get.session).await?),
        Query::ManifestGet(get) => Reply::ok(&manifest::get(asked, get.session).await?),
        Query::MessageList(list) => Reply::ok(&message::list(asked, &list).await?),
        Query::EventList(list) => Reply::ok(&events(asked, &list).await?),
        Query::StatusGet(_) => Reply::ok(&status::get(asked).await?),
        Query::ProjectList(_) | Query::ServerInfoGet(_) | Query::SystemGet(_) => {
            Reply::refused(ErrorBody::new(ErrorCode::UnknownCommand, "this query is about no project"))
        }
    })
}

async fn events(
    asked: &Asked<'_>,
    list: &maestro_wire::EventList,
) -> Result<maestro_wire::Page<maestro_wire::TimelineEntry>, ErrorBody> {
    let limit = cursor::limit(list.limit)?;
    let before = cursor::read::<u64>(list.cursor.as_deref())?.unwrap_or(u64::MAX);
    let reading = asked.reading().await?;
    let found = reading.events(&asked.project.id, EventRange::Before(before), list.entity.as_ref(), limit);
    let (commits, more) = history::commits(asked, asked.stored(found)?).await?;
    // The newest first, within a commit too.
    let items: Vec<_> = commits.into_iter().flat_map(|entries| entries.into_iter().rev()).collect();
    let next_cursor = more.then(|| items.last().map(|e| cursor::write(&e.seq))).flatten();
    Ok(maestro_wire::Page { items, next_cursor })
}
