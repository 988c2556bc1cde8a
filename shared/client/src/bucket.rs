//! A key-value bucket (ADR-8) as a plain stream: reading by the leader, listing, watching. Writing is
//! the lease's business.

use std::time::Duration;

use bytes::Bytes;
use thiserror::Error;

use crate::api::ApiError;
use crate::client::Client;
use crate::follow::{Delivered, FollowError, FollowOptions, Follower, Item, Start};
use crate::read::Stored;

pub(crate) const OPERATION: &str = "KV-Operation";
pub(crate) const MARKER: &str = "Nats-Marker-Reason";
/// Between two looks at the leader while the consumer's broker lags behind it.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Why a bucket could not be read.
#[derive(Debug, Error)]
pub enum BucketError {
    /// The key is no subject token sequence: letters, digits, `-`, `_`, `=`, `/` and single dots.
    #[error("`{0}` is not a key")]
    InvalidKey(String),
    /// JetStream did not do it.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Listing or watching stopped.
    #[error(transparent)]
    Follow(#[from] FollowError),
    /// The list did not end in time.
    #[error("the bucket could not be listed in time")]
    TimedOut,
}

/// A key that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// The value.
    pub value: Bytes,
    /// The stream sequence of the value; the next write states it.
    pub revision: u64,
}

/// Why a key is not there any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// Somebody removed it.
    Released,
    /// Its time to live ran out.
    Expired,
}

/// What happened to a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It has this value.
    Put(Entry),
    /// It is gone.
    Gone {
        /// The key.
        key: String,
        /// The stream sequence of the marker.
        revision: u64,
        /// Why.
        removal: Removal,
    },
    /// Everything that was there at the start, or after a reset, has been told.
    UpToDate,
    /// Changes were lost (only after an outage longer than the markers live): list anew.
    Reset,
}

/// A bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    pub(crate) client: Client,
    pub(crate) name: String,
}

impl Client {
    /// A bucket that is there already; its stream is named `KV_{name}`.
    pub fn bucket(&self, name: &str) -> Bucket {
        Bucket { client: self.clone(), name: name.to_owned() }
    }
}

impl Bucket {
    pub(crate) fn stream(&self) -> String {
        format!("KV_{}", self.name)
    }

    pub(crate) fn subject(&self, key: &str) -> Result<String, BucketError> {
        let token =
            |token: &str| !token.is_empty() && token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_=/".contains(&b));
        if key.split('.').all(token) {
            Ok(format!("$KV.{}.{key}", self.name))
        } else {
            Err(BucketError::InvalidKey(key.to_owned()))
        }
    }

    /// The key as the stream's leader has it; `None`: never there, released or expired.
    pub async fn get_by_leader(&self, key: &str) -> Result<Option<Entry>, BucketError> {
        let last = self.client.last_message(&self.stream(), &self.subject(key)?).await?;
        Ok(last.filter(|stored| !is_marker(stored)).map(|stored| Entry {
            key: key.to_owned(),
            value: stored.payload,
            revision: stored.seq,
        }))
    }

    /// Every key that is there, in the order of the last writes; `timeout` bounds it in all.
    pub async fn list(&self, timeout: Duration) -> Result<Vec<Entry>, BucketError> {
        let mut watch = self.watch("list");
        let listing = async {
            let mut entries: Vec<Entry> = Vec::new();
            loop {
                match watch.next().await? {
                    Change::Put(entry) => {
                        entries.retain(|known| known.key != entry.key);
                        entries.push(entry);
                    }
                    Change::Gone { key, .. } => entries.retain(|known| known.key != key),
                    Change::Reset => entries.clear(),
                    Change::UpToDate => return Ok::<_, BucketError>(entries),
                }
            }
        };
        let entries = match tokio::time::timeout(timeout, listing).await {
            Ok(entries) => entries?,
            Err(_) => return Err(BucketError::TimedOut),
        };
        watch.follower.close().await;
        Ok(entries)
    }

    /// Tells every key that is there, then `UpToDate`, then every change, through any outage.
    pub fn watch(&self, name_prefix: &str) -> BucketWatch {
        let filter = format!("$KV.{}.>", self.name);
        let options = FollowOptions {
            batch: 256,
            ..FollowOptions::new(&self.stream(), Some(&filter), Start::LastPerSubject, name_prefix)
        };
        BucketWatch {
            prefix: format!("$KV.{}.", self.name),
            follower: self.client.follow(options),
            up_to_date: false,
            held: None,
        }
    }
}

/// The changes of a bucket.
pub struct BucketWatch {
    prefix: String,
    follower: Follower,
    up_to_date: bool,
    held: Option<Item>,
}

impl BucketWatch {
    /// The next change; waits while there is none. Cancelling loses nothing.
    pub async fn next(&mut self) -> Result<Change, BucketError> {
        loop {
            if !self.up_to_date {
                if self.held.is_none() {
                    self.held = self.follower.prepare().await?;
                }
                if self.held.is_none() && self.follower.pending() == Some(0) {
                    if self.has_all().await? {
                        self.up_to_date = true;
                        return Ok(Change::UpToDate);
                    }
                    // The broker that has the consumer lags behind the leader.
                    match tokio::time::timeout(LOOK_AGAIN, self.follower.next()).await {
                        Ok(item) => self.held = Some(item?),
                        Err(_) => continue,
                    }
                }
            }
            let item = match self.held.take() {
                Some(item) => item,
                None => self.follower.next().await?,
            };
            match item {
                Item::Message(delivered) => {
                    if let Some(change) = self.read(&delivered) {
                        return Ok(change);
                    }
                }
                // Old markers age out at the bucket's start all the time; only keys count, and those
                // that are there are told anew.
                Item::Gap { .. } | Item::Behind { .. } => {
                    let options = self.follower.options.clone();
                    self.follower = self.follower.client.clone().follow(options);
                    self.up_to_date = false;
                    return Ok(Change::Reset);
                }
            }
        }
    }

    /// Whether everything was told that the leader has now. Nobody is called absent because one broker lags.
    async fn has_all(&self) -> Result<bool, BucketError> {
        match self.follower.leader_last().await {
            Ok(last) => Ok(self.follower.last_seq() >= last),
            Err(cause) if cause.is_transient() => Ok(false),
            Err(cause) => Err(cause.into()),
        }
    }

    fn read(&self, delivered: &Delivered) -> Option<Change> {
        let key = delivered.subject().strip_prefix(&self.prefix)?.to_owned();
        let revision = delivered.stream_seq;
        Some(match removal(delivered.header(OPERATION), delivered.header(MARKER)) {
            Some(removal) => Change::Gone { key, revision, removal },
            None => Change::Put(Entry { key, value: delivered.payload().clone(), revision }),
        })
    }
}

pub(crate) fn is_marker(stored: &Stored) -> bool {
    removal(stored.headers.get(OPERATION), stored.headers.get(MARKER)).is_some()
}

fn removal(operation: Option<&str>, marker: Option<&str>) -> Option<Removal> {
    match (operation, marker) {
        (_, Some("MaxAge")) => Some(Removal::Expired),
        (Some("DEL" | "PURGE"), _) | (_, Some(_)) => Some(Removal::Released),
        _ => None,
    }
}
