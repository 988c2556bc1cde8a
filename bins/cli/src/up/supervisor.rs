//! The one who looks after the programs: takes their events in order, and is the only one who changes the picture of
//! the stack.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use maestro_wire::{ErrorBody, ErrorCode};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::keeper::{Event, How, What, keep};
use super::log_tail::last_lines;
use super::program::{Program, Served};

/// How long a program may take until it serves, a rebuild of its data included.
const SERVES_WITHIN: Duration = Duration::from_secs(60);
/// Events that wait; a keeper with one more waits until there is room, its program goes on.
const EVENTS: usize = 64;

/// A program that runs.
#[derive(Clone, Debug)]
pub struct Row {
    pub served: Served,
    pub after: Duration,
    pub started_ms: i64,
}

pub struct Supervisor {
    run: PathBuf,
    keepers: JoinSet<()>,
    stops: BTreeMap<String, CancellationToken>,
    events: Receiver<Event>,
    sender: Sender<Event>,
    how: How,
    /// What serves, by name.
    pub rows: BTreeMap<String, Row>,
}

impl Supervisor {
    pub fn new(run: PathBuf, how: How) -> Self {
        let (sender, events) = channel(EVENTS);
        let (keepers, stops, rows) = (JoinSet::new(), BTreeMap::new(), BTreeMap::new());
        Self { run, keepers, stops, events, sender, how, rows }
    }

    /// Starts programs and waits until all of them serve. The first that ends before it serves is the error: nothing is
    /// gained by starting again what does not start.
    pub async fn start(&mut self, programs: Vec<Program>) -> Result<(), ErrorBody> {
        let logs: BTreeMap<String, PathBuf> =
            programs.iter().map(|program| (program.name.clone(), program.log.clone())).collect();
        for program in programs {
            let stop = CancellationToken::new();
            self.stops.insert(program.name.clone(), stop.clone());
            self.keepers.spawn(keep(program, self.run.clone(), self.sender.clone(), stop, self.how.clone()));
        }
        let wait = async {
            while !logs.keys().all(|name| self.rows.contains_key(name)) {
                let event = self.next().await;
                if let What::Died { how, .. } = &event.what
                    && logs.contains_key(&event.name)
                {
                    return Err((event.name.clone(), how.clone()));
                }
            }
            Ok(())
        };
        let (name, how) = match tokio::time::timeout(SERVES_WITHIN, wait).await {
            Ok(Ok(())) => return Ok(()),
            Ok(Err(died)) => died,
            Err(_) => {
                let late = logs.keys().find(|name| !self.rows.contains_key(*name)).cloned().unwrap_or_default();
                (late, format!("does not serve after {} s", SERVES_WITHIN.as_secs()))
            }
        };
        let tail = logs.get(&name).map(|log| last_lines(log, 5)).unwrap_or_default();
        let mut error = ErrorBody::new(
            ErrorCode::StartFailed,
            match tail.last() {
                Some(last) => format!("{name}: {how}: {last}"),
                None => format!("{name}: {how}"),
            },
        );
        error = error.with("program", name.clone()).with("log", tail);
        Err(error.commands([format!("maestro logs {name}"), "maestro doctor".to_owned()]))
    }

    /// The next thing that happens to a program; the picture has it already.
    pub async fn next(&mut self) -> Event {
        match self.events.recv().await {
            Some(event) => {
                match &event.what {
                    What::Serves { served, after } => {
                        let row = Row { served: served.clone(), after: *after, started_ms: super::now_ms() };
                        self.rows.insert(event.name.clone(), row);
                    }
                    What::Died { .. } | What::Ended => {
                        self.rows.remove(&event.name);
                    }
                }
                event
            }
            // We hold a sender ourselves, so the channel never closes.
            None => std::future::pending().await,
        }
    }

    /// Ends the programs that `which` names, together, and waits until they are gone.
    pub async fn end(&mut self, which: impl Fn(&str) -> bool) {
        let names: Vec<String> = self.stops.keys().filter(|name| which(name)).cloned().collect();
        for name in &names {
            if let Some(stop) = self.stops.remove(name) {
                stop.cancel();
            }
        }
        let mut left = names.len();
        while left > 0 {
            if matches!(self.next().await.what, What::Ended) {
                left -= 1;
            }
        }
        if self.stops.is_empty() {
            while self.keepers.join_next().await.is_some() {}
        }
    }
}
