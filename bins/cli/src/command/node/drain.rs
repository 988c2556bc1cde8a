//! `node drain`

use clap::Args;
use maestro_domain::NodeName;
use maestro_wire::ErrorBody;

use super::info::Info;
use crate::context::Context;
use crate::output::Output;
use crate::{nodes, view};

/// Let a host finish: it takes no new sessions, those that run go on
///
/// It stays so over restarts of its spawner. Its own sessions that start again, by policy or by `session restart`, go to
/// other hosts of the pool.
#[derive(Args, Debug)]
pub struct DrainArgs {
    /// Its name, as in `maestro node list`
    pub node: NodeName,
    /// Let it take sessions again
    #[arg(long)]
    pub undo: bool,
}

pub async fn run(args: DrainArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    nodes::named(ctx, Some(&args.node)).await?;
    let verb = if args.undo { "undrain" } else { "drain" };
    let info: Info = nodes::ask(ctx.caller(ctx.left()).await?, &args.node, verb).await?;
    let human = info.clone();
    Ok(Output::new(&info, move || view::node::card(&human)))
}
