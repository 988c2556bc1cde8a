//! `task cancel`

use clap::Args;
use maestro_domain::{CancelTask, Request, TaskRef};
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;
use crate::{target, text, view};

/// Cancel a task; those that depend on it become blocked
#[derive(Args, Debug)]
pub struct CancelArgs {
    /// The task
    pub task: TaskRef,
    /// Why; `-`: from stdin
    #[arg(long, short = 'r', value_name = "TEXT", allow_hyphen_values = true)]
    pub reason: Option<String>,
}

pub async fn run(args: CancelArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let reason = text::maybe(args.reason.as_ref(), text::line)?;
    let (project, task) = target::named(ctx, &args.task)?;
    let request = Request::CancelTask(CancelTask { task, reason });
    let reply = ctx.command(&project, &request).await?;
    Ok(Output::reply(reply, view::task::outcome))
}
