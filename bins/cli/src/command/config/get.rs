//! `config get`

use clap::Args;
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;

/// Show one value
#[derive(Args, Debug)]
pub struct GetArgs {
    /// server, defaultProject, retries, retryDelay, outputMode or notify.command
    pub key: String,
}

pub fn run(args: GetArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let shown = super::shown(ctx, ctx.config()?, super::key(&args.key)?)?;
    let text = shown.value.clone().unwrap_or_default();
    Ok(Output::new(&shown, move || text))
}
