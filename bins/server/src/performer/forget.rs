//! The end of a purge: a project's history up to it, what its terminals wrote, and the orders for its sessions. Ids begin
//! again with the name, so nothing of the old ones may be left for the new ones to find; and nothing that belongs to
//! the name's next bearer may go, however late or often a purge is carried out.

use maestro_client::{ApiError, Client, ObjectError};
use maestro_domain::{ProjectId, Timestamp};
use maestro_wire::{SpawnOrder, Subject};
use thiserror::Error;

use crate::ledger::{Ledger, STREAM};

#[derive(Debug, Error)]
pub enum ForgetError {
    #[error(transparent)]
    Api(#[from] ApiError),
    #[error(transparent)]
    Object(#[from] ObjectError),
}

/// Forgets what was before the purge at `seq`.
///
/// # Errors
/// The broker's. What was done until then is not done again the next time.
pub async fn project(ledger: &Ledger, work: &Client, id: &ProjectId, seq: u64) -> Result<(), ForgetError> {
    let core = ledger.client();
    let events = Subject::events(id).to_string();
    // The history goes last. Where it is gone, all of it is.
    let first = core.next_message(STREAM, &events, 1).await?;
    if first.is_none_or(|first| first.seq >= seq) {
        return Ok(());
    }
    let terminals = format!("maestro.v1.term.{id}.>");
    let recordings = work.objects("RECORDINGS");
    // Looked at before the name's next bearer is looked for: what comes after that is of nobody before it.
    let ends =
        (work.stream_info("TERM").await?.last_seq + 1, work.stream_info(&recordings.stream()).await?.last_seq + 1);
    let next = core.next_message(STREAM, &events, seq + 1).await?;
    let (written, recorded) = match next.and_then(|next| next.taken()) {
        None => ends,
        Some(time) => (
            work.sequence_at("TERM", &terminals, time).await?.min(ends.0),
            work.sequence_at(&recordings.stream(), &recordings.descriptions(), time).await?.min(ends.1),
        ),
    };
    // Below 1 would be all.
    if written > 1 {
        work.purge("TERM", &terminals, Some(written)).await?;
    }
    recordings.forget(&format!("{id}."), recorded).await?;
    let time = core.message_at(STREAM, seq).await?.and_then(|purged| purged.taken());
    orders(ledger, work, id, seq, time).await?;
    core.purge(STREAM, &events, Some(seq)).await?;
    Ok(())
}

/// Orders that follow from what was before the purge: a spawner would match them with the next session of that number.
async fn orders(
    ledger: &Ledger,
    work: &Client,
    id: &ProjectId,
    seq: u64,
    time: Option<Timestamp>,
) -> Result<(), ForgetError> {
    let mut next = 1;
    while let Some(stored) = work.next_message("SPAWN", Subject::ALL_SPAWN, next).await? {
        next = stored.seq + 1;
        let Ok(order) = serde_json::from_slice::<SpawnOrder>(&stored.payload) else { continue };
        let ours = order.project == *id && order.ledger.as_deref().is_none_or(|theirs| theirs == ledger.id());
        let before = match order.seq {
            Some(of) => of < seq,
            None => stored.taken() < time,
        };
        if ours && before {
            work.remove_message("SPAWN", stored.seq).await?;
        }
    }
    Ok(())
}
