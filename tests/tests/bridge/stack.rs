//! A broker, a server and a bridge, each a process of its own.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use maestro_tests::nats::NatsServer;
use maestro_tests::stack::{self, freeze};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

const READY: Duration = Duration::from_secs(20);

/// Dropped: all three killed, the directory removed.
pub struct Stack {
    bridge: Option<Child>,
    server: Child,
    pub nats: NatsServer,
    directory: TempDir,
    port: u16,
    /// Certificate and key, when the bridge speaks TLS.
    tls: Option<(PathBuf, PathBuf)>,
}

/// What an HTTP request was answered.
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// A header's value; names are in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

pub fn program(name: &str) -> Command {
    let mut command = Command::new(stack::program(name));
    command.stdin(Stdio::null()).stdout(Stdio::null()).env_clear().envs(stack::coverage());
    command
}

impl Stack {
    pub fn start() -> Self {
        Self::start_with(None)
    }

    /// Over TLS, `get` and `http` reach nothing.
    pub fn start_with(tls: Option<(PathBuf, PathBuf)>) -> Self {
        let nats = NatsServer::secured();
        let directory = tempfile::Builder::new().prefix("maestro-bridge-").tempdir().unwrap();
        let ready = directory.path().join("server.ready");
        let log = fs::File::create(directory.path().join("server.log")).unwrap();
        let mut command = program("maestro-server");
        command.arg("--data").arg(directory.path().join("server")).arg("--ready-file").arg(&ready).stderr(log);
        command.env("MAESTRO_CORE_URL", url(&nats, "core")).env("MAESTRO_WORK_URL", url(&nats, "core-work"));
        let server = command.spawn().unwrap();
        await_file(&ready, &directory.path().join("server.log"));
        let mut stack = Self { bridge: None, server, nats, directory, port: 0, tls };
        stack.start_bridge();
        stack
    }

