//! Reports whose process is killed at any moment, while the server and the broker come and go: none that was acknowledged is lost,
//! none is there twice, and those that were acknowledged keep their order.

use std::process::{Command, Stdio};
use std::time::Duration;

use maestro_tests::cluster::{Cli, Cluster, seed, size};
use maestro_tests::stack::{coverage, program};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

/// Reports once, and kills the process after a while unless it ended before. True: it was acknowledged.
fn report(cluster: &Cluster, cli: &Cli, number: usize, life: Option<Duration>) -> bool {
    let mut child = Command::new(program("maestro"))
        .env_clear()
        .envs(coverage())
        .env("HOME", cli.home())
        .env("MAESTRO_HOME", cli.home().join(".maestro"))
        .env("MAESTRO_NATS_URL", cluster.url("edge"))
        .env("MAESTRO_USER", "ann")
        .args(["--json", "-p", "web", "--timeout", "3s", "task", "log", "t1", &format!("report {number}")])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    if let Some(life) = life {
        // How long it lives is what is tried here, not something that is waited for.
        std::thread::sleep(life);
        let _ = child.kill();
    }
    let output = child.wait_with_output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    // What was printed was promised, whatever became of the process then.
    document["success"] == true
}

#[test]
fn reports_killed_at_any_moment_are_there_once() {
    let seed = seed();
    let mut random = StdRng::seed_from_u64(seed);
    let mut cluster = Cluster::start(1);
    let cli = cluster.cli("ann");
    for words in [&["project", "create", "web"][..], &["task", "create", "x"], &["task", "start", "t1"]] {
        assert_eq!(cli.run(words).code, 0, "{words:?}");
    }
    let rounds = size(45, 300);
    let mut promised = Vec::new();
    for number in 0..rounds {
        match number % 15 {
            1 => cluster.nats.kill(),
            3 => cluster.nats.restart(),
            5 => cluster.replicas[0].kill(),
            10 => {
                cluster.replicas[0].launch();
                cluster.replicas[0].await_ready();
            }
            _ => {}
        }
        let life = random.random_bool(0.6).then(|| Duration::from_micros(random.random_range(0..60_000)));
        if report(&cluster, &cli, number, life) {
            promised.push(number);
        }
    }
    if (1..3).contains(&((rounds - 1) % 15)) {
        cluster.nats.restart();
    }
    if !(5..10).contains(&((rounds - 1) % 15)) {
        assert!(cluster.replicas[0].try_wait().is_none(), "seed {seed}: the server is there at the end");
    }
    // The next command sends what waits; the server empties the inbox.
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    let logged = loop {
        let page = cli.run(&["--timeout", "20s", "events", "--about", "t1", "--limit", "1000"]).document();
        let numbers = |entry: &Value| entry["message"].as_str()?.strip_prefix("report ")?.parse::<usize>().ok();
        let mut logged: Vec<usize> = page["data"]["items"].as_array().unwrap().iter().filter_map(numbers).collect();
        logged.reverse();
        if promised.iter().all(|number| logged.contains(number)) {
            break logged;
        }
        let missing: Vec<_> = promised.iter().filter(|number| !logged.contains(number)).collect();
        assert!(std::time::Instant::now() < deadline, "seed {seed}: promised and lost: {missing:?}");
        std::thread::sleep(Duration::from_millis(50));
    };
    let mut once = logged.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), logged.len(), "seed {seed}: something is there twice: {logged:?}");
    let kept: Vec<usize> = logged.iter().copied().filter(|number| promised.contains(number)).collect();
    assert_eq!(kept, promised, "seed {seed}: not in order: {logged:?}");
    assert!(promised.len() > rounds / 4, "seed {seed}: hardly anything was promised: {promised:?}");
}
