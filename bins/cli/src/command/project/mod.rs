//! `project <verb>`, one file each.

mod archive;
mod create;
mod get;
mod list;
mod purge;
mod update;
mod use_here;

use clap::Subcommand;
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;

/// The rooms in which tasks and sessions live
#[derive(Subcommand, Debug)]
pub enum ProjectCommand {
    #[command(alias = "new")]
    Create(create::CreateArgs),
    #[command(alias = "ls")]
    List(list::ListArgs),
    #[command(alias = "show")]
    Get(get::GetArgs),
    Update(update::UpdateArgs),
    #[command(name = "use")]
    Use(use_here::UseArgs),
    Archive(archive::ArchiveArgs),
    Purge(purge::PurgeArgs),
}

pub async fn run(command: ProjectCommand, ctx: &Context) -> Result<Output, ErrorBody> {
    match command {
        ProjectCommand::Create(args) => create::run(args, ctx).await,
        ProjectCommand::List(args) => list::run(args, ctx).await,
        ProjectCommand::Get(args) => get::run(args, ctx).await,
        ProjectCommand::Update(args) => update::run(args, ctx).await,
        ProjectCommand::Use(args) => use_here::run(args, ctx).await,
        ProjectCommand::Archive(args) => archive::run(args, ctx).await,
        ProjectCommand::Purge(args) => purge::run(args, ctx).await,
    }
}
