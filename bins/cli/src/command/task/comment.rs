//! `task comment`

use clap::Args;
use maestro_domain::{CommentTask, Request};
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;
use crate::{target, text, view};

/// Say something about any task
#[derive(Args, Debug)]
pub struct CommentArgs {
    /// The task, unless it follows from the session; else the message
    #[arg(value_name = "TASK|MESSAGE", allow_hyphen_values = true)]
    pub first: String,
    /// The message; `-`: from stdin
    #[arg(value_name = "MESSAGE", allow_hyphen_values = true)]
    pub second: Option<String>,
}

pub async fn run(args: CommentArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let (task, message) = target::task_and_text(&args.first, args.second.as_deref(), "message")?;
    let message = text::message(&message)?;
    let (project, task) = target::resolve(ctx, task.as_ref()).await?;
    let request = Request::CommentTask(CommentTask { task, message });
    let reply = ctx.command(&project, &request).await?;
    Ok(Output::reply(reply, view::task::outcome))
}
