//! `session prompt`: what a session's agent read first.

use clap::Args;
use maestro_domain::SessionId;
use maestro_wire::ErrorBody;
use serde::Serialize;

use super::manifest;
use crate::context::Context;
use crate::output::Output;

/// Print what a session's agent read first, or would read if it started now
#[derive(Args, Debug)]
pub struct PromptArgs {
    /// The session [default: the caller's own]
    pub session: Option<SessionId>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    session: SessionId,
    epoch: u32,
    /// Its agent was given it so; else it is what it would be given now, less the skills of its host.
    given: bool,
    prompt: &'a str,
}

pub async fn run(args: PromptArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let (manifest, given) = manifest::of(args.session, ctx).await?;
    let shown = Shown { session: manifest.session, epoch: manifest.epoch, given, prompt: &manifest.initial_prompt };
    let text = manifest.initial_prompt.clone();
    Ok(Output::new(&shown, move || text))
}
