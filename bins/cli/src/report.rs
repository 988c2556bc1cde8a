//! Reports: commands that are kept and sent later when nobody answers.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use maestro_domain::{ProjectId, Request, Timestamp};
use maestro_wire::{CommandId, ErrorBody, ErrorCode, Reply};
use serde_json::json;

use crate::context::Context;
use crate::memory::Claims;
use crate::outbox::{Entry, Outbox, is_unanswered};
use crate::output::{DIM, Output, paint};

/// Time that is held back for keeping the report.
const RESERVE: Duration = Duration::from_millis(1_500);

/// Sends a report; when nobody answers it is queued, which is success too.
pub async fn send(
    ctx: &Context,
    project: ProjectId,
    request: Request,
    human: impl FnOnce(&str) -> String + 'static,
) -> Result<Output, ErrorBody> {
    let id = CommandId(ulid::Ulid::generate());
    let time = || ctx.left().saturating_sub(RESERVE.min(ctx.timeout() * 2 / 5));
    let error = match attempt(ctx, &project, &request, id, time).await {
        Ok(reply) => return Ok(Output::reply(reply, human)),
        Err(error) => error,
    };
    let has_address = error.code == ErrorCode::StackNotRunning && error.details.contains_key("address");
    if !is_unanswered(error.code) && !has_address {
        return Err(error);
    }
    queue(ctx, project, &request, id, &error).await
}

async fn attempt(
    ctx: &Context,
    project: &ProjectId,
    request: &Request,
    id: CommandId,
    time: impl Fn() -> Duration,
) -> Result<Reply, ErrorBody> {
    ctx.caller(time()).await?;
    let (actor, _) = ctx.actor()?;
    let outbox = ctx.home().ok().map(|home| Outbox::of(&home));
    if outbox.is_some_and(|outbox| outbox.waits(project, &actor)) {
        let text = "earlier reports wait for a server; this one waits behind them";
        return Err(ErrorBody::new(ErrorCode::Unavailable, text).commands(["maestro doctor"]));
    }
    ctx.send(project, request, id, time()).await
}

/// Keeps it here, and in the durable inbox when the broker can be reached.
pub async fn queue(
    ctx: &Context,
    project: ProjectId,
    request: &Request,
    id: CommandId,
    why: &ErrorBody,
) -> Result<Output, ErrorBody> {
    let Ok(home) = ctx.home() else { return Err(why.clone()) };
    let outbox = Outbox::of(&home);
    let mut entry = Entry::new(id, project, ctx.actor()?, request, now());
    outbox.put(&entry).map_err(|error| {
        let text = format!("{}; and {}", why.message, error.message);
        ErrorBody { message: text, ..why.clone() }
    })?;
    if let Some(claims) = Claims::of(ctx, &entry.project) {
        claims.reported(request);
    }
    let connected = !matches!(why.code, ErrorCode::ConnectionRefused | ErrorCode::StackNotRunning);
    if connected
        && let Ok(caller) = ctx.caller(Duration::ZERO).await
        && caller.queue(&entry.project, request, id, ctx.left().max(Duration::from_millis(200))).await.is_ok()
    {
        entry.in_inbox = true;
        // If the mark is lost it is published twice, under one id.
        let _ = outbox.put(&entry);
    }
    let place = if entry.in_inbox { "inbox" } else { "outbox" };
    let data = json!({
        "commandId": id, "project": entry.project, "command": format!("{}.{}", entry.entity, entry.verb),
        "queuedIn": place, "reason": why.code.as_str(),
    });
    let text = format!(
        "queued: {} {} {}",
        entry.entity,
        entry.verb,
        paint(DIM, format!("({}; it is sent as soon as a server answers)", why.message))
    );
    Ok(Output::new(&data, move || text).queued())
}

/// The time of this computer.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
