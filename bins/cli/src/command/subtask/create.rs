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
    /// The task, unless it follows from the session, and the step's title
    #[arg(num_args = 1..=2, required = true, value_names = ["TASK", "TITLE"])]
    pub words: Vec<String>,
    #[arg(long, short = 'd', alias = "description", value_name = "TEXT")]
    pub desc: Option<String>,
}

pub async fn run(args: CreateArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let (task, title) = target::task_and_text(&args.words, "title")?;
    let title = text::title(&title)?;
    let description = text::maybe(args.desc.as_ref(), text::report)?;
    let (project, task) = target::resolve(ctx, task.as_ref()).await?;
    let request = Request::CreateSubtask(CreateSubtask { task, title, description });
    report::send(ctx, project, request, view::task::steps).await
}
