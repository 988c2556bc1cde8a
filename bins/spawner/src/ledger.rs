//! The spawner's own ledger: what runs on this host because of it. One file an incarnation, written before the start.

use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::incarnation::Incarnation;
use crate::os::{self, Identity};

/// Bytes of an entry's file, filled with blanks behind the JSON; longer ones have a multiple of it.
const BLOCK: usize = 1024;

/// What is known about one running incarnation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    #[serde(flatten)]
    pub incarnation: Incarnation,
    /// Stands in the environment of all its processes, and in its lease.
    pub nonce: String,
    /// The start of the host in which the numbers below mean something.
    pub boot: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<Identity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Identity>,
}

impl Entry {
    pub fn new(incarnation: Incarnation) -> Self {
        let nonce = ulid::Ulid::generate().to_string().to_lowercase();
        Self { incarnation, nonce, boot: os::boot_id(), holder: None, agent: None }
    }
}

/// The directory of entries.
#[derive(Clone, Debug)]
pub struct Ledger {
    directory: PathBuf,
}

impl Ledger {
    /// # Errors
    /// When the directory cannot be made.
    pub fn open(data: &Path) -> io::Result<Self> {
        let directory = data.join("ledger");
        fs::create_dir_all(&directory)?;
        Ok(Self { directory })
    }

    /// Writes the entry as a whole: a new one synced, a known one over itself where that is one write of the same length.
    /// After a loss of power nothing of it runs, and what was learned about it since is worth nothing.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&self, entry: &Entry) -> io::Result<()> {
        let path = self.path(&entry.incarnation);
        let mut content = serde_json::to_vec(entry)?;
        content.resize(content.len().next_multiple_of(BLOCK), b' ');
        match OpenOptions::new().write(true).open(&path) {
            Ok(file) if content.len() == BLOCK && file.metadata()?.len() == BLOCK as u64 => {
                file.write_all_at(&content, 0)
            }
            Ok(_) | Err(_) => maestro_runtime::write_secret(&path, &content),
        }
    }

    /// Whether it is known: it runs, or may run.
    pub fn has(&self, incarnation: &Incarnation) -> bool {
        self.path(incarnation).exists()
    }

    /// Forgets an incarnation.
    pub fn remove(&self, incarnation: &Incarnation) {
        if let Err(error) = fs::remove_file(self.path(incarnation))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::error!(%incarnation, cause = %error, "ledger entry stays; the next start reports it lost again");
        }
    }

    /// Every entry, and files that are none, moved aside.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn read(&self) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for file in fs::read_dir(&self.directory)? {
            let path = file?.path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            match serde_json::from_slice(&fs::read(&path)?) {
                Ok(entry) => entries.push(entry),
                Err(error) => {
                    tracing::error!(path = %path.display(), cause = %error, "not a ledger entry; moved aside");
                    fs::rename(&path, path.with_extension("bad"))?;
                }
            }
        }
        Ok(entries)
    }

    fn path(&self, incarnation: &Incarnation) -> PathBuf {
        self.directory.join(format!("{incarnation}.json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_learned_later_replaces_what_was_known_in_the_same_file() {
        let data = tempfile::tempdir().unwrap();
        let ledger = Ledger::open(data.path()).unwrap();
        let incarnation: Incarnation = serde_json::from_str(r#"{"project":"web","session":"s7","epoch":2}"#).unwrap();
        let mut entry = Entry::new(incarnation.clone());
        ledger.write(&entry).unwrap();
        assert_eq!(ledger.read().unwrap(), [entry.clone()]);
        entry.holder = Some(Identity { pid: u32::MAX, start: u64::MAX });
        entry.agent = Some(Identity { pid: 2, start: 3 });
        ledger.write(&entry).unwrap();
        assert_eq!(ledger.read().unwrap(), [entry.clone()]);
        // One of an older version has no blanks.
        fs::write(ledger.path(&incarnation), serde_json::to_vec(&entry).unwrap()).unwrap();
        entry.agent = None;
        ledger.write(&entry).unwrap();
        assert_eq!(ledger.read().unwrap(), [entry]);
        ledger.remove(&incarnation);
        assert!(ledger.read().unwrap().is_empty() && !ledger.has(&incarnation));
    }
}
