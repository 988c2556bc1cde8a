//! `project list`

use clap::Args;
use maestro_wire::{ErrorBody, ProjectList, Query};

use crate::context::Context;
use crate::fields::{self, FieldsArgs};
use crate::output::Output;
use crate::view;

/// List projects
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Archived ones too
    #[arg(long, alias = "all")]
    pub archived: bool,
    /// At most this many [default: 50; at most 1000]
    #[arg(long, short = 'n')]
    pub limit: Option<u32>,
    /// Go on from where the last page ended
    #[arg(long)]
    pub cursor: Option<String>,
    #[command(flatten)]
    pub only: FieldsArgs,
}

pub async fn run(args: ListArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let ListArgs { archived, limit, cursor, only } = args;
    let reply = ctx.ask_of_none(Query::ProjectList(ProjectList { archived, limit, cursor })).await?;
    let words = ctx.words.clone();
    fields::shown(reply, only, move |data| view::of(data, |page| view::project::page(&page, &words)))
}
