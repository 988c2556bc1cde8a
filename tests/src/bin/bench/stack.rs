//! One broker and the server processes of a case.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use maestro_client::{Client, Mode, Options};
use maestro_tests::nats::NatsServer;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const READY_WITHIN: Duration = Duration::from_secs(180);

pub struct Stack {
    // Dropped first: its sessions end with it; then servers, then their broker.
    spawner: Option<Replica>,
    replicas: Vec<Replica>,
    pub nats: NatsServer,
    directory: TempDir,
}

/// One running server.
pub struct Replica {
    child: Child,
    ended: bool,
    /// How it is ended when it is dropped.
    last: Signal,
}

impl Stack {
    pub fn new(nats: NatsServer) -> anyhow::Result<Self> {
        let directory = tempfile::Builder::new().prefix("maestro-bench-").tempdir()?;
        Ok(Self { spawner: None, replicas: Vec::new(), nats, directory })
    }

    pub fn address(&self, user: &str) -> String {
        let password = self.nats.password(user);
        self.nats.url().replace("nats://", &format!("nats://{user}:{password}@"))
    }

    /// A connection as the command line makes it.
    pub async fn edge(&self) -> anyhow::Result<Client> {
        self.client("edge").await
    }

    pub async fn client(&self, user: &str) -> anyhow::Result<Client> {
        Ok(maestro_client::connect(Options::new(&self.address(user), Mode::OneShot)?).await?)
    }

    pub fn home(&self) -> PathBuf {
        self.directory.path().join("home")
    }

    /// Where a replica keeps its projection.
    pub fn data(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Starts a replica and waits until it serves; returns how long that took.
    pub fn start(&mut self, name: &str) -> anyhow::Result<Duration> {
        let began = Instant::now();
        let mut command = Command::new(program("maestro-server")?);
        command
            .args(["--name", name, "--data"])
            .arg(self.data(name))
            .env("MAESTRO_CORE_URL", self.address("core"))
            .env("MAESTRO_WORK_URL", self.address("core-work"));
        let child = self.launch(command, name)?;
        self.replicas.push(Replica { child, ended: false, last: Signal::KILL });
        Ok(began.elapsed())
    }

    /// Starts a spawner; its sessions end with it.
    pub fn start_spawner(&mut self, slots: u32) -> anyhow::Result<()> {
        fs::create_dir_all(self.home())?;
        let mut command = Command::new(program("maestro-spawner")?);
        command
            .args(["--node", "bench", "--slots", &slots.to_string(), "--data"])
            .arg(self.data("spawner"))
            .env("MAESTRO_NATS_URL", self.address("spawner"))
            .env("MAESTRO_EDGE_URL", self.address("edge"))
            .env("MAESTRO_HOME", self.home())
            .env("MAESTRO_BIN", program("maestro")?);
        let child = self.launch(command, "spawner")?;
        self.spawner = Some(Replica { child, ended: false, last: Signal::TERM });
        Ok(())
    }

    /// The holders of living sessions.
    pub fn holders(&self) -> anyhow::Result<Vec<u32>> {
        let spawner = self.spawner.as_ref().context("no spawner runs")?.child.id();
        let mut holders = Vec::new();
        for entry in fs::read_dir("/proc")?.flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
            // One that ended in between is none.
            let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
            let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse::<u32>().ok());
            if parent == Some(spawner) {
                holders.push(pid);
            }
        }
        Ok(holders)
    }

    /// Starts a program and waits until it serves.
    fn launch(&self, mut command: Command, name: &str) -> anyhow::Result<Child> {
        let ready = self.directory.path().join(format!("{name}.ready"));
        let log = self.directory.path().join(format!("{name}.log"));
        let _absent = fs::remove_file(&ready);
        let began = Instant::now();
        let mut child = command
            .arg("--ready-file")
            .arg(&ready)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()
            .with_context(|| format!("starting {name}"))?;
        while !ready.exists() {
            if let Some(status) = child.try_wait()? {
                bail!("{name} ended with {status}: {}", fs::read_to_string(&log)?);
            }
            if began.elapsed() > READY_WITHIN {
                child.kill()?;
                child.wait()?;
                bail!("{name} is not ready after {READY_WITHIN:?}: {}", fs::read_to_string(&log)?);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(child)
    }

    /// How many replicas run.
    pub fn replicas(&self) -> usize {
        self.replicas.len()
    }

    /// Stops the replica that was started last: drained, or by SIGKILL.
    pub fn stop(&mut self, drained: bool) -> anyhow::Result<()> {
        let Some(mut replica) = self.replicas.pop() else { return Ok(()) };
        replica.end(if drained { Signal::TERM } else { Signal::KILL })
    }

    /// The memory of the replica that was started last, in bytes: its own, with its share of what is shared.
    pub fn memory(&self) -> anyhow::Result<u64> {
        memory_of(self.replicas.last().context("no server runs")?.child.id())
    }

    /// Processor time that the replica that was started last has used.
    pub fn processor(&self) -> anyhow::Result<Duration> {
        let replica = self.replicas.last().context("no server runs")?;
        let stat = fs::read_to_string(format!("/proc/{}/stat", replica.child.id()))?;
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |index: usize| fields.get(index).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
        Ok(Duration::from_millis((ticks(11) + ticks(12)) * 10))
    }
}

impl Replica {
    fn end(&mut self, signal: Signal) -> anyhow::Result<()> {
        if !self.ended {
            let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).context("a process id")?;
            kill_process(pid, signal)?;
            self.child.wait()?;
            self.ended = true;
        }
        Ok(())
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = self.end(self.last);
    }
}

/// The memory of a process in bytes: its own, with its share of what is shared.
pub fn memory_of(process: u32) -> anyhow::Result<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup"))?;
    let kib = text
        .lines()
        .find_map(|line| line.strip_prefix("Pss:")?.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok())
        .context("the kernel does not tell the memory of a process")?;
    Ok(kib * 1024)
}

/// A program of this build.
pub fn program(name: &str) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe()?;
    let path = own.with_file_name(name);
    anyhow::ensure!(path.is_file(), "{} is not built; `make bench` builds it", path.display());
    Ok(path)
}
