//! Installing, overriding, taking away.

use std::fs;
use std::path::Path;

use maestro_tests::stack::{Answer, Place};

fn user(place: &Place) -> std::path::PathBuf {
    place.path().join("user")
}

fn skill(place: &Place, words: &[&str]) -> Answer {
    place.maestro(&[&["skill"], words].concat())
}

fn write(directory: &Path, name: &str, text: &str) {
    fs::create_dir_all(directory.join(name)).unwrap();
    fs::write(directory.join(name).join("SKILL.md"), text).unwrap();
}

#[test]
fn skills_go_where_each_agent_looks_and_come_away_again() {
    let place = Place::new();
    let all = ["--target", "claude,agents,codex,opencode,maestro"];
    skill(&place, &[&["install"][..], &all].concat()).data();
    let files = [
        ".claude/skills/maestro-worker/SKILL.md",
        ".agents/skills/maestro-worker/SKILL.md",
        ".config/opencode/skills/maestro-worker/SKILL.md",
        ".agents-ui/maestro-skills/maestro-worker/skill.md",
        ".agents-ui/maestro-skills/maestro-worker/manifest.json",
        ".agents-ui/maestro-skills/maestro-cli/skill.md",
    ];
    for file in files {
        assert!(user(&place).join(file).is_file(), "{file}");
    }
    skill(&place, &["install", "maestro-worker", "--target", "claude", "--scope", "project"]).data();
    // What a skill stands on comes along.
    for name in ["maestro-worker", "maestro-cli"] {
        assert!(place.path().join(".claude/skills").join(name).join("SKILL.md").is_file(), "{name}");
    }
    assert!(!place.path().join(".claude/skills/maestro-orchestrator").exists());
    let again = skill(&place, &[&["install"][..], &all].concat());
    assert!(again.stdout.contains("unchanged") && !again.stdout.contains("written"), "{again:?}");
    // Copies of ours are no overrides.
    let listed = skill(&place, &["list"]);
    let sources: Vec<_> =
        listed.data()["items"].as_array().unwrap().iter().map(|skill| skill["source"].clone()).collect();
    assert_eq!(sources, ["built in", "built in", "built in"]);
    assert_eq!(skill(&place, &["validate"]).data()["valid"].as_array().unwrap().len(), 3);
    skill(&place, &[&["uninstall"][..], &all].concat()).data();
    skill(&place, &["uninstall", "--target", "claude", "--scope", "project"]).data();
    for file in files {
        assert!(!user(&place).join(file).parent().unwrap().exists(), "{file}");
    }
    assert!(!place.path().join(".claude/skills/maestro-worker").exists());
}

#[test]
fn what_is_not_ours_stays_as_it_is() {
    let place = Place::new();
    let claude = user(&place).join(".claude/skills");
    write(&claude, "maestro-cli", "mine");
    let refused = skill(&place, &["install", "--target", "claude"]);
    assert_eq!((refused.error(), refused.code), ("file_exists", 4));
    assert!(refused.json["details"]["files"][0].as_str().unwrap().ends_with("maestro-cli/SKILL.md"), "{refused:?}");
    assert_eq!(fs::read_to_string(claude.join("maestro-cli/SKILL.md")).unwrap(), "mine");
    assert!(!claude.join("maestro-cli/manifest.json").exists());
    skill(&place, &["uninstall", "--target", "claude"]).data();
    assert_eq!(fs::read_to_string(claude.join("maestro-cli/SKILL.md")).unwrap(), "mine");
    // Ours, then changed by somebody: theirs.
    fs::remove_dir_all(claude.join("maestro-cli")).unwrap();
    skill(&place, &["install", "--target", "claude"]).data();
    let changed = claude.join("maestro-worker/SKILL.md");
    let text = fs::read_to_string(&changed).unwrap() + "\nAnd be polite.\n";
    fs::write(&changed, &text).unwrap();
    fs::write(claude.join("maestro-cli/notes.txt"), "mine too").unwrap();
    // Now it is an override, its own source.
    let again = skill(&place, &["install", "maestro-worker", "--target", "claude"]);
    assert!(!again.stdout.contains("maestro-worker/") && again.code == 0, "{again:?}");
    let shown = skill(&place, &["show", "maestro-worker"]);
    assert!(shown.data()["prompt"].as_str().unwrap().contains("be polite"), "{shown:?}");
    let removed = skill(&place, &["uninstall", "--target", "claude"]);
    assert!(removed.stdout.contains("kept") && removed.stdout.contains("removed"), "{removed:?}");
    assert_eq!(fs::read_to_string(&changed).unwrap(), text);
    assert!(claude.join("maestro-cli/notes.txt").is_file() && !claude.join("maestro-cli/SKILL.md").exists());
    assert!(!claude.join("maestro-orchestrator").exists());
    // A link may lead anywhere.
    let elsewhere = place.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, claude.join("maestro-orchestrator")).unwrap();
    assert_eq!(skill(&place, &["install", "maestro-orchestrator", "--target", "claude"]).error(), "file_exists");
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
}

#[test]
fn skills_of_others_are_read_checked_and_given_out() {
    let place = Place::new();
    let own = user(&place).join(".agents-ui/maestro-skills/house-rules");
    fs::create_dir_all(&own).unwrap();
    fs::write(own.join("skill.md"), "---\nname: house-rules\ndescription: d\n---\nNo more than {{width}} columns.\n")
        .unwrap();
    let manifest = r#"{"name":"house-rules","version":"3","assignTo":["worker"],"priority":200,"config":{"width":100},
        "dependencies":["maestro-cli"]}"#;
    fs::write(own.join("manifest.json"), manifest).unwrap();
    let prompt = skill(&place, &["show", "--role", "worker"]).data()["prompt"].as_str().unwrap().to_owned();
    let places: Vec<usize> =
        ["maestro-cli\"", "house-rules\"", "maestro-worker\""].iter().map(|name| prompt.find(name).unwrap()).collect();
    assert!(places.is_sorted(), "{prompt}");
    assert!(prompt.contains("No more than 100 columns."));
    skill(&place, &["install", "house-rules", "--target", "claude"]).data();
    assert!(user(&place).join(".claude/skills/house-rules/SKILL.md").is_file());
    // Mistakes are named, and what has them is not used.
    write(&place.path().join(".agents/skills"), "Broken", "---\nname: other\n---\nx");
    let wrong = skill(&place, &["validate"]);
    assert_eq!(wrong.error(), "invalid_skill");
    let problems = wrong.json["details"]["problems"].to_string();
    assert!(problems.contains("description is missing") && problems.contains("directory"), "{problems}");
    assert_eq!(skill(&place, &["show", "Broken"]).error(), "invalid_skill");
    let missing = skill(&place, &["show", "maestro-wrker"]);
    assert_eq!((missing.error(), missing.code), ("skill_not_found", 3));
    assert_eq!(missing.json["details"]["commands"][0], "maestro skill show maestro-worker");
}
