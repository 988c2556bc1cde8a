//! `message.list`: the caller's unread messages.

use maestro_domain::{Actor, Message, TaskId};
use maestro_wire::{ErrorBody, MessageList, MessageView, Page};

use super::{Asked, cursor};
use crate::store::Reading;

pub async fn list(asked: &Asked<'_>, list: &MessageList) -> Result<Page<MessageView>, ErrorBody> {
    let limit = cursor::limit(list.limit)?;
    let after: Option<u32> = cursor::read(list.cursor.as_deref())?;
    let reading = asked.reading().await?;
    let (items, more) = some(asked, &reading, asked.actor, after, limit)?;
    let next_cursor = items.last().filter(|_| more).map(|v| cursor::write(&v.message.id.number()));
    Ok(Page { items, next_cursor })
}

/// Unread messages of the caller above a number, the oldest first, as many as a page holds.
pub fn unread(
    asked: &Asked<'_>,
    reading: &Reading,
    after: Option<u32>,
    limit: usize,
) -> Result<Vec<MessageView>, ErrorBody> {
    unread_of(asked, reading, asked.actor, after, limit)
}

/// Unread messages of anybody above a number, the oldest first, as many as a page holds.
pub fn unread_of(
    asked: &Asked<'_>,
    reading: &Reading,
    recipient: &Actor,
    after: Option<u32>,
    limit: usize,
) -> Result<Vec<MessageView>, ErrorBody> {
    some(asked, reading, recipient, after, limit).map(|(items, _)| items)
}

/// The same, and whether there are more.
fn some(
    asked: &Asked<'_>,
    reading: &Reading,
    recipient: &Actor,
    after: Option<u32>,
    limit: usize,
) -> Result<(Vec<MessageView>, bool), ErrorBody> {
    let mut items = Vec::new();
    let mut bytes = 0;
    for id in asked.view.state.inbox(recipient) {
        if after.is_some_and(|after| id.number() <= after) {
            continue;
        }
        if items.len() == limit || bytes > cursor::PAGE_BYTES {
            return Ok((items, true));
        }
        let Some(message) = asked.view.state.message(id) else { continue };
        let view = view(asked, reading, message)?;
        bytes += weight(&view);
        items.push(view);
    }
    Ok((items, false))
}

/// About how many bytes a message takes in an answer.
fn weight(view: &MessageView) -> usize {
    600 + view.body.len() + view.body.bytes().filter(|byte| matches!(byte, b'"' | b'\\' | b'\n' | b'\t')).count()
}

/// Unread messages of the caller about a task, the oldest first.
pub fn about(asked: &Asked<'_>, reading: &Reading, task: TaskId) -> Result<Vec<MessageView>, ErrorBody> {
    const SHOWN: usize = 10;
    let inbox = asked.view.state.inbox(asked.actor).filter_map(|id| asked.view.state.message(id));
    let of_it = inbox.filter(|message| message.task == Some(task)).take(SHOWN);
    of_it.map(|message| view(asked, reading, message)).collect()
}

fn view(asked: &Asked<'_>, reading: &Reading, message: &Message) -> Result<MessageView, ErrorBody> {
    let body = asked.stored(reading.message_body(&asked.project.id, message.id))?.unwrap_or_default();
    Ok(MessageView { message: message.clone(), body })
}
