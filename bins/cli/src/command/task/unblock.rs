//! `task unblock`

use clap::Args;
use maestro_domain::{Request, UnblockTask};
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;
use crate::{target, text, view};

/// Let a blocked task go on, with an answer to whoever holds it
#[derive(Args, Debug)]
pub struct UnblockArgs {
    /// The task, unless it follows from the session, and the answer
    #[arg(num_args = 0..=2, value_names = ["TASK", "MESSAGE"], allow_hyphen_values = true)]
    pub words: Vec<String>,
    /// The answer; `-`: from stdin
    #[arg(long, short = 'm', value_name = "TEXT", allow_hyphen_values = true)]
    pub message: Option<String>,
}

pub async fn run(args: UnblockArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let (task, word) = target::task_or_text(&args.words)?;
    let message = text::maybe(args.message.or(word).as_ref(), text::message)?;
    let (project, task) = target::resolve(ctx, task.as_ref()).await?;
    let reply = ctx.command(&project, &Request::UnblockTask(UnblockTask { task, message })).await?;
    Ok(Output::reply(reply, view::task::outcome))
}
