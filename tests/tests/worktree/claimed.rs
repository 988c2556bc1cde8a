//! A task that a running session takes: its worktree was made for another one.

use std::fs;

use serde_json::{Value, json};

use crate::kit::{SOON, Scene, commit};

#[test]
fn a_task_that_is_taken_later_says_which_branches_it_builds_on() {
    let scene = Scene::new("");
    let (input, own) = (scene.task(&["the input"]), scene.task(&["the session's own"]));
    let later = scene.task(&["later", "--depends-on", &input]);
    let (out, go) = (scene.path("out"), scene.path("go"));
    fs::create_dir(&out).unwrap();
    let script = format!(
        "m() {{ \"$MAESTRO_BIN\" \"$@\"; }}
         m task start {own} >/dev/null; touch '{go}.begun'; until test -e '{go}'; do sleep 0.05; done
         m task complete {own} --summary done >/dev/null
         m --json task next --claim >'{out}/claimed'; m task start {later} >'{out}/told'
         $(m --json task start {later} | sed 's/.*\"command\":\"\\([^\"]*\\)\".*/\\1/') >/dev/null; test -e of-input
         m --json task start {later} >'{out}/merged'; m task complete {later} --summary done >/dev/null",
        out = out.display(),
        go = go.display(),
    );
    let session = scene.spawn(&own, &script);
    let begun = std::time::Instant::now();
    while !scene.path("go.begun").exists() {
        assert!(begun.elapsed() < SOON, "it does not begin: {}", scene.info(&session));
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    // Its worktree is there; what it will build on comes now.
    let branch = format!("maestro/{input}-{}", scene.worker(&input, &commit("of-input", "a")));
    fs::write(&go, "").unwrap();
    assert_eq!(scene.until(&session, "exited")["code"], 0, "{}", scene.maestro(&["session", "logs", &session]).stdout);
    let said = |name: &str| fs::read_to_string(out.join(name)).unwrap();
    let document = |name: &str| serde_json::from_str::<Value>(&said(name)).unwrap();
    let merge = format!("git merge {branch}");
    let inputs = json!([{"task": input, "branch": branch, "command": merge}]);
    assert_eq!((&document("claimed")["data"]["id"], &document("claimed")["data"]["inputs"]), (&json!(later), &inputs));
    assert!(said("told").contains(&format!("its inputs: {merge}")), "{}", said("told"));
    assert_eq!(document("merged")["data"].get("inputs"), None, "{}", said("merged"));
    // Whoever looks at the task sees the branch.
    assert!(scene.human(&["task", "get", &later]).contains(&branch), "{}", scene.human(&["task", "get", &later]));
}
