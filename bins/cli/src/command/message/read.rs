//! `message read`

use clap::Args;
use maestro_domain::{AcknowledgeMessage, MessageId, ProjectId, Request};
use maestro_wire::{ErrorBody, ErrorCode, MessageList, MessageView, Page, Query, Reply};

use crate::context::Context;
use crate::fields::{self, FieldsArgs};
use crate::output::Output;
use crate::view;

/// Show the caller's unread messages and mark them as seen
#[derive(Args, Debug)]
pub struct ReadArgs {
    /// Only these
    pub messages: Vec<MessageId>,
    /// At most this many [default: 50; at most 1000]
    #[arg(long, short = 'n')]
    pub limit: Option<u32>,
    #[command(flatten)]
    pub only: FieldsArgs,
}

pub async fn run(args: ReadArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let project = ctx.project()?;
    let (page, mut seq) = if args.messages.is_empty() {
        unread(ctx, &project, args.limit, None).await?
    } else {
        named(ctx, &project, &args.messages).await?
    };
    if let Some(id) = args.messages.iter().find(|id| page.items.iter().all(|view| view.message.id != **id)) {
        let text = format!("there is no unread message {id} for you");
        return Err(ErrorBody::new(ErrorCode::MessageNotFound, text)
            .with("message", id.to_string())
            .commands(["maestro message list"]));
    }
    if let Some(later) = seen(ctx, &project, &page.items).await? {
        seq = Some(later);
    }
    let human = page.items.clone();
    let mut reply = Reply::ok(&page);
    reply.seq = seq;
    fields::shown(reply, args.only, move |_| view::message::letters(&human))
}

async fn unread(
    ctx: &Context,
    project: &ProjectId,
    limit: Option<u32>,
    cursor: Option<String>,
) -> Result<(Page<MessageView>, Option<u64>), ErrorBody> {
    let reply = ctx.ask(project, Query::MessageList(MessageList { limit, cursor })).await?;
    let seq = reply.seq;
    Ok((reply.parse()?, seq))
}

/// Those of these that are unread: page by page, the oldest first, as far as the last of them.
async fn named(
    ctx: &Context,
    project: &ProjectId,
    messages: &[MessageId],
) -> Result<(Page<MessageView>, Option<u64>), ErrorBody> {
    let last = messages.iter().map(|id| id.number()).max();
    let (mut items, mut cursor) = (Vec::new(), None);
    loop {
        let (page, seq) = unread(ctx, project, None, cursor).await?;
        let beyond = page.items.last().is_none_or(|view| Some(view.message.id.number()) >= last);
        items.extend(page.items.into_iter().filter(|view| messages.contains(&view.message.id)));
        cursor = page.next_cursor;
        if beyond || cursor.is_none() {
            return Ok((Page { items, next_cursor: None }, seq));
        }
    }
}

/// Marks messages as seen; answers the last sequence.
pub async fn seen(ctx: &Context, project: &ProjectId, messages: &[MessageView]) -> Result<Option<u64>, ErrorBody> {
    let mut seq = None;
    for view in messages {
        let request = Request::MessageSeen(AcknowledgeMessage { message: view.message.id });
        seq = ctx.command(project, &request).await?.seq;
    }
    Ok(seq)
}
