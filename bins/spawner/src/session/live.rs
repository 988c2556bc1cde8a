//! A running session: started under a holder, watched until nothing of it is left, its end reported.

use std::sync::Arc;
use std::time::Duration;

use maestro_client::Job;
use tokio::time::{Instant, sleep_until};

use super::endpoint::Terminal;
use super::lease::Keeper;
use super::order::{Prepared, Refusal};
use super::report::Reporter;
use super::{in_progress, report, settle};
use crate::context::{Context, InHand};
use crate::holder::{Happened, Holder};
use crate::incarnation::Incarnation;
use crate::ledger::Entry;
use crate::outbox::Report;
use crate::workspace::Workspace;

/// A holder says within this time whether its agent runs.
const START: Duration = Duration::from_secs(20);
/// What a holder gets on top of the agent's grace before it is killed itself.
const HOLDER_GRACE: Duration = Duration::from_secs(5);

/// Why an agent is made to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Somebody asked for it.
    Stop,
    /// The session has ended otherwise, or goes on elsewhere: nothing is to be reported.
    Superseded,
    /// This spawner shuts down.
    Shutdown,
}

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
            Ok(Happened::Gone | Happened::Ended(_)) | Err(_) => {
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

/// Stays with the session until nothing of it is left, and reports how it ended.
pub(super) async fn stay(context: &Arc<Context>, job: Job, in_hand: &InHand, running: Running) {
    let Running { entry, mut holder, workspace } = running;
    let incarnation = entry.incarnation.clone();
    tracing::info!(%incarnation, pid = entry.agent.map(|agent| agent.pid), "started");
    let mut keeper = Keeper::new(context, &entry);
    let mut reporter = Reporter::new(context, &incarnation, job, in_hand);
    let (code, cause) = watch(context, &entry, &mut holder, &mut keeper, &mut reporter).await;
    holder.close().await;
    if code.is_none() {
        context.holders.sweep().await;
    }
    let ended = match (cause, code) {
        (Some(Cause::Superseded), _) => None,
        (Some(Cause::Stop), _) => Some(Report::Stopped),
        (Some(Cause::Shutdown), _) => Some(Report::Lost { reason: "spawner shut down".to_owned() }),
        (None, Some(code)) => Some(Report::Exited { code }),
        (None, None) => Some(Report::Lost { reason: "its holder died".to_owned() }),
    };
    tracing::info!(%incarnation, ?cause, code, "ended");
    if let Some(ended) = ended {
        report(context, &incarnation, ended);
    }
    context.ledger.remove(&incarnation);
    workspace.tidy();
    if let Some(job) = reporter.into_job() {
        settle(job.ack().await);
    }
    keeper.release().await;
}

/// Returns the exit code, if the holder lived to tell it, and why the agent was made to end, if it was.
async fn watch(
    context: &Arc<Context>,
    entry: &Entry,
    holder: &mut Holder,
    keeper: &mut Keeper,
    reporter: &mut Reporter<'_>,
) -> (Option<i32>, Option<Cause>) {
    let mut terminal = Terminal::open(context, entry);
    let mut cause: Option<Cause> = None;
    let mut last_call: Option<Instant> = None;
    let mut keeping = std::pin::pin!(keeper.keep());
    let mut reporting = std::pin::pin!(reporter.run());
    loop {
        let asked = tokio::select! {
            happened = holder.next() => match happened {
                Happened::Ended(code) => return (Some(code), cause),
                Happened::Gone => return (None, cause),
                Happened::Started(_) | Happened::NotStarted(_) => continue,
            },
            () = terminal.stop_asked() => Cause::Stop,
            asked = &mut reporting, if cause.is_none() => asked,
            asked = &mut keeping, if cause.is_none() => asked,
            () = context.shutdown.cancelled(), if cause.is_none() => Cause::Shutdown,
            () = sleep_until(last_call.unwrap_or_else(Instant::now)), if last_call.is_some() => {
                tracing::error!(incarnation = %entry.incarnation, "holder does not end; killed");
                holder.kill();
                last_call = None;
                continue;
            }
        };
        if cause.is_none() {
            tracing::info!(incarnation = %entry.incarnation, cause = ?asked, "to end");
            cause = Some(asked);
            last_call = Some(Instant::now() + context.config.grace + HOLDER_GRACE);
            holder.stop().await;
        }
    }
}
