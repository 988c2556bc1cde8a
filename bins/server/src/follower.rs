//! The follower: every commit of the stream in order, to the projector and to the project's actor.

use std::{sync::Arc, time::Duration};

use maestro_client::{Client, FollowError, FollowOptions, Item, Start};
use maestro_wire::header;
use tokio::sync::{Semaphore, mpsc, watch};

use crate::{
    ledger::{Commit, STREAM},
    registry::Registry,
};

/// What the projector is told.
pub enum Followed {
    Commit(Arc<Commit>),
    /// A message that carries nothing to project; the position moves.
    Nothing {
        seq: u64,
        digest: u64,
    },
}

/// How far the follower is.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
pub struct Progress {
    pub seq: u64,
    /// Messages behind it in the stream.
    pub pending: u64,
}

/// How much of the ledger may be in memory between here and the state and projection, in KiB of messages; beyond that
/// the follower waits.
const ROOM_KIB: usize = 48 << 10;

/// Follows until told to stop, or until the ledger holds what this program must not read.
pub async fn run(
    client: Client,
    from: u64,
    name: String,
    registry: Arc<Registry>,
    projector: mpsc::Sender<Followed>,
    progress: watch::Sender<Progress>,
) {
    let options = FollowOptions::new(STREAM, Some(maestro_wire::Subject::ALL_EVENTS), Start::At(from + 1), &name);
    let mut follower = client.follow(options);
    let shared = registry.shared().clone();
    let room = Arc::new(Semaphore::new(ROOM_KIB));
    loop {
        let item = tokio::select! {
            () = shared.stop.cancelled() => break,
            item = follower.next() => item,
        };
        match item {
            Ok(Item::Message(delivered)) => {
                let (seq, pending) = (delivered.stream_seq, delivered.pending);
                match shared.ledger.followed(&delivered) {
                    Ok(None) => {
                        let digest = crate::ledger::digest(delivered.payload());
                        if projector.send(Followed::Nothing { seq, digest }).await.is_err() {
                            break;
                        }
                    }
                    Ok(Some(commit)) if commit.model > header::MODEL_VERSION => {
                        tracing::error!(seq, model = commit.model, ours = header::MODEL_VERSION, "the ledger is newer");
                        let reason = format!(
                            "the ledger is of model {}, this server of model {}: install the newer maestro-server",
                            commit.model,
                            header::MODEL_VERSION
                        );
                        shared.break_off(format!("{FATAL}{reason}"));
                        break;
                    }
                    Ok(Some(commit)) if !commit.decoded.unknown.is_empty() => {
                        let reason = format!("unknown events {:?} at sequence {seq}", commit.decoded.unknown);
                        shared.break_off(format!("{FATAL}{reason}"));
                        break;
                    }
                    Ok(Some(mut commit)) => {
                        let share = u32::try_from(commit.size >> 10).unwrap_or(u32::MAX).saturating_add(1);
                        commit.room = Arc::clone(&room).acquire_many_owned(share).await.ok();
                        let commit = Arc::new(commit);
                        // The actor first: what the projection shows is on its way to whoever is asked about it.
                        registry.get_or_start(&commit.project).follow(Arc::clone(&commit)).await;
                        if projector.send(Followed::Commit(commit)).await.is_err() {
                            break;
                        }
                    }
                    Err(error) => {
                        shared.break_off(format!("{FATAL}sequence {seq} of the ledger cannot be read: {error}"));
                        break;
                    }
                }
                progress.send_replace(Progress { seq, pending });
            }
            Ok(Item::Gap { wanted, first }) => {
                // Purged projects leave gaps; the chain of expected sequences proves that none of the others did.
                tracing::info!(wanted, first, "the ledger begins later");
            }
            Ok(Item::Behind { wanted, last }) => {
                shared.break_off(format!("the ledger ends at {last}, but {wanted} was to come next"));
                break;
            }
            Err(FollowError::Closed) => break,
            Err(error) => {
                tracing::warn!(cause = %error, "following stopped; trying again");
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
    }
}

/// Marks a reason that building the projection anew cannot mend.
pub const FATAL: &str = "fatal: ";
