//! `subtask list`

use clap::Args;
use maestro_domain::TaskRef;
use maestro_wire::{ErrorBody, Page, Query, TaskDetail, TaskGet};

use crate::context::Context;
use crate::fields::{self, FieldsArgs};
use crate::output::Output;
use crate::{target, view};

/// List the steps of a task
#[derive(Args, Debug)]
pub struct ListArgs {
    /// The task [default: the session's only claim, else the first of MAESTRO_TASK_IDS]
    pub task: Option<TaskRef>,
    #[command(flatten)]
    pub only: FieldsArgs,
}

pub async fn run(args: ListArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let (project, task) = target::resolve(ctx, args.task.as_ref()).await?;
    let query = Query::TaskGet(TaskGet { task: Some(task), timeline: Some(0) });
    let reply = ctx.ask(&project, query).await?;
    let seq = reply.seq;
    let detail: TaskDetail = reply.parse()?;
    let descriptions = &detail.texts.subtask_descriptions;
    let items = detail.task.subtasks.iter().map(|subtask| {
        let mut value = serde_json::json!(subtask);
        if let (Some(text), Some(object)) = (descriptions.get(&subtask.id), value.as_object_mut()) {
            object.insert("description".to_owned(), text.as_str().into());
        }
        value
    });
    let page = Page { items: items.collect::<Vec<_>>(), next_cursor: None };
    let mut reply = maestro_wire::Reply::ok(&page);
    reply.seq = seq;
    fields::shown(reply, args.only, move |_| {
        if detail.task.subtasks.is_empty() {
            format!("{task} has no subtasks\n  try: maestro subtask create {task} \"the first step\"")
        } else {
            view::task::subtasks(&detail.task)
        }
    })
}
