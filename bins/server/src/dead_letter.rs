//! Orders to spawn whose deliveries are used up: nobody will get them any more. Their sessions fail with the reason, and
//! the order is removed. Missed while nobody listened, such a session runs into its deadline.

use std::{sync::Arc, time::Duration};

use maestro_client::Client;
use maestro_domain::{Actor, Caller, Line, Request, SessionFailed, SessionStatusKind};
use maestro_wire::{CommandId, ErrorCode, SpawnOrder};
use serde::Deserialize;

use crate::{clock::now, registry::Registry};

const STREAM: &str = "SPAWN";
const ADVISORIES: &str = "$JS.EVENT.ADVISORY.CONSUMER.MAX_DELIVERIES.SPAWN.*";
const AGAIN: Duration = Duration::from_secs(1);

#[derive(Deserialize)]
struct Advisory {
    stream_seq: u64,
    deliveries: u64,
}

/// Listens until told to stop.
pub async fn run(registry: Arc<Registry>, work: Client) {
    let stop = registry.shared().stop.clone();
    loop {
        let heard = async {
            let mut subscription = match work.subscribe(ADVISORIES, Some("dead-letters")).await {
                Ok(subscription) => subscription,
                Err(error) => return tracing::warn!(cause = %error, "dead letters are not heard of; trying again"),
            };
            while let Some(message) = subscription.next().await {
                match message.json::<Advisory>() {
                    Ok(advisory) => bury(&registry, &work, &advisory).await,
                    Err(error) => tracing::warn!(cause = %error, "an advisory that is not understood"),
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = heard => {}
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

async fn bury(registry: &Registry, work: &Client, advisory: &Advisory) {
    let seq = advisory.stream_seq;
    tracing::info!(seq, deliveries = advisory.deliveries, "an order that nobody carried out");
    let order = match work.message_at(STREAM, seq).await {
        Ok(Some(stored)) => serde_json::from_slice::<SpawnOrder>(&stored.payload),
        // Somebody was quicker.
        Ok(None) => return tracing::debug!(seq, "a dead letter that is gone"),
        Err(error) => return tracing::warn!(seq, cause = %error, "a dead letter cannot be read"),
    };
    match order {
        Ok(order) if !fail(registry, &order, advisory.deliveries).await => return,
        Ok(_) => {}
        Err(error) => tracing::warn!(seq, cause = %error, "a dead letter that is no order"),
    }
    if let Err(error) = work.remove_message(STREAM, seq).await {
        tracing::warn!(seq, cause = %error, "a dead letter stays in the queue");
    }
}

/// False: it could not be said now, and the order must stay.
async fn fail(registry: &Registry, order: &SpawnOrder, deliveries: u64) -> bool {
    let Some(project) = registry.get(&order.project) else { return true };
    let view = project.view();
    let waits = view.state.session(order.session).is_some_and(|session| {
        session.epoch == order.epoch
            && matches!(session.status.kind(), SessionStatusKind::Requested | SessionStatusKind::Starting)
    });
    if !waits {
        return true;
    }
    let failure = format!("its order was given out {deliveries} times, and nobody could start it");
    tracing::warn!(project = %order.project, session = %order.session, epoch = order.epoch, failure, "a dead letter");
    let caller = Caller { actor: Actor::Session(order.session), epoch: Some(order.epoch) };
    let request = Request::SessionFailed(SessionFailed { failure: Line::lossy(&failure) });
    let id = CommandId::derived(now(), &format!("dead {} {} {}", order.project, order.session, order.epoch));
    match registry.ask(&order.project, caller, request, id, None).await {
        Ok(_) => true,
        Err(error) => {
            tracing::warn!(session = %order.session, cause = %error, "the failure could not be recorded");
            error.code != ErrorCode::Unavailable && error.code != ErrorCode::Overloaded
        }
    }
}
