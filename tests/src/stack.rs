//! A real stack: `maestro up` with a home of its own, free ports, and every program as a process that can be killed.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use maestro_runtime::StackFile;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::nats::nats_server_binary;

const HEALTHY_WITHIN: Duration = Duration::from_secs(90);
const ENDED_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A program of this workspace, built by `make build` or `cargo build --workspace --bins`.
///
/// # Panics
/// When it was not built.
pub fn program(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("a test knows its own file");
    // target/<profile>/deps/<test>
    let directory = test.ancestors().nth(2).expect("tests lie in target/<profile>/deps");
    let path = directory.join(name);
    assert!(path.is_file(), "{} is not there: run `make build` first", path.display());
    path
}

/// Where a program that was built by `make coverage` writes what it reached. Every cleared environment keeps it: without it
/// the file would appear where the program runs, which may be an agent's worktree.
#[must_use]
pub fn coverage() -> Option<(&'static str, OsString)> {
    let name = "LLVM_PROFILE_FILE";
    std::env::var_os(name).map(|file| (name, file))
}

/// What a command line answered.
#[derive(Debug)]
pub struct Answer {
    pub code: i32,
    /// The one document on stdout; null when there was none.
    pub json: Value,
    pub stdout: String,
    pub stderr: String,
}

impl Answer {
    /// The data of a success.
    ///
    /// # Panics
    /// When it failed.
    pub fn data(&self) -> &Value {
        assert!(self.code == 0 && self.json["success"] == true, "it failed: {self:#?}");
        &self.json["data"]
    }

    /// The code of a failure.
    ///
    /// # Panics
    /// When it did not fail.
    pub fn error(&self) -> &str {
        assert!(self.code != 0 && self.json["success"] == false, "it did not fail: {self:#?}");
        self.json["error"].as_str().expect("an error has a code")
    }
}

/// A directory with a home of a stack and a home of a user in it, and nothing of this process's environment.
#[derive(Debug)]
pub struct Place {
    dir: Option<TempDir>,
    variables: Vec<(String, String)>,
}

impl Default for Place {
    fn default() -> Self {
        Self::new()
    }
}

impl Place {
    /// # Panics
    /// When no temporary directory can be made.
    pub fn new() -> Self {
        Self::below(&std::env::temp_dir())
    }

    /// Elsewhere than where temporary files are: some programs trust nothing that lies there.
    ///
    /// # Panics
    /// When no directory can be made there.
    pub fn below(parent: &Path) -> Self {
        let dir = tempfile::Builder::new().prefix("maestro-stack-").tempdir_in(parent);
        let dir = dir.expect("a temporary directory can be made");
        fs::create_dir(dir.path().join("user")).expect("a temporary directory is writable");
        Self { dir: Some(dir), variables: Vec::new() }
    }

    /// Every command of this place gets the variable, `maestro up` and what it starts included.
    #[must_use]
    pub fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// # Panics
    /// Never while the place exists.
    pub fn path(&self) -> &Path {
        self.dir.as_ref().expect("the directory lives as long as the place").path()
    }

    pub fn home(&self) -> PathBuf {
        self.path().join("home")
    }

    /// The command line with a cleared environment.
    pub fn command(&self) -> Command {
        self.command_of(&program("maestro"))
    }

    /// Another copy of the command line, likewise.
    pub fn command_of(&self, maestro: &Path) -> Command {
        let mut command = Command::new(maestro);
        command
            .env_clear()
            .envs(coverage())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path().join("user"))
            .env("MAESTRO_HOME", self.home())
            .env("MAESTRO_USER", "tester")
            .env("MAESTRO_NATS_SERVER", nats_server_binary())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.path())
            .stdin(Stdio::null());
        command
    }

    /// Runs the command line with `--json`.
    pub fn maestro(&self, arguments: &[&str]) -> Answer {
        answer(self.command().arg("--json").args(arguments))
    }
}

/// Runs a command to its end and reads its one document.
///
/// # Panics
/// When it cannot be started.
pub fn answer(command: &mut Command) -> Answer {
    let output = command.output().expect("the command line can be started");
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    let json = serde_json::from_str(stdout.trim()).unwrap_or(Value::Null);
    Answer { code: output.status.code().unwrap_or(-1), json, stdout, stderr }
}

