//! A stack, a repository, and somebody who works with both.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use maestro_tests::stack::{Answer, Stack};
use serde_json::Value;

pub const SOON: Duration = Duration::from_secs(40);

/// A stack with the project `web`, whose repository lies at [`Scene::repository`].
pub struct Scene {
    pub stack: Stack,
    // After the stack: then nothing of it may be left.
    _orphans: Orphans,
}

/// Looks, when it is dropped, for processes that belonged to a stack: agents, set-up scripts, git and whatever they started
/// carry its home in their environment.
struct Orphans {
    home: PathBuf,
}

impl Orphans {
    fn found(&self) -> Vec<String> {
        let wanted = self.home.display().to_string();
        let mut found = Vec::new();
        for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let environ = fs::read(entry.path().join("environ")).unwrap_or_default();
            if String::from_utf8_lossy(&environ).contains(&wanted) {
                let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
                found.push(String::from_utf8_lossy(&line).replace('\0', " "));
            }
        }
        found
    }
}

impl Drop for Orphans {
    fn drop(&mut self) {
        let begun = Instant::now();
        while !self.found().is_empty() && begun.elapsed() < SOON {
            std::thread::sleep(Duration::from_millis(100));
        }
        let found = self.found();
        assert!(found.is_empty() || std::thread::panicking(), "processes outlived their stack: {found:#?}");
    }
}

impl Scene {
    /// `config` stands below `[projects.web]` and `path`.
    pub fn new(config: &str) -> Self {
        let scene = Self::bare();
        let repository = scene.repository();
        make_repository(&repository);
        scene.configure(&format!("path = {:?}\n{config}", repository.display().to_string()));
        scene
    }

    /// Nothing is said about the project.
    pub fn bare() -> Self {
        let stack = Stack::start();
        stack.maestro(&["project", "create", "web"]).data();
        let _orphans = Orphans { home: stack.home() };
        Self { stack, _orphans }
    }

    pub fn configure(&self, section: &str) {
        fs::write(self.stack.home().join("config.toml"), format!("[projects.web]\n{section}\n")).unwrap();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.stack.place().path().join(name)
    }

    pub fn repository(&self) -> PathBuf {
        self.path("repository")
    }

    /// Where the spawner keeps workspaces of the project.
    pub fn rooms(&self) -> PathBuf {
        self.stack.home().join("spawner/work/web")
    }

    pub fn maestro(&self, arguments: &[&str]) -> Answer {
        self.stack.maestro(&[&["--project", "web", "--timeout", "30s"], arguments].concat())
    }

    /// For people.
    pub fn human(&self, arguments: &[&str]) -> String {
        let mut command = self.stack.place().command();
        let output = command.args(["--project", "web"]).args(arguments).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    }

    pub fn task(&self, arguments: &[&str]) -> String {
        self.maestro(&[&["task", "create"], arguments].concat()).data()["id"].as_str().unwrap().to_owned()
    }

    /// A session for a task that runs this script; answers its id.
    pub fn spawn(&self, task: &str, script: &str) -> String {
        let arguments = ["session", "spawn", "--agent", "shell", "--task", task, "--", "sh", "-ec", script];
        self.maestro(&arguments).data()["sessionId"].as_str().unwrap().to_owned()
    }

    pub fn info(&self, id: &str) -> Value {
        self.maestro(&["session", "info", id]).data().clone()
    }

    pub fn until(&self, id: &str, status: &str) -> Value {
        let begun = Instant::now();
        loop {
            let session = self.info(id);
            if session["status"] == status {
                return session;
            }
            let over = ["failed", "exited", "stopped", "lost"].iter().any(|end| session["status"] == *end);
            assert!(!over && begun.elapsed() < SOON * 2, "{id} is not {status}: {session}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// A session that does its task and ends well.
    pub fn worker(&self, task: &str, script: &str) -> String {
        let report = "\"$MAESTRO_BIN\" task complete --summary done >/dev/null";
        let id = self.spawn(task, &format!("\"$MAESTRO_BIN\" task start >/dev/null\n{script}\n{report}"));
        let session = self.until(&id, "exited");
        assert_eq!(session["code"], 0, "{session}: {}", self.maestro(&["session", "logs", &id]).stdout);
        id
    }

    /// Everything that a preparation may leave behind.
    pub fn leftovers(&self) -> Vec<String> {
        let mut left: Vec<String> = Vec::new();
        if self.repository().exists() {
            let trees = git(&self.repository(), &["worktree", "list", "--porcelain"]);
            left.extend(trees.lines().filter(|l| l.starts_with("worktree ")).skip(1).map(ToOwned::to_owned));
            left.extend(git(&self.repository(), &["branch", "--list", "maestro/*"]).lines().map(ToOwned::to_owned));
        }
        for room in [self.rooms(), self.stack.home().join("spawner/worktrees")] {
            let entries = fs::read_dir(&room).into_iter().flatten().flatten();
            left.extend(entries.map(|entry| entry.path().display().to_string()));
        }
        left
    }

    /// Nothing of it is left, at once or a moment later.
    pub fn assert_clean(&self) {
        let begun = Instant::now();
        while !self.leftovers().is_empty() {
            assert!(begun.elapsed() < SOON, "left behind: {:#?}", self.leftovers());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Git of a test: of nobody's settings.
pub fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = git_command(directory, arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    assert!(output.status.success(), "git {arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

pub fn git_command(directory: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(directory).env("GIT_CONFIG_GLOBAL", "/dev/null").env("LC_ALL", "C");
    command
}

/// With one commit on `main`, an ignored `.env` and somebody to commit as.
pub fn make_repository(directory: &Path) {
    fs::create_dir_all(directory).unwrap();
    git(directory, &["init", "--quiet", "-b", "main"]);
    git(directory, &["config", "user.email", "ann@localhost"]);
    git(directory, &["config", "user.name", "Ann"]);
    fs::write(directory.join("file"), "one\ntwo\nthree\n").unwrap();
    fs::write(directory.join(".gitignore"), ".env*\nbuild/\n").unwrap();
    git(directory, &["add", "."]);
    git(directory, &["commit", "--quiet", "-m", "first"]);
    fs::write(directory.join(".env.local"), "KEY=1\n").unwrap();
}

/// Shell code that commits a change.
pub fn commit(file: &str, line: &str) -> String {
    format!("echo '{line}' >>{file}; git add {file}; git commit --quiet -m 'change {file}'")
}
