//! `task complete`

use clap::Args;
use maestro_domain::{CompleteTask, Request, TaskRef};
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;
use crate::{report, target, text, view};

/// Complete a task
#[derive(Args, Debug)]
pub struct CompleteArgs {
    /// The task [default: the session's only claim, else the last it took, else its first task]
    pub task: Option<TaskRef>,
    /// What was done, in a few lines; `-`: from stdin
    #[arg(long, short = 's', value_name = "TEXT", allow_hyphen_values = true)]
    pub summary: Option<String>,
    /// Although subtasks are open, or from a state that does not lead there
    #[arg(long)]
    pub force: bool,
}

pub async fn run(args: CompleteArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let summary = text::maybe(args.summary.as_ref(), text::report)?;
    let (project, task) = target::resolve(ctx, args.task.as_ref()).await?;
    let request = Request::CompleteTask(CompleteTask { task, summary, force: args.force });
    report::send(ctx, project, request, view::task::outcome).await
}
