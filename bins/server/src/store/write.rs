//! Writing: many commits in one transaction; lazily durable, with a durable one twice a second and at the end. What is
//! not durable is read again from the ledger after a crash.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use maestro_domain::{ProjectId, Timestamp};
use redb::{Database, Durability, ReadableTable, WriteTransaction};
use serde::Serialize;
use tokio::sync::watch;

use super::{
    COMMANDS, KNOWN_MILLIS, MESSAGES, META, POSITION, PROJECTS, Position, ProjectRow, SESSION_TEXTS, SESSIONS,
    TASK_TEXTS, TASKS, TIMELINE, Table,
    batch::{Batch, Changes},
    key, posting, row,
    row::StoreError,
};
use crate::ledger::Commit;

const DURABLE_EVERY: Duration = Duration::from_millis(500);

/// The only writer of the projection.
pub struct Writer {
    db: Arc<Database>,
    visible: watch::Sender<u64>,
    projects: HashMap<ProjectId, ProjectRow>,
    durable_at: Instant,
    lazy: bool,
}

impl Writer {
    pub(super) fn new(db: Arc<Database>, visible: watch::Sender<u64>) -> Self {
        Self { db, visible, projects: HashMap::new(), durable_at: Instant::now(), lazy: false }
    }

    /// In how long what was written must become durable; `None` when everything is.
    pub fn durable_in(&self) -> Option<Duration> {
        self.lazy.then(|| DURABLE_EVERY.saturating_sub(self.durable_at.elapsed()))
    }

    /// Writes commits and the position after them. `now` bounds how long command ids are kept.
    pub fn write(&mut self, commits: &[Arc<Commit>], position: &Position, now: Timestamp) -> Result<(), StoreError> {
        let mut txn = self.db.begin_write()?;
        let durable = self.durable_at.elapsed() >= DURABLE_EVERY;
        txn.set_durability(if durable { Durability::Immediate } else { Durability::None })?;
        let mut batch = Batch::default();
        for commit in commits {
            batch.collect(&txn, &mut self.projects, commit, now)?;
        }
        for (id, changes) in batch.projects {
            self.flush(&txn, &id, changes)?;
        }
        txn.open_table(META)?.insert(POSITION, sealed(position)?.as_slice())?;
        txn.commit()?;
        self.lazy = !durable;
        if durable {
            self.durable_at = Instant::now();
        }
        self.visible.send_replace(position.seq);
        Ok(())
    }

    /// Makes everything that was written durable.
    pub fn sync(&mut self) -> Result<(), StoreError> {
        let mut txn = self.db.begin_write()?;
        txn.set_durability(Durability::Immediate)?;
        txn.commit()?;
        self.lazy = false;
        self.durable_at = Instant::now();
        Ok(())
    }

    fn flush(&self, txn: &WriteTransaction, id: &ProjectId, changes: Changes) -> Result<(), StoreError> {
        if let Some(row) = self.projects.get(id) {
            txn.open_table(PROJECTS)?.insert(id.as_str().as_bytes(), sealed(row)?.as_slice())?;
        }
        for number in changes.tasks.iter().filter(|(_, task)| task.is_none()).map(|(number, _)| *number) {
            txn.open_table(TASK_TEXTS)?.remove(key::numbered(id, number).as_slice())?;
        }
        put(txn, TASKS, id, changes.tasks)?;
        put(txn, TASK_TEXTS, id, present(changes.texts))?;
        put(txn, SESSIONS, id, present(changes.sessions))?;
        put(txn, SESSION_TEXTS, id, present(changes.session_texts))?;
        put(txn, MESSAGES, id, changes.messages)?;
        // In the order of the keys, neighbours go into the same page one after the other.
        let mut entities: Vec<_> = changes.timeline.into_iter().collect();
        entities.sort_unstable_by_key(|(entity, _)| *entity);
        let mut table = txn.open_table(TIMELINE)?;
        for (entity, places) in entities {
            posting::append(&mut table, &key::timeline(id, entity), &places)?;
        }
        let mut commands = changes.commands;
        commands.sort_unstable();
        let mut table = txn.open_table(COMMANDS)?;
        for (k, value) in commands {
            table.insert(k.as_slice(), value.as_slice())?;
        }
        Ok(())
    }

    /// Takes out the command ids that are older than anybody may ask for.
    pub fn forget_commands(&mut self, now: Timestamp) -> Result<(), StoreError> {
        let oldest = u64::try_from(now.plus_millis(-KNOWN_MILLIS).as_millis()).unwrap_or(0);
        let bound = ulid::Ulid::from_parts(oldest, 0).to_bytes();
        let txn = self.db.begin_write()?;
        {
            let ids: Vec<ProjectId> = txn
                .open_table(PROJECTS)?
                .iter()?
                .filter_map(|entry| std::str::from_utf8(entry.ok()?.0.value()).ok()?.parse().ok())
                .collect();
            let mut table = txn.open_table(COMMANDS)?;
            for id in ids {
                let from = key::project(&id);
                let mut to = from.clone();
                to.extend_from_slice(&bound);
                table.retain_in::<&[u8], _>(from.as_slice()..to.as_slice(), |_, _| false)?;
            }
        }
        txn.commit()?;
        Ok(())
    }
}

fn present<T>(rows: impl IntoIterator<Item = (u32, T)>) -> impl Iterator<Item = (u32, Option<T>)> {
    rows.into_iter().map(|(number, row)| (number, Some(row)))
}

/// Writes numbered rows, or takes them out.
fn put<T: Serialize>(
    txn: &WriteTransaction,
    table: Table,
    id: &ProjectId,
    rows: impl IntoIterator<Item = (u32, Option<T>)>,
) -> Result<(), StoreError> {
    let mut table = txn.open_table(table)?;
    for (number, row) in rows {
        let k = key::numbered(id, number);
        match row {
            Some(row) => table.insert(k.as_slice(), sealed(&row)?.as_slice())?,
            None => table.remove(k.as_slice())?,
        };
    }
    Ok(())
}

fn sealed(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    row::seal(value).map_err(|cause| StoreError::Row { table: "(new)", cause })
}
