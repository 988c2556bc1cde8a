//! A nats-server of its own for each test: random port, killed and its files removed at the end.
#![expect(
    dead_code,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "each test file uses another part of the kit; a failed unwrap fails the test"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use maestro_client::{Client, Mode, Options};
use serde_json::Value;

pub const SOON: Duration = Duration::from_secs(10);
pub const ACK: Duration = Duration::from_secs(2);

pub struct Server {
    child: Child,
    dir: tempfile::TempDir,
    config: String,
    port: u16,
}

/// A server with JetStream and no users.
pub const OPEN: &str = "";

impl Server {
    pub fn start(config: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let child = spawn(dir.path(), config, -1);
        let mut server = Self { child, dir, config: config.to_owned(), port: 0 };
        server.port = server.read_port();
        server
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub fn url_as(&self, user: &str, password: &str) -> String {
        format!("nats://{user}:{password}@127.0.0.1:{}", self.port)
    }

    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts again on the same port with the same files.
    pub fn restart(&mut self) {
        self.child = spawn(self.dir.path(), &self.config, i32::from(self.port));
        self.read_port();
    }

    /// Kills, starts again, and waits until these clients have noticed both.
    pub async fn bounce(&mut self, clients: &[&Client]) {
        let losses: Vec<u64> = clients.iter().map(|client| client.link().borrow().losses).collect();
        self.kill();
        self.restart();
        eventually("everybody is back", || {
            clients
                .iter()
                .zip(&losses)
                .all(|(client, before)| client.is_connected() && client.link().borrow().losses > *before)
        })
        .await;
    }

    /// Freezes (`STOP`) or thaws (`CONT`) the server.
    pub fn signal(&self, name: &str) {
        assert!(
            Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status().unwrap().success()
        );
        // Stopping is not done when the signal is sent: every thread has to come to rest.
        let deadline = std::time::Instant::now() + Duration::from_secs(5);
        while name == "STOP" && !self.is_stopped() {
            assert!(std::time::Instant::now() < deadline, "the process does not stop");
            std::thread::yield_now();
        }
    }

    fn is_stopped(&self) -> bool {
        let Ok(threads) = std::fs::read_dir(format!("/proc/{}/task", self.child.id())) else { return true };
        threads.filter_map(Result::ok).all(|thread| {
            let stat = std::fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
            stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(['T', 't']))
        })
    }

    /// Another configuration for the next start.
    pub fn reconfigure(&mut self, config: &str) {
        config.clone_into(&mut self.config);
    }

    pub async fn client(&self) -> Client {
        self.connect(&self.url(), Mode::Daemon).await
    }

    pub async fn connect(&self, url: &str, mode: Mode) -> Client {
        maestro_client::connect(Options::new(url, mode).unwrap()).await.unwrap()
    }

    fn read_port(&mut self) -> u16 {
        let file = self.dir.path().join(format!("nats-server_{}.ports", self.child.id()));
        let deadline = Instant::now() + SOON;
        loop {
            if let Ok(text) = fs::read_to_string(&file)
                && let Ok(ports) = serde_json::from_str::<Value>(&text)
            {
                let url = ports["nats"][0].as_str().unwrap();
                return url.rsplit(':').next().unwrap().parse().unwrap();
            }
            assert!(Instant::now() < deadline, "nats-server did not start: {}", self.log());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("nats-server's log:\n{}", self.log());
        }
    }
}

fn spawn(dir: &Path, config: &str, port: i32) -> Child {
    let file = dir.join("nats.conf");
    let store = dir.join("js");
    let text = format!(
        "listen: \"127.0.0.1:{port}\"\nports_file_dir: {dir:?}\nlog_file: {:?}\njetstream {{ store_dir: {store:?}, max_file_store: 64GB }}\n{config}\n",
        dir.join("log"),
    );
    fs::write(&file, text).unwrap();
    Command::new(binary()).arg("-c").arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("MAESTRO_NATS_SERVER") {
        return path.into();
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let built = root.join("target/nats/nats-server");
    if built.exists() {
        return built;
    }
    let output = Command::new(root.join("nats/get-nats-server.sh")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().into()
}

/// Makes a stream; `more` is laid over name, subjects and file storage.
pub async fn stream(client: &Client, name: &str, subjects: &[&str], more: Value) {
    let mut config = serde_json::json!({ "name": name, "subjects": subjects, "storage": "file" });
    config.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
    let definition = serde_json::json!({ "name": name, "account": "CORE", "config": config });
    client.ensure_stream(&serde_json::from_value(definition).unwrap(), 1).await.unwrap();
}

/// Appends `count` small messages, unguarded, many at a time; the payload is the number from 0.
pub async fn fill(client: &Client, subject: &str, count: usize) {
    use futures::StreamExt;
    futures::stream::iter(0..count)
        .map(|number| async move {
            let body = number.to_string().into();
            client.append(subject, body, &Default::default(), None, SOON).await.unwrap();
        })
        .buffer_unordered(256)
        .collect::<Vec<()>>()
        .await;
}

pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
