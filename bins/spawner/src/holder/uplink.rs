//! The holder's own connection to the broker: output goes up, questions are answered, the lease is kept, the server is
//! told. All of it may be missing for as long as it likes; the agent does not notice.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use maestro_client::{Address, Caller, Client, Mode, Options, connect};
use maestro_runtime::StackFile;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::cause::Wish;
use super::ending::Ending;
use super::endpoint::Desk;
use super::lease::Keeper;
use super::protocol::{Told, Uplink};
use super::report::Reporter;
use super::tell;
use crate::incarnation::Incarnation;
use crate::outbox::{self, Outcome};

/// Bounds of what is still done after the agent's end: output and recording are a service, the report is owed, but its
/// file is there for the spawner too.
const OUTPUT: Duration = Duration::from_secs(5);
const RECORDING: Duration = Duration::from_secs(20);
pub(super) const REPORT: Duration = Duration::from_secs(3);
pub(crate) const RECORDINGS: &str = "RECORDINGS";
/// How often a lost broker is looked for in another place.
const LOOK: Duration = Duration::from_secs(2);
/// For how long a holder without a spawner tries to report the end.
const ALONE: Duration = Duration::from_secs(3600);

/// What an incarnation's recording is called there.
pub(crate) fn recording_name(incarnation: &Incarnation) -> String {
    format!("{incarnation}.cast")
}

/// Speaks to the broker as one incarnation.
#[derive(Clone)]
pub(super) struct Speaker {
    pub client: Client,
    pub uplink: Uplink,
}

