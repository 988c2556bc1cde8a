//! `subtask create`

use clap::Args;
use maestro_domain::{CreateSubtask, Request};
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;
use crate::{report, target, text, view};

/// Add a step to a task
#[derive(Args, Debug)]
pub struct CreateArgs {
    /// The task, unless it follows from the session; else the title
    #[arg(value_name = "TASK|TITLE", allow_hyphen_values = true)]
    pub first: String,
    /// The title; `-`: from stdin
    #[arg(value_name = "TITLE", allow_hyphen_values = true)]
    pub second: Option<String>,
    /// What it is about, in markdown; `-`: from stdin
    #[arg(long, short = 'd', alias = "description", value_name = "TEXT", allow_hyphen_values = true)]
    pub desc: Option<String>,
}

pub async fn run(args: CreateArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let (task, title) = target::task_and_text(&args.first, args.second.as_deref(), "title")?;
    let title = text::title(&title)?;
    let description = text::maybe(args.desc.as_ref(), text::report)?;
    let (project, task) = target::resolve(ctx, task.as_ref()).await?;
    let request = Request::CreateSubtask(CreateSubtask { task, title, description });
    report::send(ctx, project, request, view::task::steps).await
}
