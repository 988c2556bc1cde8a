//! Opening: what is there is used when it is whole and of this ledger; else it is moved aside, and why is told.

use std::{
    fs, io, panic,
    path::{Path, PathBuf},
    sync::Arc,
};

use redb::{Database, ReadableDatabase};
use tokio::sync::watch;

use super::{CACHE_BYTES, META, POSITION, Position, SCHEMA, Store, TABLES, row, row::StoreError, write::Writer};

/// An open projection.
pub struct Opened {
    pub store: Store,
    pub writer: Writer,
    /// The highest sequence that somebody waits for.
    pub demands: watch::Receiver<u64>,
    /// Where it is; `None` when it is empty.
    pub position: Option<Position>,
    /// Why what was there could not be used.
    pub rebuilt: Option<String>,
}

/// A file that was opened and is not judged yet.
pub struct Found {
    path: PathBuf,
    db: Option<Database>,
    /// Where it is; `None` when there is nothing to judge.
    pub position: Option<Position>,
    problem: Option<String>,
}

/// Opens what is in `directory` and checks that it is whole.
///
/// # Errors
/// Only when the directory cannot be made.
pub fn find(directory: &Path) -> anyhow::Result<Found> {
    fs::create_dir_all(directory)?;
    let path = directory.join("projection.redb");
    if !path.exists() {
        return Ok(Found { path, db: None, position: None, problem: None });
    }
    // On some damage redb panics instead of telling.
    Ok(match panic::catch_unwind(|| try_open(&path)) {
        Ok(Ok((db, position))) => Found { path, db: Some(db), position, problem: None },
        Ok(Err(problem)) => Found { path, db: None, position: None, problem: Some(problem) },
        Err(_) => {
            Found { path, db: None, position: None, problem: Some("the file is damaged: redb gave up on it".into()) }
        }
    })
}

impl Found {
    /// Uses what was found, unless `fits` says why not; then, as when it is damaged, it is moved aside.
    ///
    /// # Errors
    /// Only when not even a new file can be made.
    pub fn open(self, fits: impl FnOnce(&Position) -> Result<(), String>) -> anyhow::Result<Opened> {
        let Self { path, db, position, mut problem } = self;
        if let (Some(db), Some(position)) = (db, position) {
            match fits(&position) {
                Ok(()) => return Ok(opened(db, Some(position), None)?),
                Err(why) => problem = Some(why),
            }
        }
        // Somebody else's is not damage: it stays where it is.
        anyhow::ensure!(
            problem.as_deref().is_none_or(|p| !p.contains(IN_USE)),
            "another process uses {}; every replica needs a --data directory of its own",
            path.display()
        );
        if let Err(error) = set_aside(&path) {
            tracing::warn!(cause = %error, "the old projection cannot be moved aside");
        }
        if let Some(problem) = &problem {
            tracing::warn!(reason = problem, path = %path.display(), "the projection is built anew");
        }
        let made = builder().create(&path).map_err(StoreError::from).and_then(|db| opened(db, None, problem.clone()));
        match made {
            Ok(opened) => Ok(opened),
            Err(error) => {
                // A full disk must not stop the reads: the projection lives in memory until the next start.
                tracing::error!(cause = %error, path = %path.display(), "no file for the projection; it is kept in memory");
                let db = builder().create_with_backend(redb::backends::InMemoryBackend::new())?;
                let problem = format!("kept in memory: {error}");
                Ok(opened(db, None, Some(problem))?)
            }
        }
    }
}

/// How a file that is open elsewhere is told from a damaged one.
const IN_USE: &str = "another process";

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
    let (demanded, demands) = watch::channel(0);
    let store = Store { db: Arc::clone(&db), position: receiver, demanded };
    let writer = Writer::new(db, sender);
    Ok(Opened { store, writer, demands, position, rebuilt })
}

fn try_open(path: &Path) -> Result<(Database, Option<Position>), String> {
    let mut db = builder().open(path).map_err(|error| match error {
        redb::DatabaseError::DatabaseAlreadyOpen => format!("the file is open in {IN_USE}"),
        error => format!("the file cannot be opened: {error}"),
    })?;
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
