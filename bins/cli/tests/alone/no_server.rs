//! Nobody there: what cannot wait says so with exit 6; reports are kept.

use std::time::{Duration, Instant};

use crate::kit::{Room, dead_address};
use serde_json::Value;

const SESSION: [(&str, &str); 4] = [
    ("MAESTRO_SESSION_ID", "s7"),
    ("MAESTRO_SESSION_EPOCH", "2"),
    ("MAESTRO_PROJECT_ID", "web"),
    ("MAESTRO_TASK_IDS", "t4"),
];

#[test]
fn without_an_address_the_way_to_start_is_told() {
    let room = Room::new();
    let (code, document) = room.json(&["--json", "-p", "web", "task", "list"], &[]);
    assert_eq!((code, &document["error"]), (6, &Value::from("stack_not_running")));
    assert_eq!(document["details"]["commands"][0], "maestro up --detach");
    let (_, document) = room.json(&["--json", "-p", "web", "status"], &[("MAESTRO_API_URL", "http://127.0.0.1:3000")]);
    assert!(document["suggestion"].as_str().unwrap().contains("MAESTRO_NATS_URL"), "{document}");
    let (code, _) = room.json(&["--json", "-p", "web", "task", "log", "t1", "hello"], &[]);
    assert_eq!(code, 6, "a report without any known server is not kept");
}

#[test]
fn a_refused_connection_is_exit_6_within_the_timeout() {
    let room = Room::new();
    let server = dead_address();
    let commands: [&[&str]; 6] = [
        &["task", "list"],
        &["task", "create", "x"],
        &["task", "start", "t1"],
        &["status"],
        &["task", "next", "--claim"],
        &["events"],
    ];
    for words in commands {
        let mut all = vec!["--json", "-p", "web", "--server", &server, "--timeout", "600ms"];
        all.extend(words);
        let began = Instant::now();
        let (code, document) = room.json(&all, &[]);
        assert_eq!((code, &document["error"]), (6, &Value::from("connection_refused")), "{words:?}");
        assert_eq!(document["retryable"], true);
        assert!(began.elapsed() < Duration::from_secs(20), "{words:?}");
    }
    assert!(!room.home().join("outbox").exists());
}

#[test]
fn reports_are_kept_in_order_and_answered_with_success() {
    let room = Room::new();
    let server = dead_address();
    let reports: [(&[&str], &str); 8] = [
        (&["update", "reading"], "session.update"),
        (&["task", "log", "half way"], "task.log"),
        (&["task", "block", "--reason", "no key"], "task.block"),
        (&["task", "submit", "t9", "--summary", "look"], "task.submit"),
        (&["task", "complete", "--summary", "done"], "task.complete"),
        (&["subtask", "complete", "st1"], "subtask.complete"),
        (&["subtask", "create", "t4", "one more"], "subtask.create"),
        (&["subtask", "move", "st1", "2"], "subtask.move"),
    ];
    for (words, verb) in reports {
        let mut all = vec!["--json", "--server", &server, "--timeout", "300ms"];
        all.extend(words);
        let (code, document) = room.json(&all, &SESSION);
        assert_eq!((code, &document["queued"]), (0, &Value::Bool(true)), "{words:?}: {document}");
        assert_eq!(document["data"]["command"], verb);
        assert_eq!(document["data"]["queuedIn"], "outbox");
        assert!(document.get("seq").is_none());
    }
    let mut files: Vec<_> = std::fs::read_dir(room.home().join("outbox"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "json"))
        .collect();
    files.sort();
    let verbs: Vec<String> = files
        .iter()
        .map(|path| {
            let entry: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
            assert_eq!((&entry["actor"], &entry["epoch"]), (&Value::from("s7"), &Value::from(2)));
            format!("{}.{}", entry["entity"].as_str().unwrap(), entry["verb"].as_str().unwrap())
        })
        .collect();
    assert_eq!(verbs, reports.map(|(_, verb)| verb));
    let first: Value = serde_json::from_slice(&std::fs::read(&files[1]).unwrap()).unwrap();
    assert_eq!(first["data"]["task"], "t4", "the only one of MAESTRO_TASK_IDS");
}

