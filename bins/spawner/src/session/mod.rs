//! One order from delivery to the last report.

mod adopt;
mod live;
mod order;
mod slot;

use std::sync::Arc;
use std::time::Duration;

use maestro_client::{Job, Settled};
use maestro_runtime::trace::{self, Kind, Span};
use maestro_wire::{SpawnOrder, header};

use crate::context::{Context, InHand};
use crate::dispatch::DELIVERIES;
use crate::incarnation::Incarnation;
use crate::outbox::Report;
use order::Refusal;

pub use adopt::adopt;
pub(crate) use order::{Verdict, classify};
pub use slot::Slot;

/// For how long an order that was handed back rests: once, then again and again.
const AT_ONCE: Duration = Duration::from_millis(20);
const AGAIN: Duration = Duration::from_secs(2);
/// For how long an order that another spawner has is left alone.
const TAKEN: Duration = Duration::from_secs(15);
/// How often the broker hears that an order is still worked on.
const PROGRESS: Duration = Duration::from_secs(10);

/// Works one order: fetches what is to be done, starts it, stays with it, reports its end.
pub async fn run(context: &Arc<Context>, job: Job, slot: Slot) {
    let order = match serde_json::from_slice::<SpawnOrder>(job.payload()) {
        Ok(order) => order,
        Err(error) => {
            tracing::error!(subject = job.subject(), cause = %error, "not an order; removed");
            return settle(job.term("not an order").await);
        }
    };
    let incarnation = Incarnation::from(&order);
    let in_hand = match InHand::take(context, &incarnation) {
        Ok(in_hand) => in_hand,
        // The broker gave it out again because it did not hear of us in time.
        Err(twice) if twice.settled => return settle(job.ack().await),
        Err(_) => return,
    };
    if context.outbox.holds(&incarnation) {
        return settle(job.ack().await);
    }
    let refusal = match start(context, &job, &order, &incarnation).await {
        Ok(running) => return live::stay(context, job, &in_hand, running, slot).await,
        Err(refusal) => refusal,
    };
    match refusal {
        Refusal::NotOurs(why) => {
            tracing::info!(%incarnation, why, "order dropped");
            settle(job.ack().await);
        }
        // The other one may be gone before it runs; then the server grants the next epoch, and this order is nobody's.
        Refusal::Taken if job.deliveries() < u64::from(DELIVERIES) => settle(job.nak(TAKEN).await),
        Refusal::Taken => settle(job.ack().await),
        Refusal::Later(why) if job.deliveries() < u64::from(DELIVERIES) => {
            tracing::warn!(%incarnation, why, deliveries = job.deliveries(), "order handed back");
            // At once: whoever waits for orders now waits for longer than we do, who ask again only now. Then later each time.
            let before = u32::try_from(job.deliveries().saturating_sub(1)).unwrap_or(1);
            let rest = (AGAIN * before).max(AT_ONCE);
            settle(job.nak(rest).await);
        }
        Refusal::Later(why) | Refusal::Never(why) => {
            tracing::warn!(%incarnation, why, "session failed");
            report(context, &incarnation, Report::Failed { failure: why });
            settle(job.term("its session failed").await);
        }
        Refusal::Ended => settle(job.ack().await),
    }
}

/// Prepares and starts the agent, as a part of the trace that ordered it.
async fn start(
    context: &Arc<Context>,
    job: &Job,
    order: &SpawnOrder,
    incarnation: &Incarnation,
) -> Result<live::Running, Refusal> {
    let parent = job.header(header::TRACEPARENT).and_then(trace::parse);
    let span = Span::begin(Kind::Consumer, || "start session".to_owned(), parent);
    span.note("maestro.session", incarnation);
    let traceparent = span.traceparent_or(parent);
    let started = async {
        let mut prepared = in_progress(job, order::prepare(context, order, incarnation)).await?;
        prepared.launch.belongs_to(traceparent);
        let workspace = prepared.workspace.clone();
        let begun = live::begin(context, job, incarnation, prepared).await;
        if begun.is_err() {
            context.rooms.undo(&workspace).await;
        }
        begun
    };
    let started = span.around(started).await;
    if let Err(refusal) = &started {
        span.failed(refusal.name());
    }
    started
}

/// Works on something while the broker hears that the order is in hand.
async fn in_progress<T>(job: &Job, work: impl Future<Output = T>) -> T {
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(PROGRESS) => if let Err(error) = job.in_progress().await {
                tracing::debug!(cause = %error, "progress not told");
            },
        }
    }
}

/// Keeps a report; one that cannot be written is sent all the same while this process lives.
fn report(context: &Context, incarnation: &Incarnation, report: Report) {
    if let Err(error) = context.outbox.put(incarnation, report) {
        tracing::error!(%incarnation, cause = %error, "report not written to disk");
    }
}

/// What is not confirmed comes again, and is then dropped.
fn settle(outcome: Result<(), Settled>) {
    if let Err(error) = outcome {
        tracing::debug!(cause = %error, "order not settled");
    }
}
