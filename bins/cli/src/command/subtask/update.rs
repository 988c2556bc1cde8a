//! `subtask update`

use clap::Args;
use maestro_domain::{Request, UpdateSubtask};
use maestro_wire::{ErrorBody, ErrorCode};

use crate::context::Context;
use crate::output::Output;
use crate::{report, target, text, view};

/// Change a step
#[derive(Args, Debug)]
pub struct UpdateArgs {
    /// The task, unless it follows from the session, and the step
    #[arg(num_args = 1..=2, required = true, value_names = ["TASK", "SUBTASK"])]
    pub words: Vec<String>,
    /// Its title, in one line
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub title: Option<String>,
    /// What it is about, in markdown; `-`: from stdin
    #[arg(long, short = 'd', alias = "description", value_name = "TEXT", allow_hyphen_values = true)]
    pub desc: Option<String>,
}

pub async fn run(args: UpdateArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let title = text::maybe(args.title.as_ref(), text::title)?;
    let description = text::maybe(args.desc.as_ref(), text::report)?;
    if title.is_none() && description.is_none() {
        return Err(ErrorBody::new(ErrorCode::NoUpdates, "nothing to change was given")
            .suggest("give --title or --desc")
            .commands(["maestro subtask update --help"]));
    }
    let (project, task, subtask) = target::subtask(ctx, &args.words).await?;
    let request = Request::UpdateSubtask(UpdateSubtask { task, subtask, title, description });
    report::send(ctx, project, request, view::task::steps).await
}
