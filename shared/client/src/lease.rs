//! A lease: a key with a time to live that only its holder renews.
//!
//! Written as plain guarded publishes. The library's `create_with_ttl` over an expired key's marker
//! forgets the time to live, so that the second holder's lease would never end (ADR-43 has the header).

use std::time::Duration;

use bytes::Bytes;
use thiserror::Error;

use crate::api::ApiError;
use crate::append::AppendError;
use crate::bucket::{Bucket, BucketError, Entry, OPERATION, is_marker};
use crate::header::Headers;

const TTL: &str = "Nats-TTL";
const ROLLUP: &str = "Nats-Rollup";
const TIMEOUT: Duration = Duration::from_secs(2);

/// Why a lease is not held.
#[derive(Debug, Error)]
pub enum LeaseError {
    /// Somebody holds it.
    #[error("`{}` is held (revision {})", .0.key, .0.revision)]
    Held(Entry),
    /// It is not ours any more: expired, or taken by somebody else. Never renewed again.
    #[error("the lease on `{key}` is lost")]
    Lost {
        /// The key.
        key: String,
    },
    /// No acknowledgement: the write may have happened. Read the key: its value tells whose it is.
    #[error("no acknowledgement came for `{key}`; the outcome is unknown")]
    Unknown {
        /// The key.
        key: String,
    },
    /// The connection was down before anything was sent.
    #[error("the connection to the broker is down")]
    Disconnected,
    /// The write was refused.
    #[error("the lease was refused: {0}")]
    Refused(AppendError),
    /// The key could not be read.
    #[error(transparent)]
    Read(#[from] BucketError),
}

/// A held key. Dropping it lets it expire.
#[derive(Clone, Debug)]
pub struct Lease {
    bucket: Bucket,
    key: String,
    ttl: Duration,
    revision: u64,
}

impl Bucket {
    /// Takes the key if nobody holds it. `ttl` counts in whole seconds, one at least.
    pub async fn acquire(&self, key: &str, value: Bytes, ttl: Duration) -> Result<Lease, LeaseError> {
        let subject = self.subject(key)?;
        let mut expected = 0;
        // The key's last message is nothing, a marker, or a holder's; each may change under our hands.
        for _ in 0..4 {
            match self.write(&subject, key, value.clone(), ttl, expected).await {
                Ok(revision) => return Ok(Lease { bucket: self.clone(), key: key.to_owned(), ttl, revision }),
                Err(LeaseError::Lost { .. }) => {}
                Err(error) => return Err(error),
            }
            let last = self.client.last_message(&self.stream(), &subject).await.map_err(BucketError::from)?;
            expected = match last {
                None => 0,
                Some(stored) if is_marker(&stored) => stored.seq,
                Some(stored) => {
                    let entry = Entry { key: key.to_owned(), value: stored.payload, revision: stored.seq };
                    return Err(LeaseError::Held(entry));
                }
            };
        }
        Err(LeaseError::Lost { key: key.to_owned() })
    }

    /// Takes up a lease again whose value was read and is one's own: after an outage, or when the outcome
    /// of a write was unknown.
    pub fn adopt(&self, entry: &Entry, ttl: Duration) -> Lease {
        Lease { bucket: self.clone(), key: entry.key.clone(), ttl, revision: entry.revision }
    }

    async fn write(
        &self,
        subject: &str,
        key: &str,
        value: Bytes,
        ttl: Duration,
        expected: u64,
    ) -> Result<u64, LeaseError> {
        let headers = Headers::new().with(TTL, ttl_text(ttl));
        self.put(subject, key, value, &headers, expected).await
    }

    async fn put(
        &self,
        subject: &str,
        key: &str,
        value: Bytes,
        headers: &Headers,
        expected: u64,
    ) -> Result<u64, LeaseError> {
        let appended = self.client.append(subject, value, headers, Some(expected), TIMEOUT).await;
        let key = || key.to_owned();
        appended.map(|appended| appended.seq).map_err(|error| match error {
            AppendError::Conflict { .. } => LeaseError::Lost { key: key() },
            AppendError::Unknown => LeaseError::Unknown { key: key() },
            AppendError::Disconnected => LeaseError::Disconnected,
            AppendError::NoStream { .. } => LeaseError::Read(ApiError::NoStream(self.stream()).into()),
            other => LeaseError::Refused(other),
        })
    }
}

impl Lease {
    /// The key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The stream sequence of the last write.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Writes the value anew and begins the time to live again. `Lost` is final: a zombie is told so by
    /// the revision, however late it wakes up.
    pub async fn renew(&mut self, value: Bytes) -> Result<(), LeaseError> {
        let subject = self.bucket.subject(&self.key)?;
        self.revision = self.bucket.write(&subject, &self.key, value, self.ttl, self.revision).await?;
        Ok(())
    }

    /// Gives the key up. Its marker goes away by itself after the lease's time to live.
    pub async fn release(self) -> Result<(), LeaseError> {
        let subject = self.bucket.subject(&self.key)?;
        let headers = Headers::new().with(OPERATION, "PURGE").with(ROLLUP, "sub").with(TTL, ttl_text(self.ttl));
        self.bucket.put(&subject, &self.key, Bytes::new(), &headers, self.revision).await.map(|_| ())
    }
}

fn ttl_text(ttl: Duration) -> String {
    format!("{}s", ttl.as_secs().max(1))
}
