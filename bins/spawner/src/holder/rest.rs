//! An agent whose tasks are done is ended once it has come to rest. What it still does, a push that takes its time, an answer to
//! whoever sits before its terminal, is no task: nobody but its holder sees it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use maestro_runtime::Turn;
use tokio::time::Instant;

use super::input::Keyboard;
use super::terminal::Terminal;
use crate::os;

/// From the order on it is ended in any case: a hook may have missed the end of a turn, and the slot is wanted.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// Whoever typed last goes on within this time, or has not read the answer yet.
const TYPED: Duration = Duration::from_secs(60);
/// An agent without hooks that has done nothing for this long after the order does nothing any more.
const QUIET: Duration = Duration::from_secs(15);
/// How often it is looked.
const LOOK: Duration = Duration::from_secs(1);
/// Less than this part of a processor is a cursor that blinks or a look at a file now and then, and not work.
const IDLE: f64 = 0.1;

/// Whether the agent has come to rest, and whether anybody wants to know.
pub(super) struct Rest {
    agent: u32,
    /// Where hooks leave word.
    files: PathBuf,
    terminal: Arc<Terminal>,
    keyboard: Option<Keyboard>,
    /// The session's revision that was heard of last; a replica that is behind tells of an earlier one.
    rev: u32,
    order: Option<Order>,
}

/// It is to end once it rests.
struct Order {
    since: Instant,
    look: Instant,
    /// When it was last seen to work, and what it had used of a processor by then.
    worked: Instant,
    used: Option<(Instant, Duration)>,
}

/// What it does at one moment.
#[derive(Clone, Copy, Debug)]
struct Sight {
    /// None: no hook ever said.
    turn: Option<Turn>,
    /// Somebody typed a moment ago.
    typed: bool,
    /// For how long it has shown nothing and used no processor.
    quiet: Duration,
}

impl Sight {
    fn is_at_rest(&self, waited: Duration) -> bool {
        let idle = match self.turn {
            Some(turn) => turn == Turn::Idle,
            None => self.quiet.min(waited) >= QUIET,
        };
        waited >= LONGEST || (idle && !self.typed)
    }
}

impl Rest {
    pub(super) fn of(agent: u32, files: PathBuf, terminal: Arc<Terminal>, keyboard: Option<Keyboard>) -> Self {
        Self { agent, files, terminal, keyboard, rev: 0, order: None }
    }

    /// It is to end once it rests. The first time counts.
    pub(super) fn order(&mut self, rev: u32) {
        if self.is_news(rev) && self.order.is_none() {
            tracing::info!(agent = self.agent, "its tasks are done; it ends once it rests");
            let now = Instant::now();
            self.order = Some(Order { since: now, look: now, worked: now, used: None });
        }
    }

    /// Nobody wants its end, or nobody any more.
    pub(super) fn call_off(&mut self, rev: u32) {
        if self.is_news(rev) && self.order.take().is_some() {
            tracing::info!(agent = self.agent, "it has something to do again");
        }
    }

    fn is_news(&mut self, rev: u32) -> bool {
        let news = rev >= self.rev;
        self.rev = self.rev.max(rev);
        news
    }

    /// Returns once it is to end and rests. Cancelling loses nothing.
    pub(super) async fn come(&mut self) {
        let Some(order) = &mut self.order else { return std::future::pending().await };
        loop {
            tokio::time::sleep_until(order.look).await;
            order.look = Instant::now() + LOOK;
            let turn = Turn::read(&self.files).map(|(turn, _)| turn);
            // With hooks nobody needs to know.
            if turn.is_none() {
                order.measure(self.agent);
            }
            let sight = Sight {
                turn,
                typed: self.keyboard.as_ref().is_some_and(|keyboard| !keyboard.unused_for(TYPED)),
                quiet: self.terminal.quiet().min(order.worked.elapsed()),
            };
            if sight.is_at_rest(order.since.elapsed()) {
                tracing::info!(agent = self.agent, ?sight, waited = ?order.since.elapsed(), "it rests");
                return;
            }
        }
    }
}

impl Order {
    /// Notes whether the agent and whatever it started have worked since the last look.
    fn measure(&mut self, agent: u32) {
        let (now, used) = (Instant::now(), os::processor_time(&os::family(agent)));
        if let Some((then, before)) = self.used
            // What ended meanwhile is not counted any more.
            && used.saturating_sub(before) > (now - then).mul_f64(IDLE)
        {
            self.worked = now;
        }
        self.used = Some((now, used));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const STILL: Sight = Sight { turn: None, typed: false, quiet: Duration::from_secs(600) };

    #[test]
    fn with_hooks_it_rests_when_its_turn_is_over() {
        let with = |turn| Sight { turn: Some(turn), quiet: Duration::ZERO, ..STILL };
        assert!(with(Turn::Idle).is_at_rest(Duration::ZERO));
        for turn in [Turn::Busy, Turn::Asks] {
            assert!(!with(turn).is_at_rest(LONGEST - SECOND), "{turn:?}");
            // However quiet it is: a push shows nothing.
            assert!(!Sight { quiet: LONGEST, ..with(turn) }.is_at_rest(LONGEST - SECOND), "{turn:?}");
            assert!(with(turn).is_at_rest(LONGEST), "{turn:?}");
        }
    }

    #[test]
    fn without_hooks_it_rests_when_it_is_quiet() {
        assert!(!STILL.is_at_rest(QUIET - SECOND), "it has a while from the order on");
        assert!(STILL.is_at_rest(QUIET));
        let working = Sight { quiet: SECOND, ..STILL };
        assert!(!working.is_at_rest(LONGEST - SECOND) && working.is_at_rest(LONGEST));
    }

    #[test]
    fn whoever_types_is_not_cut_off() {
        for turn in [None, Some(Turn::Idle)] {
            let typed = Sight { turn, typed: true, ..STILL };
            assert!(!typed.is_at_rest(LONGEST - SECOND) && typed.is_at_rest(LONGEST), "{turn:?}");
        }
    }

    /// Without a terminal to type into.
    fn rest(files: &std::path::Path) -> Rest {
        let terminal = Terminal::open(&files.join("output.log"), 1 << 20, maestro_wire::TerminalSize::DEFAULT, true);
        Rest::of(std::process::id(), files.to_owned(), Arc::new(terminal.unwrap()), None)
    }

    #[tokio::test]
    async fn nothing_happens_without_an_order_or_while_its_turn_lasts() {
        let files = tempfile::tempdir().unwrap();
        let mut rest = rest(files.path());
        let soon = Duration::from_millis(300);
        Turn::Idle.note(files.path()).unwrap();
        assert!(tokio::time::timeout(soon, rest.come()).await.is_err(), "nobody wants its end");
        Turn::Busy.note(files.path()).unwrap();
        rest.order(5);
        assert!(tokio::time::timeout(soon, rest.come()).await.is_err(), "it works");
        rest.call_off(6);
        rest.order(5);
        Turn::Idle.note(files.path()).unwrap();
        assert!(tokio::time::timeout(soon, rest.come()).await.is_err(), "it has something to do again");
        rest.order(7);
        rest.call_off(6);
        rest.come().await;
    }
}
