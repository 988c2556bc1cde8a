//! The changes of one transaction, by project and coalesced: of an entity only the last state is written.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use maestro_domain::{
    EffectChange, Event, Message, MessageChange, MessageStatus, ProjectChange, ProjectId, Session, SessionChange, Task,
    TaskChange, Timestamp,
};
use maestro_wire::{Recorded, TaskTexts};
use redb::{ReadableTable, WriteTransaction};

use super::{
    KNOWN_MILLIS, MESSAGES, MessageRow, PROJECTS, ProjectRow, SESSION_TEXTS, SESSIONS, SessionTexts, TASK_TEXTS, TASKS,
    TIMELINE, fingerprint, key, posting::Place, row, row::StoreError,
};
use crate::ledger::Commit;

/// Failed effects that a project remembers.
const FAILED_EFFECTS: usize = 10;

#[derive(Default)]
pub struct Batch {
    pub projects: BTreeMap<ProjectId, Changes>,
}

/// What changes in one project.
#[derive(Default)]
pub struct Changes {
    pub tasks: BTreeMap<u32, Option<Arc<Task>>>,
    pub texts: BTreeMap<u32, TaskTexts>,
    pub sessions: BTreeMap<u32, Arc<Session>>,
    pub session_texts: BTreeMap<u32, SessionTexts>,
    pub messages: BTreeMap<u32, Option<MessageRow>>,
    pub timeline: HashMap<[u8; 5], Vec<Place>>,
    /// Key and value of the rows of command ids.
    pub commands: Vec<(Vec<u8>, [u8; 16])>,
}

impl Batch {
    /// Takes one commit in. `rows` are the projects as they stand; `now` bounds how long command ids are kept.
    pub fn collect(
        &mut self,
        txn: &WriteTransaction,
        rows: &mut HashMap<ProjectId, ProjectRow>,
        commit: &Commit,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let id = &commit.project;
        if !rows.contains_key(id) {
            let stored = match txn.open_table(PROJECTS)?.get(id.as_str().as_bytes())? {
                Some(bytes) => row::open("projects", bytes.value())?,
                None => ProjectRow::default(),
            };
            rows.insert(id.clone(), stored);
        }
        let row = rows.entry(id.clone()).or_default();
        if !self.projects.contains_key(id) {
            self.projects.insert(id.clone(), Changes::default());
        }
        let changes = self.projects.entry(id.clone()).or_default();
        let mut command = None;
        for (index, recorded) in (0_u16..).zip(&commit.decoded.events) {
            if matches!(&recorded.event, Event::Project { after: None, .. }) {
                // The ids of its commands stay known.
                *changes = Changes { commands: std::mem::take(&mut changes.commands), ..Changes::default() };
                *row = ProjectRow::default();
                forget(txn, id)?;
            }
            if command != Some((recorded.command, &recorded.actor)) {
                command = Some((recorded.command, &recorded.actor));
                changes.remember(id, recorded, commit.seq, now);
            }
            let entity = changes.fold(txn, id, row, recorded)?;
            changes.timeline.entry(entity).or_default().push((commit.seq, index));
        }
        let count = u16::try_from(commit.decoded.events.len()).unwrap_or(u16::MAX);
        changes.timeline.entry(key::WHOLE).or_default().push((commit.seq, count));
        row.seq = commit.seq;
        Ok(())
    }
}

impl Changes {
    fn remember(&mut self, id: &ProjectId, recorded: &Recorded, seq: u64, now: Timestamp) {
        if recorded.command.time().millis_since(now) <= -KNOWN_MILLIS {
            return;
        }
        let mut value = [0; 16];
        value[..8].copy_from_slice(&seq.to_be_bytes());
        value[8..].copy_from_slice(&fingerprint(&recorded.digest).to_be_bytes());
        self.commands.push((key::command(id, recorded.command, &recorded.actor), value));
    }

