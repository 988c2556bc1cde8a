//! A session that lives, and its agent's hooks.

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use maestro_tests::stack::{Answer, Place, Stack};
use serde_json::{Value, json};

/// What one hook said.
#[derive(Debug)]
pub struct Said {
    pub code: i32,
    pub out: String,
    pub err: String,
    pub took: Duration,
}

impl Said {
    /// Exit 0 and not a word.
    #[track_caller]
    pub fn is_silent(&self) {
        assert_eq!((self.code, self.out.as_str(), self.err.as_str()), (0, "", ""), "{self:?}");
    }

    /// The one document on stdout.
    #[track_caller]
    pub fn json(&self) -> Value {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{self:?}");
        serde_json::from_str(self.out.trim()).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// `additionalContext` for the event of this name.
    #[track_caller]
    pub fn context(&self, event: &str) -> String {
        let json = self.json();
        let inner = &json["hookSpecificOutput"];
        assert_eq!((json.as_object().unwrap().len(), &inner["hookEventName"]), (1, &json!(event)), "{json}");
        inner["additionalContext"].as_str().unwrap().to_owned()
    }

    /// The reason of a `decision`.
    #[track_caller]
    pub fn held(&self, decision: &str) -> String {
        let json = self.json();
        assert_eq!((json.as_object().unwrap().len(), &json["decision"]), (2, &json!(decision)), "{json}");
        json["reason"].as_str().unwrap().to_owned()
    }
}

/// Runs a command with this on stdin.
pub fn run(command: &mut Command, stdin: &[u8]) -> Said {
    let began = Instant::now();
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap();
    // One that does not read is no failure of the test.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (code, out, err) = (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr));
    Said { code, out, err, took: began.elapsed() }
}

/// A hook of session s1, first epoch, of project web.
pub fn hook_in(place: &Place, agent: &str, event: &str) -> Command {
    let mut command = place.command();
    command
        .env_remove("MAESTRO_USER")
        .env("MAESTRO_PROJECT_ID", "web")
        .env("MAESTRO_SESSION_ID", "s1")
        .env("MAESTRO_SESSION_EPOCH", "1")
        .env("MAESTRO_TASK_IDS", "t1")
        .args(["hook", agent, event]);
    command
}

/// A stack with the project `web`, the task t1 with two steps, and the worker s1 that has it and sleeps.
pub struct Desk {
    pub stack: Stack,
}

impl Desk {
    pub fn new() -> Self {
        let desk = Self { stack: Stack::start() };
        desk.web(&["project", "create", "web", "--title", "Web", "--overview", "Importers"]);
        desk.web(&["task", "create", "Parse CSV", "--subtask", "lexer", "--subtask", "grammar", "--desc", "Rows."]);
        desk.web(&["session", "spawn", "--task", "t1", "--agent", "shell", "--", "sleep", "600"]);
        let deadline = Instant::now() + Duration::from_secs(30);
        while desk.session()["status"] != "active" {
            assert!(Instant::now() < deadline, "{}", desk.session());
            std::thread::sleep(Duration::from_millis(20));
        }
        desk
    }

    /// By the person `tester`.
    pub fn web(&self, words: &[&str]) -> Value {
        self.stack.maestro(&[&["-p", "web"], words].concat()).data().clone()
    }

    /// By the session.
    pub fn own(&self, words: &[&str]) -> Answer {
        let command = hook_in(self.stack.place(), "", "");
        let mut own = Command::new(command.get_program());
        own.env_clear();
        command.get_envs().for_each(|(name, value)| {
            if let Some(value) = value {
                own.env(name, value);
            }
        });
        maestro_tests::stack::answer(own.arg("--json").args(words).stdin(Stdio::null()))
    }

    pub fn session(&self) -> Value {
        self.web(&["session", "info", "s1"])
    }

    /// Status, what is waited for, and the question.
    pub fn needs(&self) -> (String, String, String) {
        let session = self.session();
        let text = |key: &str| session[key].as_str().unwrap_or_default().to_owned();
        (text("status"), text("input"), text("question"))
    }

    pub fn unread(&self) -> u64 {
        self.session()["unread"].as_u64().unwrap()
    }

    pub fn hook(&self, agent: &str, event: &str, input: &Value) -> Said {
        run(&mut hook_in(self.stack.place(), agent, event), input.to_string().as_bytes())
    }

    /// As Claude Code 2.1.197 calls it.
    pub fn claude(&self, event: &str, more: &Value) -> Said {
        let mut input = json!({
            "session_id": "b9db9e64-d5df-47e5-ac76-73fc190c5284", "transcript_path": "/x/y.jsonl", "cwd": "/x",
            "permission_mode": "default", "hook_event_name": event,
        });
        for (key, value) in more.as_object().unwrap() {
            input[key] = value.clone();
        }
        self.hook("claude", event, &input)
    }
}
