//! `task export`

use std::collections::BTreeSet;

use clap::{Args, ValueEnum};
use maestro_domain::StatusKind;
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::gather;
use crate::output::Output;
use crate::plan::{self, Plan};

/// How tasks are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One JSON object a line
    #[default]
    Jsonl,
    /// A checklist, with all texts
    Markdown,
}

/// Write tasks as JSON Lines or as a checklist; `task import` reads both
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// How they are written
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Only with these statuses: pending, in_progress, in_review, blocked, completed, cancelled
    #[arg(long, value_delimiter = ',')]
    pub status: Vec<StatusKind>,
    /// At most this many
    #[arg(long, short = 'n', value_name = "N", default_value_t = 100_000)]
    pub limit: u32,
}

/// Tasks whose texts are asked for before their lines are written.
const AT_ONCE: usize = 200;

pub async fn run(args: ExportArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let project = ctx.project()?;
    let found = gather::tasks(ctx, &project, args.status, args.limit as usize).await?;
    let mut left_out = BTreeSet::new();
    for some in found.items.chunks(AT_ONCE) {
        for detail in gather::details(ctx, &project, some.iter().map(|row| row.task.id)).await? {
            let plan = Plan::of(&detail, &project);
            left_out.extend(detail.task.depends_on.iter().copied());
            let markdown = || plan::markdown(&plan);
            let heard = match args.format {
                Format::Jsonl => ctx.printer.line(&plan, || serde_json::to_string(&plan).unwrap_or_default()),
                Format::Markdown => ctx.printer.line(&plan, markdown),
            };
            if heard.is_err() {
                return Ok(Output::printed());
            }
        }
    }
    for row in &found.items {
        left_out.remove(&row.task.id);
    }
    if !left_out.is_empty() {
        let some: Vec<String> = left_out.iter().take(10).map(ToString::to_string).collect();
        let more = if left_out.len() > some.len() { ", …" } else { "" };
        ctx.printer.note(&format!(
            "not exported, though others depend on them: {}{more}; another project refuses these until they are there",
            some.join(", ")
        ));
    }
    if found.more {
        ctx.printer.note("more tasks are there: raise --limit");
    }
    Ok(Output::printed())
}
