//! Handing a project's commands to the replica that is its soft home. The actor does not wait: a command that the home
//! does not answer comes back into the mailbox.

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use maestro_client::Headers;
use maestro_wire::Reply;

use super::{
    Ask, Project,
    actor::{Actor, answer},
};
use crate::registry::overloaded;

/// The header that carries the subject a command came on.
pub const SUBJECT: &str = "Maestro-Subject";
/// The home answers within this, or the replica decides itself; one that is gone is known at once.
const BOUND: Duration = Duration::from_millis(500);

/// Where a replica takes commands from its peers.
#[must_use]
pub fn subject(replica: &str) -> String {
    format!("maestro.v1.peer.{replica}.cmd")
}

impl Actor {
    /// Hands what waits to the project's home, if that is elsewhere. Peers' commands and those that came back stay.
    pub(super) fn hand_on(&mut self) {
        let Some(home) = self.home.elsewhere().map(subject) else { return };
        let mut kept = VecDeque::new();
        for mut ask in self.waiting.drain(..) {
            let Some((origin, payload)) = ask.raw.take() else {
                kept.push_back(ask);
                continue;
            };
            let client = self.shared.ledger.client().clone();
            let (home, silent, project) = (home.clone(), self.home.silence(), Arc::clone(&self.project));
            self.shared.calls.spawn(async move {
                let headers = Headers::new().with(SUBJECT, &origin);
                let reply = client.request(&home, &headers, payload, BOUND).await;
                match reply.ok().and_then(|message| Reply::decode(message.payload()).ok()) {
                    Some(reply) => answer(ask, reply),
                    None => {
                        silent.store(true, Ordering::Relaxed);
                        take_back(&project, ask);
                    }
                }
            });
        }
        self.waiting = kept;
    }
}

/// Without its raw form it is not handed on again.
fn take_back(project: &Project, ask: Ask) {
    if let Err(ask) = project.try_ask(ask) {
        answer(*ask, Reply::refused(overloaded()));
    }
}
