//! `maestro up` and its kin: starting, staying, ending, and what is said when it cannot be.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use maestro_tests::stack::{Place, Stack, answer, is_alive, program, still_alive};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

const SOON: Duration = Duration::from_secs(20);
const PROGRAMS: [&str; 4] = ["nats-server", "maestro-server", "maestro-spawner", "maestro-bridge"];

/// Verdict of one check of `doctor`.
fn verdicts(stack: &Stack, name: &str) -> Vec<String> {
    let answer = stack.maestro(&["doctor"]);
    let items = answer.data()["items"].as_array().unwrap().clone();
    let named = items.iter().filter(|item| item["name"] == name);
    named.map(|item| item["verdict"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_second_up_says_where_the_stack_is() {
    let stack = Stack::start();
    let before = stack.pids();
    let again = stack.maestro(&["up"]);
    assert_eq!(again.data()["alreadyRunning"], true);
    assert_eq!(again.data()["natsUrl"], stack.file().nats_url);
    let dashboard = again.data()["dashboard"].as_str().unwrap().to_owned();
    assert!(dashboard.starts_with(stack.file().bridge_url.as_deref().unwrap()), "{dashboard}");
    assert!(dashboard.contains("?code="), "{dashboard}");
    assert_eq!(stack.maestro(&["up", "--detach"]).data()["alreadyRunning"], true);
    assert_eq!(stack.pids(), before);
    for check in ["home", "stack", "broker", "streams", "spawners", "servers"] {
        assert_eq!(verdicts(&stack, check), ["ok"], "{check}");
    }
}

#[test]
fn stacks_live_side_by_side_and_share_nothing() {
    let (one, two) = (Stack::start(), Stack::start_with(&["--replicas", "2"]));
    assert_ne!(one.file().nats_url, two.file().nats_url);
    assert!(two.find_pid("maestro-server-1").is_some() && two.find_pid("maestro-server-2").is_some());
    assert_eq!(verdicts(&two, "servers"), ["ok"]);
    one.maestro(&["project", "create", "only-here"]).data();
    assert_eq!(two.maestro(&["project", "get", "only-here"]).error(), "project_not_found");
}

#[test]
fn what_is_killed_comes_back_where_it_was_and_knows_everything() {
    let stack = Stack::start();
    stack.maestro(&["project", "create", "web"]).data();
    let (nats, bridge) = (stack.file().nats_url, stack.file().bridge_url);
    for name in PROGRAMS {
        let before = stack.kill(name);
        let after = stack.await_restart(name, before);
        assert!(is_alive(after) && !is_alive(before));
        let task = stack.maestro(&["--project", "web", "--timeout", "30s", "task", "create", name]);
        assert_eq!(task.data()["title"], name);
    }
    assert_eq!((stack.file().nats_url, stack.file().bridge_url), (nats, bridge));
    let tasks = stack.maestro(&["--project", "web", "--timeout", "30s", "task", "list"]);
    assert_eq!(tasks.data()["items"].as_array().unwrap().len(), PROGRAMS.len());
}

#[test]
fn down_leaves_nothing_and_may_be_repeated() {
    let mut stack = Stack::start();
    let pids = stack.pids();
    let down = stack.maestro(&["down"]);
    assert_eq!(down.data()["wasRunning"], true);
    assert_eq!(still_alive(&pids[1..], SOON), [0; 0]);
    // Whoever is its parent sees that it ended well.
    assert!(stack.end_with(Signal::TERM).success());
    assert!(!stack.home().join("stack.json").exists());
    assert_eq!(stack.maestro(&["down"]).data()["wasRunning"], false);
    let error = stack.maestro(&["project", "list"]);
    assert_eq!((error.code, error.error()), (6, "stack_not_running"));
}

#[test]
fn ctrl_c_names_the_living_and_ends_everything() {
    let mut stack = Stack::start();
    stack.maestro(&["project", "create", "web"]).data();
    let spawned = stack.maestro(&[
        "--project",
        "web",
        "session",
        "spawn",
        "--agent",
        "shell",
        "--name",
        "Sleeper",
        "--",
        "sleep",
        "600",
    ]);
    let session = spawned.data()["sessionId"].as_str().unwrap().to_owned();
    let deadline = std::time::Instant::now() + SOON;
    let sleeper = loop {
        let info = stack.maestro(&["--project", "web", "session", "info", &session]);
        if info.data()["status"] == "active" {
            break sleeping_child(stack.pid("maestro-spawner"));
        }
        assert!(std::time::Instant::now() < deadline, "{info:?}");
    };
    let pids = stack.pids();
    assert!(stack.end_with(Signal::INT).success());
    assert_eq!(still_alive(&pids, SOON), [0; 0]);
    assert_eq!(still_alive(&sleeper, SOON), [0; 0]);
    let said = stack.stderr();
    assert!(said.contains(&format!("web/{session} Sleeper")), "{said}");
    assert!(said.contains("maestro session resume --all"), "{said}");

    // What went down with the stack is found and goes on, and nothing else is.
    let stack = Stack::start_in(stack.into_place(), &[]);
    let web = |arguments: &[&str]| stack.maestro(&[&["--project", "web", "--timeout", "20s"], arguments].concat());
    let info = web(&["session", "info", &session]).data().clone();
    assert_eq!(
        (info["status"].as_str(), info["stop"]["cause"].as_str()),
        (Some("stopped"), Some("shutdown")),
        "{info}"
    );
    let resumed = web(&["session", "resume", "--all"]).data()["items"].clone();
    assert_eq!((resumed[0]["id"].as_str(), resumed[1].is_null()), (Some(session.as_str()), true), "{resumed}");
    let deadline = std::time::Instant::now() + SOON;
    while web(&["session", "info", &session]).data()["status"] != "active" {
        assert!(std::time::Instant::now() < deadline, "it is not resumed");
    }
    assert_eq!(web(&["session", "resume", &session]).error(), "session_state");
    assert_eq!(web(&["session", "resume", "--all"]).data()["items"].as_array().unwrap().len(), 0);
    assert_eq!(web(&["session", "stop", "--all"]).data()["items"].as_array().unwrap().len(), 1);
}

#[test]
fn sessions_that_are_kept_go_on_without_a_stack_and_are_found_by_the_next() {
    let place = Place::new();
    let [port, bridge] =
        [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string());
    let up = || place.maestro(&["up", "--detach", "--port", &port, "--bridge-port", &bridge]);
    let web = |arguments: &[&str]| place.maestro(&[&["--project", "web", "--timeout", "20s"], arguments].concat());
    let spawner = up().data()["processes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|process| process["name"] == "maestro-spawner")
        .and_then(|process| u32::try_from(process["pid"].as_u64()?).ok())
        .unwrap();
    web(&["project", "create", "web"]).data();
    web(&["session", "spawn", "--agent", "shell", "--", "sleep", "600"]).data();
    let until_active = || {
        let deadline = std::time::Instant::now() + SOON;
        while web(&["session", "info", "s1"]).data()["status"] != "active" {
            assert!(std::time::Instant::now() < deadline, "it is not active");
        }
    };
    until_active();
    let below = sleeping_child(spawner);
    assert_eq!(place.maestro(&["down", "--keep-sessions"]).data()["wasRunning"], true);
    assert!(below.iter().all(|pid| is_alive(*pid)) && !is_alive(spawner));
    up().data();
    until_active();
    assert_eq!(web(&["session", "info", "s1"]).data()["epoch"], 1, "nothing happened to it");
    web(&["session", "stop", "--all"]).data();
    assert_eq!(still_alive(&below, SOON), [0; 0]);
    place.maestro(&["down"]).data();
}

/// Every process below another one.
fn sleeping_child(parent: u32) -> Vec<u32> {
    let all = Command::new("ps").args(["-eo", "pid=,ppid="]).output().unwrap();
    let text = String::from_utf8(all.stdout).unwrap();
    let pairs: Vec<(u32, u32)> = text
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace().map(|word| word.parse().ok());
            Some((words.next()??, words.next()??))
        })
        .collect();
    let mut below = vec![parent];
    let mut next = 0;
    while let Some(parent) = below.get(next).copied() {
        below.extend(pairs.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    below.remove(0);
    assert!(!below.is_empty(), "the session runs below the spawner");
    below
}

#[test]
fn a_terminal_that_closes_ends_the_stack_in_order() {
    let mut stack = Stack::start();
    let pids = stack.pids();
    assert!(stack.end_with(Signal::HUP).success());
    assert_eq!(still_alive(&pids, SOON), [0; 0]);
    assert!(!stack.home().join("stack.json").exists());
}

#[test]
fn what_a_killed_supervisor_left_is_ended_by_the_next_one() {
    let mut stack = Stack::start();
    stack.maestro(&["project", "create", "web"]).data();
    let spawn = ["--project", "web", "session", "spawn", "--agent", "shell", "--", "sleep", "600"];
    stack.maestro(&spawn).data();
    let until_active = |stack: &Stack| {
        let deadline = std::time::Instant::now() + SOON;
        loop {
            let info = stack.maestro(&["--project", "web", "--timeout", "20s", "session", "info", "s1"]);
            if info.data()["status"] == "active" {
                assert_eq!(info.data()["epoch"], 1, "nothing happened to it");
                return;
            }
            assert!(std::time::Instant::now() < deadline, "it is not active: {info:?}");
        }
    };
    until_active(&stack);
    let session = sleeping_child(stack.pid("maestro-spawner"));
    let pids = stack.pids();
    stack.end_with(Signal::KILL);
    assert!(pids[1..].iter().all(|pid| is_alive(*pid)), "its children outlive it");
    let mut stack = Stack::start_in(stack.into_place(), &[]);
    assert_eq!(still_alive(&pids, SOON), [0; 0]);
    assert_eq!(stack.maestro(&["project", "get", "web"]).data()["id"], "web");
    until_active(&stack);
    assert!(session.iter().all(|pid| is_alive(*pid)), "its sessions go on");
    let pids = stack.pids();
    stack.end_with(Signal::KILL);
    // Whoever only reads disturbs nothing of it.
    let file = stack.place().path().join("backup");
    assert_eq!(stack.maestro(&["backup", file.to_str().unwrap()]).data()["projects"], 1);
    assert!(pids[1..].iter().chain(&session).all(|pid| is_alive(*pid)), "a backup ended something");
    let down = stack.maestro(&["down", "--keep-sessions"]);
    assert_eq!(down.data()["leftovers"].as_array().unwrap().len(), PROGRAMS.len());
    assert_eq!(still_alive(&pids, SOON), [0; 0]);
    assert!(session.iter().all(|pid| is_alive(*pid)), "they were to be kept");
    let mut stack = Stack::start_in(stack.into_place(), &[]);
    until_active(&stack);
    let pids = stack.pids();
    stack.end_with(Signal::KILL);
    let down = stack.maestro(&["down"]);
    assert_eq!(down.data()["leftovers"].as_array().unwrap().len(), PROGRAMS.len());
    assert_eq!(still_alive(&pids, SOON), [0; 0]);
    assert_eq!(still_alive(&session, SOON), [0; 0]);
}

#[test]
fn detached_it_stays_logs_and_can_be_ended() {
    let place = Place::new();
    let up = place.maestro(&["up", "--ephemeral-ports", "--detach"]);
    let pid = u32::try_from(up.data()["supervisor"]["pid"].as_u64().unwrap()).unwrap();
    assert!(is_alive(pid));
    let logs = place.maestro(&["logs", "nats-server", "--lines", "3"]);
    assert_eq!(logs.data()["items"].as_array().unwrap().len(), 3);
    assert_eq!(place.maestro(&["logs", "nothing"]).error(), "file_not_found");
    for secret in ["credentials.json", "token", "nats/accounts.conf", "stack.json"] {
        let mode = fs::metadata(place.home().join(secret)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{secret} has mode {mode:o}");
    }
    assert_eq!(place.maestro(&["down"]).data()["wasRunning"], true);
    assert_eq!(still_alive(&[pid], SOON), [0; 0]);
}

#[test]
fn a_taken_port_is_named_with_the_flag_that_moves_it() {
    let place = Place::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    for arguments in [vec!["up", "--port", &port], vec!["up", "--detach", "--port", &port]] {
        let refused = place.maestro(&arguments);
        assert_eq!((refused.code, refused.error()), (6, "port_taken"), "{arguments:?}");
        assert!(refused.json["suggestion"].as_str().unwrap().contains("--port"), "{refused:?}");
    }
    assert!(!place.home().join("stack.json").exists());
}

#[test]
fn a_missing_program_is_named() {
    let place = Place::new();
    let lonely = place.path().join("bin");
    fs::create_dir(&lonely).unwrap();
    fs::copy(program("maestro"), lonely.join("maestro")).unwrap();
    let mut command = place.command_of(&lonely.join("maestro"));
    let refused = answer(command.args(["--json", "up"]).stdin(Stdio::null()).env("PATH", "/nowhere"));
    assert_eq!((refused.code, refused.error()), (6, "binary_missing"));
    assert_eq!(refused.json["details"]["program"], "maestro-server");

    let mut command = place.command();
    let refused = answer(command.args(["--json", "up"]).env("MAESTRO_NATS_SERVER", "/nowhere/nats-server"));
    assert_eq!(refused.error(), "binary_missing");
    assert!(refused.json["suggestion"].as_str().unwrap().contains("get-nats-server.sh"), "{refused:?}");
}

#[test]
fn an_older_broker_is_refused_with_the_version_that_is_needed() {
    let place = Place::new();
    let old = place.path().join("nats-server");
    fs::write(&old, "#!/bin/sh\necho 'nats-server: v2.9.10'\n").unwrap();
    fs::set_permissions(&old, fs::Permissions::from_mode(0o755)).unwrap();
    let refused = answer(place.command().args(["--json", "up"]).env("MAESTRO_NATS_SERVER", &old));
    assert_eq!(refused.error(), "broker_too_old");
    assert!(refused.json["message"].as_str().unwrap().contains("2.14"), "{refused:?}");
}

/// A host that has the command line alone, and the address of a stack elsewhere in its `config.toml`.
#[test]
fn doctor_of_a_client_misses_nothing_that_is_elsewhere() {
    let stack = Stack::start();
    let place = Place::new();
    let lonely = place.path().join("bin");
    fs::create_dir(&lonely).unwrap();
    fs::copy(program("maestro"), lonely.join("maestro")).unwrap();
    let doctor = || {
        let mut command = place.command_of(&lonely.join("maestro"));
        answer(command.args(["--json", "doctor"]).env("PATH", "/nowhere").env_remove("MAESTRO_NATS_SERVER"))
    };
    assert_eq!(doctor().error(), "unavailable", "without an address a stack is expected here");
    fs::create_dir(place.home()).unwrap();
    fs::set_permissions(place.home(), fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(place.home().join("config.toml"), format!("server = \"{}\"\n", stack.nats_url("edge"))).unwrap();
    let well = doctor();
    let items = well.data()["items"].as_array().unwrap();
    for name in ["maestro-server", "maestro-spawner", "maestro-bridge", "nats-server", "stack", "broker", "servers"] {
        let check = items.iter().find(|item| item["name"] == name).unwrap();
        assert_eq!(check["verdict"], "ok", "{check}");
    }
    assert!(items.iter().all(|item| item["name"] != "ports" && item["name"] != "dashboard"), "{items:?}");
}

/// The settings of a bridge that stands alone are none of this one's; a name of the dashboard is what `up` was told.
#[test]
fn the_dashboard_is_known_by_its_names_and_doctor_asks_it() {
    let place = ["MAESTRO_BRIDGE_TLS_CERT", "MAESTRO_BRIDGE_TLS_KEY", "MAESTRO_STREAM_REPLICAS_FILE"]
        .iter()
        .fold(Place::new(), |place, name| place.with_variable(name, "/nowhere"));
    let stack = Stack::start_in(place, &["--allow-host", "maestro.example.org"]);
    let url = stack.file().bridge_url.unwrap();
    let status = |host: &str| {
        let mut stream = TcpStream::connect(url.trim_start_matches("http://")).unwrap();
        write!(stream, "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = Vec::new();
        stream.read_to_end(&mut text).unwrap();
        String::from_utf8_lossy(&text).split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!((status("maestro.example.org").as_str(), status("evil.example.org").as_str()), ("200", "403"));
    assert_eq!(verdicts(&stack, "dashboard"), ["ok"]);

    stack.freeze("maestro-bridge");
    let doctor = stack.maestro(&["doctor"]);
    assert_eq!(doctor.error(), "unavailable");
    let items = doctor.json["details"]["items"].as_array().unwrap();
    let check = items.iter().find(|item| item["name"] == "dashboard").unwrap();
    assert_eq!(
        (check["verdict"].as_str(), check["command"].as_str()),
        (Some("fail"), Some("maestro logs maestro-bridge"))
    );
    stack.thaw("maestro-bridge");
}

/// What was planned and does not serve is told, however well the rest is.
#[test]
fn doctor_names_a_program_that_does_not_come_back() {
    let stack = Stack::start_with(&["--replicas", "2"]);
    assert_eq!(verdicts(&stack, "stack"), ["ok"]);
    // Nobody starts it again, and the file is what `maestro up` writes meanwhile.
    let mut file = stack.file();
    let supervisor = i32::try_from(file.supervisor.pid).ok().and_then(Pid::from_raw).unwrap();
    kill_process(supervisor, Signal::STOP).unwrap();
    file.processes.retain(|process| process.name != "maestro-server-2" && process.name != "maestro-bridge");
    file.bridge_url = None;
    file.write(&stack.home().join("stack.json")).unwrap();
    let doctor = stack.maestro(&["doctor"]);
    let items = doctor.json["details"]["items"].as_array().unwrap_or_else(|| panic!("{doctor:?}"));
    let check = |name: &str| items.iter().find(|item| item["name"] == name).unwrap().clone();
    assert_eq!(
        (check("stack")["verdict"].as_str(), check("dashboard")["verdict"].as_str()),
        (Some("fail"), Some("fail"))
    );
    assert!(
        check("stack")["message"]
            .as_str()
            .unwrap()
            .contains("3 of 5 programs serve; not: maestro-server-2, maestro-bridge")
    );
    kill_process(supervisor, Signal::CONT).unwrap();
}

#[test]
fn a_script_waits_for_a_session_and_hears_how_it_ended() {
    let stack = Stack::start();
    stack.maestro(&["project", "create", "web"]).data();
    let wait = |command: &str, more: &[&str]| {
        let spawned = stack.maestro(&["-p", "web", "session", "spawn", "--agent", "shell", "--", "sh", "-c", command]);
        let id = spawned.data()["id"].as_str().unwrap().to_owned();
        (stack.maestro(&[&["-p", "web", "session", "wait", &id, "--timeout", "30s"], more].concat()), id)
    };
    assert_eq!(wait("exit 0", &["--exit-status"]).0.code, 0);
    assert_eq!(wait("exit 3", &[]).0.code, 0);
    let (failed, id) = wait("exit 3", &["--exit-status"]);
    assert_eq!((failed.code, failed.error()), (7, "session_failed"));
    let details = &failed.json["details"];
    assert_eq!(
        (&details["session"], &details["status"], &details["exitCode"]),
        (&json!(id), &json!("exited"), &json!(3))
    );
    assert!(details["commands"].to_string().contains(&format!("maestro -p web session logs {id}")), "{failed:?}");
}
