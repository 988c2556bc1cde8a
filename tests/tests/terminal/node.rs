//! `node` and `agent`: what the hosts say about themselves.

use crate::kit::Scene;

#[test]
fn hosts_and_their_agents_are_told() {
    let scene = Scene::new();
    let id = scene.session("sleep 600");
    let listed = scene.maestro(&["node", "list"]);
    let node = listed.data()["items"][0]["node"].as_str().unwrap().to_owned();
    assert_eq!(listed.data()["items"][0]["pool"], "default");
    let info = scene.maestro(&["node", "info", &node]);
    assert_eq!(info.data()["sessions"][0]["session"], id.as_str());
    assert_eq!(scene.maestro(&["node", "info", "elsewhere"]).error(), "unavailable");

    let agents = scene.maestro(&["agent", "list"]);
    let names: Vec<&str> =
        agents.data()["items"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["claude", "codex", "gemini", "opencode", "shell"]);
    let shown = scene.maestro(&["agent", "show", "claude"]);
    let profile = shown.data()["profile"].as_str().unwrap().to_owned();
    assert!(profile.contains("--permission-mode"), "{profile}");
    assert_eq!(scene.maestro(&["agent", "show", "nobody"]).error(), "invalid_agent");

    // What is shown can be copied, changed, and is in force; a mistake is told with its line.
    let own = scene.stack.home().join("agents");
    std::fs::create_dir_all(&own).unwrap();
    std::fs::write(own.join("mine.toml"), profile.replace("program = \"claude\"", "program = \"/bin/sh\"")).unwrap();
    std::fs::write(own.join("bad.toml"), "program = \"x\"\n\nmodle = \"y\"\n").unwrap();
    let doctor = scene.maestro(&["agent", "doctor"]);
    assert!(doctor.data()["mistakes"][0].as_str().unwrap().contains("bad.toml:3: "), "{doctor:?}");
    let found = |name: &str| {
        let all = doctor.data()["items"].as_array().unwrap().clone();
        all.into_iter().find(|check| check["agent"] == name).unwrap()
    };
    assert_eq!(found("shell")["ok"], true);
    // It is no Claude, so it does not say a version that way.
    assert_eq!((found("mine")["ok"].as_bool(), found("mine")["hint"].is_string()), (Some(false), true));
    let human = scene.command(&["agent", "doctor"]).output().unwrap();
    assert!(String::from_utf8_lossy(&human.stdout).contains("bad.toml:3: "), "{human:?}");
}
