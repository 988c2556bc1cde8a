//! What a nats-server is started with: the product's templates with their placeholders filled in.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use maestro_runtime::render;
use rand::RngExt as _;

const LAPTOP: &str = include_str!("../../../nats/laptop.conf");
const CLUSTER: &str = include_str!("../../../nats/cluster.conf");
const ACCOUNTS: &str = include_str!("../../../nats/accounts.conf");
const STREAMS: &str = include_str!("../../../nats/streams.json");

/// The static users of `nats/accounts.conf` with the placeholder of each one's password.
pub const USERS: [(&str, &str); 4] = [
    ("core", "core_password"),
    ("core-work", "core_work_password"),
    ("spawner", "spawner_password"),
    ("edge", "edge_password"),
];

/// Who may connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// Anyone, into one account that may do everything.
    Plain,
    /// The product's accounts and users, with generated passwords.
    Secured,
}

/// The rest of what `cluster.conf` needs: `host:port` at which this one reaches each of the three, and which one it is.
#[derive(Debug, Clone)]
pub struct Cluster {
    pub routes: [String; 3],
    pub password: String,
    pub member: usize,
}

/// Everything a test may vary about the configuration.
#[derive(Debug, Clone)]
pub struct Layout {
    pub flavour: Flavour,
    pub cluster: Option<Cluster>,
    passwords: BTreeMap<&'static str, String>,
    edits: Vec<(String, String)>,
}

impl Layout {
    pub fn new(flavour: Flavour) -> Self {
        let passwords = USERS.iter().map(|&(user, _)| (user, random_password())).collect();
        Self { flavour, cluster: None, passwords, edits: Vec::new() }
    }

    /// Replaces text of the templates, to show that a setting matters.
    ///
    /// # Panics
    /// When no template contains `from`: the edit would be a test that cannot fail.
    #[must_use]
    pub fn edit(mut self, from: &str, to: &str) -> Self {
        let templates = [LAPTOP, CLUSTER, ACCOUNTS];
        assert!(templates.iter().any(|template| template.contains(from)), "no template contains {from:?}");
        self.edits.push((from.to_owned(), to.to_owned()));
        self
    }

    /// # Panics
    /// When there is no such user.
    pub fn password(&self, user: &str) -> &str {
        self.passwords.get(user).unwrap_or_else(|| panic!("no user {user} in nats/accounts.conf"))
    }

    /// Writes `nats.conf` and `accounts.conf` into `dir`; the store goes to `dir/store`.
    /// # Panics
    /// When `dir` cannot be written or a placeholder has no value.
    pub fn write(&self, dir: &Path, port: u16) {
        let store = dir.join("store");
        let mut values = BTreeMap::from([
            ("server_name", "n1".to_owned()),
            ("host", "127.0.0.1".to_owned()),
            ("port", if port == 0 { "-1".to_owned() } else { port.to_string() }),
            ("monitor_port", "0".to_owned()),
            ("store_dir", store.to_str().expect("temporary directories are UTF-8").to_owned()),
        ]);
        let mut main = LAPTOP;
        if let Some(cluster) = &self.cluster {
            main = CLUSTER;
            let own = &cluster.routes[cluster.member];
            let (host, port) = own.rsplit_once(':').expect("a route is host:port");
            values.extend([
                ("server_name", format!("n{}", cluster.member + 1)),
                ("cluster_name", "maestro".to_owned()),
                ("cluster_host", host.to_owned()),
                ("cluster_port", port.to_owned()),
                ("route_password", cluster.password.clone()),
                ("route_1", cluster.routes[0].clone()),
                ("route_2", cluster.routes[1].clone()),
                ("route_3", cluster.routes[2].clone()),
            ]);
        }
        let accounts = match self.flavour {
            Flavour::Plain => String::new(),
            Flavour::Secured => {
                let passwords: BTreeMap<_, _> =
                    USERS.iter().map(|&(user, name)| (name, self.password(user).to_owned())).collect();
                render(&self.edited(ACCOUNTS), &passwords).expect("accounts.conf renders")
            }
        };
        let main = render(&self.edited(main), &values).expect("the server's template renders");
        std::fs::write(dir.join("accounts.conf"), accounts).expect("the test's directory is writable");
        std::fs::write(dir.join("nats.conf"), main).expect("the test's directory is writable");
    }

    fn edited(&self, template: &str) -> String {
        self.edits.iter().fold(template.to_owned(), |text, (from, to)| text.replace(from, to))
    }
}

/// The streams of `nats/streams.json` as `(account, configuration)`, ready for the JetStream API.
///
/// # Panics
/// When the file does not have its documented shape.
pub fn streams(replicas: usize) -> Vec<(String, serde_json::Value)> {
    let file: serde_json::Value = serde_json::from_str(STREAMS).expect("nats/streams.json is JSON");
    let entries = file["streams"].as_array().expect("nats/streams.json lists streams");
    entries
        .iter()
        .map(|entry| {
            let mut config = entry["config"].as_object().expect("a stream has a config").clone();
            config.insert("num_replicas".into(), replicas.into());
            if let (1, Some(extra)) = (replicas, entry["onlyAtR1"].as_object()) {
                config.extend(extra.clone());
            }
            (entry["account"].as_str().expect("a stream has an account").to_owned(), config.into())
        })
        .collect()
}

fn random_password() -> String {
    let bytes: [u8; 24] = rand::rng().random();
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
        text
    })
}
