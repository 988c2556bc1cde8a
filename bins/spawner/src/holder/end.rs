//! Ending processes: asked first, then killed, until none of them is left.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::os::{self, Identity, Process, Signal};

const STEP: Duration = Duration::from_millis(10);
/// For how long SIGKILL is repeated: a process in an uninterruptible wait cannot be ended by anybody.
const INSISTENCE: Duration = Duration::from_secs(3);

/// How an ending went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// How many had to be killed.
    pub killed: usize,
    /// How many are still there.
    pub left: usize,
}

/// Ends everything that `find` names, which is asked again and again: who is told to end may start another one. `asked`
/// have had their SIGTERM already.
pub async fn end(mut find: impl FnMut() -> Vec<Process>, asked: &[Identity], grace: Duration) -> Ended {
    let mut asked: HashSet<Identity> = asked.iter().copied().collect();
    let mut killed: HashSet<Identity> = HashSet::new();
    let begun = Instant::now();
    let mut step = STEP;
    loop {
        let there: Vec<Identity> = find().into_iter().filter(|p| !p.zombie).map(|p| p.identity).collect();
        let waited = begun.elapsed();
        if there.is_empty() || waited > grace + INSISTENCE {
            return Ended { killed: killed.len(), left: there.len() };
        }
        for identity in there {
            if waited >= grace {
                os::signal(identity, Signal::KILL);
                killed.insert(identity);
            } else if asked.insert(identity) {
                os::signal(identity, Signal::TERM);
                // A stopped process hears nothing before it goes on.
                os::signal(identity, Signal::CONT);
            }
        }
        sleep(step).await;
        // Looking through all processes costs a little; someone slow to end is not looked after every 10 ms.
        step = if waited >= grace { STEP } else { (step * 2).min(Duration::from_millis(100)) };
    }
}
