//! `notify.command`: run once for each message to the person, whatever is started again meanwhile.

use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};

use maestro_tests::stack::{Place, Stack, still_alive};
use rustix::process::Signal;
use serde_json::Value;

fn told(place: &Place) -> Vec<String> {
    let text = fs::read_to_string(place.path().join("told")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

fn until_told(place: &Place, number: usize) -> Vec<String> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let lines = told(place);
        if lines.len() >= number {
            return lines;
        }
        assert!(Instant::now() < deadline, "{number} were wanted: {lines:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn each_message_to_the_person_runs_it_once() {
    let place = Place::new();
    // The person's command: one line a call, and what came on stdin.
    let command = format!(
        "cat >> '{0}/stdin'; echo \"$MAESTRO_NOTIFY_PROJECT $MAESTRO_NOTIFY_MESSAGE $MAESTRO_NOTIFY_FROM \
         $MAESTRO_NOTIFY_TASK $MAESTRO_NOTIFY_TEXT\" | tr '\\n' ' ' >> '{0}/told'; echo >> '{0}/told'",
        place.path().display()
    );
    place.maestro(&["config", "set", "notify.command", &command]).data();
    assert_eq!(place.maestro(&["config", "get", "notify.command"]).data()["value"], command);
    let mut stack = Stack::start_in(place, &[]);
    let web = |stack: &Stack, words: &[&str]| stack.maestro(&[&["-p", "web"], words].concat()).data().clone();
    web(&stack, &["project", "create", "web"]);
    web(&stack, &["task", "create", "Parse CSV"]);
    let script = "maestro task start && maestro task block --reason 'which dialect?'; sleep 600";
    web(&stack, &["session", "spawn", "--task", "t1", "--agent", "shell", "--prompt", script]);
    let lines = until_told(stack.place(), 1);
    assert!(lines[0].starts_with("web m1 s1 t1 ") || lines[0].starts_with("web m1 system t1 "), "{lines:?}");
    assert!(lines[0].contains("which dialect?"), "{lines:?}");
    let stdin = fs::read_to_string(stack.place().path().join("stdin")).unwrap();
    let json: Value = serde_json::from_str(&stdin).unwrap();
    assert_eq!((&json["project"], &json["message"]["id"]), (&Value::from("web"), &Value::from("m1")));
    // Mail of an agent to somebody else is not the person's.
    web(&stack, &["message", "send", "ann", "not for the tester"]);
    // Killed and started again, with a message in between; and the whole stack.
    let before = stack.kill("maestro-server");
    stack.await_restart("maestro-server", before);
    let from_ann = |stack: &Stack, text: &str| {
        let mut command = stack.place().command();
        let sent = command.env("MAESTRO_USER", "ann").args(["-p", "web", "message", "send", "tester", text]).output();
        assert!(sent.unwrap().status.success());
    };
    from_ann(&stack, "first");
    let lines = until_told(stack.place(), 2);
    assert!(lines.last().unwrap().trim().ends_with("ann  first"), "{lines:?}");
    stack.end_with(Signal::TERM);
    let stack = Stack::start_in(stack.into_place(), &[]);
    from_ann(&stack, "second");
    let deadline = Instant::now() + Duration::from_secs(60);
    while !told(stack.place()).iter().any(|line| line.trim().ends_with("ann  second")) {
        assert!(Instant::now() < deadline, "{:?}", told(stack.place()));
        std::thread::sleep(Duration::from_millis(50));
    }
    let mut times = BTreeMap::new();
    for line in told(stack.place()) {
        *times.entry(line.split(' ').nth(1).unwrap().to_owned()).or_insert(0) += 1;
    }
    assert!(times.len() >= 3 && times.values().all(|times| *times == 1), "{:?}", told(stack.place()));
    assert!(!told(stack.place()).iter().any(|line| line.contains("not for the tester")));
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn write_to_the_person(stack: &Stack, text: &str) {
    let mut command = stack.place().command();
    let sent = command.env("MAESTRO_USER", "ann").args(["-p", "web", "message", "send", "tester", text]).output();
    assert!(sent.is_ok_and(|sent| sent.status.success()));
}

/// A command and what it started end with the stack, and with the next one when the stack was killed.
#[test]
fn a_command_ends_with_its_stack() {
    let place = Place::new();
    let pids = place.path().join("pids");
    // Deaf to a polite word, as is its child.
    let command = format!("trap '' TERM; sleep 9 & echo $$ $! > '{0}.new'; mv '{0}.new' '{0}'; wait", pids.display());
    place.maestro(&["config", "set", "notify.command", &command]).data();
    let mut stack = Stack::start_in(place, &[]);
    stack.maestro(&["project", "create", "web"]).data();
    for signal in [Signal::TERM, Signal::KILL] {
        write_to_the_person(&stack, "look here");
        until("the command runs", || pids.is_file());
        let text = fs::read_to_string(&pids).unwrap();
        let running: Vec<u32> = text.split_whitespace().map(|pid| pid.parse().unwrap()).collect();
        assert_eq!(running.len(), 2);
        stack.end_with(signal);
        let place = stack.into_place();
        fs::remove_file(&pids).unwrap();
        if signal == Signal::TERM {
            assert!(still_alive(&running, Duration::ZERO).is_empty(), "it is left");
        }
        let began = Instant::now();
        stack = Stack::start_in(place, &[]);
        let left = still_alive(&running, Duration::ZERO);
        assert!(left.is_empty() && began.elapsed() < Duration::from_secs(9), "{left:?} after {:?}", began.elapsed());
    }
}

/// A message that could not be written down is not run, and not lost.
#[test]
fn what_cannot_be_remembered_is_told_later() {
    let place = Place::new();
    let command = format!("echo \"$MAESTRO_NOTIFY_TEXT\" >> '{}/told'", place.path().display());
    place.maestro(&["config", "set", "notify.command", &command]).data();
    let stack = Stack::start_in(place, &[]);
    // A directory lies where the number would be written down.
    let in_the_way = stack.home().join("memory/web.notified/x");
    fs::create_dir_all(&in_the_way).unwrap();
    stack.maestro(&["project", "create", "web"]).data();
    write_to_the_person(&stack, "first");
    until("it says that it is not run", || stack.stderr().contains("notify.command is not run"));
    assert_eq!(told(stack.place()), [""; 0]);
    fs::remove_dir_all(in_the_way.parent().unwrap()).unwrap();
    assert_eq!(until_told(stack.place(), 1), ["first"]);
}
