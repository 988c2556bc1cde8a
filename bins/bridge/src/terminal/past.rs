//! What a terminal said before, as far as the stream TERM still has it: the scrollback, and all that is left of a
//! session that ended.

use std::collections::VecDeque;
use std::time::Duration;

use maestro_client::{Bytes, Client, FollowError, FollowOptions, Item, Piece, Splice, Spliced, Start};

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
    // "Nothing pending" is only what one broker knows, which may lag. Without the leader's word it has to do.
    let last = follower.leader_last().await.unwrap_or(0);
    let (mut pieces, mut bytes, mut splice) = (VecDeque::<Bytes>::new(), 0, None::<Splice>);
    loop {
        let item = match held.take() {
            Some(item) => item,
            None if follower.pending().unwrap_or(0) == 0 && follower.last_seq() >= last => break,
            None => follower.next().await?,
        };
        let Item::Message(delivered) = item else { continue };
        let Some(mut found) = Piece::delivered(&delivered) else { continue };
        if let Some(until) = until {
            let room = usize::try_from(until.saturating_sub(found.offset)).unwrap_or(usize::MAX);
            found.bytes.truncate(room);
        }
        if found.bytes.is_empty() {
            continue;
        }
        // Only what hangs together; a repetition of what was published before is no hole, and may end beyond it.
        let joined = splice.get_or_insert(Splice::at(found.offset));
        let piece = match joined.take(&found) {
            Spliced::More(piece) => piece,
            Spliced::Gap { bytes: piece, .. } => {
                pieces.clear();
                bytes = 0;
                piece
            }
            Spliced::Missing { .. } => {
                pieces.clear();
                bytes = 0;
                splice = Some(Splice::at(found.end()));
                found.bytes
            }
        };
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
