//! `session diff`, `merge`, `discard`, `prune`.

use std::fs;

use crate::kit::{Scene, commit, git};

#[test]
fn what_a_session_did_is_shown_committed_or_not() {
    let scene = Scene::new("");
    let task = scene.task(&["one"]);
    let script = format!(
        "{}; sed -i 's/two/2/' file; git commit --quiet -am second; git mv file moved; git commit --quiet -m moved; \
         printf 'new \\033]52;c;aGk=\\007 line\\n' >open; echo more >>moved; printf 'a\\0b' >binary; git add binary",
        commit("dir\\ name", "a line").replace("dir\\ name", "added"),
    );
    let id = scene.worker(&task, &script);
    let work = scene.rooms().join(&id);
    let index = fs::read(scene.repository().join(format!(".git/worktrees/{id}/index"))).unwrap();
    let answer = scene.maestro(&["session", "diff", &id]);
    let diff = answer.data();
    assert_eq!((diff["ahead"].as_u64(), diff["dirty"].as_u64()), (Some(3), Some(3)), "{diff:#}");
    assert_eq!((&diff["merged"], &diff["pushed"], &diff["running"]), (&false.into(), &false.into(), &false.into()));
    let row = |list: &str, path: &str| {
        let all = diff[list].as_array().unwrap();
        all.iter().find(|file| file["path"] == path).unwrap_or_else(|| panic!("{path} is not in {all:#?}")).clone()
    };
    assert_eq!(row("files", "added")["status"], "added");
    let moved = row("files", "moved");
    assert_eq!((moved["status"].as_str(), moved["from"].as_str()), (Some("renamed"), Some("file")));
    assert_eq!((moved["added"].as_u64(), moved["removed"].as_u64()), (Some(1), Some(1)));
    assert!(moved["patch"].as_str().unwrap().contains("-two\n+2\n"), "{moved}");
    assert_eq!(row("uncommitted", "open")["status"], "untracked");
    assert!(row("uncommitted", "open")["patch"].as_str().unwrap().contains("+new "));
    assert_eq!(row("uncommitted", "moved")["status"], "modified");
    assert_eq!(
        (row("uncommitted", "binary")["binary"].clone(), row("uncommitted", "binary")["status"].clone()),
        (true.into(), "added".into())
    );
    let subjects: Vec<_> = diff["commits"].as_array().unwrap().iter().map(|c| c["subject"].clone()).collect();
    assert_eq!(subjects, ["moved", "second", "change added"]);
    // Looking changes nothing, not even the index.
    assert_eq!(fs::read(scene.repository().join(format!(".git/worktrees/{id}/index"))).unwrap(), index);
    assert_eq!(git(&work, &["status", "--porcelain"]), "A  binary\n M moved\n?? open".trim());

    let stat = scene.maestro(&["session", "diff", &id, "--stat", "open"]);
    assert_eq!(stat.data()["files"].as_array().unwrap().len(), 0);
    assert_eq!(stat.data()["uncommitted"].as_array().unwrap().len(), 1);
    assert!(stat.data()["uncommitted"][0]["patch"].is_null());
    let human = scene.human(&["session", "diff", &id]);
    assert!(
        human.contains("R file -> moved") && human.contains("+new  line") && !human.contains('\u{1b}'),
        "{human:?}"
    );
}

#[test]
fn a_large_diff_is_cut_and_says_so() {
    let scene = Scene::new("");
    let task = scene.task(&["one"]);
    let script = "seq 1 400000 >large; for i in 1 2 3 4 5 6 7 8; do seq 1 20000 >f$i; done; git add .; git commit --quiet -m large";
    let id = scene.worker(&task, script);
    let diff = scene.maestro(&["session", "diff", &id]);
    assert_eq!(diff.data()["truncated"], true);
    let files = diff.data()["files"].as_array().unwrap();
    assert_eq!(files.len(), 9);
    let large = files.iter().find(|file| file["path"] == "large").unwrap();
    assert_eq!((large["added"].as_u64(), large["truncated"].as_bool()), (Some(400_000), Some(true)));
    assert!(files.iter().filter(|file| file["patch"].is_string()).count() >= 2);
    let one = scene.maestro(&["session", "diff", &id, "f8"]);
    assert_eq!(one.data()["files"][0]["patch"].as_str().unwrap().lines().next(), Some("diff --git a/f8 b/f8"));
}

