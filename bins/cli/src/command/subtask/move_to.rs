//! `subtask move`

use clap::Args;
use maestro_domain::{MoveSubtask, Request};
use maestro_wire::{ErrorBody, ErrorCode};

use crate::context::Context;
use crate::output::Output;
use crate::{report, target, view};

/// Move a step to another place
#[derive(Args, Debug)]
pub struct MoveArgs {
    /// The task, unless it follows from the session, the step, and its place counted from 1
    #[arg(num_args = 2..=3, required = true, value_names = ["TASK", "SUBTASK", "POSITION"])]
    pub words: Vec<String>,
}

pub async fn run(mut args: MoveArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let last = args.words.pop().unwrap_or_default();
    let position = last.parse::<u32>().ok().filter(|position| *position > 0).ok_or_else(|| {
        let text = format!("'{}' is not a place; places count from 1", last.escape_debug());
        ErrorBody::new(ErrorCode::InvalidValue, text).commands(["maestro subtask move --help"])
    })?;
    let (project, task, subtask) = target::subtask(ctx, &args.words).await?;
    let request = Request::MoveSubtask(MoveSubtask { task, subtask, position });
    report::send(ctx, project, request, view::task::steps).await
}
