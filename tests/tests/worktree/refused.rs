//! What keeps a session from starting is told, and nothing is left behind.

use std::fs;
use std::process::Command;

use crate::kit::{Scene, commit, git, make_repository};

/// Spawns for the task and answers why that failed.
fn failure(scene: &Scene, task: &str) -> String {
    let id = scene.spawn(task, "echo started >../started");
    let session = scene.until(&id, "failed");
    assert!(!scene.rooms().join("started").exists());
    // The next session of the task is not in its way.
    session["failure"].as_str().unwrap().to_owned()
}

#[test]
fn each_trouble_names_its_cause_and_a_way_out_and_leaves_nothing() {
    let scene = Scene::new("");
    let (repository, task) = (scene.repository(), scene.task(&["one"]));
    let path = format!("path = {:?}\n", repository.display().to_string());
    let check = |config: &str, wanted: &[&str]| {
        scene.configure(&format!("{path}{config}"));
        let text = failure(&scene, &task);
        for part in wanted {
            assert!(text.contains(part), "{part:?} is not in {text:?}");
        }
        scene.assert_clean();
    };
    check(
        "setup = \"echo no such package; exit 3\"",
        &["set-up script ended with 3", "no such package", "config.toml"],
    );
    check("setup = \"echo begun; sleep 600\"\nsetupTimeout = 1", &["did not end within 1 s", "begun", "setupTimeout"]);
    scene.configure(&format!("{path}copy = 7"));
    let refused = scene.maestro(&["session", "list"]);
    assert_eq!(refused.error(), "invalid_config");
    assert!(refused.json["suggestion"].as_str().unwrap().contains("`copy` is a list"), "{refused:?}");
    scene.configure(&path);

    scene.maestro(&["project", "update", "--base-branch", "release"]).data();
    check("", &["no branch 'release'", "--base-branch"]);
    scene.maestro(&["project", "update", "--base-branch", "main"]).data();

    // Another one's branch of this name.
    let (taken, kept) = (format!("maestro/{task}-s4"), "main");
    git(&repository, &["branch", &taken, kept]);
    scene.configure(&path);
    let text = failure(&scene, &task);
    assert!(text.contains(&format!("'{taken}' exists")) && text.contains("branch -m"), "{text}");
    assert_eq!(git(&repository, &["branch", "--list", "maestro/*"]).trim(), taken);
    git(&repository, &["branch", "-D", &taken]);
    scene.assert_clean();

    scene.configure(&format!("path = {:?}", scene.path("nowhere").display().to_string()));
    let text = failure(&scene, &task);
    assert!(text.contains("is not there") && text.contains("`path`"), "{text}");
    let empty = scene.path("empty");
    fs::create_dir(&empty).unwrap();
    git(&empty, &["init", "--quiet", "-b", "main"]);
    scene.configure(&format!("path = {:?}", empty.display().to_string()));
    let text = failure(&scene, &task);
    assert!(text.contains("no commit to start from"), "{text}");
    scene.configure("");
    scene.maestro(&["project", "update", "--repository", "file:///no/such/repository.git"]).data();
    let text = failure(&scene, &task);
    assert!(text.contains("clone") && text.contains("access"), "{text}");
    assert_eq!(fs::read_dir(scene.stack.home().join("spawner/clones")).unwrap().count(), 0);
    scene.assert_clean();
}

#[test]
fn a_conflict_between_dependencies_names_files_and_branches() {
    let scene = Scene::new("");
    let (first, second) = (scene.task(&["first"]), scene.task(&["second"]));
    let third = scene.task(&["third", "--depends-on", &first, "--depends-on", &second]);
    let one = scene.worker(&first, "sed -i 's/two/zwei/' file; git commit --quiet -am a");
    let two = scene.worker(&second, "sed -i 's/two/deux/' file; git commit --quiet -am b");
    let before = scene.leftovers();
    let text = failure(&scene, &third);
    for part in [format!("maestro/{first}-{one}"), format!("maestro/{second}-{two}"), "conflict in file".to_owned()] {
        assert!(text.contains(&part), "{part:?} is not in {text:?}");
    }
    assert_eq!(scene.leftovers(), before, "nothing new");
    assert_eq!(git(&scene.repository(), &["status", "--porcelain"]), "");
}

