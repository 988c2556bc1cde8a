//! `session prune`

use clap::Args;
use maestro_domain::NodeName;
use maestro_wire::{ErrorBody, PruneRequest, PruneView};
use serde::Serialize;

use crate::context::Context;
use crate::output::Output;
use crate::{nodes, view};

/// Remove worktrees that are clean, merged or pushed, and in which nothing runs; list the others with the reason
#[derive(Args, Debug)]
pub struct PruneArgs {
    /// Only say what would be removed
    #[arg(long)]
    pub dry_run: bool,
    /// Of every project
    #[arg(long)]
    pub all_projects: bool,
    /// Only on this host
    #[arg(long)]
    pub node: Option<NodeName>,
}

/// One host's part.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pruned {
    pub node: NodeName,
    #[serde(flatten)]
    pub view: PruneView,
    /// It could not be asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    dry_run: bool,
    items: Vec<Pruned>,
}

pub async fn run(args: PruneArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let project = if args.all_projects { None } else { Some(ctx.project()?) };
    let request = PruneRequest { project, dry_run: args.dry_run };
    let mut items = Vec::new();
    for node in nodes::named(ctx, args.node.as_ref()).await? {
        let caller = ctx.caller(ctx.left()).await?;
        let answer = nodes::about_worktrees::<PruneView>(caller, &node.node, "prune", &request).await;
        let (view, error) = match answer {
            Ok(view) => (view, None),
            // One that was named is what it is about.
            Err(error) if args.node.is_some() => return Err(error),
            Err(error) => (PruneView::default(), Some(error.message)),
        };
        items.push(Pruned { node: node.node, view, error });
    }
    let (human, dry_run) = (items.clone(), args.dry_run);
    Ok(Output::new(&Answer { dry_run, items }, move || view::worktree::pruned(&human, dry_run)))
}
