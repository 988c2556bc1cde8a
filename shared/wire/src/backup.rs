//! What a backup and a restore report.

use std::collections::BTreeMap;

use maestro_domain::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A backup that was written and read again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupView {
    pub file: String,
    /// A ULID.
    pub id: String,
    /// Of the archive's format.
    pub version: u32,
    pub created_at: Timestamp,
    /// The ledger that it was taken from, and the last sequence of it that is in it.
    pub ledger: String,
    pub seq: u64,
    /// Of the file.
    pub bytes: u64,
    pub projects: u64,
    /// By name of the stream.
    pub streams: BTreeMap<String, BackupStream>,
}

/// How much of one stream there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BackupStream {
    pub messages: u64,
    pub bytes: u64,
}

/// A backup that was put back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RestoreView {
    /// The backup's id and when it was made.
    pub backup: String,
    pub created_at: Timestamp,
    /// The new ledger. What anybody remembers of the one before is void.
    pub ledger: String,
    pub projects: u64,
    /// Messages by name of the stream.
    pub streams: BTreeMap<String, u64>,
    /// Sessions that lived when the backup was made, as `web/s3`: they are `lost` now.
    pub lost: Vec<String>,
    /// What was there before was forgotten for it.
    pub replaced: bool,
}
