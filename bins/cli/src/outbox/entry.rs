//! The files of the outbox.

use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use maestro_domain::{Actor, ProjectId, Request, Timestamp};
use maestro_runtime::{Home, lock_file, write_secret};
use maestro_wire::{CommandEnvelope, CommandId, ErrorBody, ErrorCode};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Reports that one home keeps at most; the next one is refused.
pub const CAPACITY: usize = 1_000;
/// Refused reports that are kept to be looked at.
const REFUSED: usize = 100;

/// One command that waits.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    pub id: CommandId,
    pub project: ProjectId,
    pub actor: Actor,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u32>,
    pub entity: String,
    pub verb: String,
    pub data: Box<RawValue>,
    pub queued_at: Timestamp,
    /// The INBOX has it too.
    #[serde(default)]
    pub in_inbox: bool,
}

impl Entry {
    pub fn new(
        id: CommandId,
        project: ProjectId,
        (actor, epoch): (Actor, Option<u32>),
        request: &Request,
        now: Timestamp,
    ) -> Self {
        let (entity, verb) = request.verb();
        let data = CommandEnvelope::new(id, request).data;
        let (entity, verb) = (entity.to_owned(), verb.to_owned());
        Self { id, project, actor, epoch, entity, verb, data, queued_at: now, in_inbox: false }
    }

    /// The command as it was; `None` when this version does not know it.
    pub fn request(&self) -> Option<Request> {
        let mut deserializer = serde_json::Deserializer::from_str(self.data.get());
        Request::deserialize_payload(&self.entity, &self.verb, &mut deserializer)?.ok()
    }

    pub fn is_of(&self, project: &ProjectId, actor: &Actor) -> bool {
        self.project == *project && self.actor == *actor
    }
}

/// The outbox of one home.
#[derive(Clone, Debug)]
pub struct Outbox {
    directory: PathBuf,
}

#[derive(Serialize)]
struct Refused<'a> {
    #[serde(flatten)]
    entry: &'a Entry,
    refusal: &'a ErrorBody,
}

impl Outbox {
    pub fn of(home: &Home) -> Self {
        Self { directory: home.outbox() }
    }

    #[cfg(test)]
    pub fn at(directory: PathBuf) -> Self {
        Self { directory }
    }

    fn path(&self, id: CommandId) -> PathBuf {
        self.directory.join(format!("{id}.json"))
    }

    /// The ids that wait, the oldest first. A directory that is not there is empty.
    pub fn ids(&self) -> Vec<CommandId> {
        let Ok(entries) = fs::read_dir(&self.directory) else { return Vec::new() };
        let mut ids: Vec<CommandId> =
            entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.strip_suffix(".json")?.parse().ok()).collect();
        ids.sort_unstable();
        ids
    }

    /// One of them; `None` when it is gone or unreadable.
    pub fn read(&self, id: CommandId) -> Option<Entry> {
        serde_json::from_slice(&fs::read(self.path(id)).ok()?).ok()
    }

    /// What waits of this actor in this project.
    pub fn waits(&self, project: &ProjectId, actor: &Actor) -> bool {
        self.ids().into_iter().any(|id| self.read(id).is_some_and(|entry| entry.is_of(project, actor)))
    }

    /// Keeps a command; it is on the disk when this returns.
    ///
    /// # Errors
    /// `limit_reached` when the outbox is full, `unavailable` when the disk does not take it.
    pub fn put(&self, entry: &Entry) -> Result<(), ErrorBody> {
        let waiting = self.ids();
        if waiting.len() >= CAPACITY && !waiting.contains(&entry.id) {
            let text = format!("{} reports wait already in {}", waiting.len(), self.directory.display());
            return Err(ErrorBody::new(ErrorCode::LimitReached, text)
                .with("limit", CAPACITY)
                .commands(["maestro doctor", "maestro up --detach"]));
        }
        let content = serde_json::to_vec(entry).map_err(io::Error::from);
        let written = content.and_then(|content| {
            private(&self.directory)?;
            write_secret(&self.path(entry.id), &content)
        });
        written.map_err(|error| {
            let text = format!("the report could not be kept in {}: {error}", self.directory.display());
            ErrorBody::new(ErrorCode::Unavailable, text).commands(["maestro doctor"])
        })
    }

    /// It is answered.
    pub fn remove(&self, id: CommandId) {
        // One that stays is repeated: the server knows its id.
        let _ = fs::remove_file(self.path(id));
    }

    /// It was refused: it is kept aside with the reason.
    pub fn refuse(&self, entry: &Entry, refusal: &ErrorBody) {
        let directory = self.directory.join("refused");
        let content = serde_json::to_vec_pretty(&Refused { entry, refusal }).unwrap_or_default();
        let kept =
            private(&directory).and_then(|()| write_secret(&directory.join(format!("{}.json", entry.id)), &content));
        if kept.is_ok() {
            self.remove(entry.id);
            prune(&directory);
        }
    }

    /// What cannot be read is put aside, so that it does not stand in the way.
    pub fn set_aside(&self, id: CommandId) {
        let directory = self.directory.join("refused");
        if private(&directory).is_ok() {
            // If even that fails it is tried again next time.
            let _ = fs::rename(self.path(id), directory.join(format!("{id}.unreadable")));
        }
    }

    /// Only one process delivers at a time; `None` when another does.
    pub fn lock(&self) -> Option<File> {
        let file = lock_file(&self.directory.join(".lock")).ok()?;
        file.try_lock().is_ok().then_some(file)
    }
}

