//! What waits behind a command that cannot be decided now: commands of other projects are taken meanwhile, each
//! project's in its order. The first one stays in hand, so nobody else drains; what was taken is removed from the
//! stream, not acknowledged.

use std::collections::HashSet;

use maestro_domain::ProjectId;
use maestro_wire::{Subject, header};
use tokio::time::Instant;

use super::{STREAM, Taken, Waiting, project_of, take};
use crate::{clock::now, registry::Registry};

/// Looked at between two tries of the first.
const AT_ONCE: usize = 256;

/// How far was looked behind the first.
pub struct Ahead {
    first: (u64, Option<ProjectId>),
    next: u64,
    /// Projects of which one waits already: theirs behind it wait too.
    aside: HashSet<ProjectId>,
}

impl Ahead {
    pub fn behind(first: &Waiting<'_>) -> Self {
        let mut ahead = Self { first: (first.seq, project_of(first.subject)), next: 0, aside: HashSet::new() };
        ahead.begin();
        ahead
    }

    fn begin(&mut self) {
        self.next = self.first.0 + 1;
        self.aside = self.first.1.iter().cloned().collect();
    }

    /// Takes what can be taken until `end`, going on from where it was the time before, and from the first at the end.
    pub async fn take(&mut self, registry: &Registry, end: Instant) {
        let client = registry.shared().ledger.client();
        for _ in 0..AT_ONCE {
            if Instant::now() >= end {
                return;
            }
            let stored = match client.next_message(STREAM, Subject::ALL_INBOX, self.next).await {
                Ok(Some(stored)) => stored,
                Ok(None) => return self.begin(),
                Err(error) => return tracing::debug!(cause = %error, "the inbox cannot be read"),
            };
            self.next = stored.seq + 1;
            // What is no command of ours is dropped when it is the first.
            let Some(project) = project_of(&stored.subject).filter(|id| !self.aside.contains(id)) else { continue };
            let waiting = Waiting {
                seq: stored.seq,
                subject: &stored.subject,
                payload: &stored.payload,
                traceparent: stored.headers.get(header::TRACEPARENT),
                at: stored.taken().unwrap_or_else(now),
            };
            if take(registry, &waiting).await == Taken::Later {
                self.aside.insert(project);
                continue;
            }
            // Of this subject all before it were taken too. One that stays is a repetition when it comes again.
            if let Err(error) = client.purge(STREAM, &stored.subject, Some(self.next)).await {
                tracing::info!(cause = %error, "an inbox command comes again");
            }
        }
    }
}
