//! What hooks of one session remember for one another: files in the home, each removed or written only once the agent was
//! told. A hook that is killed before leaves them as they were, so the next one tells it again.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::Duration;

use maestro_domain::{MessageId, ProjectId, SessionId};
use maestro_runtime::{Home, lock_file, write_atomically, write_passing};
use maestro_wire::MessageView;

/// Another hook of this session tells its mail for no longer than this.
const TURN: Duration = Duration::from_millis(300);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// The files of a session.
pub struct Marks {
    directory: PathBuf,
    stem: String,
}

/// The mark of an agent whose context was cut where nothing could be said.
#[derive(Debug)]
pub struct Cut {
    path: PathBuf,
    /// Which cut: another one may come while this one is told.
    which: Vec<u8>,
}

impl Cut {
    /// It was told.
    pub fn settle(self) {
        if fs::read(&self.path).is_ok_and(|now| now == self.which) {
            // One that stays is told once more.
            let _ = fs::remove_file(self.path);
        }
    }
}

/// Messages whose beginning was told and where the rest is; they are unread until somebody reads them.
#[derive(Debug)]
pub struct Announced {
    path: PathBuf,
    messages: Vec<MessageId>,
}

impl Announced {
    /// They were told.
    pub fn settle(self) {
        let lines: String = self.messages.iter().map(|message| format!("{message}\n")).collect();
        // What is not remembered is told once more.
        let _ = write_atomically(&self.path, lines.as_bytes(), 0o600);
    }
}

impl Marks {
    pub fn of(home: &Home, project: &ProjectId, session: SessionId) -> Self {
        let directory = home.memory();
        // If it cannot be made, the files cannot either.
        let _ = fs::create_dir_all(&directory);
        Self { directory, stem: format!("{project}.{session}") }
    }

    fn path(&self, what: &str) -> PathBuf {
        self.directory.join(format!("{}.{what}", self.stem))
    }

    /// The context was cut.
    pub fn cut(&self) {
        // Not marked: it is not told of its task again, and goes on.
        let _ = write_passing(&self.path("cut"), ulid::Ulid::generate().to_string().as_bytes());
    }

    pub fn find_cut(&self) -> Option<Cut> {
        let path = self.path("cut");
        let which = fs::read(&path).ok()?;
        Some(Cut { path, which })
    }

    /// Which of the unread messages were announced to this context.
    pub fn announced(&self) -> Vec<MessageId> {
        let text = fs::read_to_string(self.path("announced")).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok()).collect()
    }

    /// What will have been announced: of the old ones only those that are still unread, so the file stays small.
    pub fn announce(&self, unread: &[MessageView], new: Vec<MessageId>) -> Option<Announced> {
        if new.is_empty() {
            return None;
        }
        let mut messages = self.announced();
        messages.retain(|known| !new.contains(known) && unread.iter().any(|view| view.message.id == *known));
        messages.extend(new);
        Some(Announced { path: self.path("announced"), messages })
    }

    /// A context that knows nothing of what was announced.
    pub fn forget_announced(&self) {
        // What stays is announced in fewer words.
        let _ = fs::remove_file(self.path("announced"));
    }

    /// One hook of a session at a time; without a home, or after a while, the message may be told twice.
    pub async fn turn(&self) -> Option<File> {
        let file = lock_file(&self.path("mail")).ok()?;
        let tries = TURN.as_millis() / LOOK_EVERY.as_millis();
        for _ in 0..tries {
            if file.try_lock().is_ok() {
                return Some(file);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        None
    }
}
