//! The soft home: replicas that fight over a hot project waste appends, so one that meets a conflict hands the
//! project's commands on. They go to the writer whose name comes first among those it has met, and only when that is
//! before its own: so there is no circle, and in the end one replica decides. Safety stays with the guard of the stream.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Which replica decides for a project, as far as this one can tell.
#[derive(Default)]
pub struct Home {
    /// The writer met that comes first by name.
    other: Option<String>,
    away: bool,
    silent: Arc<AtomicBool>,
}

impl Home {
    /// A commit by `writer` was followed.
    pub fn saw(&mut self, writer: &str, own: &str) {
        if writer.is_empty() || writer >= own {
            return;
        }
        if self.other.as_deref().is_none_or(|other| writer < other) {
            self.other = Some(writer.to_owned());
        }
    }

    /// An append met a conflict: whoever comes first is at home.
    pub const fn lost_race(&mut self) {
        self.away = self.other.is_some();
    }

    /// Whom to hand commands to. A home that did not answer is forgotten: this replica decides itself.
    pub fn elsewhere(&mut self) -> Option<&str> {
        if self.silent.swap(false, Ordering::Relaxed) {
            self.other = None;
            self.away = false;
        }
        if self.away { self.other.as_deref() } else { None }
    }

    /// To be set by whoever finds that the home does not answer.
    pub fn silence(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.silent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_go_to_the_first_name_only_and_come_back_when_it_is_silent() {
        let mut home = Home::default();
        home.saw("b", "c");
        assert_eq!(home.elsewhere(), None, "nothing was lost yet");
        home.lost_race();
        home.saw("a", "c");
        home.saw("b", "c");
        assert_eq!(home.elsewhere(), Some("a"));
        home.silence().store(true, Ordering::Relaxed);
        assert_eq!(home.elsewhere(), None);
        let mut first = Home::default();
        first.saw("b", "a");
        first.lost_race();
        assert_eq!(first.elsewhere(), None, "the first by name stays at home");
    }
}
