//! A session that an earlier spawner of this data directory started and whose holder lives: it goes on.

use std::sync::Arc;
use std::time::Duration;

use super::live::conclude;
use crate::context::{Context, InHand};
use crate::ledger::Entry;
use crate::os::{self, Signal};
use crate::recover::end_left_behind;
use crate::workspace::files;

/// How often it is looked after where the system does not tell its end.
const LOOK: Duration = Duration::from_millis(500);
/// What a holder gets on top of its agent's grace before it is killed.
const HOLDER_GRACE: Duration = Duration::from_secs(35);

/// Stays with it until it ends.
pub async fn adopt(context: &Arc<Context>, entry: Entry) {
    let incarnation = entry.incarnation.clone();
    let (Some(holder), Ok(in_hand)) = (entry.holder, InHand::take(context, &incarnation)) else { return };
    in_hand.settled();
    tracing::info!(%incarnation, holder = holder.pid, "adopted; it goes on");
    tokio::select! {
        () = os::ended(holder, LOOK) => {}
        () = context.shutdown.cancelled() => {
            os::signal(holder, Signal::TERM);
            let bound = context.config.grace + HOLDER_GRACE;
            if tokio::time::timeout(bound, os::ended(holder, LOOK)).await.is_err() {
                tracing::error!(%incarnation, "holder does not end; killed");
                os::signal(holder, Signal::KILL);
            }
        }
    }
    // Nothing, unless the holder was killed.
    end_left_behind(&entry).await;
    tracing::info!(%incarnation, "ended");
    conclude(context, &entry, &files::of(&context.config.data, &incarnation)).await;
}
