//! `task depend`

use clap::Args;
use maestro_domain::{DependTask, Request, TaskId, TaskRef};
use maestro_wire::{ErrorBody, ErrorCode};

use crate::context::Context;
use crate::output::Output;
use crate::{target, view};

/// Let a task depend on others, or no more
#[derive(Args, Debug)]
pub struct DependArgs {
    /// The task that waits
    pub task: TaskRef,
    /// Tasks that must be completed first
    #[arg(value_name = "ON", value_delimiter = ',')]
    pub add: Vec<TaskId>,
    /// The same as a flag
    #[arg(long, value_delimiter = ',', value_name = "TASK", alias = "add")]
    pub on: Vec<TaskId>,
    /// Tasks that it does not depend on any more
    #[arg(long, value_delimiter = ',', value_name = "TASK")]
    pub remove: Vec<TaskId>,
}

pub async fn run(args: DependArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let (project, task) = target::named(ctx, &args.task)?;
    let add: Vec<TaskId> = args.add.into_iter().chain(args.on).collect();
    if add.is_empty() && args.remove.is_empty() {
        return Err(ErrorBody::new(ErrorCode::NoUpdates, "no dependency was named")
            .commands(["maestro task depend --help".to_owned(), format!("maestro task graph {task}")]));
    }
    let reply = ctx.command(&project, &Request::DependTask(DependTask { task, add, remove: args.remove })).await?;
    Ok(Output::reply(reply, view::task::outcome))
}
