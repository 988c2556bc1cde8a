//! The files of the containers agree with the code. That they run is shown by `make test-compose`.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn read(name: &str) -> String {
    std::fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Every `MAESTRO_…` in a text that `before` stands in front of.
fn settings(text: &str, before: &str) -> BTreeSet<String> {
    let starts = text.match_indices("MAESTRO_").filter(|(at, _)| text[..*at].ends_with(before));
    let name = |at: usize| -> String {
        text[at..].chars().take_while(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || *c == '_').collect()
    };
    starts.map(|(at, _)| name(at)).filter(|name| !name.ends_with('_')).collect()
}

fn sources(directory: &Path, found: &mut String) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() && !path.ends_with("ui") && !path.ends_with("tests") {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push_str(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

#[test]
fn the_example_lists_every_setting_and_no_other() {
    let mut code = String::new();
    for folder in ["bins", "shared"] {
        sources(&root().join(folder), &mut code);
    }
    let mut used = settings(&code, "\"");
    // `secret` makes the second name of the first.
    for name in [
        "MAESTRO_CORE_URL",
        "MAESTRO_WORK_URL",
        "MAESTRO_SPAWNER_URL",
        "MAESTRO_EDGE_URL",
        "MAESTRO_NATS_URL",
        "MAESTRO_STREAM_REPLICAS",
    ] {
        assert!(used.contains(name), "{name}");
        used.insert(format!("{name}_FILE"));
    }
    used.extend(settings(&read("compose.yaml"), "${"));
    let listed = settings(&read("compose.env.example"), "");
    let missing: Vec<_> = used.difference(&listed).collect();
    assert!(missing.is_empty(), "compose.env.example does not list {missing:?}");
    let unknown: Vec<_> = listed.difference(&used).collect();
    assert!(unknown.is_empty(), "nothing reads {unknown:?} of compose.env.example");
}

/// Nothing is published beyond loopback, and every published port can be changed.
#[test]
fn ports_are_published_on_loopback_only() {
    let compose = read("compose.yaml");
    let ports: Vec<_> = compose.lines().map(str::trim).filter(|line| line.starts_with("ports:")).collect();
    assert!(ports.len() >= 5, "{ports:?}");
    for line in ports {
        assert!(line.starts_with("ports: [\"127.0.0.1:${MAESTRO_"), "{line}");
    }
}

/// The images are made from one base, and nothing else is pulled.
#[test]
fn one_base_image_is_enough() {
    let dockerfile = read("Dockerfile");
    let mut stages = BTreeSet::from(["${BASE}"]);
    for line in dockerfile.lines().filter(|line| line.starts_with("FROM ")) {
        let words: Vec<&str> = line.split(' ').collect();
        assert!(stages.contains(words[1]), "{line} pulls another image");
        stages.insert(words[3]);
    }
    assert!(!dockerfile.contains("syntax="), "a frontend would be pulled too");
    for target in ["server", "bridge", "spawner", "cli", "nats"] {
        assert!(stages.contains(target), "no target {target}");
    }
}
