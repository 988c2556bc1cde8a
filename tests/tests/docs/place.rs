//! Where the pages are.

use std::fs;
use std::path::{Path, PathBuf};

use maestro_tests::markdown::Page;

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

/// Every page of the book, by its path below `docs/`, sorted.
pub fn book() -> Vec<String> {
    fn walk(directory: &Path, top: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, top, found);
            } else if path.extension().is_some_and(|end| end == "md") {
                found.push(path.strip_prefix(top).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    let docs = root().join("docs");
    let mut found = Vec::new();
    walk(&docs, &docs, &mut found);
    found.retain(|page| page != "SUMMARY.md");
    found.sort();
    assert!(found.len() > 80, "{found:?}");
    found
}

/// A page by its path below the repository.
pub fn read(path: &str) -> Page {
    Page::read(&fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}")))
}
