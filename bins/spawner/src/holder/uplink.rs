//! The holder's own connection to the broker: output goes up, questions are answered, the lease is kept, the server is
//! told. All of it may be missing for as long as it likes; the agent does not notice.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use maestro_client::{Caller, Client, Mode, Options, connect};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::cause::Cause;
use super::ending::Ending;
use super::endpoint::Desk;
use super::lease::Keeper;
use super::protocol::{Told, Uplink};
use super::report::Reporter;
use super::tell;
use crate::outbox::{self, Outcome};

/// Bounds of what is still done after the agent's end: output and recording are a service, the report is owed, but its
/// file is there for the spawner too.
const OUTPUT: Duration = Duration::from_secs(5);
const RECORDING: Duration = Duration::from_secs(20);
const REPORT: Duration = Duration::from_secs(3);
const RECORDINGS: &str = "RECORDINGS";
/// For how long a holder without a spawner tries to report the end.
const ALONE: Duration = Duration::from_secs(3600);

/// Speaks to the broker as one incarnation.
#[derive(Clone)]
pub(super) struct Speaker {
    pub client: Client,
    pub uplink: Uplink,
}

impl Speaker {
    pub(super) fn caller(&self) -> Caller {
        let incarnation = &self.uplink.incarnation;
        Caller::new(self.client.clone(), incarnation.actor(), Some(incarnation.epoch))
    }
}

/// The connection and what runs over it.
pub(super) struct Line {
    tasks: JoinSet<()>,
    client: watch::Receiver<Option<Client>>,
    uplink: Uplink,
    /// The agent has ended: nothing is asked any more. The lease is kept until the end is told.
    over: CancellationToken,
    told: CancellationToken,
    published: CancellationToken,
}

impl Line {
    /// Begins to connect. What ends the agent comes through `causes`; a full channel has one already.
    pub(super) fn open(desk: Arc<Desk>, causes: mpsc::Sender<Cause>) -> Self {
        let (over, told, published) = (CancellationToken::new(), CancellationToken::new(), CancellationToken::new());
        let (sender, client) = watch::channel(None);
        let mut tasks = JoinSet::new();
        let uplink = desk.uplink.clone();
        let (ends, tells, done) = (over.clone(), told.clone(), published.clone());
        tasks.spawn(async move {
            let connected = tokio::select! {
                client = connected(&desk.uplink) => client,
                () = tells.cancelled() => return,
            };
            sender.send_replace(Some(connected.clone()));
            let speaker = Speaker { client: connected, uplink: desk.uplink.clone() };
            let subject = desk.uplink.incarnation.subject("out").to_string();
            tokio::join!(
                async {
                    tokio::select! {
                        () = super::publish::publish(&desk.terminal, &speaker.client, &subject) => {}
                        () = tells.cancelled() => {}
                    }
                    done.cancel();
                },
                keep(&speaker, desk.agent.pid, &ends, &tells, &causes),
                answer(&desk, &speaker.client, &ends, &causes),
                speak(&speaker, &ends, &causes),
                async {
                    tokio::select! {
                        () = super::mail::deliver(&desk, &speaker) => {}
                        () = ends.cancelled() => {}
                    }
                },
            );
        });
        Self { tasks, client, uplink, over, told, published }
    }

    /// Whether the broker can be reached now.
    pub(super) fn is_connected(&self) -> bool {
        self.client.borrow().as_ref().is_some_and(Client::is_connected)
    }

