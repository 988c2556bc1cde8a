//! Losing a session is a decision, not a timer: its lease is gone by the leader's word, the broker and both of our
//! connections have been up without a break, and nobody answers for it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use maestro_client::{Client, Headers, RequestError};
use maestro_domain::{Line, Request, Session, SessionLost, SessionStatusKind};
use maestro_wire::{CommandId, Lease, Subject};
use tokio::time::Instant;

use crate::{ServerState, clock::now, project::Project, registry::Registry};

const ROUND: Duration = Duration::from_secs(5);
/// For how long broker and connections must have been up unbroken.
const UNBROKEN: Duration = Duration::from_secs(30);
const PING: Duration = Duration::from_secs(2);

/// Looks after all living sessions until told to stop; the first round is the check at start.
pub async fn run(server: Arc<ServerState>, registry: Arc<Registry>, work: Client) {
    let stop = registry.shared().stop.clone();
    let mut suspects = Suspects::new();
    let mut interval = tokio::time::interval(ROUND);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = interval.tick() => {}
        }
        for project in registry.all() {
            let view = project.view();
            for id in view.state.living() {
                let Some(session) = view.state.session(*id) else { continue };
                if !is_stable(&registry, &work) {
                    suspects.clear();
                    break;
                }
                let runs = matches!(session.status.kind(), SessionStatusKind::Active | SessionStatusKind::NeedsInput);
                // Being prepared, it has no lease yet: its spawner's own record stands for it.
                let forsaken = session.status.kind() == SessionStatusKind::Starting
                    && session.node.as_ref().is_some_and(|node| server.nodes.is_gone(node));
                if runs || forsaken {
                    look_after(&registry, &work, &project, session, &mut suspects).await;
                }
            }
        }
    }
}

/// Whether the broker and both connections have been up for long enough to trust a silence.
pub fn is_stable(registry: &Registry, work: &Client) -> bool {
    let long = |client: &Client| client.connected_unbroken_for().is_some_and(|time| time >= UNBROKEN);
    long(registry.shared().ledger.client()) && long(work)
}

/// Since when a session's lease has been found gone, by lease key and epoch.
type Suspects = HashMap<(String, u32), Instant>;

async fn look_after(registry: &Registry, work: &Client, project: &Project, session: &Session, suspects: &mut Suspects) {
    let key = format!("{}.{}", project.id, session.id);
    let suspect = (key.clone(), session.epoch);
    match work.bucket("LIVE").get_by_leader(&key).await {
        // A lease of a later epoch is not this one's; of an earlier one neither, but then its holder will go.
        Ok(Some(entry)) if serde_json::from_slice::<Lease>(&entry.value).is_ok_and(|l| l.epoch == session.epoch) => {
            suspects.remove(&suspect);
            return;
        }
        Ok(_) => {}
        Err(error) => {
            tracing::info!(session = %session.id, cause = %error, "a lease could not be read");
            // The broker had a bad moment: whoever holds the lease may have had one, too.
            suspects.clear();
            return;
        }
    }
    let subject = Subject::Terminal {
        project: project.id.clone(),
        session: session.id,
        epoch: session.epoch,
        verb: "ping".to_owned(),
    };
    let pinged = work.request(&subject.to_string(), &Headers::new(), Bytes::from_static(b"{}"), PING).await;
    match pinged {
        Err(RequestError::NoResponders { .. } | RequestError::TimedOut { .. }) if is_stable(registry, work) => {}
        Ok(_) | Err(_) => {
            suspects.remove(&suspect);
            return;
        }
    }
    // Once is a question; it is asked again until a holder that lost its connection must have found back.
    let starting = session.status.kind() == SessionStatusKind::Starting;
    // A spawner's record takes half a minute to end, so its silence is an old one.
    let sure = if starting { ROUND } else { UNBROKEN };
    if suspects.entry(suspect.clone()).or_insert_with(Instant::now).elapsed() < sure {
        return;
    }
    suspects.remove(&suspect);
    let reason =
        if starting { "its spawner was gone before it ran" } else { "its lease ended and nobody answers for it" };
    let request = Request::SessionLost(SessionLost {
        session: Some(session.id),
        epoch: Some(session.epoch),
        reason: Line::lossy(reason),
        restored: false,
    });
    let what = format!("lost {} {} {} {}", project.id, session.id, session.epoch, session.rev);
    tracing::warn!(project = %project.id, session = %session.id, epoch = session.epoch, reason, "a session is lost");
    if let Err(error) = registry.ask_as_system(&project.id, request, CommandId::derived(now(), &what)).await {
        tracing::warn!(session = %session.id, cause = %error, "the loss could not be recorded");
    }
}
