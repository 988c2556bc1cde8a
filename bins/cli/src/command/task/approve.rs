//! `task approve`

use clap::Args;
use maestro_domain::{CompleteTask, Request, TaskRef};
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;
use crate::{target, text, view};

/// Accept a task that was handed in for review
#[derive(Args, Debug)]
pub struct ApproveArgs {
    /// The task
    pub task: TaskRef,
    /// What was done, in a few lines; `-`: from stdin
    #[arg(long, short = 's', value_name = "TEXT", allow_hyphen_values = true)]
    pub summary: Option<String>,
    /// Although subtasks are open
    #[arg(long)]
    pub force: bool,
}

pub async fn run(args: ApproveArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let summary = text::maybe(args.summary.as_ref(), text::report)?;
    let (project, task) = target::named(ctx, &args.task)?;
    let request = Request::ApproveTask(CompleteTask { task, summary, force: args.force });
    let reply = ctx.command(&project, &request).await?;
    Ok(Output::reply(reply, view::task::outcome))
}
