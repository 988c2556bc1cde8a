//! `session diff`: what a session has done in its worktree.

use clap::Args;
use maestro_domain::{NodeName, ProjectId, SessionId};
use maestro_wire::{DiffView, ErrorBody, ErrorCode, Query, SessionGet, SessionView, WorktreeRequest};

use crate::context::Context;
use crate::output::Output;
use crate::{nodes, view};

/// Show what a session has changed: its commits against what it began with, and uncommitted files
#[derive(Args, Debug)]
pub struct DiffArgs {
    /// Its id
    pub session: SessionId,
    /// Only these files
    #[arg(value_name = "FILE")]
    pub files: Vec<String>,
    /// Only names and numbers
    #[arg(long)]
    pub stat: bool,
}

pub async fn run(args: DiffArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let (project, node) = place(ctx, args.session).await?;
    let request = WorktreeRequest { project, session: args.session, stat: args.stat, files: args.files, force: false };
    let diff: DiffView = nodes::about_worktrees(ctx.caller(ctx.left()).await?, &node, "diff", &request).await?;
    let (human, stat) = (diff.clone(), args.stat);
    Ok(Output::new(&diff, move || view::worktree::diff(&human, stat)))
}

/// The session's project and the spawner that has its worktree.
pub async fn place(ctx: &Context, session: SessionId) -> Result<(ProjectId, NodeName), ErrorBody> {
    let project = ctx.project()?;
    let reply = ctx.ask(&project, Query::SessionGet(SessionGet { session: Some(session) })).await?;
    match reply.parse::<SessionView>()?.session.node {
        Some(node) => Ok((project, node)),
        None => Err(ErrorBody::new(ErrorCode::WorktreeNotFound, format!("{session} has not been started anywhere"))
            .commands([format!("maestro session info {session}"), "maestro session list --all".to_owned()])),
    }
}
