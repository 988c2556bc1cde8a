//! What a session finds where it works.

use std::fs;

use crate::kit::{SOON, Scene, commit, git, make_repository};

#[test]
fn a_session_works_in_a_worktree_of_its_own_with_what_it_needs() {
    let scene =
        Scene::new("copy = [\".env*\", \"build/keep\"]\nsetup = \"echo $MAESTRO_BRANCH >made-by-setup; echo said\"");
    let repository = scene.repository();
    fs::create_dir_all(repository.join("build")).unwrap();
    fs::write(repository.join("build/keep"), "kept").unwrap();
    fs::write(repository.join("build/not"), "not").unwrap();
    // Somebody is in the middle of something here.
    fs::write(repository.join("file"), "one\ntwo\nthree\nunfinished\n").unwrap();
    let task = scene.task(&["one"]);
    let out = scene.path("out");
    let script = format!(
        "{{ git branch --show-current; pwd; cat file .env.local build/keep made-by-setup; ls build; }} >{}\n{}",
        out.display(),
        commit("new", "a line")
    );
    let id = scene.worker(&task, &script);
    let branch = format!("maestro/{task}-{id}");
    let work = scene.rooms().join(&id);
    let expected = format!("{branch}\n{}\none\ntwo\nthree\nKEY=1\nkept{branch}\nkeep\n", work.display());
    assert_eq!(fs::read_to_string(&out).unwrap(), expected);
    assert_eq!(scene.info(&id)["workspace"], work.display().to_string());
    // The person's directory is as it was; the work is on the branch, and stays.
    assert_eq!(git(&repository, &["status", "--porcelain"]), "M file");
    assert_eq!(git(&repository, &["log", "--format=%s", &branch]), "change new\nfirst");
    assert!(work.join("new").exists());
    let said = fs::read_to_string(scene.stack.home().join(format!("spawner/sessions/web/{id}-1/setup.log"))).unwrap();
    assert_eq!(said, "said\n");
}

#[test]
fn a_task_starts_with_what_its_dependencies_have_done() {
    let scene = Scene::new("");
    let (first, second) = (scene.task(&["first"]), scene.task(&["second"]));
    let third = scene.task(&["third", "--depends-on", &first, "--depends-on", &second]);
    scene.worker(&first, &commit("of-first", "a"));
    scene.worker(&second, &commit("of-second", "b"));
    let out = scene.path("out");
    let id = scene.worker(&third, &format!("ls >{}; {}", out.display(), commit("of-third", "c")));
    assert_eq!(fs::read_to_string(&out).unwrap(), "file\nof-first\nof-second\n");
    let fourth = scene.task(&["fourth", "--depends-on", &third]);
    scene.worker(&fourth, &format!("ls >{}", out.display()));
    assert_eq!(fs::read_to_string(&out).unwrap(), "file\nof-first\nof-second\nof-third\n");
    // Its own work is told apart from what it began with.
    let diff = scene.maestro(&["session", "diff", &id]);
    let files: Vec<_> = diff.data()["files"].as_array().unwrap().iter().map(|f| f["path"].clone()).collect();
    assert_eq!(files, ["of-third"], "{diff:?}");
    assert_eq!(diff.data()["includes"].as_array().unwrap().len(), 2);
}

#[test]
fn a_session_that_did_nothing_leaves_nothing() {
    let scene = Scene::new("");
    let task = scene.task(&["one"]);
    scene.worker(&task, "true");
    scene.assert_clean();
}

#[test]
fn a_repository_that_is_not_here_is_cloned_and_work_is_pushed() {
    let scene = Scene::bare();
    let (source, remote) = (scene.path("source"), scene.path("remote.git"));
    make_repository(&source);
    git(&source, &["clone", "--quiet", "--bare", ".", &remote.display().to_string()]);
    let address = format!("file://{}", remote.display());
    scene.maestro(&["project", "update", "--repository", &address]).data();
    let (task, id) = (scene.task(&["one"]), "s1");
    let user = "git config user.email a@localhost; git config user.name A";
    assert_eq!(scene.worker(&task, &format!("{user}; {}", commit("new", "x"))), id);
    let merged = scene.maestro(&["session", "merge", id]);
    assert_eq!(merged.data()["outcome"], "pushed", "{merged:?}");
    assert_eq!(git(&remote, &["log", "-1", "--format=%s", &format!("maestro/{task}-{id}")]), "change new");
    assert_eq!(scene.maestro(&["session", "merge", id]).data()["outcome"], "unchanged");
    // What was pushed is found by whoever depends on it, also after the worktree is gone.
    assert_eq!(scene.maestro(&["session", "prune"]).data()["items"][0]["removed"][0]["session"], id);
    let next = scene.task(&["two", "--depends-on", &task]);
    scene.worker(&next, "test -e new");
}

