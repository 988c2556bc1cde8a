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

#[test]
fn an_invitation_lets_a_spawner_join_and_prints_no_password() {
    let scene = Scene::new();
    let file = scene.path("invite.json");
    let invited = scene.maestro(&["node", "invite", "build-7", "--output", file.to_str().unwrap(), "--pool", "far"]);
    let command = invited.data()["command"].as_str().unwrap().to_owned();
    assert!(command.contains("ssh -R ") && command.ends_with("--pool far"), "{command}");
    let url = scene.stack.nats_url("spawner");
    let password = url.split(['@', ':']).nth(2).unwrap().to_owned();
    assert!(std::fs::read_to_string(&file).unwrap().contains(&password));
    let human = scene.command(&["node", "invite", "build-7", "--output", file.to_str().unwrap()]).output().unwrap();
    for said in [&human.stdout, &human.stderr, &invited.stdout.clone().into_bytes()] {
        assert!(!String::from_utf8_lossy(said).contains(&password));
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o077, 0);

    // As the other host would start it.
    let mut spawner = std::process::Command::new(maestro_tests::stack::program("maestro-spawner"));
    spawner
        .env_clear()
        .envs(maestro_tests::stack::coverage())
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", scene.path("user"));
    spawner.env("MAESTRO_HOME", scene.path("far")).args(["--node", "far-1", "--pool", "far", "--invite"]).arg(&file);
    let mut spawner = spawner.stderr(std::process::Stdio::null()).spawn().unwrap();
    let far = || {
        let listed = scene.maestro(&["node", "list"]);
        listed.data()["items"].as_array().unwrap().iter().any(|node| node["node"] == "far-1")
    };
    crate::kit::await_that(far, || "it does not join".to_owned());
    let spawned = scene.maestro(&["session", "spawn", "--agent", "shell", "--pool", "far", "--", "sh", "-c", "exit 5"]);
    let id = spawned.data()["sessionId"].as_str().unwrap().to_owned();
    scene.until(&id, &["exited"]);
    assert_eq!(scene.maestro(&["session", "info", &id]).data()["node"], "far-1");
    // Drained and back, by the command line.
    assert_eq!(scene.maestro(&["node", "drain", "far-1"]).data()["node"]["draining"], true);
    assert!(scene.maestro(&["node", "drain", "far-1", "--undo"]).data()["node"]["draining"].is_null());
    spawner.kill().unwrap();
    spawner.wait().unwrap();
}

#[test]
fn run_is_a_task_a_session_and_its_terminal_in_one() {
    let scene = Scene::new();
    let began = scene.maestro(&["run", "fix the login bug", "--agent", "shell", "--prompt", "echo hello; sleep 600"]);
    let data = began.data();
    assert_eq!((data["taskId"].as_str(), data["task"]["title"].as_str()), (Some("t1"), Some("fix the login bug")));
    assert_eq!(data["session"]["tasks"][0], "t1");
    scene.until(data["sessionId"].as_str().unwrap(), &["active"]);
    // Without a terminal nothing is begun.
    let refused = scene.maestro(&["run", "another", "--attach"]);
    assert_eq!((refused.code, refused.error()), (2, "usage"));
    assert!(refused.json["suggestion"].as_str().unwrap().contains("--attach"), "{refused:?}");
    assert_eq!(scene.maestro(&["task", "list"]).data()["items"].as_array().unwrap().len(), 1);
    let mut tty = scene.tty(
        &["run", "say it", "--agent", "shell", "--prompt", "echo 'it is said'; sleep 600", "--attach"],
        100,
        30,
    );
    tty.until("it is said");
    tty.type_in("\u{1d}");
    tty.wait();
}