#[test]
fn a_report_that_could_be_about_several_tasks_is_not_kept() {
    let room = Room::new();
    let server = dead_address();
    let complete = ["--json", "--server", &server, "--timeout", "300ms", "task", "complete", "--summary", "done"];
    let mut several = SESSION;
    several[3].1 = "t4,t5";
    let (code, document) = room.json(&complete, &several);
    assert_eq!((code, &document["error"]), (6, &Value::from("connection_refused")), "{document}");
    assert!(document["suggestion"].as_str().unwrap().contains("name the task"), "{document}");
    assert!(!room.home().join("outbox").exists());
    // What the session took since is remembered in its home.
    let memory = room.home().join("memory");
    std::fs::create_dir_all(&memory).unwrap();
    let remember = |text: &str| std::fs::write(memory.join("web.s7-2.claims"), text).unwrap();
    remember(r#"{"holds":["t3"],"past":["t4"]}"#);
    let (code, document) = room.json(&complete, &SESSION);
    assert_eq!((code, &document["queued"]), (0, &Value::Bool(true)), "{document}");
    let mut kept = std::fs::read_dir(room.home().join("outbox")).unwrap().map(|entry| entry.unwrap().path());
    let kept = kept.find(|path| path.extension().is_some_and(|end| end == "json")).unwrap();
    let kept: Value = serde_json::from_slice(&std::fs::read(kept).unwrap()).unwrap();
    assert_eq!(kept["data"]["task"], "t3");
    // And it is done now.
    assert_eq!(room.json(&complete, &SESSION).0, 6);
    remember(r#"{"holds":["t3","t4"]}"#);
    let (code, document) = room.json(&complete, &SESSION);
    assert_eq!((code, &document["error"]), (2, &Value::from("missing_task_id")), "{document}");
}

#[test]
fn a_report_for_people_says_that_it_waits() {
    let room = Room::new();
    let said =
        room.run(&["-p", "web", "--server", &dead_address(), "--timeout", "300ms", "task", "log", "t1", "hello"], &[]);
    assert_eq!(said.code, 0);
    assert!(said.out.starts_with("queued: task log"), "{}", said.out);
}

#[test]
fn a_stack_that_stopped_is_named_at_once() {
    let room = Room::new();
    std::fs::create_dir(room.home()).unwrap();
    let process = serde_json::json!({"name": "maestro", "pid": 4_194_305, "version": "0.1.0", "startedAt": "x"});
    let stack = serde_json::json!({
        "format": 1, "natsUrl": dead_address(), "supervisor": process, "processes": [],
        "tokenFile": "/none", "credentialsFile": "/none",
    });
    std::fs::write(room.home().join("stack.json"), stack.to_string()).unwrap();
    let (code, document) = room.json(&["--json", "-p", "web", "task", "list"], &[]);
    assert_eq!((code, &document["error"]), (6, &Value::from("stack_not_running")));
    let (code, document) = room.json(&["--json", "-p", "web", "task", "log", "t1", "kept"], &[]);
    assert_eq!((code, &document["queued"]), (0, &Value::Bool(true)), "{document}");
}

#[test]
fn an_address_that_is_none_names_its_origin() {
    let (code, document) =
        Room::new().json(&["--json", "-p", "web", "task", "list"], &[("MAESTRO_NATS_URL", "http://h:1")]);
    assert_eq!((code, &document["error"]), (2, &Value::from("invalid_config")));
    assert!(document["message"].as_str().unwrap().contains("MAESTRO_NATS_URL"), "{document}");
}

#[test]
fn a_session_without_its_epoch_is_refused() {
    let environment = [("MAESTRO_SESSION_ID", "s7"), ("MAESTRO_PROJECT_ID", "web")];
    let (code, document) = Room::new().json(&["--json", "--server", &dead_address(), "task", "list"], &environment);
    assert_eq!((code, &document["error"]), (2, &Value::from("invalid_config")));
    assert!(document["message"].as_str().unwrap().contains("MAESTRO_SESSION_EPOCH"));
}

#[test]
fn text_comes_from_stdin() {
    let room = Room::new();
    let server = dead_address();
    let words = ["--json", "-p", "web", "--server", &server, "--timeout", "300ms", "task", "log", "t1", "-"];
    room.command(&words, &[]).write_stdin("line one\nline two\n").assert().success();
    let outbox = std::fs::read_dir(room.home().join("outbox")).unwrap();
    let file = outbox.map(|entry| entry.unwrap().path()).find(|path| path.extension().is_some()).unwrap();
    let entry: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    assert_eq!(entry["data"]["message"], "line one\nline two");
    room.command(&words, &[]).write_stdin([0xff, 0xfe]).assert().code(2);
}

#[test]
fn without_a_home_flags_and_environment_are_enough() {
    let room = Room::new();
    let server = dead_address();
    let words = ["--json", "-p", "web", "--server", &server, "--timeout", "300ms", "task", "log", "t1", "hello"];
    let output = room.command(&words, &[]).env_remove("HOME").output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["error"], "connection_refused", "it cannot be kept, so it is not said to be");
    assert_eq!(output.status.code(), Some(6));
}

/// Another stack's server is not started from here, and its logs are not here.
#[test]
fn an_address_that_was_named_starts_no_second_stack() {
    let room = Room::new();
    let server = dead_address();
    let asked = |words: &[&str]| {
        room.json(&[&["--json", "-p", "web", "--server", &server, "--timeout", "300ms"], words].concat(), &[]).1
    };
    for words in [&["task", "list"][..], &["doctor"], &["logs"]] {
        let said = asked(words).to_string();
        assert!(!said.contains("maestro up") && !said.contains("maestro logs"), "{words:?}: {said}");
        assert!(said.contains("elsewhere") && said.contains("docker compose logs"), "{words:?}: {said}");
    }
    // The same address as that of this home's stack: it can be started again.
    let process =
        serde_json::json!({"name": "nats-server", "pid": std::process::id(), "version": "2.15.1", "startedAt": "x"});
    let stack = serde_json::json!({
        "format": 1, "natsUrl": server, "supervisor": process, "processes": [process],
        "tokenFile": "/none", "credentialsFile": "/none",
    });
    std::fs::create_dir_all(room.home()).unwrap();
    std::fs::write(room.home().join("stack.json"), stack.to_string()).unwrap();
    let said = asked(&["task", "list"]);
    assert!(said["details"]["commands"][0].as_str().unwrap().ends_with(" up --detach"), "{said}");
}

/// What is suggested must not fail for the same reason.
#[test]
fn a_mistake_in_the_settings_suggests_nothing_that_fails_the_same_way() {
    let room = Room::new();
    std::fs::create_dir(room.home()).unwrap();
    std::fs::write(room.home().join("config.toml"), "retries = \"x\"\n").unwrap();
    for words in [&["task", "list"][..], &["config", "list"], &["status"]] {
        let (_, said) = room.json(&[&["--json", "-p", "web"], words].concat(), &[]);
        for command in said["details"]["commands"].as_array().unwrap() {
            let command = shlex::split(command.as_str().unwrap()).unwrap();
            let again: Vec<&str> = command[1..].iter().map(String::as_str).collect();
            let code = room.run(&again, &[]).code;
            assert_eq!(code, 0, "{words:?} suggests {again:?}");
        }
    }
}
