//! `session discard`

use clap::Args;
use maestro_domain::SessionId;
use maestro_wire::{ErrorBody, RemovedView, WorktreeRequest};

use super::diff::place;
use crate::context::Context;
use crate::output::Output;
use crate::{nodes, view};

/// Remove a session's worktree and branch
#[derive(Args, Debug)]
pub struct DiscardArgs {
    /// Its id
    pub session: SessionId,
    /// Also work that is neither merged nor pushed
    #[arg(long)]
    pub force: bool,
}

pub async fn run(args: DiscardArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let (project, node) = place(ctx, args.session).await?;
    let request = WorktreeRequest { project, session: args.session, stat: false, files: Vec::new(), force: args.force };
    let removed: RemovedView =
        nodes::about_worktrees(ctx.caller(ctx.left()).await?, &node, "discard", &request).await?;
    let human = removed.clone();
    Ok(Output::new(&removed, move || view::worktree::removed(&human)))
}
