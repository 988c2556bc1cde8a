//! `node <verb>`, one file each.

pub mod info;
mod list;

use clap::Subcommand;
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;

/// The hosts that run sessions
#[derive(Subcommand, Debug)]
pub enum NodeCommand {
    #[command(alias = "ls")]
    List(list::ListArgs),
    #[command(alias = "show", alias = "get")]
    Info(info::InfoArgs),
}

pub async fn run(command: NodeCommand, ctx: &Context) -> Result<Output, ErrorBody> {
    match command {
        NodeCommand::List(args) => list::run(args, ctx).await,
        NodeCommand::Info(args) => info::run(args, ctx).await,
    }
}
