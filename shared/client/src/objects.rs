//! An object store (ADR-20): large values in pieces. Written by whoever may append to it, read without a consumer.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use serde::Deserialize;
use thiserror::Error;
use tokio::io::AsyncRead;

use crate::api::ApiError;
use crate::client::Client;

/// What is read of one object at most; objects of ours are bounded far below.
const LARGEST: u64 = 256 << 20;

/// Why an object was not written or read.
#[derive(Debug, Error)]
pub enum ObjectError {
    /// The store did not take it.
    #[error("the object store did not take it: {0}")]
    NotWritten(String),
    /// It could not be read.
    #[error("the object store: {0}")]
    NotRead(#[from] ApiError),
    /// Pieces are missing, or it is none of ours.
    #[error("the object is damaged: {0}")]
    Damaged(String),
}

/// A store that is there already; its stream is named `OBJ_{name}`.
#[derive(Clone, Debug)]
pub struct Objects {
    client: Client,
    name: String,
}

#[derive(Deserialize)]
struct Info {
    nuid: String,
    size: u64,
    chunks: u64,
    #[serde(default)]
    deleted: bool,
}

#[derive(Deserialize)]
struct Named {
    name: String,
    nuid: String,
}

impl Client {
    /// An object store.
    pub fn objects(&self, name: &str) -> Objects {
        Objects { client: self.clone(), name: name.to_owned() }
    }
}

impl Objects {
    /// Writes an object, over an earlier one of this name, and waits until the store has all of it.
    ///
    /// # Errors
    /// When the store does not take it, or the source cannot be read.
    pub async fn put(&self, object: &str, source: &mut (impl AsyncRead + Unpin + Send)) -> Result<(), ObjectError> {
        let jetstream = async_nats::jetstream::new(self.client.nats().clone());
        let failed = |error: &dyn std::error::Error| {
            let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            ObjectError::NotWritten(format!("{error}{cause}"))
        };
        let store = jetstream.get_object_store(&self.name).await.map_err(|error| failed(&error))?;
        store.put(object, source).await.map_err(|error| failed(&error))?;
        Ok(())
    }

    /// The store's stream.
    pub fn stream(&self) -> String {
        format!("OBJ_{}", self.name)
    }

    /// The subjects of what the store says about its objects.
    pub fn descriptions(&self) -> String {
        format!("$O.{}.M.*", self.name)
    }

    /// Forgets the objects whose names begin with `prefix` and whose descriptions stand below sequence `before`, pieces
    /// and names. Returns how many there were.
    ///
    /// # Errors
    /// When the broker does not answer or does not permit it; some are gone then, and the rest by the next call.
    pub async fn forget(&self, prefix: &str, before: u64) -> Result<usize, ObjectError> {
        let (stream, all) = (self.stream(), self.descriptions());
        let (mut seq, mut count) = (1, 0);
        loop {
            let batch = self.client.read_on(&stream, &all, seq).await?;
            let Some(last) = batch.last() else { return Ok(count) };
            seq = last.seq + 1;
            for about in batch {
                // What is no description of ours is nobody's to forget.
                let Ok(named) = serde_json::from_slice::<Named>(&about.payload) else { continue };
                if !named.name.starts_with(prefix) || about.seq >= before {
                    continue;
                }
                self.client.purge(&stream, &format!("$O.{}.C.{}", self.name, named.nuid), None).await?;
                self.client.purge(&stream, &about.subject, Some(about.seq + 1)).await?;
                count += 1;
            }
        }
    }

    /// The whole object; `None`: there is none of this name.
    ///
    /// # Errors
    /// When it cannot be read, or not all of it is there.
    pub async fn get(&self, object: &str) -> Result<Option<Vec<u8>>, ObjectError> {
        let stream = self.stream();
        let about = format!("$O.{}.M.{}", self.name, URL_SAFE.encode(object));
        let Some(stored) = self.client.read_last(&stream, &about).await? else { return Ok(None) };
        let info: Info =
            serde_json::from_slice(&stored.payload).map_err(|error| ObjectError::Damaged(error.to_string()))?;
        if info.deleted {
            return Ok(None);
        }
        if info.size > LARGEST {
            return Err(ObjectError::Damaged(format!("it has {} bytes, more than any of ours", info.size)));
        }
        let pieces = format!("$O.{}.C.{}", self.name, info.nuid);
        let mut whole = Vec::with_capacity(usize::try_from(info.size).unwrap_or_default());
        let (mut seq, mut count) = (1, 0);
        while count < info.chunks {
            let batch = self.client.read_on(&stream, &pieces, seq).await?;
            let Some(last) = batch.last() else { break };
            seq = last.seq + 1;
            for piece in batch {
                count += 1;
                whole.extend_from_slice(&piece.payload);
            }
        }
        if whole.len() as u64 == info.size {
            Ok(Some(whole))
        } else {
            Err(ObjectError::Damaged(format!("{} of {} bytes are there", whole.len(), info.size)))
        }
    }
}
