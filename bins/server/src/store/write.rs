//! Writing: many commits in one transaction; lazily durable, with a durable one twice a second and at the end. What is
//! not durable is read again from the ledger after a crash.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use maestro_domain::{
    Actor, Event, MessageChange, MessageStatus, ProjectChange, ProjectId, Session, SessionChange, Task, TaskChange,
    Timestamp,
};
use maestro_wire::TaskTexts;
use redb::{Database, Durability, ReadableTable, WriteTransaction};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::watch;

use super::{
    COMMANDS, KNOWN_MILLIS, MESSAGES, META, MessageRow, ORDER, POSITION, PROJECTS, Position, ProjectRow, SESSION_TEXTS,
    SESSIONS, SessionTexts, TASK_TEXTS, TASKS, TIMELINE, key, row, row::StoreError,
};
use crate::ledger::Commit;

const DURABLE_EVERY: Duration = Duration::from_millis(500);

/// A timeline entry as it is stored.
#[derive(Deserialize)]
pub struct StoredEntry {
    pub id: String,
    pub at: Timestamp,
    pub actor: Actor,
    pub change: Map<String, Value>,
}

#[derive(Serialize)]
struct NewEntry<'a, C> {
    id: &'a str,
    at: Timestamp,
    actor: &'a Actor,
    change: &'a C,
}

/// The only writer of the projection.
pub struct Writer {
    db: Arc<Database>,
    visible: watch::Sender<u64>,
    position: Option<Position>,
    projects: HashMap<ProjectId, ProjectRow>,
    durable_at: Instant,
    lazy: bool,
}

/// The changes of one transaction, coalesced: of an entity only the last state is written.
#[derive(Default)]
struct Batch {
    tasks: BTreeMap<Vec<u8>, Option<Arc<Task>>>,
    texts: BTreeMap<Vec<u8>, TaskTexts>,
    sessions: BTreeMap<Vec<u8>, Arc<Session>>,
    session_texts: BTreeMap<Vec<u8>, SessionTexts>,
    messages: BTreeMap<Vec<u8>, Option<MessageRow>>,
    timeline: Vec<(Vec<u8>, Vec<u8>)>,
    order: Vec<(Vec<u8>, Vec<u8>)>,
    commands: BTreeMap<Vec<u8>, Vec<u8>>,
    projects: BTreeSet<ProjectId>,
}

impl Writer {
    pub(super) fn new(db: Arc<Database>, visible: watch::Sender<u64>, position: Option<Position>) -> Self {
        let projects = HashMap::new();
        Self { db, visible, position, projects, durable_at: Instant::now(), lazy: false }
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
            self.collect(&txn, &mut batch, commit, now)?;
        }
        self.flush(&txn, batch)?;
        txn.open_table(META)?.insert(POSITION, sealed(position)?.as_slice())?;
        txn.commit()?;
        self.lazy = !durable;
        if durable {
            self.durable_at = Instant::now();
        }
        self.position = Some(position.clone());
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

