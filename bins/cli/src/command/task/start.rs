//! `task start`

use clap::Args;
use maestro_domain::{Request, StartTask, TaskRef};
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;
use crate::{target, view};

use super::inputs;

/// Claim a task and begin
#[derive(Args, Debug)]
pub struct StartArgs {
    /// The task [default: the session's only claim, else the last it took, else its first task]
    pub task: Option<TaskRef>,
    /// Although tasks that it depends on are open
    #[arg(long)]
    pub force: bool,
}

pub async fn run(args: StartArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let (project, task) = target::resolve(ctx, args.task.as_ref()).await?;
    let request = Request::StartTask(StartTask { task, force: args.force });
    let reply = ctx.command(&project, &request).await?;
    let inputs = inputs::missing(ctx, &project, &reply).await;
    Ok(Output::reply(inputs::with(reply, &inputs), move |data| {
        format!("{}{}", view::task::outcome(data), inputs::lines(&inputs))
    }))
}
