//! Links: files and anchors, on a forge and in the book.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use crate::place::{book, read, root};

/// Pages outside of the book whose links are checked too.
const OTHERS: [&str; 6] =
    ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "nats/README.md", "deploy/systemd/README.md"];

/// `docs/a/../b.md` without the way there.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut way, part| {
        if part == Component::ParentDir {
            way.pop();
        } else {
            way.push(part);
        }
        way
    })
}

#[test]
fn every_link_leads_to_a_file_and_an_anchor_in_it() {
    let pages: Vec<String> =
        book().iter().map(|page| format!("docs/{page}")).chain(OTHERS.map(str::to_owned)).collect();
    let mut anchors: BTreeMap<PathBuf, BTreeSet<String>> = BTreeMap::new();
    let (mut wrong, mut checked) = (Vec::new(), 0);
    for page in pages.iter().map(String::as_str).chain(["docs/SUMMARY.md"]) {
        for link in read(page).links {
            if link.starts_with("https://") || link.starts_with("http://") {
                continue;
            }
            checked += 1;
            let (file, anchor) = link.split_once('#').map_or((link.as_str(), None), |(file, at)| (file, Some(at)));
            let target = match file {
                "" => PathBuf::from(page),
                file => plain(&Path::new(page).parent().unwrap().join(file)),
            };
            if !root().join(&target).exists() {
                wrong.push(format!("{page}: {link}: there is no such file"));
            } else if page.starts_with("docs/") && !target.starts_with("docs") {
                wrong.push(format!("{page}: {link}: leads out of the book; name the file instead"));
            } else if let Some(anchor) = anchor {
                let known = anchors
                    .entry(target.clone())
                    .or_insert_with(|| read(target.to_str().unwrap()).anchors.into_iter().collect());
                if !known.contains(anchor) {
                    wrong.push(format!("{page}: {link}: no such heading; there are {known:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(checked > 300, "{checked} links");
}

#[test]
fn the_summary_names_every_page_once() {
    let mut named = read("docs/SUMMARY.md").links;
    named.sort();
    assert_eq!(named, book());
}
