//! What a terminal said before, as far as the stream TERM still has it: the scrollback, and all that is left of a
//! session that ended.

use std::collections::VecDeque;
use std::time::Duration;

use maestro_client::{Bytes, Client, FollowError, FollowOptions, Item, Start};
use maestro_wire::header::OFFSET;

use super::Place;

/// What is shown at most: the last bytes.
const SHOWN: usize = 256 << 10;
const TIMEOUT: Duration = Duration::from_secs(5);

/// The last output up to `until` (all there is without it), in pieces. Nothing when it cannot be read now.
pub async fn read(work: &Client, place: &Place, until: Option<u64>) -> Vec<Bytes> {
    match tokio::time::timeout(TIMEOUT, collect(work, place, until)).await {
        Ok(Ok(past)) => past,
        Ok(Err(cause)) => {
            tracing::info!(session = %place.session, %cause, "the past of a terminal cannot be read");
            Vec::new()
        }
        Err(_) => Vec::new(),
    }
}

async fn collect(work: &Client, place: &Place, until: Option<u64>) -> Result<Vec<Bytes>, FollowError> {
    let subject = place.subject("out");
    let mut options = FollowOptions::new("TERM", Some(&subject), Start::First, "bridge-term");
    options.batch = 512;
    options.batch_bytes = 2 << 20;
    let mut follower = work.follow(options);
    let mut held = follower.prepare().await?;
    let (mut pieces, mut bytes, mut end) = (VecDeque::<Bytes>::new(), 0, None::<u64>);
    loop {
        let item = match held.take() {
            Some(item) => item,
            None if follower.pending().unwrap_or(0) == 0 => break,
            None => follower.next().await?,
        };
        let Item::Message(delivered) = item else { continue };
        let Some(from) = delivered.header(OFFSET).and_then(|text| text.parse::<u64>().ok()) else { continue };
        let mut piece = delivered.payload().clone();
        if let Some(until) = until {
            let room = usize::try_from(until.saturating_sub(from)).unwrap_or(usize::MAX);
            piece.truncate(room);
        }
        if piece.is_empty() {
            continue;
        }
        // Only what hangs together; a repetition of what was published before is no hole, and may end beyond it.
        let mut from = from;
        if let Some(known) = end.and_then(|end| end.checked_sub(from)).filter(|known| *known > 0) {
            let known = usize::try_from(known).unwrap_or(usize::MAX);
            if known >= piece.len() {
                continue;
            }
            piece = piece.slice(known..);
            from += known as u64;
        }
        if end.is_some_and(|end| from > end) {
            pieces.clear();
            bytes = 0;
        }
        end = Some(from + piece.len() as u64);
        bytes += piece.len();
        pieces.push_back(piece);
        while bytes > SHOWN
            && let Some(first) = pieces.pop_front()
        {
            bytes -= first.len();
        }
    }
    follower.close().await;
    Ok(pieces.into())
}