/// A running stack. Dropped: everything ends; dropped while the test panics: the logs' last lines are printed and the
/// directory is kept.
#[derive(Debug)]
pub struct Stack {
    place: Place,
    up: Option<Child>,
}

impl Stack {
    /// One replica of everything.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// With further flags of `maestro up`, as in `["--replicas", "2"]`.
    pub fn start_with(arguments: &[&str]) -> Self {
        Self::start_in(Place::new(), arguments)
    }

    /// In a place that has seen a stack before.
    ///
    /// # Panics
    /// When the stack does not become healthy; what it said is in the message.
    pub fn start_in(place: Place, arguments: &[&str]) -> Self {
        let mut command = place.command();
        command.args(["up", "--json", "--ephemeral-ports"]).args(arguments);
        let file = |name: &str| File::create(place.path().join(name)).expect("a temporary directory is writable");
        let up = command.stdout(file("up.out")).stderr(file("up.err")).spawn().expect("`maestro up` can be started");
        let mut stack = Self { place, up: Some(up) };
        stack.await_healthy();
        stack
    }

    fn await_healthy(&mut self) {
        let deadline = Instant::now() + HEALTHY_WITHIN;
        loop {
            if self.said("up.out").ends_with('\n') && self.place.home().join("stack.json").is_file() {
                return;
            }
            let up = self.up.as_mut().expect("it was just started");
            if let Some(status) = up.try_wait().expect("a child can be waited for") {
                self.up = None;
                panic!("`maestro up` ended with {status}: {}{}", self.said("up.out"), self.said("up.err"));
            }
            assert!(
                Instant::now() < deadline,
                "the stack is not healthy after {HEALTHY_WITHIN:?}: {}",
                self.said("up.err")
            );
            std::thread::sleep(LOOK_EVERY);
        }
    }

    fn said(&self, name: &str) -> String {
        fs::read_to_string(self.place.path().join(name)).unwrap_or_default()
    }

    /// What `maestro up` said on stderr so far.
    pub fn stderr(&self) -> String {
        self.said("up.err")
    }

    pub fn place(&self) -> &Place {
        &self.place
    }

    pub fn home(&self) -> PathBuf {
        self.place.home()
    }

    /// Runs the command line with `--json` against this stack.
    pub fn maestro(&self, arguments: &[&str]) -> Answer {
        self.place.maestro(arguments)
    }

    /// `stack.json` as it is now.
    ///
    /// # Panics
    /// When there is none.
    pub fn file(&self) -> StackFile {
        StackFile::read(&self.home().join("stack.json")).expect("stack.json can be read").expect("stack.json is there")
    }

    /// The broker's address with a user's password in it.
    ///
    /// # Panics
    /// When there is no such user.
    pub fn nats_url(&self, user: &str) -> String {
        let file = self.file();
        let credentials = maestro_runtime::Credentials::read(&file.credentials_file)
            .expect("the passwords can be read")
            .expect("there are passwords");
        let password = credentials.password(user).unwrap_or_else(|| panic!("no user {user}"));
        file.nats_url.replacen("nats://", &format!("nats://{user}:{password}@"), 1)
    }

    /// The process of a program (`maestro-server`, `nats-server`, …), if it serves.
    pub fn find_pid(&self, name: &str) -> Option<u32> {
        self.file().processes.iter().find(|process| process.name == name).map(|process| process.pid)
    }

    /// # Panics
    /// When it does not serve.
    pub fn pid(&self, name: &str) -> u32 {
        self.find_pid(name).unwrap_or_else(|| panic!("{name} does not serve: {:?}", self.file().processes))
    }

    /// Every process of the stack, the supervisor first.
    pub fn pids(&self) -> Vec<u32> {
        let file = self.file();
        std::iter::once(file.supervisor.pid).chain(file.processes.iter().map(|process| process.pid)).collect()
    }

    /// Sends a program a signal.
    pub fn signal(&self, name: &str, signal: Signal) {
        signal_to(self.pid(name), signal);
    }

    /// SIGKILL. Answers the id it had, for [`Self::await_restart`].
    pub fn kill(&self, name: &str) -> u32 {
        let pid = self.pid(name);
        signal_to(pid, Signal::KILL);
        pid
    }

    /// SIGSTOP. Returns once it stands still.
    pub fn freeze(&self, name: &str) {
        freeze(self.pid(name));
    }

