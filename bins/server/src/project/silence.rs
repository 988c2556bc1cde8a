//! A ledger that acknowledges nothing although its broker answers. A nats-server whose disk is full says nothing about a
//! message that it could not store, and takes none from then on, until it is started again with room.

use std::time::{Duration, Instant};

/// Appends in a row that nobody acknowledged, each with its whole time to wait, while the leader said that nothing came.
const ENOUGH: u32 = 2;
/// For how long nobody tries again then: whoever waits hears it at once.
const REST: Duration = Duration::from_secs(2);

#[derive(Default)]
pub struct Silence {
    unheard: u32,
    until: Option<Instant>,
}

impl Silence {
    /// The ledger moved.
    pub fn ends(&mut self) {
        *self = Self::default();
    }

    /// One more append was not acknowledged, and is not there. True: the ledger takes nothing.
    pub fn goes_on(&mut self) -> bool {
        self.unheard = self.unheard.saturating_add(1);
        let enough = self.unheard >= ENOUGH;
        if enough {
            self.until = Some(Instant::now() + REST);
        }
        enough
    }

    /// It is too early to try again.
    pub fn lasts(&self) -> bool {
        self.until.is_some_and(|until| Instant::now() < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_lost_word_is_no_silence() {
        let mut silence = Silence::default();
        assert!(!silence.goes_on() && !silence.lasts());
        silence.ends();
        assert!(!silence.goes_on());
        assert!(silence.goes_on() && silence.lasts());
        silence.ends();
        assert!(!silence.lasts());
    }
}
