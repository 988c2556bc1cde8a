//! A terminal with somebody in front of it, and a stack with sessions.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use maestro_tests::stack::Stack;
use pty_process::{Size, blocking};
use rustix::process::{Pid, Signal, kill_process};

pub const SOON: Duration = Duration::from_secs(20);

/// A program in a terminal; what it draws is followed as a terminal does.
pub struct Tty {
    pty: Arc<blocking::Pty>,
    child: Child,
    screen: Arc<Mutex<vt100::Parser>>,
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<std::thread::JoinHandle<()>>,
}

impl Tty {
    pub fn start(command: Command, cols: u16, rows: u16) -> Self {
        let (pty, pts) = blocking::open().unwrap();
        pty.resize(Size::new(rows, cols)).unwrap();
        let mut command = command;
        command.env("TERM", "xterm-256color");
        let child = blocking::Command::from(command).spawn(pts).unwrap();
        let pty = Arc::new(pty);
        let size = |number| NonZeroU16::new(number).unwrap();
        let screen = Arc::new(Mutex::new(vt100::Parser::new(size(rows), size(cols), 0)));
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let (source, drawn, heard) = (pty.clone(), screen.clone(), bytes.clone());
        let reader = std::thread::spawn(move || {
            let mut buffer = vec![0; 65536];
            while let Ok(length) = (&*source).read(&mut buffer) {
                if length == 0 {
                    return;
                }
                drawn.lock().unwrap().process(&buffer[..length]);
                heard.lock().unwrap().extend_from_slice(&buffer[..length]);
            }
        });
        Self { pty, child, screen, bytes, reader: Some(reader) }
    }

    /// Everything that came, as it came.
    pub fn bytes(&self) -> Vec<u8> {
        self.bytes.lock().unwrap().clone()
    }

    pub fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// With attributes and the cursor's place.
    pub fn picture(&self) -> (String, (u16, u16), bool) {
        let parser = self.screen.lock().unwrap();
        let screen = parser.screen();
        (screen.contents_formatted(), screen.cursor_position(), screen.alternate_screen())
    }

    pub fn type_in(&self, keys: &str) {
        (&*self.pty).write_all(keys.as_bytes()).unwrap();
    }

    pub fn resize(&self, cols: u16, rows: u16) {
        let size = |number| NonZeroU16::new(number).unwrap();
        self.screen.lock().unwrap().set_size(size(rows), size(cols));
        self.pty.resize(Size::new(rows, cols)).unwrap();
    }

    /// Waits until the screen has this on it.
    pub fn until(&self, wanted: &str) {
        await_that(|| self.text().contains(wanted), || format!("no {wanted:?} on the screen:\n{}", self.text()));
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap(), signal).unwrap();
    }

    pub fn wait(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < SOON, "it does not end; on its screen:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

pub fn await_that(mut holds: impl FnMut() -> bool, what: impl Fn() -> String) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < SOON * 2, "{}", what());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A stack with the project `web`.
pub struct Scene {
    pub stack: Stack,
}

impl Scene {
    pub fn new() -> Self {
        let stack = Stack::start();
        stack.maestro(&["project", "create", "web"]).data();
        Self { stack }
    }

    pub fn maestro(&self, arguments: &[&str]) -> maestro_tests::stack::Answer {
        self.stack.maestro(&[&["--project", "web"], arguments].concat())
    }

    /// For people, in a place of its own.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.stack.place().command();
        command.args(["--project", "web"]).args(arguments);
        command
    }

    /// A session that runs this script; returns when it is active.
    pub fn session(&self, script: &str) -> String {
        let arguments = ["session", "spawn", "--agent", "shell", "--", "sh", "-c", script];
        let id = self.maestro(&arguments).data()["sessionId"].as_str().unwrap().to_owned();
        self.until(&id, &["active", "exited"]);
        id
    }

    pub fn until(&self, id: &str, statuses: &[&str]) {
        let status = || self.maestro(&["session", "info", id]).data()["status"].as_str().unwrap().to_owned();
        await_that(|| statuses.contains(&status().as_str()), || format!("{id} is {}", status()));
    }

    /// The command line in a terminal.
    pub fn tty(&self, arguments: &[&str], cols: u16, rows: u16) -> Tty {
        Tty::start(self.command(arguments), cols, rows)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.stack.place().path().join(name)
    }
}
