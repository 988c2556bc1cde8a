//! `session merge`

use clap::Args;
use maestro_domain::SessionId;
use maestro_wire::{ErrorBody, MergeOutcome, MergeView, WorktreeRequest};

use super::diff::place;
use crate::context::Context;
use crate::output::Output;
use crate::{nodes, view};

/// Merge a session's commits into the base branch of its host's repository; from a clone: push its branch
#[derive(Args, Debug)]
pub struct MergeArgs {
    /// Its id
    pub session: SessionId,
}

pub async fn run(args: MergeArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let (project, node) = place(ctx, args.session).await?;
    let request = WorktreeRequest { project, session: args.session, stat: false, files: Vec::new(), force: false };
    let merged: MergeView = nodes::about_worktrees(ctx.caller(ctx.left()).await?, &node, "merge", &request).await?;
    let human = merged.clone();
    let unchanged = merged.outcome == MergeOutcome::Unchanged;
    Ok(Output::new(&merged, move || view::worktree::merged(&human)).unchanged(unchanged))
}
