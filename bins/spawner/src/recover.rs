//! At the start: sessions of an earlier spawner of this data directory whose holders live go on; what is left of the others is
//! ended and reported.

use std::path::PathBuf;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::agent::NONCE;
use crate::holder::{Ending, end};
use crate::incarnation::Incarnation;
use crate::ledger::{Entry, Ledger};
use crate::os::{self, Identity, Process};
use crate::outbox::{Outbox, Report};

/// What an earlier spawner left behind.
#[derive(Debug, Default)]
pub struct Recovered {
    /// Their holders live.
    pub living: Vec<Entry>,
    /// How many had ended, or lost their holders.
    pub ended: usize,
}

/// Ends what is left of sessions without a holder and puts a report for each into the outbox. Several entries at once.
///
/// # Errors
/// When ledger or outbox cannot be used.
pub async fn recover(
    ledger: &Ledger,
    outbox: &Outbox,
    files: impl Fn(&Incarnation) -> PathBuf,
) -> std::io::Result<Recovered> {
    let mut recovered = Recovered::default();
    let mut endings = JoinSet::new();
    for entry in ledger.read()? {
        if entry.boot == os::boot_id() && entry.holder.is_some_and(os::is_alive) {
            recovered.living.push(entry);
            continue;
        }
        endings.spawn(async move {
            end_left_behind(&entry).await;
            entry
        });
    }
    while let Some(ended) = endings.join_next().await {
        let Entry { incarnation, boot, .. } = ended.map_err(std::io::Error::other)?;
        recovered.ended += 1;
        match Ending::read(&files(&incarnation), &incarnation) {
            Some(ending) => outbox.put_ending(&ending)?,
            // The host went down under it, without a word to anybody: as little its fault, or its task's, as in good order.
            None if boot != os::boot_id() => {
                outbox.put(&incarnation, Report::Stopped { shutdown: true })?;
                tracing::warn!(%incarnation, "the host went down under it; reported stopped, it can be resumed");
            }
            // The host did not: somebody, or its own doing, killed the holder.
            None => {
                outbox.put(&incarnation, Report::Lost { reason: "its holder was gone".to_owned() })?;
                tracing::warn!(%incarnation, "left behind without a holder; reported lost");
            }
        }
        ledger.remove(&incarnation);
    }
    Ok(recovered)
}

/// Ends what runs of this entry, if anything does.
pub async fn end_left_behind(entry: &Entry) {
    if entry.boot != os::boot_id() {
        return;
    }
    let mut known: Vec<Identity> = entry.holder.iter().chain(&entry.agent).copied().collect();
    let ended = end(move || remaining(entry, &mut known), &[], Duration::from_secs(1)).await;
    if ended.left > 0 {
        tracing::error!(incarnation = %entry.incarnation, left = ended.left, "processes that cannot be ended");
    }
}

/// Known processes, what descends from them, and whatever carries the nonce of this incarnation.
fn remaining(entry: &Entry, known: &mut Vec<Identity>) -> Vec<Process> {
    let all = os::processes();
    let carrying = os::carrying(NONCE, &entry.nonce);
    known.retain(|identity| all.iter().any(|process| process.identity == *identity));
    let roots: Vec<u32> = known.iter().map(|identity| identity.pid).collect();
    let below = os::descendants_of(&roots);
    let mut found: Vec<Process> = Vec::new();
    for process in all {
        let ours = known.contains(&process.identity)
            || below.iter().any(|descendant| descendant.identity == process.identity)
            || carrying.iter().any(|carrier| carrier.identity == process.identity);
        if ours {
            found.push(process);
        }
    }
    // Who was found stays known, also when its parent is gone in the next round.
    known.clear();
    known.extend(found.iter().map(|process| process.identity));
    found
}
