//! `node list`

use clap::Args;
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;
use crate::page::{self, PageArgs};
use crate::{nodes, view};

/// List the spawners that are there
#[derive(Args, Debug)]
pub struct ListArgs {
    #[command(flatten)]
    pub page: PageArgs,
}

const USUAL: u32 = 50;

pub async fn run(args: ListArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let page = page::of(nodes::all(ctx).await?, &args.page, USUAL, |record| record.node.to_string())?;
    let more = view::more(&ctx.words, page.next_cursor.as_ref());
    let human = page.items.clone();
    Ok(Output::new(&page, move || view::node::list(&human) + &more))
}
