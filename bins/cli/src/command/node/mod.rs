//! `node <verb>`, one file each.

mod drain;
pub mod info;
mod invite;
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
    Drain(drain::DrainArgs),
    Invite(invite::InviteArgs),
}

pub async fn run(command: NodeCommand, ctx: &Context) -> Result<Output, ErrorBody> {
    match command {
        NodeCommand::List(args) => list::run(args, ctx).await,
        NodeCommand::Info(args) => info::run(args, ctx).await,
        NodeCommand::Drain(args) => drain::run(args, ctx).await,
        NodeCommand::Invite(args) => invite::run(&args, ctx),
    }
}