    fn collect(
        &mut self,
        txn: &WriteTransaction,
        batch: &mut Batch,
        commit: &Commit,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let id = &commit.project;
        if !self.projects.contains_key(id) {
            let stored = match txn.open_table(PROJECTS)?.get(id.as_str().as_bytes())? {
                Some(bytes) => row::open("projects", bytes.value())?,
                None => ProjectRow::default(),
            };
            self.projects.insert(id.clone(), stored);
        }
        let mut order = Vec::with_capacity(commit.decoded.events.len() * 5);
        for (index, recorded) in (0_u16..).zip(&commit.decoded.events) {
            let entity = recorded.event.entity();
            let timeline_key = key::timeline(id, &entity, commit.seq, index);
            let entry = |change| entry(recorded, change);
            if recorded.command.time().millis_since(now) > -KNOWN_MILLIS {
                let mut value = commit.seq.to_be_bytes().to_vec();
                value.extend_from_slice(recorded.digest.as_bytes());
                batch.commands.insert(key::command(id, recorded.command, &recorded.actor), value);
            }
            let row = self.projects.entry(id.clone()).or_default();
            let value = match &recorded.event {
                Event::Project { change, after } => {
                    if after.is_none() {
                        forget(txn, batch, id)?;
                        order.clear();
                        *row = ProjectRow::default();
                    }
                    row.project.clone_from(after);
                    if let ProjectChange::Created { overview, goals } | ProjectChange::Updated { overview, goals, .. } =
                        change
                    {
                        keep(&mut row.overview, overview.as_deref());
                        keep(&mut row.goals, goals.as_deref());
                    }
                    entry(change as &dyn ErasedChange)
                }
                Event::Task { id: task, change, after } => {
                    row.counters.0 = row.counters.0.max(task.number());
                    let k = key::numbered(id, task.number());
                    if let Some(after) = after {
                        batch.tasks.insert(k.clone(), Some(Arc::clone(after)));
                        task_texts(txn, batch, k, change)?;
                    } else if matches!(change, TaskChange::Deleted {}) {
                        batch.texts.remove(&k);
                        batch.tasks.insert(k, None);
                    }
                    entry(change)
                }
                Event::Session { id: session, change, after } => {
                    row.counters.1 = row.counters.1.max(session.number());
                    let k = key::numbered(id, session.number());
                    if let SessionChange::Requested { prompt, command, reason, include_related, .. } = change {
                        let texts = SessionTexts {
                            prompt: prompt.as_deref().map(str::to_owned),
                            command: command.iter().map(ToString::to_string).collect(),
                            reason: reason.as_deref().map(str::to_owned),
                            include_related: *include_related,
                        };
                        batch.session_texts.insert(k.clone(), texts);
                    }
                    if let Some(after) = after {
                        batch.sessions.insert(k, Arc::clone(after));
                    }
                    entry(change)
                }
                Event::Message { id: message, change, after } => {
                    row.counters.2 = row.counters.2.max(message.number());
                    if let Some(after) = after {
                        let k = key::numbered(id, message.number());
                        let next = message_row(txn, batch, &k, change, after)?;
                        batch.messages.insert(k, next);
                    }
                    entry(change)
                }
                Event::Effect { change } => {
                    let maestro_domain::EffectChange::Failed { effect, entity, error } = change;
                    row.failed_effects.push(format!("{effect} for {entity}: {error}"));
                    let surplus = row.failed_effects.len().saturating_sub(10);
                    row.failed_effects.drain(..surplus);
                    entry(change)
                }
            };
            let value = value.map_err(|cause| StoreError::Row { table: "timeline", cause })?;
            batch.timeline.push((timeline_key, value));
            order.extend_from_slice(&key::entity_bytes(&entity));
        }
        batch.order.push((key::ordered(id, commit.seq), order));
        if let Some(row) = self.projects.get_mut(id) {
            row.seq = commit.seq;
            if !batch.projects.contains(id) {
                batch.projects.insert(id.clone());
            }
        }
        Ok(())
    }

