//! What this home has seen of each project, so that one reads what one wrote, whichever replica answers.
//!
//! One small file a project, replaced as a whole. Many processes may write at once: the highest sequence should stay,
//! and losing one is harmless. Nothing here ever fails a command.

mod claims;

pub use claims::{Claims, Taken};

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use maestro_client::Seen;
use maestro_domain::ProjectId;
use maestro_runtime::{Home, write_passing};
use maestro_wire::Reply;
use serde::{Deserialize, Serialize};

/// The memory of one home.
pub struct Memory {
    directory: PathBuf,
}

#[derive(Deserialize, Serialize)]
struct Remembered {
    ledger: String,
    seq: u64,
}

impl Memory {
    pub fn of(home: &Home) -> Self {
        Self { directory: home.memory() }
    }

    fn path(&self, project: &ProjectId) -> PathBuf {
        self.directory.join(format!("{project}.json"))
    }

    fn read(&self, project: &ProjectId) -> Option<Remembered> {
        serde_json::from_slice(&fs::read(self.path(project)).ok()?).ok()
    }

    /// What a replica must have seen before it answers.
    pub fn seen(&self, project: &ProjectId) -> Seen {
        match self.read(project) {
            Some(Remembered { ledger, seq }) => Seen { seq: Some(seq), ledger: Some(ledger) },
            None => Seen::default(),
        }
    }

    /// Keeps the sequence of an answer; another ledger's id voids the old one.
    pub fn remember(&self, project: &ProjectId, reply: &Reply) {
        let (Some(seq), Some(ledger)) = (reply.seq, reply.ledger.clone()) else { return };
        if self.read(project).is_some_and(|known| known.ledger == ledger && known.seq >= seq) {
            return;
        }
        let Ok(content) = serde_json::to_vec(&Remembered { ledger, seq }) else { return };
        if write_passing(&self.path(project), &content).is_err() {
            // The first time there is no directory yet; if it cannot be made there is no memory.
            let _ = DirBuilder::new().recursive(true).mode(0o700).create(&self.directory);
            let _ = write_passing(&self.path(project), &content);
        }
    }

    /// Lets go of a sequence that the ledger does not have any more.
    pub fn forget(&self, project: &ProjectId) {
        let _ = fs::remove_file(self.path(project));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(seq: u64, ledger: &str) -> Reply {
        Reply::ok(&()).at(seq, ledger)
    }

    #[test]
    fn the_highest_stays_and_another_ledger_voids_it() {
        let root = tempfile::tempdir().unwrap();
        let memory = Memory { directory: root.path().join("memory") };
        let web: ProjectId = "web".parse().unwrap();
        assert_eq!(memory.seen(&web), Seen::default());
        memory.remember(&web, &reply(7, "a"));
        memory.remember(&web, &reply(5, "a"));
        assert_eq!(memory.seen(&web).seq, Some(7));
        memory.remember(&web, &reply(2, "b"));
        assert_eq!(memory.seen(&web), Seen { seq: Some(2), ledger: Some("b".into()) });
        memory.forget(&web);
        assert_eq!(memory.seen(&web), Seen::default());
    }

    #[test]
    fn nonsense_and_missing_rights_are_no_memory() {
        let root = tempfile::tempdir().unwrap();
        let web: ProjectId = "web".parse().unwrap();
        fs::write(root.path().join("web.json"), b"{").unwrap();
        assert_eq!(Memory { directory: root.path().to_path_buf() }.seen(&web), Seen::default());
        let file = root.path().join("file");
        fs::write(&file, b"").unwrap();
        Memory { directory: file }.remember(&web, &reply(1, "a"));
    }

    #[test]
    fn writers_in_parallel_leave_a_whole_file() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("memory");
        let web: ProjectId = "web".parse().unwrap();
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let memory = Memory { directory: directory.clone() };
                let web = web.clone();
                scope.spawn(move || (0..50).for_each(|n| memory.remember(&web, &reply(thread * 50 + n + 1, "a"))));
            }
        });
        assert!(Memory { directory }.seen(&web).seq.is_some());
    }
}
