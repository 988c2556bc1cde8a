//! A running session: started under a holder, watched until nothing of it is left. The holder speaks for it; what it could
//! not say any more is said here.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use maestro_client::Job;
use tokio::time::{Instant, sleep_until};

use super::order::{Prepared, Refusal};
use super::slot::Slot;
use super::{PROGRESS, in_progress, report, settle};
use crate::context::{Context, InHand};
use crate::holder::{Because, Ending, Happened, Holder};
use crate::incarnation::Incarnation;
use crate::ledger::Entry;
use crate::outbox::Report;
use crate::workspace::{Workspace, files};

/// A holder says within this time whether its agent runs.
const START: Duration = Duration::from_secs(20);
/// What a holder gets on top of the agent's grace before it is killed itself: it tells the end and keeps the recording.
const HOLDER_GRACE: Duration = Duration::from_secs(35);

/// Its agent runs.
pub(super) struct Running {
    entry: Entry,
    holder: Holder,
    workspace: Workspace,
}

/// Starts the agent. The ledger knows of it before it can run.
pub(super) async fn begin(
    context: &Arc<Context>,
    job: &Job,
    incarnation: &Incarnation,
    prepared: Prepared,
) -> Result<Running, Refusal> {
    let Prepared { mut entry, launch, workspace } = prepared;
    let local = |what: &str, error: std::io::Error| Refusal::Later(format!("{what}: {error}"));
    context.ledger.write(&entry).map_err(|error| local("ledger", error))?;
    let started = async {
        let mut holder = context.holders.spawn().map_err(|error| local("holder", error))?;
        entry.holder = Some(holder.identity);
        let recorded = context.ledger.write(&entry).map_err(|error| local("ledger", error));
        let begun = match recorded {
            Ok(()) => match holder.start(launch).await {
                Ok(()) => in_progress(job, tokio::time::timeout(START, holder.next())).await,
                Err(_) => Ok(Happened::Gone),
            },
            Err(refusal) => {
                holder.close().await;
                return Err(refusal);
            }
        };
        match begun {
            Ok(Happened::Started(agent)) => {
                entry.agent = Some(agent);
                // Holder and nonce lead to it too.
                if let Err(error) = context.ledger.write(&entry) {
                    tracing::warn!(%incarnation, cause = %error, "ledger not written");
                }
                Ok(Running { entry: entry.clone(), holder, workspace })
            }
            Ok(Happened::NotStarted(reason)) => {
                holder.close().await;
                Err(Refusal::Never(reason))
            }
            Ok(Happened::Gone | Happened::Active | Happened::Over | Happened::Ended(_)) | Err(_) => {
                holder.kill();
                holder.close().await;
                context.holders.sweep().await;
                Err(Refusal::Later("its holder did not start".to_owned()))
            }
        }
    };
    let started = started.await;
    if started.is_err() {
        context.ledger.remove(incarnation);
    }
    started
}

/// Stays with the session until nothing of it is left.
pub(super) async fn stay(context: &Arc<Context>, job: Job, in_hand: &InHand, running: Running, mut slot: Slot) {
    let Running { entry, mut holder, workspace } = running;
    let incarnation = entry.incarnation.clone();
    tracing::info!(%incarnation, pid = entry.agent.map(|agent| agent.pid), "started");
    let mut job = Some(job);
    let code = watch(context, &entry, &mut holder, &mut job, in_hand, &mut slot).await;
    holder.close().await;
    if code.is_none() {
        context.holders.sweep().await;
    }
    tracing::info!(%incarnation, code, "ended");
    conclude(context, &entry, &workspace.files).await;
    if let Some(job) = job {
        settle(job.ack().await);
    }
}

/// Reports what the holder did not, and forgets the incarnation.
pub(super) async fn conclude(context: &Context, entry: &Entry, files: &Path) {
    let incarnation = &entry.incarnation;
    match Ending::read(files, incarnation) {
        Some(ending) => {
            if let Err(error) = context.outbox.put_ending(&ending) {
                tracing::error!(%incarnation, cause = %error, "report not written to disk");
            }
        }
        None => {
            // First: a later start may be granted as soon as it is reported.
            files::mark_ended(files);
            report(context, incarnation, Report::Lost { reason: "its holder died".to_owned() });
        }
    }
    context.unless_back(incarnation, || context.rooms.leave(incarnation));
    context.rooms.tidy(incarnation, &context.shutdown).await;
    context.ledger.remove(incarnation);
    context.ended.notify_one();
}

/// Returns the exit code, if the holder lived to tell it.
async fn watch(
    context: &Arc<Context>,
    entry: &Entry,
    holder: &mut Holder,
    job: &mut Option<Job>,
    in_hand: &InHand,
    slot: &mut Slot,
) -> Option<i32> {
    let mut last_call: Option<Instant> = None;
    loop {
        tokio::select! {
            happened = holder.next() => match happened {
                Happened::Ended(code) => return Some(code),
                Happened::Gone => return None,
                Happened::Active => if let Some(job) = job.take() {
                    // The session has its spawner: the order is done.
                    in_hand.settled();
                    settle(job.ack().await);
                },
                // Others may begin while its end is told and its recording is stored.
                Happened::Over => slot.pass_on(),
                Happened::Started(_) | Happened::NotStarted(_) => {}
            },
            () = context.shutdown.cancelled(), if last_call.is_none() => {
                last_call = Some(Instant::now() + context.config.grace + HOLDER_GRACE);
                holder.stop(Because::Shutdown).await;
            }
            () = sleep_until(last_call.unwrap_or_else(Instant::now)), if last_call.is_some() => {
                tracing::error!(incarnation = %entry.incarnation, "holder does not end; killed");
                holder.kill();
                // Its end is heard of as the end of its words.
                last_call = Some(Instant::now() + HOLDER_GRACE);
            }
            () = tokio::time::sleep(PROGRESS), if job.is_some() => if let Some(job) = job.as_ref() {
                // Unheard, the order comes again and is seen to be in hand.
                let _ = job.in_progress().await;
            },
        }
    }
}
