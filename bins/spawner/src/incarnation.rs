//! One epoch of one session: what is started, watched, and reported about.

use std::fmt;

use maestro_domain::{Actor, ProjectId, SessionId};
use maestro_wire::{SpawnOrder, Subject};
use serde::{Deserialize, Serialize};

/// A session's incarnation. Written `web.s7.2`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Incarnation {
    pub project: ProjectId,
    pub session: SessionId,
    pub epoch: u32,
}

impl Incarnation {
    /// The session as it acts.
    pub fn actor(&self) -> Actor {
        Actor::Session(self.session)
    }

    /// Its key in the bucket of leases; the same for every epoch.
    pub fn lease_key(&self) -> String {
        format!("{}.{}", self.project, self.session)
    }

    /// Where it listens.
    pub fn subject(&self, verb: &str) -> Subject {
        Subject::Terminal {
            project: self.project.clone(),
            session: self.session,
            epoch: self.epoch,
            verb: verb.to_owned(),
        }
    }
}

impl From<&SpawnOrder> for Incarnation {
    fn from(order: &SpawnOrder) -> Self {
        Self { project: order.project.clone(), session: order.session, epoch: order.epoch }
    }
}

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.project, self.session, self.epoch)
    }
}
