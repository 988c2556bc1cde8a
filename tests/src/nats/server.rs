//! One nats-server process and the ways to mistreat it.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::binary::nats_server_binary;
use super::layout::{Cluster, Flavour, Layout};
use crate::stack::freeze;

const READY_WITHIN: Duration = Duration::from_secs(10);

/// A running nats-server with a store of its own. Dropped: killed and removed; dropped while the test panics: killed, its
/// directory kept and the end of its log printed.
#[derive(Debug)]
pub struct NatsServer {
    layout: Layout,
    dir: Option<TempDir>,
    child: Option<Child>,
    port: u16,
}

impl NatsServer {
    /// Without authentication: anyone, one account.
    pub fn start() -> Self {
        Self::with(Layout::new(Flavour::Plain))
    }

    /// With the product's accounts, users and subject tables.
    pub fn secured() -> Self {
        Self::with(Layout::new(Flavour::Secured))
    }

    /// # Panics
    /// When the server does not become ready; its log is in the message.
    pub fn with(layout: Layout) -> Self {
        let dir =
            tempfile::Builder::new().prefix("maestro-nats-").tempdir().expect("a temporary directory can be made");
        let mut server = Self { layout, dir: Some(dir), child: None, port: 0 };
        server.launch();
        server
    }

    /// Three servers that replicate, with the same users and passwords.
    ///
    /// # Panics
    /// When one of them does not become ready.
    pub fn cluster(flavour: Flavour) -> [Self; 3] {
        Self::cluster_with(&Layout::new(flavour))
    }

    /// The same of a given layout.
    ///
    /// # Panics
    /// When one of them does not become ready.
    pub fn cluster_with(layout: &Layout) -> [Self; 3] {
        Self::cluster_over(layout, |_, _, address| address.to_owned())
    }

    /// The same; `route` says at which address a member reaches another one that listens at the address given.
    ///
    /// # Panics
    /// When one of them does not become ready.
    pub fn cluster_over(layout: &Layout, mut route: impl FnMut(usize, usize, &str) -> String) -> [Self; 3] {
        let addresses = free_addresses();
        [0, 1, 2].map(|member| {
            let routes = [0, 1, 2].map(|other| {
                let address = &addresses[other];
                if other == member { address.clone() } else { route(member, other, address) }
            });
            let mut layout = layout.clone();
            layout.cluster = Some(Cluster { routes, password: "route-secret".into(), member });
            Self::with(layout)
        })
    }

    fn launch(&mut self) {
        assert!(self.child.is_none(), "the server is running already");
        let dir = self.dir().to_owned();
        self.layout.write(&dir, self.port);
        let log =
            fs::OpenOptions::new().create(true).append(true).open(self.log_path()).expect("the log can be opened");
        let child = Command::new(nats_server_binary())
            .arg("--config")
            .arg(dir.join("nats.conf"))
            .arg("--ports_file_dir")
            .arg(&dir)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file handle can be copied"))
            .stderr(log)
            .spawn()
            .expect("nats-server can be started");
        self.child = Some(child);
        self.port = self.await_port();
    }

    /// The ports file appears when the server listens, which is after JetStream has recovered.
    fn await_port(&mut self) -> u16 {
        let deadline = Instant::now() + READY_WITHIN;
        let program = nats_server_binary().file_name().expect("a binary has a name").to_string_lossy();
        let ports = self.dir().join(format!("{program}_{}.ports", self.pid()));
        loop {
            let listed = fs::read_to_string(&ports).ok().and_then(|text| serde_json::from_str(&text).ok());
            let port = listed.and_then(|ports: serde_json::Value| {
                ports["nats"][0].as_str().and_then(|url| url.rsplit(':').next()?.parse().ok())
            });
            if let Some(port) = port {
                return port;
            }
            let child = self.child.as_mut().expect("the server was just started");
            if let Some(status) = child.try_wait().expect("a child can be waited for") {
                self.child = None;
                panic!("nats-server ended at once with {status}:\n{}", self.log());
            }
            assert!(Instant::now() < deadline, "nats-server is not ready after {READY_WITHIN:?}:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// `nats://127.0.0.1:<port>`, the same after every restart.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// # Panics
    /// When there is no such user.
    pub fn password(&self, user: &str) -> &str {
        self.layout.password(user)
    }

    /// The directory of configuration, store and log.
    ///
    /// # Panics
    /// Never while the server exists.
    pub fn dir(&self) -> &Path {
        self.dir.as_ref().expect("the directory lives as long as the server").path()
    }

    pub fn log_path(&self) -> PathBuf {
        self.dir().join("nats-server.log")
    }

    /// Everything the server has logged, over all its starts.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// # Panics
    /// When the server is not running.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("the server is running").id()
    }

    /// SIGSTOP: connections stay open and nothing answers. Returns once every thread of it stands still.
    ///
    /// # Panics
    /// When it does not stop within 5 s.
    pub fn freeze(&self) {
        freeze(self.pid());
    }

    /// SIGCONT.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    /// SIGKILL. The store stays.
    pub fn kill(&mut self) {
        self.end(Signal::KILL);
    }

    /// SIGTERM, and waits until it is gone. The store stays.
    pub fn stop(&mut self) {
        self.end(Signal::TERM);
    }

    /// Starts again on the same port and store; kills a running server first.
    pub fn restart(&mut self) {
        if self.child.is_some() {
            self.kill();
        }
        self.launch();
    }

    fn end(&mut self, signal: Signal) {
        self.signal(signal);
        let mut child = self.child.take().expect("the server is running");
        child.wait().expect("a child can be waited for");
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.pid()).ok().and_then(Pid::from_raw).expect("a process id is a positive i32");
        kill_process(pid, signal).expect("a child that was not waited for can be signalled");
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // A frozen process dies of SIGKILL too. Errors mean that it is dead already.
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            self.report();
        }
    }
}

impl NatsServer {
    #[expect(clippy::print_stderr, reason = "a failed test shows what its server saw")]
    fn report(&mut self) {
        let log = self.log();
        let tail: Vec<_> = log.lines().rev().take(40).collect();
        eprintln!("--- nats-server log, last lines");
        for line in tail.iter().rev() {
            eprintln!("{line}");
        }
        if let Some(dir) = self.dir.take() {
            eprintln!("--- kept: {}", dir.keep().display());
        }
    }
}

/// Routes must be known before the servers start, so their ports are taken, noted and given back.
fn free_addresses() -> [String; 3] {
    let taken = [(); 3].map(|()| TcpListener::bind("127.0.0.1:0").expect("the loopback interface has free ports"));
    taken.map(|listener| listener.local_addr().expect("a listener has an address").to_string())
}
