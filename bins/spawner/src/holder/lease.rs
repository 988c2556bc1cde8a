//! The session's lease in LIVE: taken, renewed, taken up again after any silence; its loss is a question, not an order.

use std::time::Duration;

use bytes::Bytes;
use maestro_client::{Bucket, Entry as Held, Lease, LeaseError, Seen};
use maestro_wire::{Lease as Value, Place, Query, SessionGet, SessionView};

use super::cause::Cause;
use super::uplink::Speaker;
use crate::context::now;
use crate::incarnation::Incarnation;

const BUCKET: &str = "LIVE";
const TTL: Duration = Duration::from_secs(15);
const RENEW: Duration = Duration::from_secs(5);
/// Between two tries to take it up again.
const AGAIN: Duration = Duration::from_secs(1);

/// Holds one incarnation's lease.
pub(super) struct Keeper {
    speaker: Speaker,
    incarnation: Incarnation,
    value: Value,
    bucket: Bucket,
    lease: Option<Lease>,
}

/// What the key says about us.
enum Whose {
    Ours(Held),
    /// Of an earlier epoch, or of an earlier process of this node.
    Older(Held),
    Anothers,
}

impl Keeper {
    pub(super) fn new(speaker: &Speaker, pid: u32) -> Self {
        let value = Value {
            epoch: speaker.uplink.incarnation.epoch,
            nonce: speaker.uplink.nonce.clone(),
            node: speaker.uplink.node.clone(),
            pid,
            since: now(),
        };
        let bucket = speaker.client.bucket(BUCKET);
        let incarnation = speaker.uplink.incarnation.clone();
        Self { speaker: speaker.clone(), incarnation, value, bucket, lease: None }
    }

    /// Keeps it; returns only when this incarnation is not the session's any more.
    pub(super) async fn keep(&mut self) -> Cause {
        let mut first = true;
        loop {
            let renewed = match self.lease.as_mut() {
                Some(lease) => {
                    let value = encode(&self.value);
                    lease.renew(value).await
                }
                None => match self.take_up(first).await {
                    Ok(Some(cause)) => return cause,
                    Ok(None) => Ok(()),
                    Err(error) => Err(error),
                },
            };
            match renewed {
                Ok(()) => {
                    first = false;
                    tokio::time::sleep(RENEW).await;
                }
                Err(error) => {
                    tracing::debug!(incarnation = %self.incarnation, cause = %error, "lease not renewed; the key is read again");
                    self.lease = None;
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }

    /// Reads the key and takes what is ours. `Some`: it is not.
    async fn take_up(&mut self, first: bool) -> Result<Option<Cause>, LeaseError> {
        let key = self.incarnation.lease_key();
        let found = if first { None } else { self.bucket.get_by_leader(&key).await? };
        let held = match found {
            Some(held) => held,
            None => {
                // The server was asked a moment before the first one; later its word is needed.
                if !first && !self.is_current().await {
                    return Ok(None);
                }
                match self.bucket.acquire(&key, encode(&self.value), TTL).await {
                    Ok(lease) => {
                        self.lease = Some(lease);
                        return Ok(None);
                    }
                    Err(LeaseError::Held(held)) => held,
                    Err(error) => return Err(error),
                }
            }
        };
        match self.whose(held) {
            Whose::Ours(held) | Whose::Older(held) => {
                let mut lease = self.bucket.adopt(&held, TTL);
                lease.renew(encode(&self.value)).await?;
                self.lease = Some(lease);
                Ok(None)
            }
            Whose::Anothers => Ok(Some(Cause::Superseded)),
        }
    }

    fn whose(&self, held: Held) -> Whose {
        match serde_json::from_slice::<Value>(&held.value) {
            Ok(value) if value.nonce == self.value.nonce => Whose::Ours(held),
            Ok(value) if value.epoch < self.value.epoch => Whose::Older(held),
            Ok(value) if value.epoch == self.value.epoch && value.node == self.value.node => Whose::Older(held),
            Ok(_) => Whose::Anothers,
            // Nobody of ours wrote this.
            Err(_) => Whose::Older(held),
        }
    }

    /// Whether the server still counts in this epoch. Without an answer: not now.
    async fn is_current(&self) -> bool {
        let place = Place::Project(self.incarnation.project.clone());
        let query = Query::SessionGet(SessionGet { session: Some(self.incarnation.session) });
        let caller = self.speaker.caller();
        match caller.query(&place, &query, &Seen::default(), RENEW).await {
            // A newer epoch is the reporter's to notice, who has the last word on it.
            Ok(reply) => reply.parse::<SessionView>().is_ok_and(|view| view.session.epoch == self.incarnation.epoch),
            Err(_) => false,
        }
    }

    /// Gives it up, if it is held and the broker is there.
    pub(super) async fn release(self) {
        let Some(lease) = self.lease else { return };
        if let Ok(Err(error)) = tokio::time::timeout(Duration::from_secs(2), lease.release()).await {
            tracing::debug!(incarnation = %self.incarnation, cause = %error, "lease not released; it expires");
        }
    }
}

fn encode(value: &Value) -> Bytes {
    serde_json::to_vec(value).unwrap_or_default().into()
}
