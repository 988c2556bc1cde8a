//! Many sessions while everything around them is killed.

use std::time::{Duration, Instant};

use crate::kit::SOON;
use maestro_tests::stack::{Stack, is_alive};
use serde_json::Value;

const PROGRAMS: [&str; 4] = ["maestro-spawner", "maestro-server", "maestro-bridge", "nats-server"];

#[test]
fn sessions_outlive_everything_but_their_holders() {
    storm(8, 1, Duration::ZERO);
}

#[test]
#[ignore = "fifty sessions, several rounds, a broker that is away for a minute"]
fn fifty_sessions_outlive_everything_but_their_holders() {
    storm(50, 2, Duration::from_secs(60));
}

/// `rounds` times each program is killed; once the broker stays away for `outage`.
fn storm(count: usize, rounds: usize, outage: Duration) {
    let slots = (count + 4).to_string();
    let stack = Stack::start_with(&["--slots", &slots]);
    let web = |arguments: &[&str]| stack.maestro(&[&["--project", "web", "--timeout", "60s"], arguments].concat());
    web(&["project", "create", "web"]).data();
    let file = |name: &str| stack.place().path().join(name);
    let script = format!(
        "echo $$ >{pid}.$MAESTRO_SESSION_ID; echo $MAESTRO_SESSION_ID >>{starts}; i=0; \
         while ! test -e {go}; do i=$((i+1)); echo line $i; sleep 0.5; done; echo last $i; exit 7",
        pid = file("pid").display(),
        starts = file("starts").display(),
        go = file("go").display(),
    );
    let ids: Vec<String> = (0..count)
        .map(|_| {
            let spawned = web(&["session", "spawn", "--agent", "shell", "--restart", "3", "--", "sh", "-c", &script]);
            spawned.data()["sessionId"].as_str().unwrap().to_owned()
        })
        .collect();
    let are = |status: &str, within: Duration| {
        let begun = Instant::now();
        loop {
            let page = web(&["session", "list", "--all", "--limit", "1000"]).data()["items"].clone();
            let wrong: Vec<&Value> = page.as_array().unwrap().iter().filter(|row| row["status"] != status).collect();
            if wrong.is_empty() {
                return page;
            }
            assert!(begun.elapsed() < within, "not {status}: {wrong:?}");
            std::thread::sleep(Duration::from_millis(200));
        }
    };
    are("active", SOON * 4);
    let pids: Vec<u32> = ids
        .iter()
        .map(|id| std::fs::read_to_string(file(&format!("pid.{id}"))).unwrap().trim().parse().unwrap())
        .collect();
    for round in 0..rounds {
        for name in PROGRAMS {
            let before = stack.kill(name);
            let mut now = stack.await_restart(name, before);
            if name == "nats-server" && round == 0 && !outage.is_zero() {
                // Frozen is away, and comes back as it was.
                stack.freeze(name);
                std::thread::sleep(outage);
                stack.thaw(name);
                now = stack.pid(name);
            }
            assert!(is_alive(now));
            assert!(pids.iter().all(|pid| is_alive(*pid)), "{name} took sessions along");
            std::thread::sleep(Duration::from_secs(2));
        }
    }
    // Some of them end while the broker is away.
    stack.freeze("nats-server");
    std::fs::write(file("go"), "").unwrap();
    std::thread::sleep(Duration::from_secs(3));
    stack.thaw("nats-server");
    let ended = are("exited", SOON * 6);
    for row in ended.as_array().unwrap() {
        let (epoch, restarts) = (row["epoch"].as_u64(), row["restarts"].as_u64());
        assert_eq!((row["code"].as_i64(), epoch, restarts), (Some(7), Some(1), Some(0)), "{row}");
    }
    let mut starts: Vec<String> =
        std::fs::read_to_string(file("starts")).unwrap().lines().map(ToOwned::to_owned).collect();
    let mut expected = ids.clone();
    starts.sort();
    expected.sort();
    assert_eq!(starts, expected, "each ran once");
    for id in &ids {
        let events = web(&["events", "--about", id, "--limit", "1000"]).data()["items"].clone();
        let exits = events.as_array().unwrap().iter().filter(|entry| entry["kind"] == "exited").count();
        assert_eq!(exits, 1, "{id}: {events}");
        in_order(id, &web(&["session", "logs", id, "--all"]).stdout);
    }
}

/// Every line once and in its place; what is missing is said to be missing.
fn in_order(id: &str, stdout: &str) {
    let lines: Vec<Value> = stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let gaps = lines.iter().filter(|line| !line["gap"].is_null()).count();
    let text: String = lines.iter().filter_map(|line| line["text"].as_str()).collect();
    let shown: Vec<&str> = text.lines().collect();
    let last: usize = shown
        .last()
        .and_then(|line| line.strip_prefix("last ")?.parse().ok())
        .unwrap_or_else(|| panic!("{id}: no last line: {:?}", &shown[shown.len().saturating_sub(3)..]));
    assert_eq!(gaps, 0, "{id}: the record reaches back to the beginning");
    let expected: Vec<String> = (1..=last).map(|n| format!("line {n}")).chain([format!("last {last}")]).collect();
    assert_eq!(shown, expected, "{id}");
}
