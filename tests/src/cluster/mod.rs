//! A broker, some servers on one ledger, and everybody who talks to them.

mod cli;
mod fold;
mod replica;
mod snapshot;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use maestro_client::{Caller, Client, Mode, Options, Seen, connect};
use maestro_domain::{Actor, ProjectId, Request};
use maestro_wire::{CommandId, Place, Query, Reply};
use tempfile::TempDir;

pub use cli::{Cli, Said};
pub use fold::Fold;
pub use replica::Replica;
pub use snapshot::{Snapshot, snapshot};

use crate::nats::NatsServer;

/// How long anything may take before a test says that it did not come. Generous: the machine is shared.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// A broker with the product's accounts and `maestro-server` processes on it. Dropped: everything is killed; dropped while
/// the test panics: the logs are shown.
#[derive(Debug)]
pub struct Cluster {
    // The servers end before their broker.
    pub replicas: Vec<Replica>,
    pub nats: NatsServer,
    dir: TempDir,
}

impl Cluster {
    /// A broker and `count` servers that serve, without a project.
    pub fn start(count: usize) -> Self {
        Self::with(NatsServer::secured(), count, &[])
    }

    /// The same on a given broker, with more arguments for each server.
    ///
    /// # Panics
    /// When one of them does not serve in time.
    pub fn with(nats: NatsServer, count: usize, arguments: &[&str]) -> Self {
        let dir = tempfile::Builder::new().prefix("maestro-cluster-").tempdir().expect("a temporary directory");
        let mut cluster = Self { replicas: Vec::new(), nats, dir };
        for number in 1..=count {
            cluster.add(&format!("server-{number}"), arguments);
        }
        cluster.await_ready();
        cluster
    }

    /// Starts one more server; it may not serve yet.
    pub fn add(&mut self, name: &str, arguments: &[&str]) {
        let (core, work) = (self.url("core"), self.url("core-work"));
        self.replicas.push(Replica::start(self.dir.path(), name, &core, &work, arguments));
    }

    /// Waits until every server serves.
    pub fn await_ready(&mut self) {
        for replica in &mut self.replicas {
            replica.await_ready();
        }
    }

    /// The directory of the servers' data and logs.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The broker's address with a user's credentials.
    #[must_use]
    pub fn url(&self, user: &str) -> String {
        format!("nats://{user}:{}@127.0.0.1:{}", self.nats.password(user), self.nats.port())
    }

    /// A connection as one of the static users; it reconnects for ever.
    ///
    /// # Panics
    /// When the broker does not take it.
    pub async fn client(&self, user: &str) -> Client {
        let mut options = Options::new(&self.url(user), Mode::Daemon).expect("the address is one");
        options.timeout = DEADLINE;
        options.name = format!("test-{user}");
        connect(options).await.unwrap_or_else(|error| panic!("{user} cannot connect: {error}"))
    }

    /// Somebody who commands and asks over a connection of their own.
    pub async fn caller(&self, user: &str) -> Caller {
        Caller::new(self.client("edge").await, actor(user), None)
    }

    /// Makes the project `web`.
    ///
    /// # Panics
    /// When that is refused.
    pub async fn project(&self) -> ProjectId {
        let caller = self.caller("ann").await;
        let request = request("project", "create", &serde_json::json!({ "title": "Web" }));
        command(&caller, &request).await.unwrap_or_else(|error| panic!("the project was refused: {error:?}"));
        web()
    }

    /// A command line with an environment of its own.
    #[must_use]
    pub fn cli(&self, user: &str) -> Cli {
        Cli::new(&self.url("edge"), user)
    }

    /// Where a server keeps its projection.
    #[must_use]
    pub fn projection(&self, index: usize) -> PathBuf {
        self.replicas[index].data().join("projection.redb")
    }