    fn flush(&self, txn: &WriteTransaction, mut batch: Batch) -> Result<(), StoreError> {
        let mut table = txn.open_table(PROJECTS)?;
        for id in &batch.projects {
            if let Some(row) = self.projects.get(id) {
                table.insert(id.as_str().as_bytes(), sealed(row)?.as_slice())?;
            }
        }
        // In the order of the keys, neighbours go into the same page one after the other.
        batch.timeline.sort_unstable();
        let mut table = txn.open_table(TASKS)?;
        let mut texts = txn.open_table(TASK_TEXTS)?;
        for (k, task) in &batch.tasks {
            match task {
                Some(task) => {
                    table.insert(k.as_slice(), sealed(task)?.as_slice())?;
                }
                None => {
                    table.remove(k.as_slice())?;
                    texts.remove(k.as_slice())?;
                }
            }
        }
        for (k, value) in &batch.texts {
            texts.insert(k.as_slice(), sealed(value)?.as_slice())?;
        }
        let mut table = txn.open_table(SESSIONS)?;
        for (k, value) in &batch.sessions {
            table.insert(k.as_slice(), sealed(value)?.as_slice())?;
        }
        let mut table = txn.open_table(SESSION_TEXTS)?;
        for (k, value) in &batch.session_texts {
            table.insert(k.as_slice(), sealed(value)?.as_slice())?;
        }
        let mut table = txn.open_table(MESSAGES)?;
        for (k, value) in &batch.messages {
            match value {
                Some(value) => {
                    table.insert(k.as_slice(), sealed(value)?.as_slice())?;
                }
                None => {
                    table.remove(k.as_slice())?;
                }
            }
        }
        for (definition, rows) in [(TIMELINE, batch.timeline), (ORDER, batch.order)] {
            let mut table = txn.open_table(definition)?;
            for (k, value) in rows {
                table.insert(k.as_slice(), value.as_slice())?;
            }
        }
        let mut table = txn.open_table(COMMANDS)?;
        for (k, value) in batch.commands {
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

fn sealed(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    row::seal(value).map_err(|cause| StoreError::Row { table: "(new)", cause })
}

/// Any change, for the timeline.
trait ErasedChange {
    fn seal(&self, id: &str, at: Timestamp, actor: &Actor) -> Result<Vec<u8>, serde_json::Error>;
}

impl<C: Serialize> ErasedChange for C {
    fn seal(&self, id: &str, at: Timestamp, actor: &Actor) -> Result<Vec<u8>, serde_json::Error> {
        row::seal(&NewEntry { id, at, actor, change: self })
    }
}

fn entry(recorded: &maestro_wire::Recorded, change: &dyn ErasedChange) -> Result<Vec<u8>, serde_json::Error> {
    change.seal(&recorded.id, recorded.time, &recorded.actor)
}

fn keep(slot: &mut Option<String>, given: Option<&str>) {
    if let Some(text) = given {
        *slot = Some(text.to_owned());
    }
}

/// Takes everything of a project out.
fn forget(txn: &WriteTransaction, batch: &mut Batch, id: &ProjectId) -> Result<(), StoreError> {
    let (from, to) = (key::project(id), key::project_end(id));
    let ours = |k: &Vec<u8>| k.starts_with(&from);
    batch.tasks.retain(|k, _| !ours(k));
    batch.texts.retain(|k, _| !ours(k));
    batch.sessions.retain(|k, _| !ours(k));
    batch.session_texts.retain(|k, _| !ours(k));
    batch.messages.retain(|k, _| !ours(k));
    batch.timeline.retain(|(k, _)| !ours(k));
    batch.order.retain(|(k, _)| !ours(k));
    for table in [TASKS, TASK_TEXTS, SESSIONS, SESSION_TEXTS, MESSAGES, TIMELINE, ORDER] {
        txn.open_table(table)?.retain_in::<&[u8], _>(from.as_slice()..to.as_slice(), |_, _| false)?;
    }
    Ok(())
}

fn message_row(
    txn: &WriteTransaction,
    batch: &Batch,
    k: &[u8],
    change: &MessageChange,
    after: &Arc<maestro_domain::Message>,
) -> Result<Option<MessageRow>, StoreError> {
    if after.status == MessageStatus::Seen {
        return Ok(None);
    }
    let body = match change {
        MessageChange::Queued { body } => body.to_string(),
        MessageChange::Delivered {} | MessageChange::Seen {} => match batch.messages.get(k) {
            Some(row) => row.as_ref().map(|row| row.body.clone()).unwrap_or_default(),
            None => match txn.open_table(MESSAGES)?.get(k)? {
                Some(bytes) => row::open::<MessageRow>("messages", bytes.value())?.body,
                None => String::new(),
            },
        },
    };
    Ok(Some(MessageRow { message: Arc::clone(after), body }))
}

/// Folds the long texts that a change sets into those that are there.
fn task_texts(txn: &WriteTransaction, batch: &mut Batch, k: Vec<u8>, change: &TaskChange) -> Result<(), StoreError> {
    let mut texts = match batch.texts.get(&k) {
        Some(texts) => texts.clone(),
        None if matches!(change, TaskChange::Created { .. }) => TaskTexts::default(),
        None if !sets_texts(change) => return Ok(()),
        None => match txn.open_table(TASK_TEXTS)?.get(k.as_slice())? {
            Some(bytes) => row::open("task_texts", bytes.value())?,
            None => TaskTexts::default(),
        },
    };
    if crate::text::fold(&mut texts, change) {
        batch.texts.insert(k, texts);
    }
    Ok(())
}

fn sets_texts(change: &TaskChange) -> bool {
    crate::text::fold(&mut TaskTexts::default(), change) || matches!(change, TaskChange::SubtaskDeleted { .. })
}
