//! `task next`

use clap::Args;
use maestro_domain::{Label, NextTask, Request};
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::{DIM, Output, paint};
use crate::view;

/// Name the best ready task, or take it; nothing ready is no failure
#[derive(Args, Debug)]
pub struct NextArgs {
    /// Claim and start it in the same step
    #[arg(long)]
    pub claim: bool,
    /// Only tasks with all of these labels
    #[arg(long = "label", alias = "labels", value_delimiter = ',')]
    pub labels: Vec<Label>,
}

pub async fn run(args: NextArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let request = Request::NextTask(NextTask { claim: args.claim, labels: args.labels });
    let reply = ctx.command(&ctx.project()?, &request).await?;
    let unchanged = reply.unchanged;
    let output = Output::reply(reply, |data| match data {
        "null" => format!("nothing is ready\n  {} maestro status", paint(DIM, "try:")),
        task => view::task::outcome(task),
    });
    // To look changes nothing; people need not be told.
    Ok(output.unchanged(unchanged && (args.claim || ctx.json())))
}
