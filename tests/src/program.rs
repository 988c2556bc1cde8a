//! One process of the product, started again as `maestro up` would, and the ways to mistreat it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::stack::{coverage, freeze, program};

const READY_WITHIN: Duration = Duration::from_secs(90);

/// A program with files of its own: `<name>.log`, `<name>.ready`, a data directory.
#[derive(Debug)]
pub struct Program {
    pub name: String,
    binary: PathBuf,
    arguments: Vec<String>,
    variables: Vec<(String, String)>,
    directory: PathBuf,
    child: Option<Child>,
    /// Ends that nobody asked for.
    pub ends: Vec<String>,
}

impl Program {
    /// Not started yet.
    #[must_use]
    pub fn new(directory: &Path, name: &str, binary: &str) -> Self {
        let mut program = Self {
            name: name.to_owned(),
            binary: program(binary),
            arguments: Vec::new(),
            variables: Vec::new(),
            directory: directory.to_owned(),
            child: None,
            ends: Vec::new(),
        };
        let ready = program.ready_path().display().to_string();
        program.arguments.extend(["--ready-file".to_owned(), ready]);
        program
    }

    #[must_use]
    pub fn arguments(mut self, words: &[&str]) -> Self {
        self.arguments.extend(words.iter().map(|&word| word.to_owned()));
        self
    }

    #[must_use]
    pub fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.directory.join(&self.name)
    }

    fn ready_path(&self) -> PathBuf {
        self.directory.join(format!("{}.ready", self.name))
    }

    #[must_use]
    pub fn log_path(&self) -> PathBuf {
        self.directory.join(format!("{}.log", self.name))
    }

    /// Everything it has logged, over all its starts.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    /// # Panics
    /// When it runs already or cannot be started.
    pub fn launch(&mut self) {
        assert!(self.child.is_none(), "{} runs already", self.name);
        // Of an earlier start.
        let _ = fs::remove_file(self.ready_path());
        let log = fs::OpenOptions::new().create(true).append(true).open(self.log_path()).expect("a log file");
        let child = Command::new(&self.binary)
            .env_clear()
            .envs(coverage())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", &self.directory)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file handle can be copied"))
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{} cannot be started: {error}", self.name));
        self.child = Some(child);
    }

    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.ready_path().exists()
    }

    /// Starts it again when it has ended by itself.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn tend(&mut self) {
        let Some(child) = &mut self.child else { return };
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            self.child = None;
            let log = self.log();
            let last = log.lines().last().unwrap_or_default();
            self.ends.push(format!("{} ended with {status}: {last}", self.name));
            self.launch();
        }
    }

    /// # Panics
    /// When it does not serve in time.
    pub fn await_ready(&mut self) {
        let deadline = Instant::now() + READY_WITHIN;
        while !self.is_ready() {
            self.tend();
            assert!(Instant::now() < deadline, "{} does not serve after {READY_WITHIN:?}:\n{}", self.name, self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may be dead already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// SIGSTOP. Returns once it stands still.
    pub fn freeze(&self) {
        if let Some(child) = &self.child {
            freeze(child.id());
        }
    }

    /// SIGCONT.
    pub fn thaw(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let Some(child) = &self.child else { return };
        if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
            // A child that was not waited for is there, if only as a zombie.
            let _ = kill_process(pid, signal);
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}
