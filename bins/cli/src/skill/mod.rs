//! Skills: what a session is taught. Built in, and overridden or joined by what lies on disk.
//!
//! A skill is a directory with a `SKILL.md` after the Agent Skills specification and, if it wants to say for whom it is, a
//! `manifest.json`. Nothing in here asks the server.

mod catalog;
mod document;
mod install;
mod manifest;
mod place;
mod record;

pub use catalog::{Catalog, Skill, prompt};
pub use document::Document;
pub use install::{InstallError, Outcome, Touched, install, uninstall};
pub use manifest::Manifest;
pub use place::{Places, Scope, Target};
pub use record::Record;

/// The files of the skills that this program brings, by name.
pub const BUILT_IN: [(&str, &str, &str); 3] = [
    (
        "maestro-cli",
        include_str!("../../../../skills/maestro-cli/SKILL.md"),
        include_str!("../../../../skills/maestro-cli/manifest.json"),
    ),
    (
        "maestro-worker",
        include_str!("../../../../skills/maestro-worker/SKILL.md"),
        include_str!("../../../../skills/maestro-worker/manifest.json"),
    ),
    (
        "maestro-orchestrator",
        include_str!("../../../../skills/maestro-orchestrator/SKILL.md"),
        include_str!("../../../../skills/maestro-orchestrator/manifest.json"),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// What lies in `skills/` is what the program brings, and nothing else.
    #[test]
    fn everything_in_the_directory_is_built_in() {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../../skills");
        let mut found: Vec<String> = std::fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        found.sort();
        let mut known = BUILT_IN.map(|(name, ..)| name.to_owned()).to_vec();
        known.sort();
        assert_eq!(found, known);
        for (name, ..) in BUILT_IN {
            let mut files: Vec<String> = std::fs::read_dir(format!("{directory}/{name}"))
                .unwrap()
                .map(|entry| entry.unwrap().file_name().into_string().unwrap())
                .collect();
            files.sort();
            assert_eq!(files, ["SKILL.md", "manifest.json"], "{name}");
        }
    }

    #[test]
    fn what_is_built_in_is_valid() {
        for (name, document, manifest) in BUILT_IN {
            let document = Document::parse(name, document).unwrap();
            let manifest = Manifest::parse(manifest).unwrap();
            assert_eq!((document.problems(name), manifest.problems(name)), (vec![], vec![]), "{name}");
            assert_eq!(document.metadata.get("version"), Some(&manifest.version), "{name}");
        }
    }
}
