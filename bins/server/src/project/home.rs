//! The soft home: replicas that fight over a hot project waste appends, so one that meets a conflict hands the
//! project's commands to the replica that won, for a while. Safety stays with the guard of the stream.

use std::time::{Duration, Instant};

/// How long after a lost race commands are handed on.
const AWAY: Duration = Duration::from_millis(1500);

/// Which replica decides for a project, as far as this one can tell.
#[derive(Default)]
pub struct Home {
    last_writer: Option<String>,
    away_until: Option<Instant>,
}

impl Home {
    /// A commit by `writer` was followed.
    pub fn saw(&mut self, writer: &str, own: &str) {
        if writer == own || writer.is_empty() {
            self.last_writer = None;
            self.away_until = None;
        } else if self.last_writer.as_deref() != Some(writer) {
            self.last_writer = Some(writer.to_owned());
        }
    }

    /// An append met a conflict: whoever won is at home.
    pub fn lost_race(&mut self) {
        self.away_until = Some(Instant::now() + AWAY);
    }

    /// It did not answer: this replica decides itself.
    pub fn gone(&mut self) {
        self.away_until = None;
    }

    /// Whom to hand commands to.
    pub fn elsewhere(&self) -> Option<&str> {
        self.away_until.filter(|until| Instant::now() < *until)?;
        self.last_writer.as_deref()
    }

    /// It took a command: it stays the home.
    pub fn answered(&mut self) {
        self.away_until = Some(Instant::now() + AWAY);
    }
}
