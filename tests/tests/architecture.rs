//! The borders between the crates, compared with `cargo metadata` and the sources. A wrong arrow fails
//! with the sentence that says why the border is there.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Which of our crates each may use, and why no others.
const OURS: &[(&str, &[&str], &str)] = &[
    ("maestro-domain", &[], "the domain is pure: it decides on values and knows nobody"),
    ("maestro-wire", &["maestro-domain"], "the wire gives the domain's types their form and does nothing else"),
    ("maestro-client", &["maestro-domain", "maestro-wire"], "the client carries the wire's messages over the broker"),
    ("maestro-runtime", &[], "the runtime knows processes and files, neither domain nor wire nor broker"),
    ("maestro-server", SHARED, "programs meet on NATS subjects only, so no program uses another's crate"),
    ("maestro-spawner", SHARED, "programs meet on NATS subjects only, so no program uses another's crate"),
    ("maestro-bridge", SHARED, "programs meet on NATS subjects only, so no program uses another's crate"),
    ("maestro-cli", SHARED, "programs meet on NATS subjects only, so no program uses another's crate"),
];

const SHARED: &[&str] = &["maestro-domain", "maestro-wire", "maestro-client", "maestro-runtime"];

/// Crates that only these of ours may name (the test package may name any), and why.
const ONLY_IN: &[(&str, &[&str], &str)] = &[
    ("async-nats", &["maestro-client"], "the client is the only home of the broker's library"),
    ("redb", &["maestro-server"], "the projection belongs to the server; nobody shares its file"),
    ("axum", &["maestro-bridge"], "the bridge is the only one that speaks HTTP"),
    ("rust-embed", &["maestro-bridge", "maestro-cli"], "the bridge serves the page, the command line its texts"),
    ("comfy-table", &["maestro-cli"], "only the command line prints tables"),
    ("indicatif", &["maestro-cli"], "only the command line shows progress"),
    ("pty-process", &["maestro-spawner"], "the holder owns the terminals"),
    ("vt100", &["maestro-spawner"], "the holder owns the terminals"),
    ("opentelemetry", &["maestro-runtime"], "the runtime exports spans, everybody else only makes them"),
    ("tracing-subscriber", &["maestro-runtime"], "the runtime sets logging up, everybody else only logs"),
];

/// What must not even come in by way of others, and why.
const NEVER_BELOW: &[(&str, &[&str], &str)] = &[
    ("maestro-domain", &["tokio", "async-nats", "futures", "redb"], "the domain has no clock, no I/O and no runtime"),
    ("maestro-wire", &["tokio", "async-nats", "futures", "redb"], "the wire is formats, not transport"),
    ("maestro-runtime", &["async-nats", "redb", "axum"], "the runtime knows processes and files only"),
];

/// The one file that may talk to the operating system without the compiler's protection.
const UNSAFE_FILE: &str = "bins/spawner/src/os/unix.rs";
const LONGEST_FILE: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn cargo(args: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).args(args).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "cargo {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Direct dependencies of each workspace member, those of its tests apart.
fn dependencies() -> BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> {
    let metadata: Value =
        serde_json::from_str(&cargo(&["metadata", "--no-deps", "--format-version", "1", "--offline"])).unwrap();
    let name = |value: &Value| value["name"].as_str().unwrap().to_owned();
    let of_kind = |package: &Value, dev: bool| -> BTreeSet<String> {
        let all = package["dependencies"].as_array().unwrap().iter();
        all.filter(|dependency| (dependency["kind"] == "dev") == dev).map(name).collect()
    };
    let packages = metadata["packages"].as_array().unwrap().iter();
    packages.map(|package| (name(package), (of_kind(package, false), of_kind(package, true)))).collect()
}

#[test]
fn our_crates_use_only_what_the_table_allows() {
    let dependencies = dependencies();
    let mut known: BTreeSet<&str> = OURS.iter().map(|(name, ..)| *name).collect();
    known.insert("maestro-tests");
    let there: BTreeSet<&str> = dependencies.keys().map(String::as_str).collect();
    assert_eq!(there, known, "a crate came or went: say in OURS what it may use");
    for (name, allowed, why) in OURS {
        let (normal, dev) = &dependencies[*name];
        let ours = normal.union(dev).filter(|dependency| dependency.starts_with("maestro-"));
        for used in ours {
            let itself = used == name;
            assert!(itself || allowed.contains(&used.as_str()), "{name} uses {used}, but {why}");
        }
    }
}

