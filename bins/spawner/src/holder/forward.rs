//! Reports of the agent that wait in the home: kept by `maestro` while nobody answered, sent by its next call. An agent
//! that calls nothing any more would leave them there, so its holder has `maestro` send them. Nothing of their format is
//! known here but whose they are.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde::Deserialize;
use tokio::process::Command;

use super::protocol::{Launch, Uplink};

/// How often it is looked, at first; doubled up to the bound as long as they stay.
const LOOK: Duration = Duration::from_secs(3);
const LONGEST: Duration = Duration::from_secs(60);
/// How long one sending may take.
const WITHIN: Duration = Duration::from_secs(30);
/// Larger than any report.
const LARGEST: u64 = 1 << 20;

/// Whose reports, and who sends them.
pub(super) struct Forward<'a> {
    launch: &'a Launch,
    outbox: PathBuf,
    project: String,
    actor: String,
}

#[derive(Deserialize)]
struct Owner {
    project: String,
    actor: String,
}

impl<'a> Forward<'a> {
    /// `None`: there is no home, so there are no reports.
    pub(super) fn of(launch: &'a Launch, uplink: &Uplink) -> Option<Self> {
        let home = launch.environment.get("MAESTRO_HOME")?;
        launch.environment.get("MAESTRO_BIN")?;
        let (project, actor) = (uplink.incarnation.project.to_string(), uplink.incarnation.actor().to_string());
        Some(Self { launch, outbox: Path::new(home).join("outbox"), project, actor })
    }

    /// Whenever some wait and the broker can be reached.
    pub(super) async fn run(&self, connected: impl Fn() -> bool) -> Infallible {
        let mut wait = LOOK;
        loop {
            tokio::time::sleep(wait).await;
            if !connected() || !self.waits() {
                wait = LOOK;
                continue;
            }
            self.once().await;
            wait = if self.waits() { (wait * 2).min(LONGEST) } else { LOOK };
        }
    }

    /// Sends them now, if there are any.
    pub(super) async fn last(&self) {
        if self.waits() {
            self.once().await;
        }
    }

    fn waits(&self) -> bool {
        let files = std::fs::read_dir(&self.outbox).into_iter().flatten().flatten().map(|entry| entry.path());
        files.filter(|path| path.extension().is_some_and(|e| e == "json")).any(|path| self.owns(&path))
    }

    fn owns(&self, path: &Path) -> bool {
        let small = std::fs::metadata(path).is_ok_and(|facts| facts.len() <= LARGEST);
        let owner =
            std::fs::read(path).ok().filter(|_| small).and_then(|text| serde_json::from_slice::<Owner>(&text).ok());
        owner.is_some_and(|owner| owner.project == self.project && owner.actor == self.actor)
    }

    /// Any call that asks a server sends what waits before it.
    async fn once(&self) {
        let Some(bin) = self.launch.environment.get("MAESTRO_BIN") else { return };
        let mut command = Command::new(bin);
        command.args(["--json", "--timeout", "20s", "task", "list", "--limit", "1"]);
        command.env_clear().envs(&self.launch.environment).current_dir(&self.launch.directory);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        tracing::info!(project = self.project, session = self.actor, "reports wait in the home; they are sent");
        let sent = tokio::time::timeout(WITHIN, async { command.spawn()?.wait().await }).await;
        // Whether they went is seen in the directory.
        if let Ok(Err(error)) = sent {
            tracing::debug!(cause = %error, "waiting for what sends the reports");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// Only its own, only when it can be sent, and again as long as it stays.
    #[tokio::test]
    async fn reports_of_the_session_are_sent_and_others_are_left() {
        let home = tempfile::tempdir().unwrap();
        let outbox = home.path().join("outbox");
        std::fs::create_dir(&outbox).unwrap();
        let bin = home.path().join("maestro");
        let script = format!(
            "#!/bin/sh\necho \"$MAESTRO_SESSION_ID $*\" >> '{0}/called'\nrm -f '{0}'/outbox/own.json\n",
            home.path().display()
        );
        std::fs::write(&bin, script).unwrap();
        std::fs::set_permissions(&bin, std::fs::Permissions::from_mode(0o755)).unwrap();
        let environment: BTreeMap<String, String> = [
            ("MAESTRO_HOME", home.path().display().to_string()),
            ("MAESTRO_BIN", bin.display().to_string()),
            ("MAESTRO_SESSION_ID", "s7".to_owned()),
            ("PATH", "/usr/bin:/bin".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let launch = Launch {
            program: "true".into(),
            arguments: Vec::new(),
            directory: home.path().to_owned(),
            environment,
            terminal: None,
            stdin: None,
            typed: None,
            mail: None,
            log: home.path().join("log"),
            log_bytes: 1,
            grace_ms: 1,
            uplink: None,
        };
        let forward = Forward { launch: &launch, outbox: outbox.clone(), project: "web".into(), actor: "s7".into() };
        let report = |name: &str, project: &str, actor: &str| {
            let text = format!("{{\"id\":\"x\",\"project\":\"{project}\",\"actor\":\"{actor}\",\"data\":{{}}}}");
            std::fs::write(outbox.join(name), text).unwrap();
        };
        let called = || std::fs::read_to_string(home.path().join("called")).unwrap_or_default();
        report("others.json", "web", "s8");
        report("elsewhere.json", "api", "s7");
        std::fs::write(outbox.join("broken.json"), "{").unwrap();
        forward.last().await;
        assert_eq!(called(), "");
        report("own.json", "web", "s7");
        forward.last().await;
        assert!(called().starts_with("s7 ") && called().lines().count() == 1, "{}", called());
        assert!(!outbox.join("own.json").exists() && outbox.join("others.json").exists());
    }
}