impl Speaker {
    pub(super) fn caller(&self) -> Caller {
        let incarnation = &self.uplink.incarnation;
        let caller = Caller::new(self.client.clone(), incarnation.actor(), Some(incarnation.epoch));
        let traceparent = self.uplink.traceparent.clone();
        caller.with_trace(move || traceparent.clone())
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
    /// Begins to connect. What ends the agent comes through `wishes`; a full channel has one already.
    pub(super) fn open(desk: Arc<Desk>, wishes: mpsc::Sender<Wish>) -> Self {
        let (over, told, published) = (CancellationToken::new(), CancellationToken::new(), CancellationToken::new());
        let (sender, client) = watch::channel(None);
        let mut tasks = JoinSet::new();
        let uplink = desk.uplink.clone();
        let (ends, tells, done) = (over.clone(), told.clone(), published.clone());
        tasks.spawn(async move {
            let subject = desk.uplink.incarnation.subject("out").to_string();
            let mut begun = false;
            loop {
                let (client, address) = tokio::select! {
                    connected = connected(&desk.uplink) => connected,
                    () = tells.cancelled() => return,
                };
                sender.send_replace(Some(client.clone()));
                let speaker = Speaker { client: client.clone(), uplink: desk.uplink.clone() };
                let stop = Notify::new();
                let work = async {
                    tokio::join!(
                        async {
                            tokio::select! {
                                () = super::publish::publish(&desk.terminal, &speaker.client, &subject, begun) => {}
                                () = tells.cancelled() => {}
                            }
                            done.cancel();
                        },
                        keep(&speaker, desk.agent.pid, &ends, &tells, &wishes),
                        answer(&desk, &speaker.client, &ends, &stop),
                        obey(&speaker, &ends, &stop, &wishes),
                        speak(&speaker, &ends, &wishes),
                        async {
                            tokio::select! {
                                () = super::mail::deliver(&desk, &speaker) => {}
                                () = ends.cancelled() => {}
                            }
                        },
                    );
                };
                tokio::select! {
                    () = work => return,
                    () = moved_from(&client, &desk.uplink, &address) => {
                        tracing::info!(incarnation = %desk.uplink.incarnation, "the broker listens elsewhere now");
                        client.close(Duration::ZERO).await;
                        begun = true;
                    }
                }
            }
        });
        Self { tasks, client, uplink, over, told, published }
    }

    /// Whether the broker can be reached now.
    pub(super) fn is_connected(&self) -> bool {
        self.client.borrow().as_ref().is_some_and(Client::is_connected)
    }

    /// Tells the agent's end, sends what is left of its output, and gives the lease up. `alone`: no spawner lives that
    /// would tell it in our stead, and nobody shuts the host down.
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
        let name = recording_name(&self.uplink.incarnation);
        tokio::join!(
            async {
                if !superseded {
                    report(&self.client, files, &mut ending, &alone).await;
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
        let latest = self.client.borrow().clone();
        latest.unwrap_or(client).close(Duration::from_millis(500)).await;
    }

    async fn late_client(&mut self, alone: &impl Fn() -> bool) -> Option<Client> {
        let bound = if alone() { ALONE } else { REPORT };
        tokio::time::timeout(bound, self.client.wait_for(Option::is_some)).await.ok()?.ok()?.clone()
    }
}

/// Returns when the broker was lost and the home's stack says that it listens elsewhere.
async fn moved_from(client: &Client, uplink: &Uplink, address: &str) {
    loop {
        tokio::time::sleep(LOOK).await;
        if !client.is_connected() && present_address(uplink) != address {
            return;
        }
    }
}

/// Where the broker listens, as far as is known: a stack that is started again may take other ports. Only the stack of our
/// home is believed, and only when it has the password that we know.
fn present_address(uplink: &Uplink) -> String {
    let found = || {
        let known: Address = uplink.nats_url.parse().ok()?;
        let (user, password) = known.credentials()?;
        let there = StackFile::address_for(&uplink.home.join("stack.json"), user, password)?;
        let there: Address = there.parse().ok()?;
        let scheme = if there.wants_tls() { "tls" } else { "nats" };
        // As it was given, unless it is another one: the rest of it may say more than the stack's file.
        (there.authority() != known.authority()).then(|| format!("{scheme}://{user}:{password}@{}", there.authority()))
    };
    found().unwrap_or_else(|| uplink.nats_url.clone())
}

/// With the address at which it was found.
async fn connected(uplink: &Uplink) -> (Client, String) {
    loop {
        let address = present_address(uplink);
        let options = Options::new(&address, Mode::Daemon).map(|mut options| {
            options.name = format!("maestro-session {}", uplink.incarnation);
            // Then it is looked again where the broker is.
            options.patience = LOOK;
            options.subscription_capacity = 1024;
            options
        });
        let error = match options {
            Ok(options) => match connect(options).await {
                Ok(client) => return (client, address),
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
    wishes: &mpsc::Sender<Wish>,
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
                let _ = wishes.try_send(Wish::End(cause));
            }
        }
        None => keeper.release().await,
    }
}

async fn answer(desk: &Desk, client: &Client, over: &CancellationToken, stop: &Notify) {
    let mut open = None;
    loop {
        tokio::select! {
            () = desk.stop_asked(client, &mut open) => stop.notify_one(),
            () = over.cancelled() => return,
        }
    }
}

/// Finds out what the stops that came are to do.
async fn obey(speaker: &Speaker, over: &CancellationToken, stop: &Notify, wishes: &mpsc::Sender<Wish>) {
    let reporter = Reporter::new(speaker);
    let next = async || {
        stop.notified().await;
        reporter.why().await
    };
    loop {
        tokio::select! {
            wish = next() => {
                let _ = wishes.try_send(wish);
            }
            () = over.cancelled() => return,
        }
    }
}

async fn speak(speaker: &Speaker, over: &CancellationToken, wishes: &mpsc::Sender<Wish>) {
    let reporter = Reporter::new(speaker);
    // The next look says it again, should nobody have read this.
    let wish = |wish| {
        let _ = wishes.try_send(wish);
    };
    tokio::select! {
        cause = reporter.run(|| tell(&Told::Active), wish) => {
            let _ = wishes.try_send(Wish::End(cause));
        }
        () = over.cancelled() => {}
    }
}

async fn report(
    latest: &watch::Receiver<Option<Client>>,
    files: &Path,
    ending: &mut Ending,
    alone: &impl Fn() -> bool,
) {
    let Some(report) = ending.report.clone() else { return };
    let Ok(id) = ending.command_id() else { return };
    let begun = tokio::time::Instant::now();
    loop {
        // The broker may be found elsewhere meanwhile, and the client that knew it is closed then.
        let client = latest.borrow().clone();
        let outcome = match client {
            Some(client) => outbox::send(&client, id, &ending.incarnation, &report).await,
            None => Outcome::Later,
        };
        match outcome {
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
        Ok(Err(error)) => tracing::warn!(name, cause = error, "recording is left to the spawner"),
        Err(_) => tracing::warn!(name, "recording is left to the spawner: the store is too slow"),
    }
}
