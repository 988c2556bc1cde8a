//! `task submit`

use clap::Args;
use maestro_domain::{Request, SubmitTask, TaskRef};
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;
use crate::{report, target, text, view};

/// Hand a task in for review
#[derive(Args, Debug)]
pub struct SubmitArgs {
    /// The task [default: the session's only claim, else the last it took, else its first task]
    pub task: Option<TaskRef>,
    /// What was done, in a few lines; `-`: from stdin
    #[arg(long, short = 's', value_name = "TEXT", allow_hyphen_values = true)]
    pub summary: Option<String>,
}

pub async fn run(args: SubmitArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let summary = text::maybe(args.summary.as_ref(), text::report)?;
    let (project, task) = target::resolve(ctx, args.task.as_ref()).await?;
    let request = Request::SubmitTask(SubmitTask { task, summary });
    report::send(ctx, project, request, view::task::outcome).await
}