    /// On the port that it had before, if it ran before.
    pub fn start_bridge(&mut self) {
        let ready = self.directory.path().join("bridge.ready");
        let log_path = self.directory.path().join("bridge.log");
        let log = fs::OpenOptions::new().create(true).append(true).open(&log_path).unwrap();
        let mut command = program("maestro-bridge");
        command.args(["--user", "ann", "--listen", &format!("127.0.0.1:{}", self.port)]);
        command.arg("--token-file").arg(self.token_file()).arg("--ready-file").arg(&ready).stderr(log);
        command.env("MAESTRO_CORE_URL", url(&self.nats, "core")).env("MAESTRO_WORK_URL", url(&self.nats, "core-work"));
        command.env("MAESTRO_LOG", "debug");
        if let Some((certificate, key)) = &self.tls {
            command.arg("--tls-cert").arg(certificate).arg("--tls-key").arg(key);
        }
        self.bridge = Some(command.spawn().unwrap());
        let ready = await_file(&ready, &log_path);
        self.port = ready["listen"].as_str().unwrap().rsplit(':').next().unwrap().parse().unwrap();
        if self.tls.is_some() {
            assert_eq!(ready["scheme"], "https");
            return;
        }
        let deadline = Instant::now() + READY;
        while self.get("/readyz", &[]).status != 200 {
            assert!(Instant::now() < deadline, "the bridge is not ready:\n{}", self.bridge_log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// SIGKILL.
    pub fn kill_bridge(&mut self) {
        let mut bridge = self.bridge.take().unwrap();
        bridge.kill().unwrap();
        bridge.wait().unwrap();
        // The next start waits for its own.
        fs::remove_file(self.directory.path().join("bridge.ready")).unwrap();
    }

    /// SIGTERM; the exit code.
    pub fn stop_bridge(&mut self) -> Option<i32> {
        let mut bridge = self.bridge.take().unwrap();
        signal(&bridge, Signal::TERM);
        bridge.wait().unwrap().code()
    }

    /// SIGSTOP: it answers nobody.
    pub fn freeze_server(&self) {
        freeze(self.server.id());
    }

    /// SIGCONT.
    pub fn thaw_server(&self) {
        signal(&self.server, Signal::CONT);
    }

    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn token_file(&self) -> PathBuf {
        self.directory.path().join("token")
    }

    pub fn token(&self) -> String {
        fs::read_to_string(self.token_file()).unwrap().trim().to_owned()
    }

    /// What the bridge has in memory, bytes.
    pub fn bridge_memory(&self) -> u64 {
        let pid = self.bridge.as_ref().unwrap().id();
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
        let kib = text
            .lines()
            .find_map(|line| line.strip_prefix("Rss:")?.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
        kib.unwrap() * 1024
    }

    pub fn bridge_log(&self) -> String {
        fs::read_to_string(self.directory.path().join("bridge.log")).unwrap_or_default()
    }

    pub fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.http("GET", path, headers)
    }

    /// One HTTP/1.1 request; `Host` is the bridge's own unless given.
    pub fn http(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: 0\r\n");
        if !headers.iter().any(|(name, _)| *name == "Host") {
            request += &format!("Host: {}\r\n", self.host());
        }
        for (name, value) in headers {
            request += &format!("{name}: {value}\r\n");
        }
        let mut stream = TcpStream::connect(self.host()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all((request + "\r\n").as_bytes()).unwrap();
        let mut answer = String::new();
        // A 101 stays open: its head is enough.
        let mut chunk = [0; 4096];
        while let Ok(count) = stream.read(&mut chunk) {
            answer += &String::from_utf8_lossy(&chunk[..count]);
            if count == 0 || answer.starts_with("HTTP/1.1 101") {
                break;
            }
        }
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split(' ').nth(1).unwrap_or("0").parse().unwrap();
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    /// Appends what the ledger says about itself.
    pub async fn say_of_ledger(&self, words: Value) {
        let event = ulid::Ulid::generate();
        let payload = json!([{
            "specversion": "1.0", "id": event.to_string(), "source": "restore", "type": "maestro.ledger.created",
            "subject": "ledger", "time": "2026-01-01T00:00:00Z", "actor": "system", "commandid": event.to_string(),
            "commanddigest": "", "data": words,
        }]);
        let nats = async_nats::jetstream::new(self.nats.connect("core").await);
        let sent = nats.publish("maestro.v1.evt._", payload.to_string().into()).await.unwrap();
        sent.await.unwrap();
    }

    pub fn one_time_code(&self) -> String {
        let token = format!("Bearer {}", self.token());
        let answer = self.http("POST", "/api/code", &[("Authorization", &token)]);
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["code"].as_str().unwrap().to_owned()
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Errors mean that nobody reads it.
            let _ = std::io::stderr().write_all(self.bridge_log().as_bytes());
        }
        for child in self.bridge.iter_mut().chain([&mut self.server]) {
            // Errors mean that it is dead already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Commands sent to the server past the bridge, as the user bob or another actor.
#[derive(Clone)]
pub struct Bob {
    nats: async_nats::Client,
    name: &'static str,
}

impl Bob {
    pub async fn of(stack: &Stack) -> Self {
        Self::named(stack, "bob").await
    }

    /// A session speaks for its first epoch.
    pub async fn named(stack: &Stack, name: &'static str) -> Self {
        Self { nats: stack.nats.connect("core").await, name }
    }

    pub async fn command(&self, project: &str, verb: &str, data: Value) -> Value {
        let subject = format!("maestro.v1.cmd.{project}.{}.{verb}", self.name);
        let id = ulid::Ulid::generate().to_string();
        let mut envelope = json!({ "type": "maestro.v1.command", "id": id, "data": data });
        if self.name.starts_with('s') {
            envelope["epoch"] = 1.into();
        }
        let message = self.nats.request(subject, envelope.to_string().into()).await.unwrap();
        let reply: Value = serde_json::from_slice(&message.payload).unwrap();
        assert_eq!(reply["success"], true, "{verb}: {reply}");
        reply
    }

    /// The new task's id, if the server answered.
    pub async fn try_task(&self, project: &str, title: &str) -> Option<String> {
        let subject = format!("maestro.v1.cmd.{project}.{}.task.create", self.name);
        let id = ulid::Ulid::generate().to_string();
        let envelope = json!({ "type": "maestro.v1.command", "id": id, "data": { "title": title } });
        let message = self.nats.request(subject, envelope.to_string().into()).await.ok()?;
        let reply: Value = serde_json::from_slice(&message.payload).ok()?;
        reply["data"]["id"].as_str().map(str::to_owned)
    }

    pub async fn project(&self, project: &str) {
        self.command(project, "project.create", json!({ "title": project })).await;
    }

    pub async fn task(&self, project: &str, title: &str) -> String {
        let reply = self.command(project, "task.create", json!({ "title": title })).await;
        reply["data"]["id"].as_str().unwrap().to_owned()
    }
}

fn signal(child: &Child, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    kill_process(pid, signal).unwrap();
}

pub fn url(nats: &NatsServer, user: &str) -> String {
    format!("nats://{user}:{}@127.0.0.1:{}", nats.password(user), nats.port())
}

fn await_file(path: &std::path::Path, log: &std::path::Path) -> Value {
    let deadline = Instant::now() + READY;
    loop {
        if let Some(ready) = fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()) {
            return ready;
        }
        assert!(Instant::now() < deadline, "not ready:\n{}", fs::read_to_string(log).unwrap_or_default());
        std::thread::sleep(Duration::from_millis(5));
    }
}
