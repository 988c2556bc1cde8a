//! `task log`

use clap::Args;
use maestro_domain::{LogTask, Request};
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;
use crate::{report, target, text, view};

/// Report progress on a task
#[derive(Args, Debug)]
pub struct LogArgs {
    /// The task, unless it follows from the session; else the message
    #[arg(value_name = "TASK|MESSAGE", allow_hyphen_values = true)]
    pub first: String,
    /// The message; `-`: from stdin
    #[arg(value_name = "MESSAGE", allow_hyphen_values = true)]
    pub second: Option<String>,
}

pub async fn run(args: LogArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let (task, message) = target::task_and_text(&args.first, args.second.as_deref(), "message")?;
    let message = text::message(&message)?;
    let (project, task) = target::resolve(ctx, task.as_ref()).await?;
    let request = Request::LogTask(LogTask { task, message });
    report::send(ctx, project, request, view::task::outcome).await
}
