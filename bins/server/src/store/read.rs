//! Reads for queries and actors.

use maestro_domain::{Actor, EntityRef, MessageId, ProjectId, SessionId, TaskId};
use maestro_wire::{CommandId, TaskTexts, TimelineEntry};
use redb::{ReadTransaction, ReadableDatabase};
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use super::{
    COMMANDS, MESSAGES, MessageRow, ORDER, PROJECTS, ProjectRow, SESSION_TEXTS, SessionTexts, Store, TASK_TEXTS,
    TIMELINE, Table, key, row, row::StoreError,
};

/// A command that was accepted before.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KnownCommand {
    /// The commit that holds its events.
    pub seq: u64,
    pub digest: String,
}

impl Store {
    /// The stream sequence up to which reads see everything.
    pub fn position(&self) -> watch::Receiver<u64> {
        self.position.clone()
    }

    pub fn begin(&self) -> Result<Reading, StoreError> {
        Ok(Reading(self.db.begin_read()?))
    }
}

/// An entry and its place: the commit's sequence and the event's index in it.
pub type Placed = ((u64, u16), TimelineEntry);

/// One consistent view.
pub struct Reading(ReadTransaction);

impl Reading {
    fn row<T: DeserializeOwned>(&self, table: Table, name: &'static str, k: &[u8]) -> Result<Option<T>, StoreError> {
        self.0.open_table(table)?.get(k)?.map(|bytes| row::open(name, bytes.value())).transpose()
    }

    pub fn project(&self, id: &ProjectId) -> Result<Option<ProjectRow>, StoreError> {
        self.row(PROJECTS, "projects", id.as_str().as_bytes())
    }

    pub fn task_texts(&self, id: &ProjectId, task: TaskId) -> Result<TaskTexts, StoreError> {
        Ok(self.row(TASK_TEXTS, "task_texts", &key::numbered(id, task.number()))?.unwrap_or_default())
    }

    pub fn session_texts(&self, id: &ProjectId, session: SessionId) -> Result<SessionTexts, StoreError> {
        Ok(self.row(SESSION_TEXTS, "session_texts", &key::numbered(id, session.number()))?.unwrap_or_default())
    }

    pub fn message_body(&self, id: &ProjectId, message: MessageId) -> Result<Option<String>, StoreError> {
        let row: Option<MessageRow> = self.row(MESSAGES, "messages", &key::numbered(id, message.number()))?;
        Ok(row.map(|row| row.body))
    }

    pub fn command(
        &self,
        id: &ProjectId,
        actor: &Actor,
        command: CommandId,
    ) -> Result<Option<KnownCommand>, StoreError> {
        let table = self.0.open_table(COMMANDS)?;
        let Some(bytes) = table.get(key::command(id, command, actor).as_slice())? else { return Ok(None) };
        let Some((seq, digest)) = bytes.value().split_first_chunk::<8>() else {
            return Err(StoreError::Key { table: "commands" });
        };
        Ok(Some(KnownCommand { seq: u64::from_be_bytes(*seq), digest: String::from_utf8_lossy(digest).into_owned() }))
    }

    /// An entity's timeline, the newest first, older than `before`.
    pub fn timeline(
        &self,
        id: &ProjectId,
        entity: &EntityRef,
        before: Option<(u64, u16)>,
        limit: usize,
    ) -> Result<Vec<TimelineEntry>, StoreError> {
        let keyed = self.timeline_keyed(id, entity, before, limit)?;
        Ok(keyed.into_iter().map(|(_, entry)| entry).collect())
    }

