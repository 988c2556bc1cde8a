//! What a stack is made of: its programs with their addresses, and the file that says how to reach it.

use std::ffi::OsString;
use std::path::PathBuf;

use maestro_domain::Timestamp;
use maestro_runtime::{Credentials, Home, Process, StackFile};

use super::args::UpArgs;
use super::binary::Binaries;
use super::broker::address;
use super::program::{Program, Ready};
use super::supervisor::Supervisor;
use maestro_wire::ErrorBody;

pub const NATS: &str = "nats-server";
pub const SERVER: &str = "maestro-server";
pub const SPAWNER: &str = "maestro-spawner";
pub const BRIDGE: &str = "maestro-bridge";
/// A run of `notify.command`.
pub const NOTIFY: &str = "notify.command";
/// The one who looks after the others.
pub const SUPERVISOR: &str = "maestro-up";

/// The broker of a home, with the configuration that lies there.
pub fn nats(home: &Home, binary: PathBuf, log: PathBuf) -> Program {
    let directory = home.nats();
    let arguments =
        ["--config".into(), directory.join("nats.conf").into(), "--ports_file_dir".into(), directory.clone().into()];
    Program {
        name: NATS.to_owned(),
        binary,
        arguments: arguments.to_vec(),
        environment: Vec::new(),
        ready: Ready::Ports(directory),
        log,
    }
}

/// Everything that the programs of one stack are made from.
pub struct Plan {
    pub home: Home,
    pub arguments: UpArgs,
    pub credentials: Credentials,
    /// The name under which the dashboard acts.
    pub user: String,
    pub version: &'static str,
    own: PathBuf,
    nats: PathBuf,
    server: PathBuf,
    spawner: PathBuf,
    bridge: PathBuf,
}

impl Plan {
    /// Finds every binary before anything is started.
    pub fn new(
        home: Home,
        arguments: UpArgs,
        credentials: Credentials,
        user: String,
        binaries: &Binaries,
    ) -> Result<Self, ErrorBody> {
        Ok(Self {
            nats: binaries.nats_server()?,
            server: binaries.program(SERVER)?,
            spawner: binaries.program(SPAWNER)?,
            bridge: binaries.program(BRIDGE)?,
            own: binaries.own().to_path_buf(),
            version: env!("CARGO_PKG_VERSION"),
            home,
            arguments,
            credentials,
            user,
        })
    }

    pub fn log(&self, name: &str) -> PathBuf {
        self.home.logs().join(format!("{name}.log"))
    }

    pub fn nats(&self) -> Program {
        nats(&self.home, self.nats.clone(), self.log(NATS))
    }

    /// `maestro-server`, or `maestro-server-1` to `-N`; the data lie under the replica's own name, so they stay with it when
    /// the number changes.
    pub fn servers(&self, port: u16) -> Vec<Program> {
        let replicas = 1..=self.arguments.replicas;
        let program = |number: u8| {
            let name = self.server_name(number);
            let replica = format!("r{number}");
            let data = self.home.server().join(&replica);
            let arguments = vec!["--name".into(), replica.into(), "--data".into(), data.into()];
            self.program(&name, &self.server, arguments, self.core_and_work(port))
        };
        replicas.map(program).collect()
    }

    fn server_name(&self, number: u8) -> String {
        if self.arguments.replicas == 1 { SERVER.to_owned() } else { format!("{SERVER}-{number}") }
    }

    pub fn spawner(&self, port: u16) -> Program {
        let mut arguments: Vec<OsString> = vec!["--data".into(), self.home.spawner().into()];
        if let Some(slots) = self.arguments.slots {
            arguments.extend(["--slots".into(), slots.to_string().into()]);
        }
        let environment = vec![
            ("MAESTRO_NATS_URL", address(&self.credentials, "spawner", port)),
            ("MAESTRO_EDGE_URL", address(&self.credentials, "edge", port)),
            ("MAESTRO_BIN", self.own.display().to_string()),
        ];
        self.program(SPAWNER, &self.spawner, arguments, environment)
    }

    pub fn bridge(&self, port: u16, listen_port: u16) -> Program {
        let mut arguments = vec![
            "--listen".into(),
            format!("127.0.0.1:{listen_port}").into(),
            "--token-file".into(),
            self.home.token().into(),
            "--user".into(),
            self.user.clone().into(),
        ];
        arguments.extend(self.arguments.allow_host.iter().flat_map(|host| ["--allow-host".into(), host.into()]));
        self.program(BRIDGE, &self.bridge, arguments, self.core_and_work(port))
    }

    fn core_and_work(&self, port: u16) -> Vec<(&'static str, String)> {
        vec![
            ("MAESTRO_CORE_URL", address(&self.credentials, "core", port)),
            ("MAESTRO_WORK_URL", address(&self.credentials, "core-work", port)),
        ]
    }

    fn program(
        &self,
        name: &str,
        binary: &std::path::Path,
        mut arguments: Vec<OsString>,
        mut environment: Vec<(&'static str, String)>,
    ) -> Program {
        let ready = self.home.run().join(format!("{name}.ready"));
        arguments.extend(["--ready-file".into(), ready.clone().into()]);
        environment.push(("MAESTRO_HOME", self.home.root().display().to_string()));
        Program {
            name: name.to_owned(),
            binary: binary.to_path_buf(),
            arguments,
            environment,
            ready: Ready::File(ready),
            log: self.log(name),
        }
    }

    /// The file that says how to reach the stack, from what serves now.
    pub fn file(&self, supervisor: &Supervisor, nats_port: u16, started_ms: i64) -> StackFile {
        let process = |name: &str, pid: u32, version: &str, started_ms: i64| Process {
            name: name.to_owned(),
            pid,
            version: version.to_owned(),
            started_at: Timestamp::from_millis(started_ms).to_string(),
        };
        let servers = (1..=self.arguments.replicas).map(|number| self.server_name(number));
        let planned = std::iter::once(NATS.to_owned()).chain(servers).chain([SPAWNER.to_owned(), BRIDGE.to_owned()]);
        let listen = supervisor.rows.get(BRIDGE).and_then(|row| row.served.listen.clone());
        StackFile {
            format: StackFile::FORMAT,
            nats_url: format!("nats://127.0.0.1:{nats_port}"),
            bridge_url: listen.map(|listen| format!("http://{listen}")),
            supervisor: process(SUPERVISOR, std::process::id(), self.version, started_ms),
            processes: supervisor
                .rows
                .iter()
                .map(|(name, row)| process(name, row.served.pid, &row.served.version, row.started_ms))
                .collect(),
            planned: planned.collect(),
            token_file: self.home.token(),
            credentials_file: self.home.credentials(),
        }
    }
}
