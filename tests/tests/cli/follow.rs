//! Streams: `task watch`, until it is over, until nobody reads.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use maestro_tests::stack::{coverage, program};
use serde_json::Value;

use crate::scene::Scene;

fn watching(scene: &Scene, words: &[&str]) -> Command {
    let mut command = Command::new(program("maestro"));
    command
        .env_clear()
        .envs(coverage())
        .env("HOME", scene.cli.home())
        .env("MAESTRO_NATS_URL", scene.cluster.url("edge"))
        .env("MAESTRO_USER", "ann")
        .args(["--json", "-p", "web"])
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

#[test]
fn a_watch_ends_with_its_tasks_and_shows_every_change() {
    let scene = Scene::new();
    let mut child = watching(&scene, &["task", "watch", "t1", "--timeout", "60s"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(next()["status"], "in_progress");
    scene.cli.run(&["subtask", "complete", "t1", "st2"]);
    assert_eq!(next()["progress"]["completed"], 2);
    scene.cli.run(&["task", "complete", "t1"]);
    assert_eq!(next()["status"], "completed");
    assert!(lines.next().is_none(), "it is over");
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_watch_ends_when_its_time_is_over_or_nobody_reads() {
    let scene = Scene::new();
    let output = watching(&scene, &["task", "watch", "--timeout", "1s"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 6);
    let mut child = watching(&scene, &["task", "watch", "--timeout", "60s"]).spawn().unwrap();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    reader.read_line(&mut String::new()).unwrap();
    drop(reader);
    // It notices by itself, long before its time is over.
    assert!(child.wait().unwrap().success());
}
