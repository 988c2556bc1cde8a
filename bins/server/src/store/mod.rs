//! The projection in redb: entities, long texts, the timelines' index, known command ids and the position in the ledger,
//! written in one transaction. Disposable: whatever is wrong with it, it is moved aside and built anew from the ledger.

mod batch;
#[cfg(test)]
mod golden;
mod key;
mod load;
mod open;
mod posting;
mod read;
mod row;
mod write;

use std::sync::Arc;

use maestro_domain::{Message, Project, ProjectId, Session, Task};
use redb::{Database, TableDefinition};
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

pub use open::{Opened, find, set_aside};
pub use posting::Place;
pub use read::{Commands, EventRange, Found, KnownCommand, Reading, Wanted};
pub use row::StoreError;
pub use write::Writer;

type Table = TableDefinition<'static, &'static [u8], &'static [u8]>;

const META: Table = TableDefinition::new("meta");
const PROJECTS: Table = TableDefinition::new("projects");
const TASKS: Table = TableDefinition::new("tasks");
const TASK_TEXTS: Table = TableDefinition::new("task_texts");
const SESSIONS: Table = TableDefinition::new("sessions");
const SESSION_TEXTS: Table = TableDefinition::new("session_texts");
const MESSAGES: Table = TableDefinition::new("messages");
const TIMELINE: Table = TableDefinition::new("timeline");
const COMMANDS: Table = TableDefinition::new("commands");
const TABLES: [Table; 9] = [META, PROJECTS, TASKS, TASK_TEXTS, SESSIONS, SESSION_TEXTS, MESSAGES, TIMELINE, COMMANDS];

/// Grows when a row changes its shape; another number means: build anew.
const SCHEMA: u32 = 2;
/// The same, for whoever starts an empty projection.
pub const SCHEMA_VERSION: u32 = SCHEMA;
const POSITION: &[u8] = b"position";
/// Of redb's page cache; the default is 1 GiB.
const CACHE_BYTES: usize = 48 << 20;
/// How long a command's answer is known.
pub const KNOWN_MILLIS: i64 = 7 * 24 * 3600 * 1000;

/// How far the projection is, and in which ledger.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Position {
    pub schema: u32,
    /// When the stream was created: another stream is another ledger.
    pub stream_created: String,
    pub ledger: String,
    /// The last stream sequence that is in here.
    pub seq: u64,
    /// Of the message at that sequence.
    pub digest: u64,
}

/// A project's row: the entity, its long texts, its counters, its last sequence.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct ProjectRow {
    pub project: Option<Arc<Project>>,
    pub overview: Option<String>,
    pub goals: Option<String>,
    pub counters: (u32, u32, u32),
    pub seq: u64,
    /// Effects that the performer gave up on, the last few.
    #[serde(default)]
    pub failed_effects: Vec<String>,
}

/// The long texts of a session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionTexts {
    pub prompt: Option<String>,
    pub command: Vec<String>,
    #[serde(default)]
    pub initial_commands: Vec<String>,
    pub reason: Option<String>,
    pub include_related: bool,
}

/// A message's row.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct MessageRow {
    pub message: Arc<Message>,
    pub body: String,
}

/// What an actor starts from.
pub struct Loaded {
    pub id: ProjectId,
    pub row: ProjectRow,
    pub tasks: Vec<Arc<Task>>,
    pub sessions: Vec<Arc<Session>>,
    pub messages: Vec<Arc<Message>>,
}

/// Reads of the projection. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    db: Arc<Database>,
    position: watch::Receiver<u64>,
    /// The highest sequence that somebody waits for.
    demanded: watch::Sender<u64>,
}

/// What is kept of a command's digest to know the same command again.
#[must_use]
pub fn fingerprint(digest: &str) -> u64 {
    xxhash_rust::xxh3::xxh3_64(digest.as_bytes())
}
