//! One program of the stack: how it is started and how one sees that it serves.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::process::Stdio;

use serde::Deserialize;
use tokio::process::{Child, Command};

use super::broker;

/// Variables of an enclosing session or stack that must not reach the programs.
const NOT_HANDED_ON: [&str; 26] = [
    "MAESTRO_NATS_URL",
    "MAESTRO_PROJECT_ID",
    "MAESTRO_SESSION_ID",
    "MAESTRO_SESSION_EPOCH",
    "MAESTRO_SESSION_NONCE",
    "MAESTRO_TASK_IDS",
    "MAESTRO_ROLE",
    "MAESTRO_SKILL",
    "MAESTRO_MANIFEST",
    "MAESTRO_CORE_URL",
    "MAESTRO_WORK_URL",
    "MAESTRO_EDGE_URL",
    "MAESTRO_NATS_URL_FILE",
    "MAESTRO_CORE_URL_FILE",
    "MAESTRO_WORK_URL_FILE",
    "MAESTRO_SPAWNER_URL",
    "MAESTRO_SPAWNER_URL_FILE",
    "MAESTRO_EDGE_URL_FILE",
    // Settings of programs that stand alone; a stack sets its own.
    "MAESTRO_REPLICA",
    "MAESTRO_STREAM_REPLICAS",
    "MAESTRO_STREAM_REPLICAS_FILE",
    "MAESTRO_NODE",
    "MAESTRO_POOL",
    "MAESTRO_SLOTS",
    "MAESTRO_BRIDGE_TLS_CERT",
    "MAESTRO_BRIDGE_TLS_KEY",
];

/// Takes these variables out of a command's environment.
pub fn without_inherited(command: &mut Command) {
    for variable in NOT_HANDED_ON {
        command.env_remove(variable);
    }
}

/// The address of a program that may take any free port.
const ANY_PORT: &str = "127.0.0.1:0";

/// How a program is started. Its environment holds passwords, so there is no `Debug`.
#[derive(Clone)]
pub struct Program {
    /// As the stack calls it: `maestro-server`, `maestro-server-2`.
    pub name: String,
    pub binary: PathBuf,
    pub arguments: Vec<OsString>,
    pub environment: Vec<(&'static str, String)>,
    pub ready: Ready,
    pub log: PathBuf,
}

/// How one sees that a program serves.
#[derive(Clone, Debug)]
pub enum Ready {
    /// It writes this file.
    File(PathBuf),
    /// nats-server writes its ports into this directory.
    Ports(PathBuf),
}

/// What a program said when it began to serve.
#[derive(Clone, Debug, Deserialize)]
pub struct Served {
    pub pid: u32,
    #[serde(default)]
    pub version: String,
    /// `127.0.0.1:7373`
    #[serde(default)]
    pub listen: Option<String>,
}

impl Program {
    /// Starts it in a process group of its own, so that Ctrl-C reaches only the one who looks after it. Its words go to
    /// the log file and not through a pipe: a program must be able to outlive us.
    pub fn start(&self) -> std::io::Result<Child> {
        if let Ready::File(path) = &self.ready {
            // An old one must not be taken for the new one.
            let _ = std::fs::remove_file(path);
        }
        let log = self.open_log()?;
        let mut command = Command::new(&self.binary);
        without_inherited(&mut command);
        command
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()
    }

    /// What it said, once it serves.
    pub fn served(&self, pid: u32) -> Option<Served> {
        match &self.ready {
            Ready::File(path) => {
                let text = std::fs::read_to_string(path).ok()?;
                serde_json::from_str::<Served>(&text).ok().filter(|served| served.pid == pid)
            }
            Ready::Ports(directory) => {
                let program = self.binary.file_name()?.to_string_lossy();
                let port = broker::listening_port(&directory.join(format!("{program}_{pid}.ports")))?;
                Some(Served { pid, version: String::new(), listen: Some(format!("127.0.0.1:{port}")) })
            }
        }
    }

    /// Started again, it listens where it listened: whoever was connected comes back there.
    pub fn stay_at(&mut self, served: &Served) {
        let Some(listen) = &served.listen else { return };
        self.arguments
            .iter_mut()
            .filter(|argument| *argument == ANY_PORT)
            .for_each(|argument| *argument = listen.into());
    }

    fn open_log(&self) -> std::io::Result<File> {
        OpenOptions::new().create(true).append(true).mode(0o600).open(&self.log)
    }
}