    /// The last sequence of the ledger's stream.
    ///
    /// # Panics
    /// When the broker does not answer.
    pub async fn last_seq(&self) -> u64 {
        let core = self.client("core").await;
        core.stream_info("EVENTS").await.expect("the ledger is there").last_seq
    }

    /// Everything the ledger says, from its first message on.
    pub async fn fold(&self) -> Fold {
        Fold::read(&self.client("core").await).await
    }

    /// Folds the ledger and compares it with what each server answers.
    ///
    /// # Panics
    /// When they differ.
    pub async fn assert_equal_to_fold(&self) -> Fold {
        let fold = self.fold().await;
        let caller = self.caller("auditor").await;
        for _ in 0..self.replicas.len() {
            // Whichever replica answers must say the same; more replicas are asked more often.
            fold.assert_answers_equal(&caller).await;
        }
        fold
    }
}

/// The project of the tests.
///
/// # Panics
/// Never.
#[must_use]
pub fn web() -> ProjectId {
    "web".parse().expect("a project id")
}

/// # Panics
/// When the name is none.
#[must_use]
pub fn actor(name: &str) -> Actor {
    name.parse().expect("an actor")
}

/// A request from its verb and payload.
///
/// # Panics
/// When there is no such verb, or the payload does not fit.
#[must_use]
pub fn request(entity: &str, verb: &str, payload: &serde_json::Value) -> Request {
    Request::deserialize_payload(entity, verb, payload)
        .unwrap_or_else(|| panic!("there is no {entity}.{verb}"))
        .unwrap_or_else(|error| panic!("{entity}.{verb} {payload}: {error}"))
}

/// A new command id.
#[must_use]
pub fn new_id() -> CommandId {
    CommandId(ulid::Ulid::generate())
}

/// Sends a command to `web` under a new id, within [`DEADLINE`].
///
/// # Errors
/// The refusal.
pub async fn command(caller: &Caller, request: &Request) -> Result<Reply, maestro_wire::ErrorBody> {
    caller.command(&web(), request, new_id(), &Seen::default(), DEADLINE).await
}

/// Asks about `web`, within [`DEADLINE`].
///
/// # Panics
/// When that is refused.
pub async fn ask(caller: &Caller, query: &Query, seen: &Seen) -> serde_json::Value {
    let place = match query {
        Query::ServerInfoGet(_) | Query::SystemGet(_) | Query::ProjectList(_) => Place::None,
        _ => Place::Project(web()),
    };
    let reply = caller.query(&place, query, seen, DEADLINE).await;
    data(&reply.unwrap_or_else(|error| panic!("{query:?} was refused: {error:?}")))
}

/// The data of a reply; `null` when there is none.
///
/// # Panics
/// When it is no JSON.
#[must_use]
pub fn data(reply: &Reply) -> serde_json::Value {
    reply.data.as_ref().map_or(serde_json::Value::Null, |data| serde_json::from_str(data.get()).expect("data is JSON"))
}

/// Whether the long variants of the tests are wanted (`MAESTRO_TEST_FULL=1`): `full` then, else `bounded`.
#[must_use]
pub fn size(bounded: usize, full: usize) -> usize {
    if std::env::var_os("MAESTRO_TEST_FULL").is_some_and(|value| value == "1") { full } else { bounded }
}

/// The seed of a random test: `MAESTRO_TEST_SEED`, or a new one; printed, so that a failure can be run again.
///
/// # Panics
/// When the variable is no number.
#[must_use]
#[expect(clippy::print_stderr, reason = "a failure is run again with its seed")]
pub fn seed() -> u64 {
    let seed = match std::env::var("MAESTRO_TEST_SEED") {
        Ok(text) => text.parse().expect("MAESTRO_TEST_SEED is a number"),
        Err(_) => rand::random(),
    };
    eprintln!("seed: MAESTRO_TEST_SEED={seed}");
    seed
}

/// Tries until it is so, with a deadline.
///
/// # Panics
/// When it does not become so in time.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut probe: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} did not come within {DEADLINE:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
