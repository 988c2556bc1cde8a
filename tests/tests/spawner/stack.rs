//! A broker, a server and spawners of one test, and a person who commands them over the wire.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant, SystemTime};

use maestro_tests::nats::NatsServer;
use maestro_tests::stack::freeze;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A process of the stack. Killed when it is dropped.
pub struct Program {
    child: Child,
}

impl Program {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(i32::try_from(self.pid()).unwrap()).unwrap(), signal).unwrap();
    }

    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// SIGTERM, and how it ended.
    pub async fn terminate(&mut self, within: Duration) -> ExitStatus {
        self.end_by(Signal::TERM, within).await
    }

    pub async fn end_by(&mut self, signal: Signal, within: Duration) -> ExitStatus {
        self.signal(signal);
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < within, "it did not end within {within:?} of {signal:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Everything but the spawners.
pub struct Stack {
    pub broker: NatsServer,
    server: Program,
    pub edge: async_nats::Client,
    directory: TempDir,
}

impl Stack {
    /// With a project `web`.
    pub async fn start() -> Self {
        let broker = NatsServer::secured();
        let directory = tempfile::Builder::new().prefix("maestro-spawner-e2e-").tempdir().unwrap();
        let ready = directory.path().join("server.ready");
        let mut command = Command::new(binary("maestro-server"));
        command
            .args(["--name", "r1", "--data"])
            .arg(directory.path().join("server"))
            .arg("--ready-file")
            .arg(&ready)
            .env("MAESTRO_CORE_URL", url(&broker, "core"))
            .env("MAESTRO_WORK_URL", url(&broker, "core-work"));
        let server = launch(command, &directory.path().join("server.log"), &ready).await;
        let edge = broker.connect("edge").await;
        let stack = Self { broker, server, edge, directory };
        stack.command("ann", "project.create", json!({ "title": "Web" })).await;
        stack
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A spawner called `node`; the same name has the same data directory.
    pub async fn spawner(&self, node: &str, slots: u32) -> Program {
        self.spawner_with(node, slots, &[]).await
    }

    /// The same with more on its command line.
    pub async fn spawner_with(&self, node: &str, slots: u32, more: &[&str]) -> Program {
        let ready = self.path(&format!("{node}.ready"));
        // `maestro` is not called by these tests.
        let bin = binary("maestro-spawner").with_file_name("maestro");
        let mut command = Command::new(binary("maestro-spawner"));
        command
            .args(["--node", node, "--slots", &slots.to_string(), "--data"])
            .arg(self.path(node))
            .arg("--ready-file")
            .arg(&ready)
            .args(more)
            .env("MAESTRO_NATS_URL", url(&self.broker, "spawner"))
            .env("MAESTRO_EDGE_URL", url(&self.broker, "edge"))
            .env("MAESTRO_HOME", self.directory.path())
            .env("MAESTRO_BIN", bin)
            .env("CLAUDECODE", "1")
            .env("CLAUDE_CODE_ENTRYPOINT", "cli")
            .env("GEMINI_CLI", "1");
        launch(command, &self.path(&format!("{node}.log")), &ready).await
    }

    pub fn freeze_server(&self) {
        freeze(self.server.pid());
    }

    pub fn thaw_server(&self) {
        self.server.signal(Signal::CONT);
    }

    /// Asks until there is an answer; `None` when nobody answers in time.
    async fn ask(&self, subject: &str, body: &Value, within: Duration) -> Option<Value> {
        let begun = Instant::now();
        while begun.elapsed() < within {
            let request =
                async_nats::Request::new().payload(body.to_string().into()).timeout(Some(Duration::from_secs(2)));
            if let Ok(reply) = self.edge.send_request(subject.to_owned(), request).await {
                return Some(serde_json::from_slice(&reply.payload).unwrap());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        None
    }

    /// A command that must succeed; `who` may be a session with its epoch, as in `s1/1`.
    pub async fn command(&self, who: &str, what: &str, data: Value) -> Value {
        let (actor, epoch) = match who.split_once('/') {
            Some((actor, epoch)) => (actor, json!(epoch.parse::<u32>().unwrap())),
            None => (who, Value::Null),
        };
        let mut body = json!({ "type": "maestro.v1.command", "id": ulid(), "data": data });
        if !epoch.is_null() {
            body["epoch"] = epoch;
        }
        let subject = format!("maestro.v1.cmd.web.{actor}.{what}");
        let reply = self.ask(&subject, &body, Duration::from_secs(20)).await.expect("the server answers");
        assert_eq!(reply["success"], true, "{what}: {reply}");
        reply["data"].clone()
    }

    /// The code with which a command is refused.
    pub async fn refused(&self, who: &str, what: &str, data: Value) -> String {
        let (actor, epoch) = who.split_once('/').unwrap();
        let mut body = json!({ "type": "maestro.v1.command", "id": ulid(), "data": data });
        body["epoch"] = json!(epoch.parse::<u32>().unwrap());
        let subject = format!("maestro.v1.cmd.web.{actor}.{what}");
        let reply = self.ask(&subject, &body, Duration::from_secs(20)).await.expect("the server answers");
        assert_eq!(reply["success"], false, "{what}: {reply}");
        reply["error"].as_str().unwrap().to_owned()
    }

    pub async fn query(&self, what: &str, data: Value) -> Value {
        let body = json!({ "type": "maestro.v1.query", "data": data });
        let subject = format!("maestro.v1.qry.web.ann.{what}");
        let reply = self.ask(&subject, &body, Duration::from_secs(20)).await.expect("the server answers");
        assert_eq!(reply["success"], true, "{what}: {reply}");
        reply["data"].clone()
    }

    /// A request to whoever runs a session, or to a spawner.
    pub async fn reach(&self, subject: &str) -> Option<Value> {
        self.ask(subject, &Value::Null, Duration::from_secs(5)).await
    }

    /// Asks for a shell session that runs `script`; returns its id.
    pub async fn spawn(&self, script: &str, more: Value) -> String {
        let mut data = json!({ "agent": "shell", "command": ["sh", "-c", script] });
        data.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        self.command("ann", "session.spawn", data).await["id"].as_str().unwrap().to_owned()
    }

    pub async fn session(&self, id: &str) -> Value {
        self.query("session.get", json!({ "session": id })).await
    }

    /// Waits until the session has this status.
    pub async fn until(&self, id: &str, status: &str, within: Duration) -> Value {
        let begun = Instant::now();
        loop {
            let session = self.session(id).await;
            if session["status"] == status {
                return session;
            }
            assert!(begun.elapsed() < within, "{id} is not {status} after {within:?}: {session}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What the spawner wrote down about a running session.
    pub fn ledger(&self, node: &str, incarnation: &str) -> Option<Value> {
        let path = self.path(node).join("ledger").join(format!("{incarnation}.json"));
        serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
    }

    /// Shell code that notes its process id in `name` and then ignores every wish to end.
    fn stay(&self, name: &str) -> String {
        let file = self.path(name);
        let file = file.display();
        format!("trap \"\" TERM HUP INT; echo $$ >{file}.part; mv {file}.part {file}; while :; do sleep 0.2; done")
    }

    /// A tree of four: agent, child, a child in a session of its own, and a daemon without family and environment. They note
    /// themselves as `{name}-1` to `{name}-4`.
    pub fn stubborn_tree(&self, name: &str) -> String {
        let [agent, child, other, daemon] = [1, 2, 3, 4].map(|n| self.stay(&format!("{name}-{n}")));
        format!(
            "(setsid env -i PATH=\"$PATH\" sh -c '{daemon}' >/dev/null 2>&1 &); sh -c '{child}' & setsid sh -c '{other}' & {agent}"
        )
    }

    /// The process ids of such a tree, once it has grown.
    pub async fn tree(&self, name: &str) -> Vec<u32> {
        let begun = Instant::now();
        loop {
            let pids: Vec<u32> =
                (1..=4).filter_map(|n| self.read(&format!("{name}-{n}")).trim().parse().ok()).collect();
            if pids.len() == 4 {
                return pids;
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "the tree has not grown: {pids:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }
}

impl Drop for Stack {
    /// Sessions outlive their spawners, so each holder that a ledger of this test names is ended here.
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.report();
        }
        let holders = self.holders();
        for signal in [Signal::TERM, Signal::CONT] {
            holders.iter().for_each(|pid| send(*pid, signal));
        }
        let begun = Instant::now();
        while holders.iter().any(|pid| runs(*pid)) && begun.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let left: Vec<u32> = holders.into_iter().filter(|pid| runs(*pid)).collect();
        assert!(left.is_empty() || std::thread::panicking(), "holders that do not end: {left:?}");
    }
}

fn send(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // Gone already.
        let _ = kill_process(pid, signal);
    }
}

/// A process of a session.
pub fn signal(pid: u32, signal: Signal) {
    send(pid, signal);
}

impl Stack {
    /// The holders that the spawners of this test wrote down.
    fn holders(&self) -> Vec<u32> {
        let nodes = fs::read_dir(self.directory.path()).into_iter().flatten().flatten();
        let entries = nodes.flat_map(|node| fs::read_dir(node.path().join("ledger")).into_iter().flatten().flatten());
        entries
            .filter_map(|entry| {
                let entry: Value = serde_json::from_str(&fs::read_to_string(entry.path()).ok()?).ok()?;
                u32::try_from(entry["holder"]["pid"].as_u64()?).ok()
            })
            .collect()
    }

    /// A process id that the spawner wrote down: of the `holder` or the `agent`.
    pub fn pid_of(&self, part: &str, node: &str, id: &str, epoch: u32) -> u32 {
        let ledger = self.ledger(node, &format!("web.{id}.{epoch}")).expect("it runs");
        u32::try_from(ledger[part]["pid"].as_u64().unwrap()).unwrap()
    }

    #[expect(clippy::print_stderr, reason = "a failed test shows what its programs saw")]
    fn report(&self) {
        for file in fs::read_dir(self.directory.path()).unwrap().flatten() {
            let path = file.path();
            if path.extension().is_some_and(|extension| extension == "log") {
                eprintln!("--- {}\n{}", path.display(), fs::read_to_string(&path).unwrap_or_default());
            }
        }
    }
}

/// Whether a process of this number runs; ended ones that nobody reaped do not count.
pub fn runs(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
}

/// Waits until none of them runs.
pub async fn gone(pids: &[u32], within: Duration) {
    let begun = Instant::now();
    while pids.iter().any(|pid| runs(*pid)) {
        assert!(begun.elapsed() < within, "still there after {within:?}: {pids:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn url(broker: &NatsServer, user: &str) -> String {
    format!("nats://{user}:{}@127.0.0.1:{}", broker.password(user), broker.port())
}

async fn launch(mut command: Command, log: &Path, ready: &Path) -> Program {
    // One that was killed left its own.
    let _ = fs::remove_file(ready);
    let log = fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
    let child = command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
    let mut program = Program { child };
    let begun = Instant::now();
    while !ready.exists() {
        if let Some(status) = program.child.try_wait().unwrap() {
            panic!("{command:?} ended with {status}");
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{command:?} is not ready");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    program
}

/// A program of this workspace. Built beforehand, as for every other test: to build it here would make the first tests wait
/// for a compiler.
fn binary(name: &str) -> PathBuf {
    maestro_tests::stack::program(name)
}

fn ulid() -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let millis = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis();
    let value = millis << 80 | rand::random::<u128>() >> 48;
    (0..26).rev().map(|place| char::from(ALPHABET[(value >> (place * 5) & 31) as usize])).collect()
}
