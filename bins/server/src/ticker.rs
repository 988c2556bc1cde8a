//! Deadlines: every replica submits what is due under a deterministic command id; one wins, the rest are repetitions.

use std::{sync::Arc, time::Duration};

use maestro_client::Client;
use maestro_domain::{DeadlineKind, ExpireSession, Request};
use maestro_wire::CommandId;

use crate::{clock::now, reaper, registry::Registry};

const TICK: Duration = Duration::from_millis(250);
/// Expired at once per project and tick; the rest is due in the next.
const AT_ONCE: usize = 64;

/// Ticks until told to stop.
pub async fn run(registry: Arc<Registry>, work: Client) {
    let stop = registry.shared().stop.clone();
    let mut interval = tokio::time::interval(TICK);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = interval.tick() => {}
        }
        let at = now();
        for project in registry.all() {
            let view = project.view();
            let due: Vec<_> =
                view.state.deadlines().iter().take_while(|(due, ..)| *due <= at).take(AT_ONCE).copied().collect();
            for (due, session, deadline) in due {
                // After a freeze or an outage spawners get their chance to speak before they are given up.
                let waits_for_others = matches!(deadline, DeadlineKind::Request | DeadlineKind::Starting);
                if waits_for_others && !reaper::is_stable(&registry, &work) {
                    continue;
                }
                let Some(epoch) = view.state.session(session).map(|s| s.epoch) else { continue };
                let what = format!("expire {} {session} {epoch} {deadline:?} {due}", project.id);
                // The id is of the time of the deadline, but never so old that its answer is unknown.
                let command = CommandId::derived(due.max(at.plus_secs(-3600)), &what);
                let request = Request::ExpireSession(ExpireSession { session, epoch, deadline });
                if let Err(error) = registry.ask_as_system(&project.id, request, command).await {
                    tracing::info!(project = %project.id, session = %session, cause = %error, "a deadline was not taken");
                }
            }
        }
    }
}