#[test]
fn work_goes_into_the_base_and_never_over_somebodys_own() {
    let scene = Scene::new("");
    let repository = scene.repository();
    let one = scene.worker(&scene.task(&["one"]), &format!("{}; echo open >open", commit("new", "x")));
    let refused = scene.maestro(&["session", "merge", &one]);
    assert_eq!((refused.error(), refused.code), ("uncommitted_changes", 7));
    assert_eq!(refused.json["details"]["files"][0], "open");
    fs::remove_file(scene.rooms().join(&one).join("open")).unwrap();

    // Somebody has the base open and works on it.
    fs::write(repository.join("file"), "one\ntwo\nthree\nmine\n").unwrap();
    let refused = scene.maestro(&["session", "merge", &one]);
    assert_eq!(refused.error(), "uncommitted_changes");
    assert_eq!(fs::read_to_string(repository.join("file")).unwrap(), "one\ntwo\nthree\nmine\n");
    git(&repository, &["checkout", "--quiet", "file"]);
    // A file of theirs that git does not know stands where the work would go.
    fs::write(repository.join("new"), "mine").unwrap();
    let refused = scene.maestro(&["session", "merge", &one]);
    assert_eq!(refused.error(), "git_failed");
    assert_eq!(fs::read_to_string(repository.join("new")).unwrap(), "mine");
    fs::remove_file(repository.join("new")).unwrap();

    // They have begun a merge of their own, of which nothing is to be seen in their files.
    git(&repository, &["branch", "theirs"]);
    let empty = ["commit-tree", "-p", "theirs", "-m", "theirs", "theirs^{tree}"];
    git(&repository, &["branch", "--force", "theirs", &git(&repository, &empty)]);
    git(&repository, &["merge", "--quiet", "--no-commit", "--no-ff", "theirs"]);
    let begun = repository.join(".git/MERGE_HEAD");
    assert!(begun.exists());
    let refused = scene.maestro(&["session", "merge", &one]);
    assert_eq!(refused.error(), "uncommitted_changes");
    assert!(refused.json["message"].as_str().unwrap().contains("in the middle of a merge"), "{refused:?}");
    assert!(begun.exists(), "their merge was thrown away");
    git(&repository, &["merge", "--abort"]);
    git(&repository, &["branch", "--quiet", "-D", "theirs"]);

    let merged = scene.maestro(&["session", "merge", &one]);
    assert_eq!(merged.data()["outcome"], "merged", "{merged:?}");
    assert_eq!(fs::read_to_string(repository.join("new")).unwrap(), "x\n");
    assert_eq!(git(&repository, &["status", "--porcelain"]), "");
    let again = scene.maestro(&["session", "merge", &one]);
    assert_eq!((again.data()["outcome"].as_str(), again.json["unchanged"].as_bool()), (Some("unchanged"), Some(true)));

    // The base is not checked out: it is moved on alone.
    let two = scene.worker(&scene.task(&["two"]), &commit("second", "y"));
    git(&repository, &["checkout", "--quiet", "-b", "mine"]);
    fs::write(repository.join("file"), "mine\n").unwrap();
    assert_eq!(scene.maestro(&["session", "merge", &two]).data()["outcome"], "merged");
    assert_eq!(git(&repository, &["show", "main:second"]), "y");
    assert!(!repository.join("second").exists());
    assert_eq!(git(&repository, &["status", "--porcelain"]), "M file");
    git(&repository, &["checkout", "--quiet", "--force", "main"]);

    // Both changed the same line.
    let three = scene.spawn(&scene.task(&["three"]), "sed -i 's/two/zwei/' file; git commit --quiet -am z; sleep 600");
    scene.until(&three, "active");
    let begun = std::time::Instant::now();
    while scene.maestro(&["session", "diff", &three]).data()["ahead"] != 1 {
        assert!(begun.elapsed() < crate::kit::SOON);
    }
    fs::write(repository.join("file"), "one\n2\nthree\n").unwrap();
    git(&repository, &["commit", "--quiet", "-am", "ours"]);
    let refused = scene.maestro(&["session", "merge", &three]);
    assert_eq!((refused.error(), refused.code), ("merge_conflict", 4));
    assert_eq!(refused.json["details"]["files"][0], "file");
    assert_eq!(refused.json["details"]["branches"][1], "main");
    assert_eq!(git(&repository, &["status", "--porcelain"]), "");
    assert_eq!(git(&repository, &["log", "-1", "--format=%s"]), "ours");

    // An agent works there: nobody takes its place away, by force or not.
    assert_eq!(scene.maestro(&["session", "discard", &three, "--force"]).error(), "session_state");
    let pruned = scene.maestro(&["session", "prune"]);
    let kept = pruned.data()["items"][0]["kept"].as_array().unwrap();
    assert_eq!(kept.len(), 1, "{pruned:?}");
    assert_eq!(
        (kept[0]["session"].as_str(), kept[0]["reason"].as_str()),
        (Some(three.as_str()), Some("an agent works there"))
    );
    let removed = pruned.data()["items"][0]["removed"].as_array().unwrap();
    assert_eq!(removed.len(), 2, "{pruned:?}");

    scene.maestro(&["session", "stop", &three]).data();
    scene.until(&three, "stopped");
    let refused = scene.maestro(&["session", "discard", &three]);
    assert_eq!((refused.error(), refused.code), ("unmerged_work", 7));
    let kept = scene.maestro(&["session", "prune", "--dry-run"]);
    assert!(kept.data()["items"][0]["kept"][0]["reason"].as_str().unwrap().contains("neither merged"), "{kept:?}");
    assert!(scene.human(&["session", "prune", "--dry-run"]).contains("kept"));
    let gone = scene.maestro(&["session", "discard", &three, "--force"]);
    // It can be brought back as long as git remembers it.
    let commit = gone.data()["commit"].as_str().unwrap();
    assert_eq!(git(&repository, &["log", "-1", "--format=%s", commit]), "z");
    scene.assert_clean();
    assert_eq!(scene.maestro(&["session", "discard", &three]).error(), "worktree_not_found");
    assert_eq!(scene.maestro(&["session", "diff", "s99"]).error(), "session_not_found");
}

