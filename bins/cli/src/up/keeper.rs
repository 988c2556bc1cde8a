//! Keeps one program alive: starts it, says when it serves, starts it again when it dies, ends it when told.

use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tokio::process::Child;
use tokio::sync::mpsc::Sender;
use tokio_util::sync::CancellationToken;

use super::process::{GRACE, Identity, SPAWNER_GRACE, ask_child_to_end, kill_group};
use super::program::{Program, Served};
use super::stack::SPAWNER;

const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
/// Alive for this long, a program is taken to be well and the wait begins small again.
const WELL_AFTER: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What happened to a program.
#[derive(Clone, Debug)]
pub struct Event {
    pub name: String,
    pub what: What,
}

#[derive(Clone, Debug)]
pub enum What {
    Serves {
        served: Served,
        after: Duration,
    },
    /// It ended by itself and is started again after `wait`.
    Died {
        how: String,
        wait: Duration,
    },
    /// It was ended as asked.
    Ended,
}

struct Teller {
    name: String,
    events: Sender<Event>,
}

impl Teller {
    async fn tell(&self, what: What) {
        // The one who listens is gone only when everything ends.
        let _ = self.events.send(Event { name: self.name.clone(), what }).await;
    }
}

/// How a program is ended.
#[derive(Clone, Debug)]
pub struct How {
    /// Cancelled when there is no time for an orderly end.
    pub now: CancellationToken,
    /// Cancelled when the spawner is to leave its sessions running.
    pub leave: CancellationToken,
}

/// Runs until `stop` is cancelled, and ends the program then.
pub async fn keep(mut program: Program, run: PathBuf, events: Sender<Event>, stop: CancellationToken, how: How) {
    let teller = Teller { name: program.name.clone(), events };
    let mut wait = FIRST_WAIT;
    while !stop.is_cancelled() {
        let started = Instant::now();
        let died = match program.start() {
            Ok(mut child) => match live(&mut program, &run, &mut child, started, &teller, &stop).await {
                Some(status) => describe(status),
                None => {
                    end(&mut child, &program.name, &how).await;
                    Identity::forget(&run, &program.name);
                    break;
                }
            },
            Err(error) => format!("it could not be started: {error}"),
        };
        Identity::forget(&run, &program.name);
        if started.elapsed() >= WELL_AFTER {
            wait = FIRST_WAIT;
        }
        teller.tell(What::Died { how: died, wait }).await;
        tokio::select! {
            () = stop.cancelled() => break,
            () = tokio::time::sleep(wait) => {}
        }
        wait = (wait * 2).min(LONGEST_WAIT);
    }
    teller.tell(What::Ended).await;
}

/// From the start of a child to its end; `None` when it is to be ended.
async fn live(
    program: &mut Program,
    run: &std::path::Path,
    child: &mut Child,
    started: Instant,
    teller: &Teller,
    stop: &CancellationToken,
) -> Option<ExitStatus> {
    let pid = child.id().unwrap_or_default();
    if let Some(identity) = Identity::of(&program.name, pid)
        && let Err(error) = identity.record(run)
    {
        tracing::warn!(program = program.name, cause = %error, "process id could not be noted down");
    }
    let served = async {
        loop {
            if let Some(served) = program.served(pid) {
                return served;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => return None,
        status = child.wait() => return Some(status.unwrap_or_default()),
        served = served => {
            program.stay_at(&served);
            teller.tell(What::Serves { served, after: started.elapsed() }).await;
        }
    }
    tokio::select! {
        biased;
        () = stop.cancelled() => None,
        status = child.wait() => Some(status.unwrap_or_default()),
    }
}

async fn end(child: &mut Child, name: &str, how: &How) {
    let Some(pid) = child.id() else { return };
    let leaves = name == SPAWNER && how.leave.is_cancelled();
    ask_child_to_end(pid, if leaves { Signal::USR1 } else { Signal::TERM });
    let gone = tokio::select! {
        _ = child.wait() => true,
        () = how.now.cancelled() => false,
        () = tokio::time::sleep(if name == SPAWNER { SPAWNER_GRACE } else { GRACE }) => false,
    };
    if !gone {
        kill_group(pid);
        // Killed, it ends; there is nothing else to do about it.
        let _ = child.wait().await;
    }
}

fn describe(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with {code}"),
        (None, Some(signal)) => format!("killed by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}
