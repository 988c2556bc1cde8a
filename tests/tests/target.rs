//! Which task a report is about that names none: never another one than its session works on, whether a server answers or
//! not.

use std::time::{Duration, Instant};

use maestro_tests::stack::{Answer, Stack, answer};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(60);

/// A stack with the tasks t1, t2 and t3, and the worker s1 that was given t1 and sleeps.
struct Desk {
    stack: Stack,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { stack: Stack::start() };
        desk.web(&["project", "create", "web"]);
        for title in ["given", "taken", "another"] {
            desk.web(&["task", "create", title]);
        }
        desk.web(&["session", "spawn", "--task", "t1", "--agent", "shell", "--", "sleep", "600"]);
        desk.until("the session runs", || desk.web(&["session", "info", "s1"])["status"] == "active");
        desk
    }

    /// By the person.
    fn web(&self, words: &[&str]) -> Value {
        self.stack.maestro(&[&["-p", "web", "--timeout", "20s"], words].concat()).data().clone()
    }

    /// By the session.
    fn own(&self, words: &[&str]) -> Answer {
        let mut command = self.stack.place().command();
        command
            .env_remove("MAESTRO_USER")
            .env("MAESTRO_PROJECT_ID", "web")
            .env("MAESTRO_SESSION_ID", "s1")
            .env("MAESTRO_SESSION_EPOCH", "1")
            .env("MAESTRO_TASK_IDS", "t1");
        answer(command.arg("--json").args(words))
    }

    fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let deadline = Instant::now() + SOON;
        while !holds() {
            assert!(Instant::now() < deadline, "{what}: {}", self.web(&["task", "list"]));
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn told(&self, task: &str) -> (Value, Value) {
        let task = self.web(&["task", "get", task]);
        (task["status"].clone(), task["summary"].clone())
    }
}

#[test]
fn while_a_server_is_silent_a_report_is_about_the_task_that_was_taken_last() {
    let desk = Desk::new();
    desk.own(&["task", "start"]).data();
    desk.own(&["task", "complete", "--summary", "of the given one"]).data();
    assert_eq!(desk.own(&["task", "next", "--claim"]).data()["id"], "t2");
    desk.stack.freeze("maestro-server");
    let report = desk.own(&["task", "complete", "--summary", "THE REAL REPORT"]);
    assert_eq!((report.code, &report.json["queued"]), (0, &json!(true)), "{report:?}");
    // That one is done, and so was the one before: what comes now could be about either.
    let more = desk.own(&["task", "log", "and one more thing"]);
    // The broker may have noticed by now that no server is there.
    assert!(more.code == 6 && ["unavailable", "no_server"].contains(&more.error()), "{more:?}");
    assert!(more.json["suggestion"].as_str().unwrap().contains("name the task"), "{more:?}");
    let named = desk.own(&["task", "log", "t2", "and one more thing"]);
    assert_eq!((named.code, &named.json["queued"]), (0, &json!(true)), "{named:?}");
    desk.stack.thaw("maestro-server");
    desk.until("the report arrives", || desk.told("t2").0 == "completed");
    assert_eq!(desk.told("t2").1, "THE REAL REPORT");
    assert_eq!(desk.told("t1").1, "of the given one");
}

#[test]
fn of_two_claims_the_one_that_is_meant_is_asked_for() {
    let desk = Desk::new();
    desk.own(&["task", "start"]).data();
    desk.own(&["task", "start", "t2"]).data();
    let asked = || {
        let report = desk.own(&["task", "complete", "--summary", "of which?"]);
        assert_eq!((report.code, report.error()), (2, "missing_task_id"), "{report:?}");
        assert_eq!(report.json["details"]["holds"], json!(["t1", "t2"]), "{report:?}");
        let commands = report.json["details"]["commands"].to_string();
        assert!(commands.contains("t1") && commands.contains("t2"), "{report:?}");
    };
    asked();
    // Nobody answers: what it took it knows itself.
    desk.stack.freeze("maestro-server");
    asked();
    desk.stack.thaw("maestro-server");
    desk.own(&["--timeout", "20s", "task", "release", "t1"]).data();
    desk.own(&["task", "complete", "--summary", "of the second"]).data();
    assert_eq!(desk.told("t2"), (json!("completed"), json!("of the second")));
    assert_eq!(desk.told("t1"), (json!("pending"), Value::Null));
}

#[test]
fn what_was_handed_in_is_not_what_the_next_report_is_about() {
    let desk = Desk::new();
    desk.own(&["task", "start"]).data();
    desk.own(&["task", "submit", "--summary", "look at it"]).data();
    assert_eq!(desk.own(&["task", "next", "--claim"]).data()["id"], "t2");
    desk.own(&["task", "complete", "--summary", "of the second"]).data();
    assert_eq!(desk.told("t2"), (json!("completed"), json!("of the second")));
    assert_eq!(desk.told("t1").0, json!("in_review"));
}

/// A claim that somebody else took back: the report is late, and still about the same work.
#[test]
fn a_claim_that_was_taken_away_is_still_what_its_report_is_about() {
    let desk = Desk::new();
    desk.own(&["task", "start"]).data();
    desk.own(&["task", "complete", "--summary", "of the given one"]).data();
    assert_eq!(desk.own(&["task", "next", "--claim"]).data()["id"], "t2");
    desk.web(&["task", "release", "t2", "--reason", "too slow"]);
    desk.own(&["task", "complete", "--summary", "late, and done"]).data();
    assert_eq!(desk.told("t2"), (json!("completed"), json!("late, and done")));
}