#[test]
fn special_crates_have_one_home() {
    for (name, (normal, dev)) in dependencies() {
        if name == "maestro-tests" {
            continue;
        }
        for (special, homes, why) in ONLY_IN {
            let home = homes.contains(&name.as_str());
            assert!(home || !normal.contains(*special), "{name} uses {special}, but {why}");
            // Tests of the client look at the broker from outside; others have no reason to.
            assert!(home || !dev.contains(*special), "the tests of {name} use {special}, but {why}");
        }
    }
}

#[test]
fn the_pure_crates_stay_pure() {
    for (name, forbidden, why) in NEVER_BELOW {
        let tree = cargo(&["tree", "-p", name, "-e", "normal", "--prefix", "none", "--offline"]);
        let below: BTreeSet<&str> = tree.lines().filter_map(|line| line.split(' ').next()).collect();
        assert!(below.contains(name), "cargo tree shows nothing of {name}");
        for crate_name in *forbidden {
            assert!(!below.contains(crate_name), "{name} comes with {crate_name}, but {why}");
        }
    }
}

#[test]
fn every_crate_takes_the_workspace_lints() {
    for directory in ["shared", "bins"].map(|part| root().join(part)) {
        for entry in fs::read_dir(directory).unwrap() {
            let manifest = entry.unwrap().path().join("Cargo.toml");
            let Ok(text) = fs::read_to_string(&manifest) else { continue };
            let lints = text.split("[lints]").nth(1).unwrap_or_default().trim_start().starts_with("workspace = true");
            assert!(lints, "{} does not take the workspace's lints: they forbid unsafe code", manifest.display());
        }
    }
}

#[test]
fn no_file_is_too_long_and_unsafe_code_has_one_home() {
    let mut files = Vec::new();
    for part in ["shared", "bins", "tests", "nats"] {
        sources(&root().join(part), &mut files);
    }
    assert!(files.len() > 50, "only {} source files were found", files.len());
    for path in files {
        let text = fs::read_to_string(&path).unwrap();
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        let lines = text.lines().count();
        assert!(lines <= LONGEST_FILE, "{name} has {lines} lines: which second thing does it do?");
        let unsafe_lines = text.lines().filter(|line| is_unsafe(line)).count();
        assert!(
            !name.ends_with(".rs") || name == UNSAFE_FILE || unsafe_lines == 0,
            "{name} has unsafe code; {UNSAFE_FILE} is its only home"
        );
    }
}

/// `make check` looks at everything with traces and at this one crate without.
#[test]
fn traces_are_compiled_in_at_one_place() {
    let mut files = Vec::new();
    for part in ["shared", "bins"] {
        sources(&root().join(part), &mut files);
    }
    let condition = format!("feature = \"{}\"", "otel");
    let found: Vec<_> = files.iter().filter(|path| fs::read_to_string(path).unwrap().contains(&condition)).collect();
    assert!(!found.is_empty(), "nobody asks for the feature");
    for path in found {
        assert!(path.starts_with(root().join("shared/runtime")), "{} depends on the feature otel too", path.display());
    }
}

fn sources(directory: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.map(Result::unwrap) {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            if !["node_modules", "dist", "target", "generated"].iter().any(|skipped| name == *skipped) {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|e| ["rs", "ts", "tsx", "css", "sh", "py"].iter().any(|x| e == *x)) {
            found.push(path);
        }
    }
}

fn is_unsafe(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    // Put together here, so that this file does not find itself.
    let word = "unsafe";
    ["{", "fn ", "impl ", "extern ", "trait "].iter().any(|what| code.contains(&format!("{word} {what}")))
}

#[test]
fn unsafe_code_is_recognised() {
    let word = "unsafe";
    assert!(is_unsafe(&format!("    {word} {{ f() }}")) && is_unsafe(&format!("pub {word} fn f()")));
    assert!(!is_unsafe(&format!("// {word} fn")) && !is_unsafe("unsafe_code = \"forbid\""));
}