#[test]
fn what_is_merged_is_what_was_shown_whatever_else_has_the_branchs_name() {
    let scene = Scene::new("");
    let repository = scene.repository();
    let files = |id: &str| {
        let diff = scene.maestro(&["session", "diff", id]);
        let files = diff.data()["files"].as_array().unwrap().clone();
        files.into_iter().map(|file| file["path"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // A tag, on a commit that nobody is shown.
    let aside = "echo x >unseen; git add unseen; tree=$(git write-tree); git rm --quiet --force unseen
        git tag \"$(git branch --show-current)\" \"$(git commit-tree -p HEAD -m unseen $tree)\"";
    let one = scene.worker(&scene.task(&["one"]), &format!("{}; {aside}", commit("new", "x")));
    assert_eq!(files(&one), ["new"]);
    fs::write(repository.join("file"), "mine\n").unwrap();
    git(&repository, &["commit", "--quiet", "-am", "ours"]);
    assert_eq!(scene.maestro(&["session", "merge", &one]).data()["outcome"], "merged");
    assert!(repository.join("new").exists() && !repository.join("unseen").exists());
    let branch = format!("maestro/t1-{one}");
    assert_eq!(git(&repository, &["log", "-1", "--format=%s"]), format!("Merge branch '{branch}'"));
    let merged = git(&repository, &["rev-parse", "HEAD^2"]);
    assert_eq!(merged, git(&repository, &["rev-parse", &format!("refs/heads/{branch}")]));

    // A branch that has more than what is checked out.
    let back = format!("{}; {}; git checkout --quiet --detach HEAD~1", commit("third", "y"), commit("fourth", "z"));
    let two = scene.worker(&scene.task(&["two"]), &back);
    assert_eq!(files(&two), ["fourth", "third"]);
    assert_eq!(scene.maestro(&["session", "merge", &two]).data()["outcome"], "merged");
    assert!(repository.join("fourth").exists());

    // They go with their branches; the tag is somebody's.
    let pruned = scene.maestro(&["session", "prune"]);
    assert_eq!(pruned.data()["items"][0]["removed"].as_array().unwrap().len(), 2, "{pruned:?}");
    scene.assert_clean();
    assert_eq!(git(&repository, &["tag"]), branch);
}

#[test]
fn a_file_that_git_ignores_is_not_taken_along_unseen() {
    let scene = Scene::new("copy = [\".env*\"]\nsetup = \"echo made >.env.made\"");
    // What it was filled with, and what tools make in directories of their own, can be had again.
    scene.worker(&scene.task(&["one"]), "mkdir build; echo x >build/x");
    scene.assert_clean();

    let id = scene.worker(&scene.task(&["two"]), "echo SECRET=1 >.env; mkdir build; echo x >build/x");
    let work = scene.rooms().join(&id);
    let reason = "files that git ignores and nothing else has: .env";
    let kept = || scene.maestro(&["session", "prune"]).data()["items"][0]["kept"][0]["reason"].clone();
    assert_eq!(kept(), reason);
    let refused = scene.maestro(&["session", "discard", &id]);
    assert_eq!((refused.error(), refused.code), ("unmerged_work", 7));
    assert!(refused.json["message"].as_str().unwrap().contains(reason), "{refused:?}");
    // One of those that came with it, changed since.
    fs::remove_file(work.join(".env")).unwrap();
    fs::write(work.join(".env.local"), "KEY=2\n").unwrap();
    assert_eq!(kept(), reason.replace(".env", ".env.local"));
    scene.maestro(&["session", "discard", &id, "--force"]).data();
    scene.assert_clean();
}
