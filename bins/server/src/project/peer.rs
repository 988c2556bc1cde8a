//! Handing a project's commands to the replica that is its soft home.

use std::time::Duration;

use maestro_client::Headers;
use maestro_wire::Reply;
use tokio::task::JoinSet;

use super::{
    Ask,
    actor::{Actor, answer},
};

/// The header that carries the subject a command came on.
pub const SUBJECT: &str = "Maestro-Subject";
/// The home answers within this, or the replica decides itself.
const BOUND: Duration = Duration::from_millis(50);

/// Where a replica takes commands from its peers.
#[must_use]
pub fn subject(replica: &str) -> String {
    format!("maestro.v1.peer.{replica}.cmd")
}

impl Actor {
    /// Hands what waits to the project's home, if that is elsewhere; what it does not answer stays.
    pub(super) async fn hand_on(&mut self) {
        let Some(home) = self.home.elsewhere() else { return };
        let from_peers = self.waiting.iter().any(|ask| ask.raw.is_none());
        if from_peers && self.shared.ledger.replica() < home {
            // Two replicas hand to each other: the one whose name comes first stays at home.
            self.home.gone();
            return;
        }
        let home = subject(home);
        let mut calls = JoinSet::new();
        let mut kept = std::collections::VecDeque::new();
        for mut ask in self.waiting.drain(..) {
            let Some((origin, payload)) = ask.raw.take() else {
                kept.push_back(ask);
                continue;
            };
            let client = self.shared.ledger.client().clone();
            let home = home.clone();
            calls.spawn(async move {
                let headers = Headers::new().with(SUBJECT, &origin);
                let reply = client.request(&home, &headers, payload.clone(), BOUND).await;
                let reply = reply.ok().and_then(|message| Reply::decode(message.payload()).ok());
                ask.raw = Some((origin, payload));
                (ask, reply)
            });
        }
        let mut answered_any = false;
        let mut silent = false;
        while let Some(outcome) = calls.join_next().await {
            let Ok((ask, reply)) = outcome else { continue };
            match reply {
                Some(reply) => {
                    answered_any = true;
                    answer(ask, reply);
                }
                None => {
                    silent = true;
                    kept.push_back(Ask { raw: None, ..ask });
                }
            }
        }
        if silent {
            self.home.gone();
        } else if answered_any {
            self.home.answered();
        }
        self.waiting = kept;
    }
}
