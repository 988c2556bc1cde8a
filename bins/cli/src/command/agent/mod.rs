//! `agent <verb>`, one file each.

pub mod doctor;
pub mod list;
mod show;

use clap::Subcommand;
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;

/// Agent profiles: what sessions can run, on which host
#[derive(Subcommand, Debug)]
pub enum AgentCommand {
    #[command(alias = "ls")]
    List(list::ListArgs),
    Show(show::ShowArgs),
    Doctor(doctor::DoctorArgs),
}

pub async fn run(command: AgentCommand, ctx: &Context) -> Result<Output, ErrorBody> {
    match command {
        AgentCommand::List(args) => list::run(args, ctx).await,
        AgentCommand::Show(args) => show::run(args, ctx).await,
        AgentCommand::Doctor(args) => doctor::run(args, ctx).await,
    }
}