    /// Tells the agent's end, sends what is left of its output, and gives the lease up. `alone`: no spawner lives that
    /// would tell it in our stead.
    pub(super) async fn close(
        mut self,
        files: &Path,
        mut ending: Ending,
        recording: Option<&Path>,
        alone: impl Fn() -> bool,
    ) {
        self.over.cancel();
        let superseded = ending.report.is_none();
        let client = self.client.borrow().clone();
        let Some(client) = (match client {
            Some(client) => Some(client),
            None => self.late_client(&alone).await,
        }) else {
            self.told.cancel();
            return;
        };
        let name = format!("{}.cast", self.uplink.incarnation);
        tokio::join!(
            async {
                if !superseded {
                    report(&client, files, &mut ending, &alone).await;
                }
            },
            async {
                // What is not in the window by then is in the recording.
                let _ = tokio::time::timeout(OUTPUT, self.published.cancelled()).await;
            },
            async {
                if let Some(recording) = recording.filter(|_| client.is_connected()) {
                    keep_recording(&client, &name, recording).await;
                }
            },
        );
        self.told.cancel();
        while self.tasks.join_next().await.is_some() {}
        client.close(Duration::from_millis(500)).await;
    }

    async fn late_client(&mut self, alone: &impl Fn() -> bool) -> Option<Client> {
        let bound = if alone() { ALONE } else { REPORT };
        tokio::time::timeout(bound, self.client.wait_for(Option::is_some)).await.ok()?.ok()?.clone()
    }
}

async fn connected(uplink: &Uplink) -> Client {
    loop {
        let options = Options::new(&uplink.nats_url, Mode::Daemon).map(|mut options| {
            options.name = format!("maestro-session {}", uplink.incarnation);
            options.subscription_capacity = 1024;
            options
        });
        let error = match options {
            Ok(options) => match connect(options).await {
                Ok(client) => return client,
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        tracing::warn!(incarnation = %uplink.incarnation, cause = error, "no connection");
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

async fn keep(
    speaker: &Speaker,
    pid: u32,
    over: &CancellationToken,
    told: &CancellationToken,
    causes: &mpsc::Sender<Cause>,
) {
    let mut keeper = Keeper::new(speaker, pid);
    let superseded = tokio::select! {
        cause = keeper.keep() => Some(cause),
        () = told.cancelled() => None,
    };
    match superseded {
        // It is another's now.
        Some(cause) => {
            if !over.is_cancelled() {
                let _ = causes.try_send(cause);
            }
        }
        None => keeper.release().await,
    }
}

async fn answer(desk: &Desk, client: &Client, over: &CancellationToken, causes: &mpsc::Sender<Cause>) {
    let mut open = None;
    loop {
        tokio::select! {
            cause = desk.stop_asked(client, &mut open) => {
                let _ = causes.try_send(cause);
            }
            () = over.cancelled() => return,
        }
    }
}

async fn speak(speaker: &Speaker, over: &CancellationToken, causes: &mpsc::Sender<Cause>) {
    let reporter = Reporter::new(speaker);
    tokio::select! {
        cause = reporter.run(|| tell(&Told::Active)) => {
            let _ = causes.try_send(cause);
        }
        () = over.cancelled() => {}
    }
}

async fn report(client: &Client, files: &Path, ending: &mut Ending, alone: &impl Fn() -> bool) {
    let Some(report) = ending.report.clone() else { return };
    let Ok(id) = ending.command_id() else { return };
    let begun = tokio::time::Instant::now();
    loop {
        match outbox::send(client, id, &ending.incarnation, &report).await {
            Outcome::Sent | Outcome::NotWanted => {
                ending.sent = true;
                if let Err(error) = ending.write(files) {
                    tracing::warn!(cause = %error, "ending not marked as told; telling it again changes nothing");
                }
                return;
            }
            Outcome::Later => {
                let bound = if alone() { ALONE } else { REPORT };
                if begun.elapsed() > bound {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
    }
}

async fn keep_recording(client: &Client, name: &str, path: &Path) {
    let kept = async {
        let mut file = tokio::fs::File::open(path).await.map_err(|error| error.to_string())?;
        client.objects(RECORDINGS).put(name, &mut file).await.map_err(|error| error.to_string())
    };
    match tokio::time::timeout(RECORDING, kept).await {
        Ok(Ok(())) => {
            // The store has it; what is here would only be a copy.
            let _ = std::fs::remove_file(path);
        }
        Ok(Err(error)) => tracing::warn!(name, cause = error, "recording stays on this host"),
        Err(_) => tracing::warn!(name, "recording stays on this host: the store is too slow"),
    }
}
