//! `agent show`

use clap::Args;
use maestro_domain::{AgentName, NodeName};
use maestro_wire::{ErrorBody, ErrorCode};

use super::list::rows;
use crate::context::Context;
use crate::output::Output;

/// Show an agent profile as it is in force, to copy from
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// Its name, as in `maestro agent list`
    pub agent: AgentName,
    /// As this host has it [default: the first that knows it]
    #[arg(long)]
    pub node: Option<NodeName>,
}

pub async fn run(args: ShowArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let (rows, _) = rows(ctx, args.node.as_ref()).await?;
    let mut known: Vec<&str> = rows.iter().map(|row| row.agent.name.as_str()).collect();
    known.sort_unstable();
    known.dedup();
    let Some(row) = rows.iter().find(|row| row.agent.name == args.agent.as_str()) else {
        return Err(ErrorBody::new(ErrorCode::InvalidAgent, format!("no host knows the agent '{}'", args.agent))
            .with("known", known)
            .commands(["maestro agent list", "maestro agent doctor"]));
    };
    let text = row.agent.profile.clone();
    Ok(Output::new(row, move || text))
}
