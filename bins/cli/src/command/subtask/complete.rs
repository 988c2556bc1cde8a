//! `subtask complete`

use clap::Args;
use maestro_domain::{OneSubtask, Request};
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;
use crate::{report, target, view};

/// Tick a step off
#[derive(Args, Debug)]
pub struct CompleteArgs {
    /// The task, unless it follows from the session, and the step
    #[arg(num_args = 1..=2, required = true, value_names = ["TASK", "SUBTASK"])]
    pub words: Vec<String>,
}

pub async fn run(args: CompleteArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let (project, task, subtask) = target::subtask(ctx, &args.words).await?;
    let request = Request::CompleteSubtask(OneSubtask { task, subtask });
    report::send(ctx, project, request, view::task::steps).await
}
