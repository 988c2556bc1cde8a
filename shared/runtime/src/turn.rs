//! What an agent's hooks leave for the holder of the same incarnation, among the session's files: whether its turn is over. It
//! works without a broker.

use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

const TURN: &str = "turn";

/// What an agent is doing, as its hooks tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It waits at its prompt: what is typed begins a turn.
    Idle,
    /// It works: what it should know is told by a hook.
    Busy,
    /// It shows a question or asks for permission: what is typed would be the answer.
    Asks,
}

impl Turn {
    const ALL: [(Self, &'static str); 3] = [(Self::Idle, "idle"), (Self::Busy, "busy"), (Self::Asks, "asks")];

    fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(turn, _)| *turn == self).map_or("", |(_, name)| name)
    }

    /// Notes it in the directory with the session's files.
    ///
    /// # Errors
    /// When the file cannot be written; the old one stays.
    pub fn note(self, files: &Path) -> io::Result<()> {
        note(files, TURN, self.as_str())
    }

    /// What was noted last, and when; `None`: nothing yet.
    #[must_use]
    pub fn read(files: &Path) -> Option<(Self, SystemTime)> {
        let path = files.join(TURN);
        let at = fs::metadata(&path).ok()?.modified().ok()?;
        let text = fs::read_to_string(&path).ok()?;
        Self::ALL.iter().find(|(_, name)| *name == text.trim()).map(|(turn, _)| (*turn, at))
    }
}

/// Whole or not at all; not synced, since it means nothing after a crash of the machine.
fn note(files: &Path, name: &str, text: &str) -> io::Result<()> {
    let temporary = files.join(format!(".{name}.{}", std::process::id()));
    fs::write(&temporary, text)?;
    fs::rename(&temporary, files.join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_last_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let files = directory.path();
        assert_eq!(Turn::read(files), None);
        for turn in [Turn::Busy, Turn::Asks, Turn::Idle] {
            turn.note(files).unwrap();
            assert_eq!(Turn::read(files).unwrap().0, turn);
        }
        assert_eq!(fs::read_dir(files).unwrap().count(), 1, "temporary files are left");
    }
}
