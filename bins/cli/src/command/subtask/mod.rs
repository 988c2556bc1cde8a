//! `subtask <verb>`, one file each.

mod complete;
mod create;
mod delete;
mod list;
mod move_to;
mod reopen;
mod update;

use clap::Subcommand;
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;

/// Steps of a task
#[derive(Subcommand, Debug)]
pub enum SubtaskCommand {
    #[command(alias = "new")]
    Create(create::CreateArgs),
    #[command(alias = "ls")]
    List(list::ListArgs),
    Update(update::UpdateArgs),
    #[command(alias = "done")]
    Complete(complete::CompleteArgs),
    Reopen(reopen::ReopenArgs),
    #[command(alias = "rm")]
    Delete(delete::DeleteArgs),
    #[command(name = "move")]
    Move(move_to::MoveArgs),
}

pub async fn run(command: SubtaskCommand, ctx: &Context) -> Result<Output, ErrorBody> {
    match command {
        SubtaskCommand::Create(args) => create::run(args, ctx).await,
        SubtaskCommand::List(args) => list::run(args, ctx).await,
        SubtaskCommand::Update(args) => update::run(args, ctx).await,
        SubtaskCommand::Complete(args) => complete::run(args, ctx).await,
        SubtaskCommand::Reopen(args) => reopen::run(args, ctx).await,
        SubtaskCommand::Delete(args) => delete::run(args, ctx).await,
        SubtaskCommand::Move(args) => move_to::run(args, ctx).await,
    }
}
