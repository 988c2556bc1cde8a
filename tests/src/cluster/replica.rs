//! One `maestro-server` process and the ways to mistreat it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};

use super::DEADLINE;
use crate::stack::{coverage, freeze, program};

/// A server with a data directory of its own; its log and data stay over restarts.
#[derive(Debug)]
pub struct Replica {
    pub name: String,
    dir: PathBuf,
    core: String,
    work: String,
    arguments: Vec<String>,
    child: Option<Child>,
}

impl Replica {
    /// Starts it; it may not serve yet.
    pub fn start(parent: &Path, name: &str, core: &str, work: &str, arguments: &[&str]) -> Self {
        let mut replica = Self {
            name: name.to_owned(),
            dir: parent.to_owned(),
            core: core.to_owned(),
            work: work.to_owned(),
            arguments: arguments.iter().map(|&word| word.to_owned()).collect(),
            child: None,
        };
        replica.launch();
        replica
    }

    /// Starts the process again; its ready file is removed first.
    ///
    /// # Panics
    /// When it runs already or cannot be started.
    pub fn launch(&mut self) {
        assert!(self.child.is_none(), "{} runs already", self.name);
        let _absent = fs::remove_file(self.ready_path());
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log_path()).expect("a log file");
        let child = Command::new(program("maestro-server"))
            .env_clear()
            .envs(coverage())
            .env("MAESTRO_CORE_URL", &self.core)
            .env("MAESTRO_WORK_URL", &self.work)
            .env("HOME", &self.dir)
            .args(["--name", &self.name])
            .arg("--data")
            .arg(self.data())
            .arg("--ready-file")
            .arg(self.ready_path())
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file handle can be copied"))
            .stderr(log)
            .spawn()
            .expect("maestro-server can be started");
        self.child = Some(child);
    }

    /// Waits until it serves.
    ///
    /// # Panics
    /// When it ends, or does not serve in time.
    pub fn await_ready(&mut self) {
        let deadline = Instant::now() + DEADLINE;
        while !self.ready_path().exists() {
            if let Some(status) = self.try_wait() {
                panic!("{} ended with {status} before it served:\n{}", self.name, self.log());
            }
            assert!(Instant::now() < deadline, "{} does not serve after {DEADLINE:?}:\n{}", self.name, self.log());
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }

    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.dir.join(&self.name)
    }

    #[must_use]
    pub fn ready_path(&self) -> PathBuf {
        self.dir.join(format!("{}.ready", self.name))
    }

    #[must_use]
    pub fn log_path(&self) -> PathBuf {
        self.dir.join(format!("{}.log", self.name))
    }

    /// Everything it has logged, over all its starts.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    #[must_use]
    pub const fn is_running(&self) -> bool {
        self.child.is_some()
    }

    /// Its end, if it has ended.
    ///
    /// # Panics
    /// When it was never started.
    pub fn try_wait(&mut self) -> Option<ExitStatus> {
        let child = self.child.as_mut().expect("the server was started");
        let status = child.try_wait().expect("a child can be waited for")?;
        self.child = None;
        Some(status)
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// When it does not end in time.
    pub fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + DEADLINE;
        loop {
            if let Some(status) = self.try_wait() {
                return status;
            }
            assert!(Instant::now() < deadline, "{} did not end within {DEADLINE:?}", self.name);
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }

    /// Waits until it has a handler for SIGTERM: before that no program can end in order.
    ///
    /// # Panics
    /// When it ends, or has none in time.
    pub fn await_handlers(&mut self) {
        const TERM: u64 = 1 << (15 - 1);
        let deadline = Instant::now() + DEADLINE;
        loop {
            let id = self.child.as_ref().expect("the server runs").id();
            let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
            let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
            if caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & TERM != 0) {
                return;
            }
            if let Some(status) = self.try_wait() {
                panic!("{} ended with {status}:\n{}", self.name, self.log());
            }
            assert!(Instant::now() < deadline, "{} handles no SIGTERM after {DEADLINE:?}", self.name);
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.signal(Signal::KILL);
        self.wait();
    }

    /// SIGTERM; it drains.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// SIGTERM, and waits until it has ended.
    ///
    /// # Panics
    /// When it does not end with 0.
    pub fn stop(&mut self) {
        self.terminate();
        let status = self.wait();
        assert!(status.success(), "{} ended with {status}:\n{}", self.name, self.log());
    }

    /// SIGSTOP. Returns once it stands still.
    ///
    /// # Panics
    /// When it does not run, or does not stop within 5 s.
    pub fn freeze(&self) {
        freeze(self.child.as_ref().expect("the server runs").id());
    }

    /// SIGCONT.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let id = self.child.as_ref().expect("the server runs").id();
        let pid = i32::try_from(id).ok().and_then(Pid::from_raw).expect("a process id is a positive i32");
        kill_process(pid, signal).expect("a child that was not waited for can be signalled");
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Errors mean that it is dead already.
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            self.report();
        }
    }
}

impl Replica {
    #[expect(clippy::print_stderr, reason = "a failed test shows what its servers saw")]
    fn report(&self) {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        eprintln!("--- {}: the last lines of its log", self.name);
        for line in &lines[lines.len().saturating_sub(30)..] {
            eprintln!("{line}");
        }
    }
}