    /// SIGCONT.
    pub fn thaw(&self, name: &str) {
        self.signal(name, Signal::CONT);
    }

    /// Waits until a killed program serves again; answers its new id.
    ///
    /// # Panics
    /// When it does not within a minute.
    pub fn await_restart(&self, name: &str, before: u32) -> u32 {
        let deadline = Instant::now() + ENDED_WITHIN;
        loop {
            if let Some(pid) = self.find_pid(name).filter(|pid| *pid != before) {
                return pid;
            }
            assert!(Instant::now() < deadline, "{name} was not started again: {}", self.stderr());
            std::thread::sleep(LOOK_EVERY);
        }
    }

    /// Signals `maestro up` itself and waits for its end.
    ///
    /// # Panics
    /// When it does not end.
    pub fn end_with(&mut self, signal: Signal) -> ExitStatus {
        let mut up = self.up.take().expect("the stack is running");
        signal_to(up.id(), signal);
        wait(&mut up).expect("`maestro up` ends within a minute")
    }

    /// Gives the place back, for another start; everything must have ended.
    pub fn into_place(mut self) -> Place {
        std::mem::take(&mut self.place)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if let Some(mut up) = self.up.take() {
            signal_to(up.id(), Signal::TERM);
            signal_to(up.id(), Signal::CONT);
            if wait(&mut up).is_none() {
                // Its children are named in the home; whatever is left there is ended by id.
                let _ = up.kill();
                let _ = up.wait();
            }
        }
        if self.place.home().join("up.lock").exists() {
            let _ = self.place.maestro(&["down"]);
        }
        if std::thread::panicking() {
            self.report();
        }
    }
}

impl Stack {
    #[expect(clippy::print_stderr, reason = "a failed test shows what its stack saw")]
    fn report(&mut self) {
        eprintln!("--- maestro up said\n{}", self.stderr());
        for entry in fs::read_dir(self.home().join("logs")).into_iter().flatten().flatten() {
            let text = fs::read_to_string(entry.path()).unwrap_or_default();
            let lines: Vec<&str> = text.lines().collect();
            let tail = lines[lines.len().saturating_sub(20)..].join("\n");
            eprintln!("--- {}, last lines\n{tail}", entry.file_name().to_string_lossy());
        }
        if let Some(dir) = self.place.dir.take() {
            eprintln!("--- kept: {}", dir.keep().display());
        }
    }
}

/// Whether a process is there (one that only waits for its parent to look counts as gone).
pub fn is_alive(pid: u32) -> bool {
    let there = raw(pid).is_some_and(|pid| test_kill_process(pid).is_ok());
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    there && !stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with('Z'))
}

/// Waits until all of them are gone; answers those that are not.
pub fn still_alive(pids: &[u32], within: Duration) -> Vec<u32> {
    let deadline = Instant::now() + within;
    loop {
        let left: Vec<u32> = pids.iter().copied().filter(|pid| is_alive(*pid)).collect();
        if left.is_empty() || Instant::now() > deadline {
            return left;
        }
        std::thread::sleep(LOOK_EVERY);
    }
}

/// SIGSTOP to any process. Returns once every thread of it stands still: a busy machine lets it run on for a while.
///
/// # Panics
/// When it does not stop within 5 s.
pub fn freeze(pid: u32) {
    signal_to(pid, Signal::STOP);
    let deadline = Instant::now() + Duration::from_secs(5);
    while !is_stopped(pid) {
        assert!(Instant::now() < deadline, "process {pid} does not stop");
        std::thread::yield_now();
    }
}

/// What has ended stands still too.
fn is_stopped(pid: u32) -> bool {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return true };
    threads.filter_map(Result::ok).all(|thread| {
        let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(['T', 't', 'Z', 'X']))
    })
}

fn signal_to(pid: u32, signal: Signal) {
    if let Some(pid) = raw(pid) {
        // Gone already; the test that cares asks with `is_alive`.
        let _ = kill_process(pid, signal);
    }
}

fn raw(pid: u32) -> Option<Pid> {
    i32::try_from(pid).ok().and_then(Pid::from_raw)
}

fn wait(child: &mut Child) -> Option<ExitStatus> {
    let deadline = Instant::now() + ENDED_WITHIN;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait().expect("a child can be waited for") {
            return Some(status);
        }
        std::thread::sleep(LOOK_EVERY);
    }
    None
}
