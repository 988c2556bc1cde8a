//! The command line with a cleared environment and a home of its own.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::stack::{coverage, program};

/// One user at one machine; calls may run at the same time.
#[derive(Debug)]
pub struct Cli {
    home: TempDir,
    server: String,
    user: String,
    variables: Vec<(String, String)>,
}

/// What one call said.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Said {
    /// The one document on stdout.
    ///
    /// # Panics
    /// When there is none, or more than one, or it does not agree with the exit code.
    #[must_use]
    pub fn document(&self) -> Value {
        let mut documents = serde_json::Deserializer::from_str(&self.out).into_iter::<Value>();
        let document = match documents.next() {
            Some(Ok(document)) => document,
            other => panic!("no document on stdout ({other:?}): {self:?}"),
        };
        assert!(documents.next().is_none(), "more than one document: {self:?}");
        assert_eq!(document["success"] == Value::Bool(true), self.code == 0, "exit code and success differ: {self:?}");
        document
    }
}

impl Cli {
    /// # Panics
    /// When there is no room for a home.
    #[must_use]
    pub fn new(server: &str, user: &str) -> Self {
        let home = tempfile::Builder::new().prefix("maestro-cli-").tempdir().expect("a temporary directory");
        Self { home, server: server.to_owned(), user: user.to_owned(), variables: Vec::new() }
    }

    /// Sets one more variable.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The home of the stack that it thinks of.
    #[must_use]
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Runs `maestro --json -p web <words>`.
    pub fn run(&self, words: &[&str]) -> Said {
        let mut all = vec!["--json", "-p", "web"];
        all.extend(words);
        self.plain(&all, b"")
    }

    /// Runs `maestro <words>` with this on stdin.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn plain(&self, words: &[&str], stdin: &[u8]) -> Said {
        let mut child = Command::new(program("maestro"))
            .env_clear()
            .envs(coverage())
            .env("HOME", self.home.path())
            .env("MAESTRO_HOME", self.home.path().join(".maestro"))
            .env("MAESTRO_NATS_URL", &self.server)
            .env("MAESTRO_USER", &self.user)
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.home.path())
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command line can be started");
        let mut input = child.stdin.take().expect("stdin is a pipe");
        let output = std::thread::scope(|scope| {
            // It may end without reading: then the pipe is broken, which is no fault.
            scope.spawn(move || input.write_all(stdin));
            child.wait_with_output().expect("a child can be waited for")
        });
        Said {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
