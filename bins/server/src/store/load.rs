//! Loading: every project with its entities, once, at the start.

use std::{collections::BTreeMap, sync::Arc};

use maestro_domain::ProjectId;
use redb::{ReadableDatabase, ReadableTable};
use serde::de::DeserializeOwned;

use super::{
    Loaded, MESSAGES, MessageRow, PROJECTS, ProjectRow, SESSIONS, Store, TASKS, Table, key, row, row::StoreError,
};

impl Store {
    /// Everything that actors start from.
    pub fn load(&self) -> Result<Vec<Loaded>, StoreError> {
        let txn = self.db.begin_read()?;
        let mut projects = BTreeMap::new();
        for entry in txn.open_table(PROJECTS)?.iter()? {
            let (k, v) = entry?;
            let id: ProjectId = std::str::from_utf8(k.value())
                .ok()
                .and_then(|text| text.parse().ok())
                .ok_or(StoreError::Key { table: "projects" })?;
            let row: ProjectRow = row::open("projects", v.value())?;
            let loaded = Loaded { id: id.clone(), row, tasks: Vec::new(), sessions: Vec::new(), messages: Vec::new() };
            projects.insert(id.as_str().to_owned(), loaded);
        }
        each(&txn, TASKS, "tasks", |project, task| projects.get_mut(project).map(|p| p.tasks.push(Arc::new(task))))?;
        each(&txn, SESSIONS, "sessions", |project, session| {
            projects.get_mut(project).map(|p| p.sessions.push(Arc::new(session)))
        })?;
        each(&txn, MESSAGES, "messages", |project, message: MessageRow| {
            projects.get_mut(project).map(|p| p.messages.push(message.message))
        })?;
        Ok(projects.into_values().collect())
    }
}

fn each<T: DeserializeOwned>(
    txn: &redb::ReadTransaction,
    table: Table,
    name: &'static str,
    mut put: impl FnMut(&str, T) -> Option<()>,
) -> Result<(), StoreError> {
    for entry in txn.open_table(table)?.iter()? {
        let (k, v) = entry?;
        let (project, _) = key::split_numbered(k.value()).ok_or(StoreError::Key { table: name })?;
        put(project, row::open(name, v.value())?).ok_or(StoreError::Key { table: name })?;
    }
    Ok(())
}
