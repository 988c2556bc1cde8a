//! `config get`

use clap::Args;
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;

/// Show one value
///
/// server is the broker's address and defaultProject the project where nothing else names one. retries is how often a request
/// is repeated at most [default: as often as the timeout allows], retryDelay the wait before the first repetition in
/// milliseconds; it doubles. outputMode is text or json, notify.command what `maestro up` runs when something needs you.
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
