//! Rows: a checksum and JSON. A row that does not match its checksum ends the projection, not the process.

use serde::{Serialize, de::DeserializeOwned};

/// Something is wrong with the file; it is moved aside and built anew.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("redb: {0}")]
    Redb(#[from] redb::Error),
    #[error("a row of '{table}' does not match its checksum")]
    Checksum { table: &'static str },
    #[error("a row of '{table}' cannot be read: {cause}")]
    Row { table: &'static str, cause: serde_json::Error },
    #[error("a key of '{table}' cannot be read")]
    Key { table: &'static str },
}

macro_rules! from_redb {
    ($($error:ty),*) => { $(impl From<$error> for StoreError {
        fn from(error: $error) -> Self { Self::Redb(error.into()) }
    })* };
}
from_redb!(
    redb::DatabaseError,
    redb::TransactionError,
    redb::TableError,
    redb::StorageError,
    redb::CommitError,
    redb::SetDurabilityError
);

pub fn seal(value: &impl Serialize) -> Result<Vec<u8>, serde_json::Error> {
    let mut row = vec![0; 4];
    serde_json::to_writer(&mut row, value)?;
    let sum = crc32fast::hash(&row[4..]);
    row[..4].copy_from_slice(&sum.to_le_bytes());
    Ok(row)
}

pub fn open<T: DeserializeOwned>(table: &'static str, row: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(checked(table, row)?).map_err(|cause| StoreError::Row { table, cause })
}

pub fn checked<'a>(table: &'static str, row: &'a [u8]) -> Result<&'a [u8], StoreError> {
    match row.split_first_chunk::<4>() {
        Some((sum, payload)) if crc32fast::hash(payload) == u32::from_le_bytes(*sum) => Ok(payload),
        Some(_) | None => Err(StoreError::Checksum { table }),
    }
}
