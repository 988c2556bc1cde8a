//! A command line with nothing around it: a cleared environment, a home and a directory of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot set up its room has failed")]

use std::net::TcpListener;

use assert_cmd::Command;
use serde_json::Value;

pub struct Room {
    root: tempfile::TempDir,
}

/// What one call said.
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Room {
    pub fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for directory in ["home", "work"] {
            std::fs::create_dir(root.path().join(directory)).unwrap();
        }
        Self { root }
    }

    /// The home of the stack.
    pub fn home(&self) -> std::path::PathBuf {
        self.root.path().join("home/.maestro")
    }

    /// The current directory of every call.
    pub fn work(&self) -> std::path::PathBuf {
        self.root.path().join("work")
    }

    pub fn command(&self, words: &[&str], environment: &[(&str, &str)]) -> Command {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("maestro"));
        // `make coverage` collects there.
        let coverage = std::env::var_os("LLVM_PROFILE_FILE").map(|file| ("LLVM_PROFILE_FILE", file));
        command.env_clear().envs(coverage).env("HOME", self.root.path().join("home")).env("USER", "Ann");
        command.current_dir(self.root.path().join("work")).args(words).envs(environment.iter().copied());
        command
    }

    pub fn run(&self, words: &[&str], environment: &[(&str, &str)]) -> Said {
        let output = self.command(words, environment).output().unwrap();
        Said {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Runs with `--json` and checks that stdout holds exactly one document.
    pub fn json(&self, words: &[&str], environment: &[(&str, &str)]) -> (i32, Value) {
        let said = self.run(words, environment);
        let mut documents = serde_json::Deserializer::from_str(&said.out).into_iter::<Value>();
        let document = documents.next().unwrap_or_else(|| panic!("nothing on stdout; stderr: {}", said.err)).unwrap();
        assert!(documents.next().is_none(), "more than one document: {}", said.out);
        assert_eq!(document["success"] == Value::Bool(true), said.code == 0, "{document}");
        (said.code, document)
    }
}

/// An address at which nothing listens.
pub fn dead_address() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("nats://127.0.0.1:{}", listener.local_addr().unwrap().port())
}
