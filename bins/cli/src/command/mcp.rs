//! `mcp`

use clap::Args;
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::mcp::Server;
use crate::output::Output;

/// Offer a session's daily commands as tools of the Model Context Protocol, on stdin and stdout
#[derive(Args, Debug)]
pub struct McpArgs {}

pub async fn run(ctx: &Context) -> Result<Output, ErrorBody> {
    Server::new(ctx.globals.clone(), ctx.environment.clone()).run().await?;
    Ok(Output::printed())
}
