//! Reads for queries and actors.

use maestro_domain::{Actor, EntityRef, MessageId, ProjectId, SessionId, TaskId};
use maestro_wire::{CommandId, TaskTexts};
use redb::{ReadOnlyTable, ReadTransaction, ReadableDatabase};
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use super::{
    COMMANDS, MESSAGES, MessageRow, PROJECTS, ProjectRow, SESSION_TEXTS, SessionTexts, Store, TASK_TEXTS, TIMELINE,
    Table, key, posting, posting::Place, row, row::StoreError,
};

/// A command that was accepted before.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct KnownCommand {
    /// The commit that holds its events.
    pub seq: u64,
    /// What [`super::fingerprint`] makes of its digest.
    pub fingerprint: u64,
}

/// Events of one commit that somebody wants to see.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wanted {
    pub seq: u64,
    /// `None`: all of them.
    pub indices: Option<Vec<u16>>,
}

/// A page of events: where they are.
pub struct Found {
    pub commits: Vec<Wanted>,
    /// There may be more behind them.
    pub more: bool,
}

/// Which commits, by their sequences.
#[derive(Clone, Copy)]
pub enum EventRange {
    Before(u64),
    After(u64),
}

impl Store {
    /// The stream sequence up to which reads see everything.
    pub fn position(&self) -> watch::Receiver<u64> {
        self.position.clone()
    }

    /// Somebody waits for this sequence: what is held back is written now.
    pub fn demand(&self, seq: u64) {
        self.demanded.send_if_modified(|demanded| {
            let higher = seq > *demanded;
            *demanded = seq.max(*demanded);
            higher
        });
    }

    pub fn begin(&self) -> Result<Reading, StoreError> {
        Ok(Reading(self.db.begin_read()?))
    }
}

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

    /// The commands of a project, for more than one look.
    pub fn commands(&self, id: &ProjectId) -> Result<Commands, StoreError> {
        let table = self.0.open_table(COMMANDS)?;
        let (from, to) = (key::project(id), key::project_end(id));
        let newest = match table.range::<&[u8]>(from.as_slice()..to.as_slice())?.next_back() {
            Some(entry) => entry?.0.value().to_vec(),
            None => Vec::new(),
        };
        Ok(Commands { project: id.clone(), table, newest })
    }

    /// Where an entity's events are, the newest first, below `before`.
    pub fn timeline(
        &self,
        id: &ProjectId,
        entity: &EntityRef,
        before: Option<Place>,
        limit: usize,
    ) -> Result<Vec<Place>, StoreError> {
        let prefix = key::timeline(id, key::entity(entity));
        let mut found = Vec::new();
        if limit > 0 {
            posting::backwards(&self.0.open_table(TIMELINE)?, &prefix, before.unwrap_or(LAST), |place| {
                found.push(place);
                found.len() < limit
            })?;
        }
        Ok(found)
    }

    /// What happened in the project or to one entity, by commit: the newest first below a sequence, or the oldest first
    /// above one. Ends with the commit that reaches `limit` events.
    pub fn events(
        &self,
        id: &ProjectId,
        range: EventRange,
        only: Option<&EntityRef>,
        limit: usize,
    ) -> Result<Found, StoreError> {
        let prefix = key::timeline(id, only.map_or(key::WHOLE, key::entity));
        let table = self.0.open_table(TIMELINE)?;
        let mut found = Found { commits: Vec::new(), more: false };
        let mut count = 0;
        let mut take = |(seq, number): Place| {
            if let (Some(Wanted { seq: last, indices: Some(indices) }), true) =
                (found.commits.last_mut(), only.is_some())
                && *last == seq
            {
                indices.push(number);
                count += 1;
                return true;
            }
            // Commits are whole, so that a cursor between two of them skips nothing.
            if count >= limit {
                found.more = true;
                return false;
            }
            count += if only.is_some() { 1 } else { usize::from(number) };
            found.commits.push(Wanted { seq, indices: only.map(|_| vec![number]) });
            true
        };
        match range {
            EventRange::Before(seq) => posting::backwards(&table, &prefix, (seq, 0), &mut take)?,
            EventRange::After(seq) => posting::forwards(&table, &prefix, seq, &mut take)?,
        }
        Ok(found)
    }
}

/// Above every place.
const LAST: Place = (u64::MAX, u16::MAX);

/// The known commands of a project.
pub struct Commands {
    project: ProjectId,
    table: ReadOnlyTable<&'static [u8], &'static [u8]>,
    /// The last key; most commands that are asked about are newer.
    newest: Vec<u8>,
}

impl Commands {
    pub fn find(&self, actor: &Actor, command: CommandId) -> Result<Option<KnownCommand>, StoreError> {
        let key = key::command(&self.project, command, actor);
        if key > self.newest {
            return Ok(None);
        }
        let Some(bytes) = self.table.get(key.as_slice())? else { return Ok(None) };
        let numbers = bytes.value().split_first_chunk::<8>().map(|(seq, rest)| (*seq, <[u8; 8]>::try_from(rest)));
        let Some((seq, Ok(fingerprint))) = numbers else { return Err(StoreError::Key { table: "commands" }) };
        Ok(Some(KnownCommand { seq: u64::from_be_bytes(seq), fingerprint: u64::from_be_bytes(fingerprint) }))
    }
}
