//! Sending what waits: in order, before anything new, within a bounded time.

use std::time::{Duration, Instant};

use maestro_client::{Caller, Seen};
use maestro_wire::{CommandId, ErrorCode};

use crate::context::Context;

use super::{Entry, Outbox};

/// The longest that one report is tried.
const ATTEMPT: Duration = Duration::from_millis(2_500);

/// Between the two tries of one report.
const PAUSE: Duration = Duration::from_millis(100);

/// Sends what waits until somebody does not answer or the time is over. Answers what was refused, a sentence each.
pub async fn deliver(ctx: &Context, caller: &Caller, budget: Duration) -> Vec<String> {
    let mut refused = Vec::new();
    let Ok(home) = ctx.home() else { return refused };
    let outbox = Outbox::of(&home);
    if outbox.ids().is_empty() {
        return refused;
    }
    let until = Instant::now() + budget;
    let lock = loop {
        match outbox.lock() {
            Some(lock) => break lock,
            None if Instant::now() >= until => return refused,
            None => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    let mut silent = None;
    for id in outbox.ids() {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        match silent {
            None => silent = send(caller, &outbox, id, left.min(ATTEMPT), &mut refused).await,
            // Nobody decides now: what the durable inbox does not have yet goes there, in the same order.
            Some(ErrorCode::NoServer) => keep(caller, &outbox, id, left).await,
            Some(_) => break,
        }
    }
    drop(lock);
    refused
}

/// Sends one; answers why there was no answer.
async fn send(
    caller: &Caller,
    outbox: &Outbox,
    id: CommandId,
    time: Duration,
    refused: &mut Vec<String>,
) -> Option<ErrorCode> {
    let Some(entry) = outbox.read(id) else {
        outbox.set_aside(id);
        return None;
    };
    let Some(request) = entry.request() else {
        outbox.set_aside(id);
        return None;
    };
    // Nobody there is known at once; the command that follows has its own patience.
    let own = Caller::new(caller.client().clone(), entry.actor.clone(), entry.epoch).with_retries(2, PAUSE);
    match own.command(&entry.project, &request, entry.id, &Seen::default(), time).await {
        Ok(_) => {
            outbox.remove(id);
            None
        }
        Err(error) if is_undecided(error.code) => {
            if error.code == ErrorCode::NoServer {
                keep(caller, outbox, id, time).await;
            }
            Some(error.code)
        }
        Err(error) => {
            // The inbox writes it on the timeline and tells the sender, whoever sends this here.
            if !entry.in_inbox
                && let Err(unanswered) = own.queue(&entry.project, &request, entry.id, time).await
            {
                return Some(unanswered.code);
            }
            refused.push(format!("the queued '{}' was refused ({}): {}", told(&entry), error.code, error.message));
            outbox.refuse(&entry, &error);
            None
        }
    }
}

/// Nothing was decided about the report: it stays.
const fn is_undecided(code: ErrorCode) -> bool {
    code.retryable() || matches!(code, ErrorCode::PermissionDenied | ErrorCode::AuthenticationFailed)
}

async fn keep(caller: &Caller, outbox: &Outbox, id: CommandId, time: Duration) {
    let Some(mut entry) = outbox.read(id).filter(|entry| !entry.in_inbox) else { return };
    let Some(request) = entry.request() else { return };
    let own = Caller::new(caller.client().clone(), entry.actor.clone(), entry.epoch);
    if own.queue(&entry.project, &request, entry.id, time).await.is_ok() {
        entry.in_inbox = true;
        // If the mark is lost it is published twice, under one id.
        let _ = outbox.put(&entry);
    }
}

fn told(entry: &Entry) -> String {
    let task = serde_json::from_str::<serde_json::Value>(entry.data.get()).ok();
    let task = task.as_ref().and_then(|data| data.get("task")?.as_str()).map(|task| format!(" {task}"));
    format!("{} {}{}", entry.entity, entry.verb, task.unwrap_or_default())
}
