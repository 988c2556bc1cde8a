//! `docs/errors/`: a page for every code, and none without one.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use maestro_wire::ErrorCode;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/errors")
}

fn page(code: ErrorCode) -> String {
    let path = folder().join(format!("{code}.md"));
    fs::read_to_string(&path).unwrap_or_else(|_| panic!("{code} has no page: write docs/errors/{code}.md"))
}

#[test]
fn every_code_has_its_page_and_every_page_its_code() {
    let pages: BTreeSet<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "README.md")
        .collect();
    let codes: BTreeSet<String> = ErrorCode::ALL.iter().map(|code| format!("{code}.md")).collect();
    assert_eq!(pages, codes);
}

#[test]
fn pages_state_what_the_code_says() {
    for code in ErrorCode::ALL {
        let page = page(*code);
        let retry = if code.retryable() { "yes" } else { "no" };
        let facts = format!("Exit code {} · retryable: {retry}", code.exit_code());
        let mut lines = page.lines();
        assert_eq!(lines.next(), Some(format!("# {code}").as_str()));
        assert_eq!(lines.nth(1), Some(facts.as_str()), "{code}: its facts stand below its title");
        assert!(page.contains("\n    maestro ") || page.contains("\n    $ "), "{code} shows no command");
        let length = page.lines().count();
        assert!((6..=24).contains(&length), "{code} has {length} lines");
    }
}

#[test]
fn no_two_pages_say_the_same() {
    let mut seen = BTreeSet::new();
    for code in ErrorCode::ALL {
        let page = page(*code);
        let body = page.split("\n\n").nth(2).unwrap_or_default().to_owned();
        assert!(body.len() > 60, "{code} says next to nothing: {body:?}");
        assert!(seen.insert(body), "the page of {code} begins as another one does");
    }
}

#[test]
fn the_index_names_every_page() {
    let index = fs::read_to_string(folder().join("README.md")).unwrap();
    for code in ErrorCode::ALL {
        let retry = if code.retryable() { "yes" } else { "no" };
        let row = format!("| [`{code}`]({code}.md) | {} | {retry} |", code.exit_code());
        assert!(index.contains(&row), "docs/errors/README.md has no row '{row} …'");
    }
}