#[test]
fn a_place_that_cannot_be_written_to_is_told() {
    let scene = Scene::new("");
    let task = scene.task(&["one"]);
    fs::create_dir_all(scene.rooms().parent().unwrap()).unwrap();
    fs::write(scene.rooms(), "in the way").unwrap();
    let text = failure_in_the_way(&scene, &task);
    assert!(text.contains(&scene.rooms().display().to_string()) && text.contains("write there"), "{text}");
    fs::remove_file(scene.rooms()).unwrap();
    scene.assert_clean();
}

fn failure_in_the_way(scene: &Scene, task: &str) -> String {
    let id = scene.spawn(task, "true");
    scene.until(&id, "failed")["failure"].as_str().unwrap().to_owned()
}

/// A file system of its own, if this user may mount one.
struct Small(std::path::PathBuf);

impl Small {
    fn at(path: &std::path::Path, kilobytes: u32) -> Option<Self> {
        fs::create_dir_all(path).unwrap();
        let size = format!("size={kilobytes}k");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "none"]).arg(path).output();
        mounted.is_ok_and(|output| output.status.success()).then(|| Self(path.to_path_buf()))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).output();
    }
}

#[test]
fn a_full_disk_is_told_and_given_back() {
    let scene = Scene::new("");
    let Some(_small) = Small::at(&scene.rooms(), 512) else {
        eprintln!("SKIPPED: a full disk needs the right to mount one");
        return;
    };
    let repository = scene.repository();
    let noise: Vec<u8> = (0..2_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    fs::write(repository.join("large"), noise).unwrap();
    git(&repository, &["add", "large"]);
    git(&repository, &["commit", "--quiet", "-m", "large"]);
    let task = scene.task(&["one"]);
    let text = failure(&scene, &task);
    assert!(text.contains("no room on the disk") && text.contains("session prune"), "{text}");
    scene.assert_clean();
    git(&repository, &["reset", "--quiet", "--hard", "HEAD~1"]);
    scene.worker(&task, &commit("new", "x"));
}

#[test]
fn a_session_that_is_not_wanted_any_more_is_not_prepared_to_the_end() {
    let scene = Scene::new("setup = \"echo $$ >../pid; exec sleep 600\"");
    let task = scene.task(&["one"]);
    let id = scene.spawn(&task, "true");
    let pid = scene.rooms().join("pid");
    let begun = std::time::Instant::now();
    while fs::read_to_string(&pid).unwrap_or_default().trim().is_empty() {
        assert!(begun.elapsed() < crate::kit::SOON, "the set-up script does not run: {}", scene.info(&id));
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let script: u32 = fs::read_to_string(&pid).unwrap().trim().parse().unwrap();
    scene.maestro(&["session", "stop", &id]).data();
    scene.until(&id, "stopped");
    let left = maestro_tests::stack::still_alive(&[script], crate::kit::SOON);
    assert!(left.is_empty(), "the set-up script still runs");
    fs::remove_file(pid).unwrap();
    scene.assert_clean();
}

#[test]
fn a_name_in_the_repository_that_looks_like_an_option_is_a_name() {
    let scene = Scene::bare();
    let repository = scene.repository();
    make_repository(&repository);
    scene.configure(&format!("path = {:?}", repository.display().to_string()));
    for hostile in ["--upload-pack=touch /tmp/x", "main; touch x", "refs/../../x", "@{u}"] {
        scene.maestro(&["project", "update", &format!("--base-branch={hostile}")]).data();
        let text = failure(&scene, &scene.task(&["one"]));
        assert!(text.contains("no branch") || text.contains("git"), "{text}");
        scene.assert_clean();
    }
}