fn private(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

fn prune(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    let mut all: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    all.sort_unstable();
    for old in all.iter().take(all.len().saturating_sub(REFUSED)) {
        // The next refusal tries again.
        let _ = fs::remove_file(old);
    }
}

#[cfg(test)]
mod tests {
    use maestro_domain::{LogTask, TaskId, Text};

    use super::*;

    fn entry(at: u64, actor: &str) -> Entry {
        let request = Request::LogTask(LogTask { task: TaskId::new(3), message: Text::parse("half way").unwrap() });
        let id = CommandId(ulid::Ulid::from_parts(at, 7));
        Entry::new(id, "web".parse().unwrap(), (actor.parse().unwrap(), None), &request, Timestamp::from_millis(5))
    }

    #[test]
    fn reports_come_back_in_order_and_whole() {
        let root = tempfile::tempdir().unwrap();
        let outbox = Outbox::at(root.path().join("outbox"));
        assert!(outbox.ids().is_empty());
        for at in [3, 1, 2] {
            outbox.put(&entry(at, "ann")).unwrap();
        }
        let ids = outbox.ids();
        assert_eq!(ids.iter().map(|id| id.0.timestamp_ms()).collect::<Vec<_>>(), [1, 2, 3]);
        let back = outbox.read(ids[0]).unwrap();
        assert!(matches!(back.request(), Some(Request::LogTask(log)) if &*log.message == "half way"));
        let web = "web".parse().unwrap();
        assert!(outbox.waits(&web, &"ann".parse().unwrap()));
        assert!(!outbox.waits(&web, &"bob".parse().unwrap()));
        outbox.remove(ids[0]);
        assert_eq!(outbox.ids().len(), 2);
    }

    #[test]
    fn refused_ones_are_kept_aside_with_their_reason() {
        let root = tempfile::tempdir().unwrap();
        let outbox = Outbox::at(root.path().to_path_buf());
        let late = entry(1, "ann");
        outbox.put(&late).unwrap();
        outbox.refuse(&late, &ErrorBody::new(ErrorCode::TaskNotFound, "there is no task t3"));
        assert!(outbox.ids().is_empty());
        let kept = fs::read_to_string(root.path().join("refused").join(format!("{}.json", late.id))).unwrap();
        assert!(kept.contains("task_not_found") && kept.contains("half way"), "{kept}");
    }

    #[test]
    fn a_full_outbox_refuses() {
        let root = tempfile::tempdir().unwrap();
        let outbox = Outbox::at(root.path().to_path_buf());
        for at in 0..CAPACITY as u64 {
            fs::write(outbox.path(CommandId(ulid::Ulid::from_parts(at, 1))), b"{}").unwrap();
        }
        assert_eq!(outbox.put(&entry(9_999, "ann")).unwrap_err().code, ErrorCode::LimitReached);
    }

    #[test]
    fn one_delivers_at_a_time() {
        let root = tempfile::tempdir().unwrap();
        let outbox = Outbox::at(root.path().to_path_buf());
        let held = outbox.lock().unwrap();
        assert!(outbox.lock().is_none());
        drop(held);
        assert!(outbox.lock().is_some());
    }
}
