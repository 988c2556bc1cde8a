//! `message list`

use clap::Args;
use maestro_wire::{ErrorBody, MessageList, MessageView, Page, Query};

use crate::context::Context;
use crate::fields::{self, FieldsArgs};
use crate::output::Output;
use crate::view;

/// List the caller's unread messages; they stay unread
#[derive(Args, Debug)]
pub struct ListArgs {
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
    let query = Query::MessageList(MessageList { limit: args.limit, cursor: args.cursor });
    let reply = ctx.ask(&ctx.project()?, query).await?;
    let words = ctx.words.clone();
    fields::shown(reply, args.only, move |data| {
        view::of(data, |page: Page<MessageView>| {
            view::message::letters(&page.items) + &view::more(&words, page.next_cursor.as_ref())
        })
    })
}
