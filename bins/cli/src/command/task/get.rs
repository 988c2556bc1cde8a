//! `task get`

use clap::Args;
use maestro_domain::TaskRef;
use maestro_wire::{ErrorBody, Query, TaskDetail, TaskGet};

use crate::context::Context;
use crate::fields::{self, FieldsArgs};
use crate::output::Output;
use crate::{target, view};

/// Show one task with everything that a worker needs
#[derive(Args, Debug)]
pub struct GetArgs {
    /// The task [default: the session's only claim, else the last it took, else its first task]
    pub task: Option<TaskRef>,
    /// How many timeline entries [default: 10]
    #[arg(long, value_name = "N")]
    pub timeline: Option<u32>,
    #[command(flatten)]
    pub only: FieldsArgs,
}

pub async fn run(args: GetArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let (project, task) = target::resolve(ctx, args.task.as_ref()).await?;
    let query = Query::TaskGet(TaskGet { task: Some(task), timeline: args.timeline });
    let reply = fields::pick(ctx.ask(&project, query).await?, &args.only.fields)?;
    Ok(Output::reply(reply, move |data| {
        if args.only.fields.is_empty() {
            view::of(data, |detail: TaskDetail| view::task::card(&detail))
        } else {
            fields::lines(data, &args.only.fields)
        }
    }))
}
