//! Losing a session is a decision, not a timer: its lease is gone by the leader's word, the broker and both of our
//! connections have been up without a break, and nobody answers for it.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use maestro_client::{Client, Headers, RequestError};
use maestro_domain::{Line, Request, Session, SessionLost, SessionStatusKind};
use maestro_wire::{CommandId, Lease, Subject};

use crate::{clock::now, project::Project, registry::Registry};

const ROUND: Duration = Duration::from_secs(5);
/// For how long broker and connections must have been up unbroken.
const UNBROKEN: Duration = Duration::from_secs(30);
const PING: Duration = Duration::from_secs(2);

/// Looks after all living sessions until told to stop; the first round is the check at start.
pub async fn run(registry: Arc<Registry>, work: Client) {
    let stop = registry.shared().stop.clone();
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
                if !stable(&registry, &work) {
                    break;
                }
                if matches!(session.status.kind(), SessionStatusKind::Active | SessionStatusKind::NeedsInput) {
                    look_after(&registry, &work, &project, session).await;
                }
            }
        }
    }
}

fn stable(registry: &Registry, work: &Client) -> bool {
    let long = |client: &Client| client.connected_unbroken_for().is_some_and(|time| time >= UNBROKEN);
    long(registry.shared().ledger.client()) && long(work)
}

async fn look_after(registry: &Registry, work: &Client, project: &Project, session: &Session) {
    let key = format!("{}.{}", project.id, session.id);
    match work.bucket("LIVE").get_by_leader(&key).await {
        // A lease of a later epoch is not this one's; of an earlier one neither, but then its holder will go.
        Ok(Some(entry)) if serde_json::from_slice::<Lease>(&entry.value).is_ok_and(|l| l.epoch == session.epoch) => {
            return;
        }
        Ok(_) => {}
        Err(error) => {
            tracing::info!(session = %session.id, cause = %error, "a lease could not be read");
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
        Err(RequestError::NoResponders { .. } | RequestError::TimedOut { .. }) if stable(registry, work) => {}
        Ok(_) | Err(_) => return,
    }
    let reason = "its lease ended and nobody answers for it";
    let request = Request::SessionLost(SessionLost {
        session: Some(session.id),
        epoch: Some(session.epoch),
        reason: Line::lossy(reason),
    });
    let what = format!("lost {} {} {} {}", project.id, session.id, session.epoch, session.rev);
    tracing::warn!(project = %project.id, session = %session.id, epoch = session.epoch, reason, "a session is lost");
    if let Err(error) = registry.ask_as_system(&project.id, request, CommandId::derived(now(), &what)).await {
        tracing::warn!(session = %session.id, cause = %error, "the loss could not be recorded");
    }
}