    /// Takes an event in; the answer is whose timeline it belongs to.
    fn fold(
        &mut self,
        txn: &WriteTransaction,
        id: &ProjectId,
        row: &mut ProjectRow,
        recorded: &Recorded,
    ) -> Result<[u8; 5], StoreError> {
        match &recorded.event {
            Event::Project { change, after } => {
                row.project.clone_from(after);
                if let ProjectChange::Created { overview, goals } | ProjectChange::Updated { overview, goals, .. } =
                    change
                {
                    keep(&mut row.overview, overview.as_deref());
                    keep(&mut row.goals, goals.as_deref());
                }
            }
            Event::Task { id: task, change, after } => {
                let number = task.number();
                row.counters.0 = row.counters.0.max(number);
                if let Some(after) = after {
                    self.tasks.insert(number, Some(Arc::clone(after)));
                    self.task_texts(txn, id, number, change)?;
                } else if matches!(change, TaskChange::Deleted {}) {
                    self.texts.remove(&number);
                    self.tasks.insert(number, None);
                }
            }
            Event::Session { id: session, change, after } => {
                let number = session.number();
                row.counters.1 = row.counters.1.max(number);
                if let SessionChange::Requested { prompt, command, initial_commands, reason, include_related, .. } =
                    change
                {
                    let texts = SessionTexts {
                        prompt: prompt.as_deref().map(str::to_owned),
                        command: command.iter().map(ToString::to_string).collect(),
                        initial_commands: initial_commands.iter().map(ToString::to_string).collect(),
                        reason: reason.as_deref().map(str::to_owned),
                        include_related: *include_related,
                    };
                    self.session_texts.insert(number, texts);
                }
                if let Some(after) = after {
                    self.sessions.insert(number, Arc::clone(after));
                }
            }
            Event::Message { id: message, change, after } => {
                let number = message.number();
                row.counters.2 = row.counters.2.max(number);
                if let Some(after) = after {
                    let next = self.message_row(txn, id, number, change, after)?;
                    self.messages.insert(number, next);
                }
            }
            Event::Effect { change } => {
                let EffectChange::Failed { effect, entity, error } = change;
                row.failed_effects.push(format!("{effect} for {entity}: {error}"));
                let surplus = row.failed_effects.len().saturating_sub(FAILED_EFFECTS);
                row.failed_effects.drain(..surplus);
            }
        }
        Ok(key::entity(&recorded.event.entity()))
    }

    /// Folds the long texts that a change sets into those that are there.
    fn task_texts(
        &mut self,
        txn: &WriteTransaction,
        id: &ProjectId,
        number: u32,
        change: &TaskChange,
    ) -> Result<(), StoreError> {
        if let Some(texts) = self.texts.get_mut(&number) {
            crate::text::fold(texts, change);
            return Ok(());
        }
        let mut texts = match change {
            TaskChange::Created { .. } => TaskTexts::default(),
            change if !sets_texts(change) => return Ok(()),
            _ => match txn.open_table(TASK_TEXTS)?.get(key::numbered(id, number).as_slice())? {
                Some(bytes) => row::open("task_texts", bytes.value())?,
                None => TaskTexts::default(),
            },
        };
        if crate::text::fold(&mut texts, change) {
            self.texts.insert(number, texts);
        }
        Ok(())
    }

    fn message_row(
        &self,
        txn: &WriteTransaction,
        id: &ProjectId,
        number: u32,
        change: &MessageChange,
        after: &Arc<Message>,
    ) -> Result<Option<MessageRow>, StoreError> {
        if after.status == MessageStatus::Seen {
            return Ok(None);
        }
        let body = match change {
            MessageChange::Queued { body } => body.to_string(),
            MessageChange::Delivered {} | MessageChange::Seen {} => match self.messages.get(&number) {
                Some(row) => row.as_ref().map(|row| row.body.clone()).unwrap_or_default(),
                None => match txn.open_table(MESSAGES)?.get(key::numbered(id, number).as_slice())? {
                    Some(bytes) => row::open::<MessageRow>("messages", bytes.value())?.body,
                    None => String::new(),
                },
            },
        };
        Ok(Some(MessageRow { message: Arc::clone(after), body }))
    }
}

fn keep(slot: &mut Option<String>, given: Option<&str>) {
    if let Some(text) = given {
        *slot = Some(text.to_owned());
    }
}

/// Takes everything of a project out.
fn forget(txn: &WriteTransaction, id: &ProjectId) -> Result<(), StoreError> {
    let (from, to) = (key::project(id), key::project_end(id));
    for table in [TASKS, TASK_TEXTS, SESSIONS, SESSION_TEXTS, MESSAGES, TIMELINE] {
        txn.open_table(table)?.retain_in::<&[u8], _>(from.as_slice()..to.as_slice(), |_, _| false)?;
    }
    Ok(())
}

fn sets_texts(change: &TaskChange) -> bool {
    crate::text::fold(&mut TaskTexts::default(), change) || matches!(change, TaskChange::SubtaskDeleted { .. })
}
