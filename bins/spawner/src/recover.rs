//! At the start: what an earlier spawner of this data directory left behind is ended and reported lost.

use std::time::Duration;

use tokio::task::JoinSet;

use crate::agent::NONCE;
use crate::holder::end;
use crate::ledger::{Entry, Ledger};
use crate::os::{self, Identity, Process};
use crate::outbox::{Outbox, Report};

/// A holder that lost its spawner ends its agent by itself; it is given this long.
const HOLDER_ENDS: Duration = Duration::from_secs(7);

/// Ends what is left and puts a report for each entry into the outbox. Several entries at once.
///
/// # Errors
/// When ledger or outbox cannot be used.
pub async fn recover(ledger: &Ledger, outbox: &Outbox) -> std::io::Result<usize> {
    let mut endings = JoinSet::new();
    for entry in ledger.read()? {
        endings.spawn(async move {
            end_left_behind(&entry).await;
            entry
        });
    }
    let mut count = 0;
    while let Some(ended) = endings.join_next().await {
        let entry = ended.map_err(std::io::Error::other)?;
        count += 1;
        outbox.put(&entry.incarnation, Report::Lost { reason: "its spawner was gone".to_owned() })?;
        ledger.remove(&entry.incarnation);
        tracing::warn!(incarnation = %entry.incarnation, "left behind by an earlier spawner; reported lost");
    }
    Ok(count)
}

/// Ends what runs of this entry, if anything does.
pub async fn end_left_behind(entry: &Entry) {
    if entry.boot != os::boot_id() {
        return;
    }
    let begun = tokio::time::Instant::now();
    while entry.holder.is_some_and(os::is_alive) && begun.elapsed() < HOLDER_ENDS {
        tokio::time::sleep(Duration::from_millis(50)).await;
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
    known.retain(|identity| all.iter().any(|process| process.identity == *identity));
    let roots: Vec<u32> = known.iter().map(|identity| identity.pid).collect();
    let below = os::descendants_of(&roots);
    let mut found: Vec<Process> = Vec::new();
    for process in all {
        let ours = known.contains(&process.identity)
            || below.iter().any(|descendant| descendant.identity == process.identity)
            || os::carries(process.identity.pid, NONCE, &entry.nonce);
        if ours {
            found.push(process);
        }
    }
    // Who was found stays known, also when its parent is gone in the next round.
    known.clear();
    known.extend(found.iter().map(|process| process.identity));
    found
}
