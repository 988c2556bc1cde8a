//! `node list`

use clap::Args;
use maestro_wire::{ErrorBody, Page};

use crate::context::Context;
use crate::output::Output;
use crate::{nodes, view};

/// List the spawners that are there
#[derive(Args, Debug)]
pub struct ListArgs {}

pub async fn run(_: ListArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let page = Page { items: nodes::all(ctx).await?, next_cursor: None };
    let human = page.items.clone();
    Ok(Output::new(&page, move || view::node::list(&human)))
}
