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
    /// The task, unless it follows from the session, and the message; `-`: from stdin
    #[arg(num_args = 1..=2, required = true, value_names = ["TASK", "MESSAGE"])]
    pub words: Vec<String>,
}

pub async fn run(args: CommentArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let (task, message) = target::task_and_text(&args.words, "message")?;
    let message = text::message(&message)?;
    let (project, task) = target::resolve(ctx, task.as_ref()).await?;
    let request = Request::CommentTask(CommentTask { task, message });
    let reply = ctx.command(&project, &request).await?;
    Ok(Output::reply(reply, view::task::outcome))
}
