//! What spawner and holder say to each other: one JSON value a line, over the holder's stdin and stdout.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::os::Identity;

/// What to start and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Launch {
    pub program: String,
    pub arguments: Vec<String>,
    pub directory: PathBuf,
    /// The whole environment; nothing is inherited.
    pub environment: BTreeMap<String, String>,
    /// Where its output goes.
    pub log: PathBuf,
    /// How many bytes of output are kept, at most.
    pub log_bytes: u64,
    /// How long it may take to end after it was asked to.
    pub grace_ms: u64,
}

/// From the spawner. The end of the pipe means the same as `Stop`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "camelCase")]
pub(super) enum Order {
    Start(Box<Launch>),
    Stop,
}

/// From the holder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "camelCase")]
pub(super) enum Told {
    Started {
        agent: Identity,
    },
    NotStarted {
        reason: String,
    },
    /// It and everything it started are gone.
    Ended {
        code: i32,
    },
}
