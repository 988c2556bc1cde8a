//! `subtask reopen`

use clap::Args;
use maestro_domain::{OneSubtask, Request};
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;
use crate::{report, target, view};

/// Open a step again
#[derive(Args, Debug)]
pub struct ReopenArgs {
    /// The task, unless it follows from the session, and the step
    #[arg(num_args = 1..=2, required = true, value_names = ["TASK", "SUBTASK"])]
    pub words: Vec<String>,
}

pub async fn run(args: ReopenArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let (project, task, subtask) = target::subtask(ctx, &args.words).await?;
    let request = Request::ReopenSubtask(OneSubtask { task, subtask });
    report::send(ctx, project, request, view::task::steps).await
}
