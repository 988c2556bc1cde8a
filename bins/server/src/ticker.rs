//! Deadlines: every replica submits what is due under a deterministic command id; one wins, the rest are repetitions.

use std::{collections::HashMap, sync::Arc, time::Duration};

use maestro_client::Client;
use maestro_domain::{DeadlineKind, ExpireSession, Limits, Line, ProjectId, Request, Session, SessionId, Timestamp};
use maestro_wire::CommandId;

use crate::{ServerState, clock::now, nodes::Nodes, reaper, registry::Registry};

const TICK: Duration = Duration::from_millis(250);
/// Expired at once per project and tick; the rest is due in the next.
const AT_ONCE: usize = 64;

/// Ticks until told to stop.
pub async fn run(server: Arc<ServerState>, registry: Arc<Registry>, work: Client) {
    let stop = registry.shared().stop.clone();
    let mut lines = Lines::default();
    let mut interval = tokio::time::interval(TICK);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = interval.tick() => {}
        }
        let at = now();
        lines.forget_before(at);
        for project in registry.all() {
            let view = project.view();
            let due: Vec<_> = view.state.deadlines().iter().take_while(|(due, ..)| *due <= at).copied().collect();
            let mut expired = 0;
            for (due, session, deadline) in due {
                if expired == AT_ONCE {
                    break;
                }
                // After a freeze or an outage spawners get their chance to speak before they are given up.
                let waits_for_others = matches!(deadline, DeadlineKind::Request | DeadlineKind::Starting);
                if waits_for_others && !reaper::is_stable(&registry, &work) {
                    continue;
                }
                let Some(waiting) = view.state.session(session) else { continue };
                if deadline == DeadlineKind::Request && lines.stands_in_one(&project.id, waiting, &server.nodes, at) {
                    continue;
                }
                expired += 1;
                let epoch = waiting.epoch;
                let why = why(deadline, waiting, &server.nodes);
                let what = format!("expire {} {session} {epoch} {deadline:?} {due}", project.id);
                // The id is of the time of the deadline, but never so old that its answer is unknown.
                let command = CommandId::derived(due.max(at.plus_secs(-3600)), &what);
                let request = Request::ExpireSession(ExpireSession { session, epoch, deadline, why });
                if let Err(error) = registry.ask_as_system(&project.id, request, command).await {
                    tracing::info!(project = %project.id, session = %session, cause = %error, "a deadline was not taken");
                }
            }
        }
    }
}

fn why(deadline: DeadlineKind, session: &Session, nodes: &Nodes) -> Option<Line> {
    let requested = deadline == DeadlineKind::Request;
    requested.then(|| nodes.why_pending(session)).flatten().map(|why| Line::lossy(&why))
}

/// Requested sessions that wait for a free slot. Their time does not run, and begins anew when there is nobody left
/// who would take them.
#[derive(Default)]
struct Lines {
    /// When each was last seen in line.
    seen: HashMap<(ProjectId, SessionId, u32), Timestamp>,
}

impl Lines {
    fn forget_before(&mut self, at: Timestamp) {
        self.seen.retain(|_, last| at < last.plus_secs(2 * Limits::REQUEST_SECS));
    }

    /// Whether a session whose time is over may go on waiting.
    fn stands_in_one(&mut self, project: &ProjectId, session: &Session, nodes: &Nodes, at: Timestamp) -> bool {
        let key = (project.clone(), session.id, session.epoch);
        if nodes.is_in_line(session) {
            self.seen.insert(key, at);
            return true;
        }
        self.seen.get(&key).is_some_and(|last| at < last.plus_secs(Limits::REQUEST_SECS))
    }
}
