//! The spawner dies while it prepares.

use std::fs;
use std::time::{Duration, Instant};

use maestro_tests::stack::still_alive;

use crate::kit::{Scene, commit};

fn read(path: &std::path::Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn a_spawner_killed_while_preparing_leaves_no_orphan_and_the_session_starts_once() {
    let scene = Scene::new("");
    let (marks, go, starts) = (scene.path("marks"), scene.path("go"), scene.path("starts"));
    let path = format!("path = {:?}", scene.repository().display().to_string());
    let script = format!(
        "echo $$ >>{marks}; while ! test -e {go}; do sleep 0.05; done",
        marks = marks.display(),
        go = go.display()
    );
    scene.configure(&format!("{path}\nsetup = '''{script}'''"));
    let task = scene.task(&["one"]);
    let id = scene.spawn(&task, &format!("echo $MAESTRO_SESSION_EPOCH >>{}; {}", starts.display(), commit("new", "x")));
    let begun = Instant::now();
    while read(&marks).is_empty() {
        assert!(begun.elapsed() < crate::kit::SOON, "it is not prepared: {}", scene.info(&id));
        std::thread::sleep(Duration::from_millis(20));
    }
    let first: u32 = read(&marks).trim().parse().unwrap();
    let before = scene.stack.kill("maestro-spawner");
    scene.stack.await_restart("maestro-spawner", before);
    // What was half made is gone before anything is taken on; of what ran nothing does harm any more.
    fs::write(&go, "").unwrap();
    assert!(still_alive(&[first], crate::kit::SOON).is_empty());
    let begun = Instant::now();
    loop {
        let session = scene.info(&id);
        if session["status"] == "exited" {
            assert_eq!((session["code"].as_i64(), session["epoch"].as_u64()), (Some(0), Some(1)), "{session}");
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(90), "{session}");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(read(&starts), "1\n", "it started once");
    assert_eq!(read(&marks).lines().count(), 2, "and was prepared anew");
    let branch = format!("maestro/{task}-{id}");
    assert_eq!(crate::kit::git(&scene.repository(), &["log", "--format=%s", &branch]), "change new\nfirst");
    scene.maestro(&["session", "discard", &id, "--force"]).data();
    scene.assert_clean();
}
