//! Opening: what is there is used when it is whole and of this ledger; else it is moved aside, and why is told.

use std::{fs, io, path::Path, sync::Arc};

use redb::{Database, ReadableDatabase};
use tokio::sync::watch;

use super::{CACHE_BYTES, META, POSITION, Position, SCHEMA, Store, TABLES, row, row::StoreError, write::Writer};

/// An open projection.
pub struct Opened {
    pub store: Store,
    pub writer: Writer,
    /// Where it is; `None` when it is empty.
    pub position: Option<Position>,
    /// Why what was there could not be used.
    pub rebuilt: Option<String>,
}

/// Opens the projection in `directory`. `fits` judges the position that was found: `Err` says why it is not of this
/// ledger.
///
/// # Errors
/// Only when not even a new file can be made.
pub fn open(directory: &Path, fits: impl FnOnce(&Position) -> Result<(), String>) -> anyhow::Result<Opened> {
    fs::create_dir_all(directory)?;
    let path = directory.join("projection.redb");
    let mut reason = None;
    if path.exists() {
        match try_open(&path) {
            Ok((db, Some(position))) => match fits(&position) {
                Ok(()) => return Ok(opened(db, Some(position), None)?),
                Err(why) => reason = Some(why),
            },
            Ok((_, None)) => reason = None,
            Err(error) => reason = Some(error),
        }
        set_aside(&path)?;
    }
    if let Some(reason) = &reason {
        tracing::warn!(reason, path = %path.display(), "the projection is built anew");
    }
    let db = builder().create(&path)?;
    Ok(opened(db, None, reason)?)
}

fn builder() -> redb::Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

fn opened(db: Database, position: Option<Position>, rebuilt: Option<String>) -> Result<Opened, StoreError> {
    let txn = db.begin_write()?;
    for table in TABLES {
        txn.open_table(table)?;
    }
    txn.commit()?;
    let db = Arc::new(db);
    let (sender, receiver) = watch::channel(position.as_ref().map_or(0, |p| p.seq));
    let store = Store { db: Arc::clone(&db), position: receiver };
    let writer = Writer::new(db, sender, position.clone());
    Ok(Opened { store, writer, position, rebuilt })
}

fn try_open(path: &Path) -> Result<(Database, Option<Position>), String> {
    let mut db = builder().open(path).map_err(|e| format!("the file cannot be opened: {e}"))?;
    match db.check_integrity() {
        Ok(true) => {}
        Ok(false) => return Err("the integrity check found damage".into()),
        Err(error) => return Err(format!("the integrity check failed: {error}")),
    }
    let position = read_position(&db).map_err(|e| e.to_string())?;
    match &position {
        Some(p) if p.schema != SCHEMA => Err(format!("it has schema {}, this server writes schema {SCHEMA}", p.schema)),
        Some(_) | None => Ok((db, position)),
    }
}

/// The position of the file in `directory`, if it can be read; nothing is judged or changed.
#[must_use]
pub fn position_of(directory: &Path) -> Option<Position> {
    let path = directory.join("projection.redb");
    if !path.exists() {
        return None;
    }
    let db = builder().open(&path).ok()?;
    read_position(&db).ok().flatten()
}

fn read_position(db: &Database) -> Result<Option<Position>, StoreError> {
    let txn = db.begin_read()?;
    let table = match txn.open_table(META) {
        Ok(table) => table,
        Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    table.get(POSITION)?.map(|bytes| row::open("meta", bytes.value())).transpose()
}

/// Keeps one damaged file for whoever wants to look at it.
pub fn set_aside(path: &Path) -> io::Result<()> {
    match fs::rename(path, path.with_extension("redb.set-aside")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
