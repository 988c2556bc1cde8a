//! `task delete`

use clap::Args;
use maestro_domain::{DeleteTask, Request, TaskRef};
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;
use crate::target;

/// Delete a task with its subtasks
#[derive(Args, Debug)]
pub struct DeleteArgs {
    /// The task
    pub task: TaskRef,
    /// Although somebody works on it or others depend on it
    #[arg(long)]
    pub force: bool,
}

pub async fn run(args: DeleteArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let (project, task) = target::named(ctx, &args.task)?;
    let request = Request::DeleteTask(DeleteTask { task, force: args.force });
    let reply = ctx.command(&project, &request).await?;
    Ok(Output::reply(reply, move |_| format!("deleted {task}")))
}
