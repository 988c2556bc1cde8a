//! `task block`

use clap::Args;
use maestro_domain::{BlockTask, Request, TaskRef};
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;
use crate::{report, target, text, view};

/// Say that a task cannot go on, and why; the claim stays
#[derive(Args, Debug)]
pub struct BlockArgs {
    /// The task [default: the session's only claim, else the last it took, else its first task]
    pub task: Option<TaskRef>,
    /// What stands in the way; `-`: from stdin
    #[arg(long, short = 'r', value_name = "TEXT", allow_hyphen_values = true)]
    pub reason: String,
}

pub async fn run(args: BlockArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let reason = text::line(&args.reason)?;
    let (project, task) = target::resolve(ctx, args.task.as_ref()).await?;
    let request = Request::BlockTask(BlockTask { task, reason });
    report::send(ctx, project, request, view::task::outcome).await
}
