//! Runs the pages: each in a home of its own, in one shell, top to bottom, as a reader would.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use maestro_tests::nats::nats_server_binary;
use maestro_tests::stack::{coverage, program};
use tempfile::TempDir;

use crate::place::read;
use crate::script::{Kind, Step, fits, steps};

const LONGEST: Duration = Duration::from_secs(120);
/// Whose machine it is in the pages.
const HOME: &str = "/home/ann";
/// The ports in the pages: the broker's and the dashboard's.
const PORTS: [&str; 2] = ["7372", "7373"];

/// A machine with Maestro on it and a repository in `~/web`; nothing runs yet.
pub struct Machine {
    directory: TempDir,
    ports: [String; 2],
    more_path: Option<PathBuf>,
}

impl Machine {
    pub fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("maestro-docs-").tempdir().unwrap();
        // Ports that are free now; two listeners at once, so that they differ.
        let listeners = [TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap()];
        let ports = listeners.each_ref().map(|listener| listener.local_addr().unwrap().port().to_string());
        let machine = Self { directory, ports, more_path: None };
        for part in ["home/web", "bin", "out"] {
            fs::create_dir_all(machine.directory.path().join(part)).unwrap();
        }
        // The real one; only its usual ports are others.
        let maestro = machine.directory.path().join("bin/maestro");
        let text = format!(
            "#!/bin/sh\nreal='{}'\ncase \"$1 $*\" in\nup*--port*|up*--bridge-port*|up*--ephemeral-ports*) exec \"$real\" \"$@\" ;;\n\
             up\\ *) shift; exec \"$real\" up --port {} --bridge-port {} \"$@\" ;;\n*) exec \"$real\" \"$@\" ;;\nesac\n",
            program("maestro").display(),
            machine.ports[0],
            machine.ports[1]
        );
        fs::write(&maestro, text).unwrap();
        fs::set_permissions(&maestro, fs::Permissions::from_mode(0o755)).unwrap();
        machine
    }

    /// With further programs before those of this system.
    pub fn with_path(mut self, directory: PathBuf) -> Self {
        self.more_path = Some(directory);
        self
    }

    pub fn home(&self) -> PathBuf {
        self.directory.path().join("home")
    }

    /// A command with the environment of the pages and nothing else.
    pub fn command(&self, program_name: &str) -> Command {
        let programs = program("maestro").parent().unwrap().to_path_buf();
        let own = self.directory.path().join("bin");
        let system = std::env::var_os("PATH").unwrap_or_default();
        let all = [Some(own), self.more_path.clone(), Some(programs)].into_iter().flatten();
        let path = std::env::join_paths(all.chain(std::env::split_paths(&system))).unwrap();
        let mut command = Command::new(program_name);
        command
            .env_clear()
            .envs(coverage())
            .env("PATH", path)
            .env("HOME", self.home())
            .env("LANG", "C.UTF-8")
            .env("MAESTRO_USER", "ann")
            .env("MAESTRO_NATS_SERVER", nats_server_binary())
            .current_dir(self.home())
            .stdin(Stdio::null());
        command
    }

    /// Text of a page as it is here.
    fn here(&self, text: &str) -> String {
        PORTS.iter().zip(&self.ports).fold(text.to_owned(), |text, (of, own)| text.replace(of, own))
    }

    /// What was printed here, as it is in the pages.
    fn there(&self, text: &str) -> String {
        let text = text.replace(self.home().to_str().unwrap(), HOME);
        self.ports.iter().zip(PORTS).fold(text, |text, (own, of)| text.replace(own, of))
    }

    fn out(&self, step: usize, what: &str) -> PathBuf {
        self.directory.path().join(format!("out/{step}.{what}"))
    }

    /// The steps as one shell's work. A step that ends otherwise than it should ends it.
    fn program(&self, steps: &[Step]) -> String {
        let repository = "cd ~/web\ngit init --quiet --initial-branch main\ngit config --global user.name ann\n\
            git config --global user.email ann@example.org\ngit config --global init.defaultBranch main\n\
            echo 'fn main() {}' >main.rs\ngit add .\ngit commit --quiet --message begin\n";
        let mut text = repository.to_owned();
        for (at, step) in steps.iter().enumerate() {
            let (out, code) = (self.out(at, "out"), self.out(at, "code"));
            let (body, exit) = match &step.kind {
                Kind::Script => (format!("set -e\n{}\nset +e", step.text), 0),
                Kind::Command { exit, .. } => (step.text.clone(), *exit),
                Kind::File { path } => {
                    let end = "END-OF-A-FILE-IN-THE-PAGE";
                    let write = format!("cat >{path} <<'{end}'\n{}{end}", step.text);
                    (format!("mkdir -p \"$(dirname {path})\" && {write}"), 0)
                }
            };
            text.push_str(&format!(
                "{{\n{}\n}} >'{}' 2>&1 </dev/null\ncode=$?\necho $code >'{}'\n[ $code = {exit} ] || exit 0\n",
                self.here(&body),
                out.display(),
                code.display()
            ));
        }
        text
    }

    /// Takes the steps, and says what is not as the page has it.
    pub fn take(&self, page: &str, steps: &[Step]) -> Result<(), String> {
        let file = self.directory.path().join("page.sh");
        fs::write(&file, self.program(steps)).unwrap();
        let log = fs::File::create(self.directory.path().join("page.log")).unwrap();
        let mut shell = self.command("bash");
        shell.arg(&file).stdout(log.try_clone().unwrap()).stderr(log);
        let mut child = shell.spawn().unwrap();
        let deadline = Instant::now() + LONGEST;
        while child.try_wait().unwrap().is_none() {
            if Instant::now() > deadline {
                let _ = child.kill();
                let _ = child.wait();
                break;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        for (at, step) in steps.iter().enumerate() {
            let printed = self.there(&fs::read_to_string(self.out(at, "out")).unwrap_or_default());
            let code = fs::read_to_string(self.out(at, "code")).unwrap_or_default();
            let (exit, shown) = match &step.kind {
                Kind::Script | Kind::File { .. } => (0, None),
                Kind::Command { exit, shown } => (*exit, shown.as_ref()),
            };
            let place = format!("{page}, line {}:\n{}\n", step.line, step.text);
            if code.trim() != exit.to_string() {
                return Err(format!("{place}ended with {:?}, not {exit}, and printed\n{printed}", code.trim()));
            }
            let lines: Vec<&str> = printed.lines().collect();
            if shown.is_some_and(|shown| !fits(shown, &lines)) {
                return Err(format!("{place}printed\n{printed}"));
            }
        }
        Ok(())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if self.home().join(".maestro/up.lock").exists() {
            let _ = self.command("maestro").arg("down").output();
        }
    }
}

pub fn steps_of(path: &str) -> Vec<Step> {
    steps(&read(path)).unwrap_or_else(|why| panic!("{path}, {why}"))
}

pub fn page_on(machine: &Machine, path: &str) {
    let steps = steps_of(path);
    assert!(!steps.is_empty(), "{path} has nothing to run");
    if let Err(why) = machine.take(path, &steps) {
        panic!("{why}");
    }
}
