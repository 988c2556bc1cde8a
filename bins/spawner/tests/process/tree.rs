//! Process trees that do not want to end, and where they leave their numbers.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use maestro_spawner::{Holders, Identity, Launch, Uplink, identity};
use tempfile::TempDir;

/// A directory with scripts, output and process ids.
pub struct Scene {
    directory: TempDir,
}

impl Scene {
    pub fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("maestro-spawner-").tempdir().unwrap();
        fs::create_dir(directory.path().join("pids")).unwrap();
        Self { directory }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn holders(&self) -> Holders {
        Holders::new(PathBuf::from(env!("CARGO_BIN_EXE_maestro-spawner")), Vec::new(), false)
    }

    pub fn launch(&self, script: &str, grace: Duration) -> Launch {
        let path = std::env::var("PATH").unwrap();
        Launch {
            program: "sh".to_owned(),
            arguments: vec!["-c".to_owned(), script.to_owned()],
            directory: self.directory.path().to_path_buf(),
            environment: BTreeMap::from([("PATH".to_owned(), path)]),
            terminal: None,
            stdin: None,
            typed: None,
            mail: None,
            log: self.path("files/output.log"),
            log_bytes: 10 << 20,
            grace_ms: u64::try_from(grace.as_millis()).unwrap(),
            uplink: None,
        }
    }

    /// The same as a session of a broker that nobody can reach.
    pub fn launch_of_session(&self, script: &str, grace: Duration) -> Launch {
        let incarnation = r#"{"project":"web","session":"s1","epoch":1}"#;
        let uplink = Uplink {
            nats_url: "nats://spawner:secret@127.0.0.1:1".to_owned(),
            home: self.directory.path().to_path_buf(),
            node: "n1".parse().unwrap(),
            incarnation: serde_json::from_str(incarnation).unwrap(),
            nonce: "nonce".to_owned(),
            traceparent: None,
        };
        Launch { uplink: Some(uplink), ..self.launch(script, grace) }
    }

    /// What the holder has written down about the end.
    pub fn ending(&self) -> serde_json::Value {
        let text = fs::read_to_string(self.path("files/ending.json")).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    pub fn output(&self) -> String {
        fs::read_to_string(self.path("files/output.log")).unwrap_or_default()
    }

    /// Shell code that notes the process under `name` and then ignores everything.
    pub fn stay(&self, name: &str) -> String {
        let file = self.path("pids").join(name);
        format!(
            "trap \"\" TERM HUP INT; echo $$ >{file}.part; mv {file}.part {file}; while :; do sleep 0.1; done",
            file = file.display()
        )
    }

    /// A process in a session of its own whose parent is gone: it left group, session and family.
    pub fn daemon(&self, name: &str) -> String {
        format!("(setsid sh -c '{}' >/dev/null 2>&1 &)", self.stay(name))
    }

    /// The same, with nothing in its environment that leads back.
    pub fn nameless_daemon(&self, name: &str) -> String {
        format!("(setsid env -i PATH=\"$PATH\" sh -c '{}' >/dev/null 2>&1 &)", self.stay(name))
    }

    /// Four processes: the agent itself, a child in its group, one in a session of its own, and a daemon.
    pub fn stubborn_tree(&self) -> String {
        format!(
            "sh -c '{}' & setsid sh -c '{}' & {}; {}",
            self.stay("child"),
            self.stay("other-session"),
            self.daemon("daemon"),
            self.stay("agent")
        )
    }

    /// The same and a daemon without an environment.
    pub fn stubborn_tree_with_nameless(&self) -> String {
        format!("{}; {}", self.nameless_daemon("nameless"), self.stubborn_tree())
    }

    fn noted(&self) -> Vec<Identity> {
        let files = fs::read_dir(self.path("pids")).into_iter().flatten().flatten();
        files
            .filter(|file| file.path().extension().is_none())
            .filter_map(|file| identity(fs::read_to_string(file.path()).ok()?.trim().parse().ok()?))
            .collect()
    }

    /// The processes that noted themselves, when there are `count`.
    pub async fn tree(&self, count: usize) -> Vec<Identity> {
        until("the tree has grown", || self.noted().len() == count).await;
        self.noted()
    }
}

impl Drop for Scene {
    /// A failed test leaves no process behind either: each noted itself in a directory that only this test knows.
    fn drop(&mut self) {
        for process in self.noted() {
            let _ = std::process::Command::new("kill").args(["-9", &process.pid.to_string()]).status();
        }
    }
}

/// Waits up to 20 s.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it did not come to this: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