    /// The same with the places of the entries, for cursors.
    pub fn timeline_keyed(
        &self,
        id: &ProjectId,
        entity: &EntityRef,
        before: Option<(u64, u16)>,
        limit: usize,
    ) -> Result<Vec<Placed>, StoreError> {
        let (seq, index) = before.unwrap_or((u64::MAX, u16::MAX));
        let range = key::timeline(id, entity, 0, 0)..key::timeline(id, entity, seq, index);
        let table = self.0.open_table(TIMELINE)?;
        let mut entries = Vec::new();
        let mut bytes = 0;
        for item in table.range::<&[u8]>(range.start.as_slice()..range.end.as_slice())?.rev().take(limit) {
            let (k, v) = item?;
            bytes += v.value().len();
            if bytes > PAGE_BYTES && !entries.is_empty() {
                break;
            }
            let place = key::place(k.value()).ok_or(StoreError::Key { table: "timeline" })?;
            entries.push((place, entry(k.value(), v.value(), entity)?));
        }
        Ok(entries)
    }

    /// What happened in the project, by commit: the newest first below `before`, or the oldest first above `after`.
    /// Ends with the commit that reaches `limit` entries or the bytes of a page; `more` says whether it did.
    pub fn events(
        &self,
        id: &ProjectId,
        range: EventRange,
        only: Option<&EntityRef>,
        limit: usize,
    ) -> Result<Events, StoreError> {
        let order = self.0.open_table(ORDER)?;
        let timeline = self.0.open_table(TIMELINE)?;
        let (from, to) = match range {
            EventRange::Before(seq) => (key::ordered(id, 0), key::ordered(id, seq)),
            EventRange::After(seq) => (key::ordered(id, seq.saturating_add(1)), key::ordered(id, u64::MAX)),
        };
        let mut commits = order.range::<&[u8]>(from.as_slice()..to.as_slice())?;
        let mut entries = Vec::new();
        let mut size = 0;
        while entries.len() < limit && size < PAGE_BYTES {
            let commit = match range {
                EventRange::Before(_) => commits.next_back(),
                EventRange::After(_) => commits.next(),
            };
            let Some(commit) = commit else { break };
            let (k, v) = commit?;
            let Some((_, seq)) = k.value().split_last_chunk::<8>() else {
                return Err(StoreError::Key { table: "order" });
            };
            let seq = u64::from_be_bytes(*seq);
            let mut of_commit = Vec::new();
            for (index, bytes) in (0_u16..).zip(v.value().chunks_exact(5)) {
                let entity = key::entity_from(bytes).ok_or(StoreError::Key { table: "order" })?;
                if only.is_some_and(|wanted| *wanted != entity) {
                    continue;
                }
                let k = key::timeline(id, &entity, seq, index);
                if let Some(v) = timeline.get(k.as_slice())? {
                    size += v.value().len();
                    of_commit.push(entry(&k, v.value(), &entity)?);
                }
            }
            if matches!(range, EventRange::Before(_)) {
                of_commit.reverse();
            }
            // Commits are whole, so that a cursor between two of them skips nothing.
            entries.append(&mut of_commit);
        }
        let more = entries.len() >= limit || size >= PAGE_BYTES;
        Ok(Events { entries, more })
    }
}

/// A page of events.
pub struct Events {
    pub entries: Vec<TimelineEntry>,
    /// It ended because it was full.
    pub more: bool,
}

/// Entries of one page, in bytes: an answer must fit into one message of the broker. One commit may exceed it by its
/// own size, which is bounded too.
const PAGE_BYTES: usize = 256 * 1024;

/// Which commits, by their sequences.
#[derive(Clone, Copy)]
pub enum EventRange {
    Before(u64),
    After(u64),
}

fn entry(k: &[u8], v: &[u8], entity: &EntityRef) -> Result<TimelineEntry, StoreError> {
    let (seq, _) = key::place(k).ok_or(StoreError::Key { table: "timeline" })?;
    let stored: super::write::StoredEntry = row::open("timeline", v)?;
    Ok(TimelineEntry {
        seq,
        id: stored.id,
        at: stored.at,
        actor: stored.actor,
        entity: entity.to_string(),
        change: stored.change,
    })
}
