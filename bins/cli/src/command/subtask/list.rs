//! `subtask list`

use clap::Args;
use maestro_domain::TaskRef;
use maestro_wire::{ErrorBody, Page, Query, TaskDetail, TaskGet};

use crate::context::Context;
use crate::fields::{self, FieldsArgs};
use crate::output::Output;
use crate::page::{self, PageArgs};
use crate::{gather, target, view};

/// Of at most 200.
const USUAL: u32 = 50;

/// List the steps of a task
#[derive(Args, Debug)]
pub struct ListArgs {
    /// The task [default: the session's only claim, else the last it took, else its first task]
    pub task: Option<TaskRef>,
    #[command(flatten)]
    pub page: PageArgs,
    #[command(flatten)]
    pub only: FieldsArgs,
}

pub async fn run(args: ListArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let (project, task) = target::resolve(ctx, args.task.as_ref()).await?;
    let query = Query::TaskGet(TaskGet { task: Some(task), timeline: Some(0) });
    let reply = ctx.ask(&project, query).await?;
    let seq = reply.seq;
    let mut detail: TaskDetail = reply.parse()?;
    if detail.truncated {
        gather::complete(ctx, &project, &mut detail).await?;
    }
    let descriptions = &detail.texts.subtask_descriptions;
    let page = page::of(detail.task.subtasks.clone(), &args.page, USUAL, |subtask| subtask.id.to_string())?;
    let more = view::more(&ctx.words, page.next_cursor.as_ref());
    detail.task.subtasks.clone_from(&page.items);
    let items = page.items.iter().map(|subtask| {
        let mut value = serde_json::json!(subtask);
        if let (Some(text), Some(object)) = (descriptions.get(&subtask.id), value.as_object_mut()) {
            object.insert("description".to_owned(), text.as_str().into());
        }
        value
    });
    let page = Page { items: items.collect::<Vec<_>>(), next_cursor: page.next_cursor };
    let mut reply = maestro_wire::Reply::ok(&page);
    reply.seq = seq;
    fields::shown(reply, args.only, move |_| {
        if detail.task.subtasks.is_empty() {
            format!("{task} has no subtasks\n  try: maestro subtask create {task} \"the first step\"")
        } else {
            view::task::subtasks(&detail.task) + &more
        }
    })
}
