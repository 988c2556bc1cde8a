//! All pages of a list, up to a bound: for what must look at the whole.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use maestro_client::{Caller, Seen};
use maestro_domain::{ProjectId, StatusKind, TaskId};
use maestro_wire::{
    ErrorBody, EventList, Page, Place, ProjectList, ProjectView, Query, Reply, SubtaskList, SubtaskView, TaskDetail,
    TaskGet, TaskList, TaskRow, TimelineEntry,
};

use crate::context::Context;

/// One question of many: each has the whole timeout.
async fn ask(ctx: &Context, project: &ProjectId, query: Query) -> Result<Reply, ErrorBody> {
    let caller = ctx.caller(ctx.left()).await?;
    caller.query(&Place::Project(project.clone()), &query, &ctx.seen(project), ctx.timeout()).await
}

/// As many as one answer may hold.
const PAGE: u32 = 1_000;
/// Details that are asked for at once.
const AT_ONCE: usize = 16;

/// What was found, and whether there is more.
pub struct Gathered<T> {
    pub items: Vec<T>,
    pub more: bool,
    /// The project's sequence at the first page.
    pub seq: Option<u64>,
}

/// Tasks by id, `most` at most.
pub async fn tasks(
    ctx: &Context,
    project: &ProjectId,
    status: Vec<StatusKind>,
    most: usize,
) -> Result<Gathered<TaskRow>, ErrorBody> {
    let mut found = Gathered { items: Vec::new(), more: false, seq: None };
    let mut cursor = None;
    loop {
        let left = u32::try_from(most - found.items.len()).unwrap_or(PAGE).min(PAGE);
        let list = TaskList { status: status.clone(), limit: Some(left), cursor, ..TaskList::default() };
        let reply = ask(ctx, project, Query::TaskList(list)).await?;
        found.seq = found.seq.or(reply.seq);
        let page: Page<TaskRow> = reply.parse()?;
        found.items.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() || found.items.len() >= most {
            found.more = cursor.is_some();
            return Ok(found);
        }
    }
}

/// Projects that are not archived, by id, `most` at most.
pub async fn projects(caller: &Caller, most: usize, within: Duration) -> Result<Vec<ProjectView>, ErrorBody> {
    let mut found = Vec::new();
    let mut cursor = None;
    loop {
        let left = u32::try_from(most - found.len()).unwrap_or(PAGE).min(PAGE);
        let list = Query::ProjectList(ProjectList { limit: Some(left), cursor, ..ProjectList::default() });
        let page: Page<ProjectView> = caller.query(&Place::None, &list, &Seen::default(), within).await?.parse()?;
        found.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() || found.len() >= most {
            return Ok(found);
        }
    }
}

/// What happened, the newest first, for as long as `wanted` says, `most` at most.
pub async fn events(
    ctx: &Context,
    project: &ProjectId,
    most: usize,
    wanted: impl Fn(&TimelineEntry) -> bool,
) -> Result<Gathered<TimelineEntry>, ErrorBody> {
    let mut found = Gathered { items: Vec::new(), more: false, seq: None };
    let mut cursor = None;
    loop {
        let reply = ask(ctx, project, Query::EventList(EventList { entity: None, limit: Some(PAGE), cursor })).await?;
        found.seq = found.seq.or(reply.seq);
        let page: Page<TimelineEntry> = reply.parse()?;
        let whole = page.items.len();
        found.items.extend(page.items.into_iter().take_while(&wanted));
        let ended = page.next_cursor.is_none() || whole == 0;
        cursor = page.next_cursor;
        let reached = found.items.last().is_none_or(|last| !wanted(last));
        if ended || reached || found.items.len() >= most {
            found.more = !ended && found.items.len() >= most;
            found.items.truncate(most);
            return Ok(found);
        }
    }
}

/// Everything about these tasks, in their order, with the whole texts of their steps.
pub async fn details(
    ctx: &Context,
    project: &ProjectId,
    tasks: impl IntoIterator<Item = TaskId>,
) -> Result<Vec<TaskDetail>, ErrorBody> {
    let one = |task| async move {
        let query = Query::TaskGet(TaskGet { task: Some(task), timeline: Some(0) });
        let mut detail = ask(ctx, project, query).await?.parse::<TaskDetail>()?;
        if detail.truncated {
            complete(ctx, project, &mut detail).await?;
        }
        Ok(detail)
    };
    stream::iter(tasks.into_iter().map(one)).buffered(AT_ONCE).try_collect().await
}

/// Puts the steps of a task in the place of those whose texts did not fit into one answer.
pub async fn complete(ctx: &Context, project: &ProjectId, detail: &mut TaskDetail) -> Result<(), ErrorBody> {
    let task = Some(detail.task.id);
    let (mut steps, mut texts) = (Vec::new(), BTreeMap::new());
    let mut cursor = None;
    loop {
        let list = Query::SubtaskList(SubtaskList { task, limit: Some(PAGE), cursor });
        let page: Page<SubtaskView> = ask(ctx, project, list).await?.parse()?;
        for SubtaskView { subtask, description } in page.items {
            texts.extend(description.map(|text| (subtask.id, text)));
            steps.push(subtask);
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    detail.task.subtasks = steps;
    detail.texts.subtask_descriptions = texts;
    Ok(())
}
