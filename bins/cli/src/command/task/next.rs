//! `task next`

use clap::Args;
use maestro_domain::{Label, NextTask, Request};
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::{DIM, Output, paint};
use crate::view;

use super::inputs;

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
    let project = ctx.project()?;
    let reply = ctx.command(&project, &request).await?;
    let inputs = if args.claim { inputs::missing(ctx, &project, &reply).await } else { Vec::new() };
    let unchanged = reply.unchanged;
    let output = Output::reply(inputs::with(reply, &inputs), move |data| match data {
        "null" => format!("nothing is ready\n  {} maestro status", paint(DIM, "try:")),
        task => format!("{}{}", view::task::outcome(task), inputs::lines(&inputs)),
    });
    // To look changes nothing; people need not be told.
    Ok(output.unchanged(unchanged && (args.claim || ctx.json())))
}
