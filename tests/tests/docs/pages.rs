//! The pages, and what may stand in them.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::symlink;

use maestro_tests::packages;

use crate::place::{book, read, root};
use crate::run::{Machine, page_on, steps_of};
use crate::script::{Role, role};

/// Made from definitions that tests of their own check, or in a form of their own: see `typed.rs`.
const OTHERWISE: [&str; 2] = ["docs/cli.md", "docs/errors/"];

/// Why blocks are not run, and how many there are of each: one more is a decision.
const NOT_RUN: [(&str, usize); 6] =
    [("another host", 6), ("docker", 12), ("login", 1), ("minutes", 6), ("pinned", 2), ("systemd", 6)];

macro_rules! pages {
    ($($name:ident => $path:literal),* $(,)?) => {
        /// Every page with something to run, each a test of its own.
        const PAGES: &[&str] = &[$($path),*];
        $(#[test]
        fn $name() {
            page_on(&Machine::new(), $path);
        })*
    };
}

pages! {
    start => "docs/start.md",
    concepts => "docs/concepts.md",
    browser => "docs/browser.md",
    hosts => "docs/hosts.md",
    clusters => "docs/clusters.md",
    security => "docs/security.md",
    agents => "docs/agents.md",
    workspaces => "docs/workspaces.md",
    operations => "docs/operations.md",
    troubleshooting => "docs/troubleshooting.md",
    readme => "README.md",
}

const CLIENTS: &str = "docs/wire.md";

#[test]
fn clients_of_ones_own() {
    let own = root().join("tests/clients");
    let (Some(node), Some(python)) = (packages::node(&own, "docs-node"), packages::python(&own, "docs-python")) else {
        return;
    };
    let machine = Machine::new().with_path(python.join("venv/bin"));
    symlink(node.join("node_modules"), machine.home().join("node_modules")).unwrap();
    page_on(&machine, CLIENTS);
}

fn pages() -> Vec<String> {
    let all = book().into_iter().map(|page| format!("docs/{page}")).chain(["README.md".to_owned()]);
    all.filter(|page| !OTHERWISE.iter().any(|other| page.starts_with(other))).collect()
}

#[test]
fn every_page_that_can_run_is_run() {
    let runs: BTreeSet<String> = pages().into_iter().filter(|page| !steps_of(page).is_empty()).collect();
    let named = PAGES.iter().chain([&CLIENTS]).map(|&page| page.to_owned()).collect();
    assert_eq!(runs, named);
}

#[test]
fn every_block_is_run_or_read_or_says_why_not() {
    let mut reasons: BTreeMap<String, Vec<String>> =
        NOT_RUN.iter().map(|(reason, _)| ((*reason).to_owned(), Vec::new())).collect();
    for page in pages() {
        for block in read(&page).blocks() {
            let place = format!("{page}, line {}", block.line);
            let typed = |text: &str| text.lines().any(|line| line.starts_with("$ ") || line.starts_with("maestro "));
            match role(block).unwrap_or_else(|why| panic!("{place}: {why}")) {
                Role::NotRun(why) => reasons.entry(why.to_owned()).or_default().push(place),
                Role::Shown("json") => {
                    let read = serde_json::from_str::<serde_json::Value>(&block.text);
                    assert!(read.is_ok(), "{place}: {read:?}");
                }
                Role::Shown("toml") | Role::File(_) if block.info.as_deref().is_some_and(|i| i.starts_with("toml")) => {
                    let read = toml::from_str::<toml::Table>(&block.text);
                    assert!(read.is_ok(), "{place}: {read:?}");
                }
                Role::Shown(_) => assert!(!typed(&block.text), "{place}: commands belong into sh or console"),
                Role::Script | Role::Console | Role::File(_) => {}
            }
        }
    }
    let counted: Vec<(&str, usize)> = reasons.iter().map(|(why, places)| (why.as_str(), places.len())).collect();
    assert_eq!(counted, NOT_RUN, "{reasons:#?}");
}
