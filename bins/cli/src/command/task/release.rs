//! `task release`

use clap::Args;
use maestro_domain::{ReleaseTask, Request, TaskRef};
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;
use crate::{target, text, view};

/// Give a claim back
#[derive(Args, Debug)]
pub struct ReleaseArgs {
    /// The task [default: the session's only claim, else the last it took, else its first task]
    pub task: Option<TaskRef>,
    /// Why; `-`: from stdin
    #[arg(long, short = 'r', value_name = "TEXT", allow_hyphen_values = true)]
    pub reason: Option<String>,
}

pub async fn run(args: ReleaseArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let reason = text::maybe(args.reason.as_ref(), text::line)?;
    let (project, task) = target::resolve(ctx, args.task.as_ref()).await?;
    let request = Request::ReleaseTask(ReleaseTask { task, reason });
    let reply = ctx.command(&project, &request).await?;
    Ok(Output::reply(reply, view::task::outcome))
}
