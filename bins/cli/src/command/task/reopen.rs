//! `task reopen`

use clap::Args;
use maestro_domain::{ReopenTask, Request, TaskRef};
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;
use crate::{target, text, view};

/// Open a completed or cancelled task again
#[derive(Args, Debug)]
pub struct ReopenArgs {
    /// The task
    pub task: TaskRef,
    /// Why; `-`: from stdin
    #[arg(long, short = 'r', value_name = "TEXT", allow_hyphen_values = true)]
    pub reason: Option<String>,
}

pub async fn run(args: ReopenArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let reason = text::maybe(args.reason.as_ref(), text::line)?;
    let (project, task) = target::named(ctx, &args.task)?;
    let request = Request::ReopenTask(ReopenTask { task, reason });
    let reply = ctx.command(&project, &request).await?;
    Ok(Output::reply(reply, view::task::outcome))
}
