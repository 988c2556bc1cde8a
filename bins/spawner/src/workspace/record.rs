//! What is written down about a worktree before it is made, so that whoever comes later knows whose it is: one file a
//! worktree. Git's own list does not say for whom, from what, or whether it was finished.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use maestro_domain::{ProjectId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::incarnation::Incarnation;

/// Where a worktree's repository comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Source {
    /// The host's own.
    Checkout,
    /// Cloned by us.
    Clone,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Stage {
    /// Nobody has worked in it: removed when whoever makes it dies.
    Preparing,
    /// A session has it, or had it.
    Ready,
}

/// One worktree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Record {
    /// The last one that worked in it.
    #[serde(flatten)]
    pub incarnation: Incarnation,
    /// Whose number the session's is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<String>,
    /// When its project was created: one that was purged has a successor of the same name, whose sessions have the same
    /// numbers. Earlier versions did not write it down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_created: Option<Timestamp>,
    pub path: PathBuf,
    pub repository: PathBuf,
    pub source: Source,
    /// The branch that it goes back into, without `origin/`.
    pub base: String,
    /// The commit that it began with.
    pub start: String,
    pub branch: String,
    /// Branches of dependencies in `start`.
    #[serde(default)]
    pub includes: Vec<String>,
    pub stage: Stage,
    /// When, in milliseconds: sessions of another ledger have the same numbers.
    #[serde(default)]
    pub made: i64,
    /// When it was handed over, likewise: what is newer is its session's or a person's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready: Option<i64>,
}

impl Record {
    /// What the base is called where it is compared with: a clone has it from its remote.
    pub(crate) fn base_ref(&self) -> String {
        match self.source {
            Source::Checkout => format!("refs/heads/{}", self.base),
            Source::Clone => format!("refs/remotes/origin/{}", self.base),
        }
    }

    pub(crate) fn branch_ref(&self) -> String {
        format!("refs/heads/{}", self.branch)
    }

    /// Whether it may be a part of the project that was created then.
    fn is_of(&self, created: Timestamp) -> bool {
        self.project_created.is_none_or(|known| known == created)
    }
}

/// The directory of records.
#[derive(Clone, Debug)]
pub(crate) struct Records {
    directory: PathBuf,
}

impl Records {
    pub(crate) fn of(data: &Path) -> Self {
        Self { directory: data.join("worktrees") }
    }

    /// Writes it as a whole, synced.
    pub(crate) fn write(&self, record: &Record) -> io::Result<()> {
        fs::create_dir_all(&self.directory)?;
        maestro_runtime::write_secret(&self.path(record), &serde_json::to_vec(record)?)
    }

    pub(crate) fn remove(&self, record: &Record) {
        if let Err(error) = fs::remove_file(self.path(record))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(incarnation = %record.incarnation, cause = %error, "record of a removed worktree stays");
        }
    }

    /// The latest in which this incarnation works, or worked.
    pub(crate) fn get(&self, incarnation: &Incarnation) -> Option<Record> {
        self.all().into_iter().filter(|record| record.incarnation == *incarnation).max_by_key(|record| record.made)
    }

    /// Every one, sorted.
    pub(crate) fn all(&self) -> Vec<Record> {
        let entries = fs::read_dir(&self.directory).into_iter().flatten().flatten();
        let files = entries.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "json"));
        let mut all: Vec<Record> = files.filter_map(|path| read(&path)).collect();
        all.sort_by(|a, b| a.incarnation.cmp(&b.incarnation));
        all
    }

    /// Those of earlier projects of this name, which were purged.
    pub(crate) fn purged(&self, project: &ProjectId, created: Timestamp) -> Vec<Record> {
        let of = |record: &Record| record.incarnation.project == *project && !record.is_of(created);
        self.all().into_iter().filter(of).collect()
    }

    /// The latest of a session up to this epoch, in the project that was created then.
    pub(crate) fn latest(&self, incarnation: &Incarnation, ledger: Option<&str>, created: Timestamp) -> Option<Record> {
        let same = |record: &Record| {
            let of = &record.incarnation;
            of.project == incarnation.project
                && of.session == incarnation.session
                && of.epoch <= incarnation.epoch
                && record.ledger.as_deref() == ledger
                && record.is_of(created)
        };
        self.all().into_iter().filter(same).max_by_key(|record| record.incarnation.epoch)
    }

    /// Named after the directory, of which there is one.
    fn path(&self, record: &Record) -> PathBuf {
        let name = record.path.file_name().unwrap_or_default().to_string_lossy();
        self.directory.join(format!("{}.{name}.json", record.incarnation.project))
    }
}

fn read(path: &Path) -> Option<Record> {
    let bytes = fs::read(path).ok()?;
    match serde_json::from_slice(&bytes) {
        Ok(record) => Some(record),
        Err(error) => {
            tracing::error!(path = %path.display(), cause = %error, "not a worktree's record; left alone");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn record(session: &str, directory: &str, more: Value) -> Record {
        let mut record = json!({
            "project": "web", "session": session, "epoch": 1, "path": format!("/work/web/{directory}"), "repository": "/web",
            "source": "checkout", "base": "main", "start": "c0ffee", "branch": format!("maestro/{session}"), "stage": "ready"
        });
        record.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(record).unwrap()
    }

    #[test]
    fn a_purged_project_of_the_same_name_had_other_sessions() {
        let data = tempfile::tempdir().unwrap();
        let records = Records::of(data.path());
        let [then, now] = [1_000, 2_000].map(Timestamp::from_millis);
        let old = record("s1", "s1", json!({ "projectCreated": then }));
        records.write(&old).unwrap();
        // Of a version that did not say so: it is believed to be the session's.
        let unknown = record("s2", "s2", json!({}));
        records.write(&unknown).unwrap();
        let latest = |session: &str, created| {
            let incarnation = record(session, session, json!({})).incarnation;
            records.latest(&Incarnation { epoch: 2, ..incarnation }, None, created)
        };
        assert_eq!(latest("s1", then), Some(old.clone()));
        assert_eq!(latest("s1", now), None);
        assert_eq!(latest("s2", now), Some(unknown));
        let web = &old.incarnation.project;
        assert_eq!(records.purged(web, now), std::slice::from_ref(&old));
        assert_eq!(records.purged(web, then), []);
        let new = record("s1", "s1-1", json!({ "projectCreated": now }));
        records.write(&new).unwrap();
        assert_eq!(latest("s1", now), Some(new));
        assert_eq!(latest("s1", then), Some(old));
    }
}