#[test]
fn the_projects_own_directory_is_used_where_that_is_wanted() {
    let scene = Scene::new("workspace = \"directory\"");
    let task = scene.task(&["one"]);
    let id = scene.worker(&task, "pwd >where");
    let repository = scene.repository();
    assert_eq!(fs::read_to_string(repository.join("where")).unwrap().trim(), repository.display().to_string());
    assert_eq!(scene.maestro(&["session", "diff", &id]).error(), "worktree_not_found");
    // A directory that is no repository is used as it is.
    let plain = scene.path("plain");
    fs::create_dir(&plain).unwrap();
    scene.configure(&format!("path = {:?}", plain.display().to_string()));
    scene.worker(&scene.task(&["two"]), "pwd >where");
    assert!(plain.join("where").exists());
}

#[test]
fn init_in_a_repository_makes_it_the_projects() {
    let scene = Scene::bare();
    let repository = scene.repository();
    make_repository(&repository);
    let mut command = scene.stack.place().command();
    let made = command.args(["init", "shop"]).current_dir(&repository).output().unwrap();
    assert!(String::from_utf8_lossy(&made.stdout).contains("sessions get worktrees of"), "{made:?}");
    let config = fs::read_to_string(scene.stack.home().join("config.toml")).unwrap();
    assert!(config.contains("[projects.shop]"), "{config}");
    let spawn = ["--project", "shop", "session", "spawn", "--agent", "shell", "--", "sh", "-c", "echo x >left"];
    let id = scene.stack.maestro(&spawn).data()["sessionId"].as_str().unwrap().to_owned();
    let work = scene.stack.home().join("spawner/work/shop").join(&id).join("left");
    let begun = std::time::Instant::now();
    while !work.exists() {
        assert!(begun.elapsed() < crate::kit::SOON, "no worktree");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

#[test]
fn a_session_that_starts_again_goes_on_where_it_was() {
    let scene = Scene::new("");
    let task = scene.task(&["one"]);
    let script = "test -e left && { pwd; cat left; git branch --show-current; } >../seen; echo mine >left; test -e ../seen || exit 3";
    let arguments =
        ["session", "spawn", "--agent", "shell", "--task", &task, "--restart", "2", "--", "sh", "-c", script];
    let id = scene.maestro(&arguments).data()["sessionId"].as_str().unwrap().to_owned();
    let seen = scene.rooms().join("seen");
    let begun = std::time::Instant::now();
    while !seen.exists() {
        assert!(begun.elapsed() < crate::kit::SOON * 2, "{}", scene.info(&id));
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    scene.until(&id, "exited");
    let expected = format!("{}\nmine\nmaestro/{task}-{id}\n", scene.rooms().join(&id).display());
    assert_eq!(fs::read_to_string(seen).unwrap(), expected);
}

#[test]
fn a_session_that_is_restarted_goes_on_in_its_worktree_while_its_recording_is_still_stored() {
    let scene = Scene::new("");
    let script = "head -c 8000000 /dev/urandom | base64; echo $MAESTRO_SESSION_EPOCH >>epochs; sleep 600";
    let id = scene.spawn(&scene.task(&["one"]), script);
    let epochs = scene.rooms().join(&id).join("epochs");
    for epoch in 1..=3_u32 {
        let begun = std::time::Instant::now();
        let wanted: String = (1..=epoch).map(|epoch| format!("{epoch}\n")).collect();
        while fs::read_to_string(&epochs).unwrap_or_default() != wanted {
            let found: Vec<_> = fs::read_dir(scene.rooms()).into_iter().flatten().flatten().map(|e| e.path()).collect();
            assert!(begun.elapsed() < SOON, "epoch {epoch} works elsewhere: {found:?}; {}", scene.info(&id));
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        scene.until(&id, "active");
        scene.maestro(&["session", if epoch == 3 { "stop" } else { "restart" }, &id]).data();
    }
    scene.until(&id, "stopped");
    let rooms: Vec<_> = fs::read_dir(scene.rooms()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(rooms, [id.as_str()]);
}
