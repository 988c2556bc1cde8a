//! What timelines say: the projection knows where, the ledger what.

use futures::{StreamExt, TryStreamExt, stream};
use maestro_wire::{ErrorBody, ErrorCode, TimelineEntry, decode_told};

use super::Asked;
use crate::store::{Found, Place, Wanted};

/// Entries of one page, in bytes: an answer must fit into one message of the broker. One commit may exceed it by its
/// own size, which is bounded too.
const PAGE_BYTES: usize = 256 * 1024;
/// Of an entry beside what happened: who, when, about what.
const ENVELOPE: usize = 160;
/// Commits that are asked for at the same time.
const AT_ONCE: usize = 16;

/// Whole commits, or what concerns one entity, in the order given, up to the bytes of a page; and whether there is more
/// behind them. Within a commit the order is that of its events.
pub async fn commits(asked: &Asked<'_>, found: Found) -> Result<(Vec<Vec<TimelineEntry>>, bool), ErrorBody> {
    let Found { commits, more } = found;
    let mut pages = stream::iter(commits).map(|wanted| entries(asked, wanted)).buffered(AT_ONCE);
    let mut told = Vec::new();
    let mut size = 0;
    while let Some((entries, bytes)) = pages.try_next().await? {
        told.push(entries);
        size += bytes;
        if size >= PAGE_BYTES {
            return Ok((told, more || pages.next().await.is_some()));
        }
    }
    Ok((told, more))
}

/// The entries at these places, each with its place, in the order given, up to the bytes of a page.
pub async fn at(asked: &Asked<'_>, places: &[Place]) -> Result<Vec<(Place, TimelineEntry)>, ErrorBody> {
    let mut commits: Vec<Wanted> = Vec::new();
    for (seq, index) in places {
        match commits.last_mut() {
            Some(Wanted { seq: last, indices: Some(indices) }) if last == seq => indices.push(*index),
            Some(_) | None => commits.push(Wanted { seq: *seq, indices: Some(vec![*index]) }),
        }
    }
    let descending = places.first() > places.last();
    let mut pages = stream::iter(commits).map(|wanted| placed(asked, wanted)).buffered(AT_ONCE);
    let mut told = Vec::new();
    let mut size = 0;
    while size < PAGE_BYTES
        && let Some((mut entries, bytes)) = pages.try_next().await?
    {
        if descending {
            entries.reverse();
        }
        told.append(&mut entries);
        size += bytes;
    }
    Ok(told)
}

async fn entries(asked: &Asked<'_>, wanted: Wanted) -> Result<(Vec<TimelineEntry>, usize), ErrorBody> {
    let (placed, bytes) = placed(asked, wanted).await?;
    Ok((placed.into_iter().map(|(_, entry)| entry).collect(), bytes))
}

/// What one commit says; nothing when it was purged meanwhile.
async fn placed(asked: &Asked<'_>, wanted: Wanted) -> Result<(Vec<(Place, TimelineEntry)>, usize), ErrorBody> {
    let Wanted { seq, indices } = wanted;
    let unavailable = |text: String| ErrorBody::new(ErrorCode::Unavailable, text).suggest("try again in a moment");
    let ledger = &asked.room.registry.shared().ledger;
    let payload = ledger.payload_at(&asked.project.id, seq).await;
    let payload = payload.map_err(|error| unavailable(format!("the ledger cannot be read: {error}")))?;
    let Some(payload) = payload else { return Ok((Vec::new(), 0)) };
    let told = decode_told(&payload, |index| indices.as_ref().is_none_or(|wanted| wanted.contains(&index)));
    let told = told.map_err(|error| unavailable(format!("sequence {seq} of the ledger: {error}")))?;
    let bytes = told.iter().map(|(_, told)| told.bytes + ENVELOPE).sum();
    let entries = told.into_iter().map(|(index, told)| {
        let maestro_wire::Told { id, time, actor, entity, change, .. } = told;
        ((seq, index), TimelineEntry { seq, id, at: time, actor, entity, change })
    });
    Ok((entries.collect(), bytes))
}
