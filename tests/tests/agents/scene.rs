//! A stack with one agent of our own choice, in a home where somebody has used it before.

use std::fs;
use std::time::{Duration, Instant};

use maestro_tests::stack::{Place, Stack};
use serde_json::Value;

pub const PATIENCE: Duration = Duration::from_secs(90);

pub struct Scene {
    pub stack: Stack,
}

impl Scene {
    /// Profiles by name; files of the user's home, by path. With a project `web`.
    pub fn new(profiles: &[(&str, String)], files: &[(&str, String)]) -> Self {
        Self::at(Place::new(), profiles, files)
    }

    /// The same in a place of one's own.
    pub fn at(place: Place, profiles: &[(&str, String)], files: &[(&str, String)]) -> Self {
        let write = |path: std::path::PathBuf, text: &str| {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        for (name, text) in profiles {
            write(place.home().join(format!("agents/{name}.toml")), text);
        }
        for (path, text) in files {
            write(place.path().join("user").join(path), text);
        }
        let scene = Self { stack: Stack::start_in(place, &[]) };
        scene.run(&["project", "create", "web"]);
        scene
    }

    /// A command that must succeed.
    pub fn run(&self, arguments: &[&str]) -> Value {
        self.stack.maestro(&[&["--project", "web"], arguments].concat()).data().clone()
    }

    /// Starts a session and answers its id.
    pub fn spawn(&self, arguments: &[&str]) -> String {
        let spawned = self.run(&[&["session", "spawn"], arguments].concat());
        spawned["sessionId"].as_str().unwrap().to_owned()
    }

    /// What its terminal or its pipe has shown.
    pub fn shown(&self, session: &str) -> String {
        self.stack.maestro(&["--project", "web", "session", "logs", session, "--lines", "200"]).stdout
    }

    /// Waits until it is so; `told` says more when it never is.
    #[track_caller]
    pub fn until(&self, what: &str, mut is_so: impl FnMut() -> bool, told: impl FnOnce() -> String) {
        let begun = Instant::now();
        while !is_so() {
            assert!(begun.elapsed() < PATIENCE, "not so after {PATIENCE:?}: {what}\n{}", told());
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    #[track_caller]
    pub fn until_session(&self, session: &str, status: &str) -> Value {
        let mut view = Value::Null;
        self.until(
            &format!("{session} is {status}"),
            || {
                view = self.run(&["session", "info", session]);
                view["status"] == status
            },
            || format!("{}\n{}", self.run(&["session", "info", session]), self.shown(session)),
        );
        view
    }

    /// A message was told, once. That it was delivered is said when its turn begins, unless a hook says before that it was seen.
    #[track_caller]
    pub fn was_told_once(&self, message: &str) {
        let receipts = self.receipts(message);
        let all = [vec!["queued", "delivered", "seen"], vec!["queued", "seen"]];
        assert!(all.iter().any(|expected| *expected == receipts), "{receipts:?}");
    }

    /// The receipts of a message, as events.
    pub fn receipts(&self, message: &str) -> Vec<String> {
        let events = self.run(&["events", "--about", message]);
        let kinds = events["items"].as_array().unwrap().iter().rev();
        kinds.map(|event| event["kind"].as_str().unwrap().to_owned()).collect()
    }
}
