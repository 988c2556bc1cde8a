//! `message <verb>`, one file each.

mod list;
pub mod read;
mod send;

use clap::Subcommand;
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;

/// Mail between agents and people
#[derive(Subcommand, Debug)]
pub enum MessageCommand {
    Send(send::SendArgs),
    #[command(alias = "ls")]
    List(list::ListArgs),
    Read(read::ReadArgs),
}

pub async fn run(command: MessageCommand, ctx: &Context) -> Result<Output, ErrorBody> {
    match command {
        MessageCommand::Send(args) => send::run(args, ctx).await,
        MessageCommand::List(args) => list::run(args, ctx).await,
        MessageCommand::Read(args) => read::run(args, ctx).await,
    }
}
