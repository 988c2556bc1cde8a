//! Putting skills where agents find them, and taking them away. What is not ours is never touched.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use maestro_runtime::write_atomically;
use serde::Serialize;

use super::record::content;
use super::{BUILT_IN, Record, Skill, Target};

/// What became of one file.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Written,
    Updated,
    Unchanged,
    Removed,
    /// Not as we wrote it, or not by us.
    Kept,
}

#[derive(Debug, Serialize)]
pub struct Touched {
    pub path: PathBuf,
    pub outcome: Outcome,
}

/// Nothing was written.
#[derive(Debug)]
pub enum InstallError {
    /// These are not ours.
    Foreign(Vec<PathBuf>),
    Io(PathBuf, io::Error),
}

/// Writes a skill's files below `root`; refuses as a whole when one of them is somebody else's.
pub fn install(skill: &Skill, target: Target, root: &Path, record: &mut Record) -> Result<Vec<Touched>, InstallError> {
    let directory = root.join(&skill.name);
    let files = files(skill, target)?;
    let mut plan = Vec::new();
    let mut foreign = Vec::new();
    // A link leads out of here.
    if fs::symlink_metadata(&directory).is_ok_and(|meta| !meta.is_dir()) {
        return Err(InstallError::Foreign(vec![directory]));
    }
    for (name, bytes) in files {
        let path = directory.join(name);
        let there = fs::symlink_metadata(&path).is_ok();
        let outcome = if !there {
            Outcome::Written
        } else if content(&path).as_ref() == Some(&bytes) {
            Outcome::Unchanged
        } else if record.is_ours(&path) {
            Outcome::Updated
        } else {
            foreign.push(path);
            continue;
        };
        plan.push((path, bytes, outcome));
    }
    if !foreign.is_empty() {
        return Err(InstallError::Foreign(foreign));
    }
    let fails = |path: &Path| {
        let path = path.to_path_buf();
        move |error| InstallError::Io(path, error)
    };
    fs::create_dir_all(&directory).map_err(fails(&directory))?;
    // Remembered first: killed in between, what was written is known as ours.
    plan.iter().filter(|(.., outcome)| *outcome != Outcome::Unchanged).for_each(|(path, bytes, _)| {
        record.remember(path, bytes);
    });
    record.write().map_err(fails(&directory))?;
    for (path, bytes, outcome) in &plan {
        if *outcome != Outcome::Unchanged {
            write_atomically(path, bytes, 0o644).map_err(fails(path))?;
        }
    }
    Ok(plan.into_iter().map(|(path, _, outcome)| Touched { path, outcome }).collect())
}

/// Takes a skill's files away, those that are still as we wrote them.
pub fn uninstall(name: &str, root: &Path, record: &mut Record) -> Result<Vec<Touched>, InstallError> {
    let directory = root.join(name);
    let mut touched = Vec::new();
    let is_link = fs::symlink_metadata(&directory).is_ok_and(|meta| !meta.is_dir());
    let entries = fs::read_dir(&directory).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut paths: Vec<PathBuf> = if is_link { vec![directory.clone()] } else { entries.collect() };
    paths.sort();
    for path in paths {
        let outcome = if record.is_ours(&path) {
            fs::remove_file(&path).map_err(|error| InstallError::Io(path.clone(), error))?;
            Outcome::Removed
        } else {
            Outcome::Kept
        };
        if record.knows(&path) {
            record.forget(&path);
        }
        touched.push(Touched { path, outcome });
    }
    // Only an empty one goes.
    let _ = fs::remove_dir(&directory);
    record.write().map_err(|error| InstallError::Io(directory, error))?;
    Ok(touched)
}

/// The files of a skill for a target. Of a skill on disk only its own two: what else lies there stays where it is.
fn files(skill: &Skill, target: Target) -> Result<[(&'static str, Vec<u8>); 2], InstallError> {
    let (document, manifest) = match &skill.directory {
        None => {
            let built_in = BUILT_IN.iter().find(|(name, ..)| *name == skill.name);
            let (document, manifest) =
                built_in.map(|(_, document, manifest)| (*document, *manifest)).unwrap_or_default();
            (document.as_bytes().to_vec(), manifest.as_bytes().to_vec())
        }
        Some(directory) => {
            let path =
                ["SKILL.md", "skill.md"].map(|file| directory.join(file)).into_iter().find(|path| path.is_file());
            let path = path.unwrap_or_else(|| directory.join("SKILL.md"));
            let document = fs::read(&path).map_err(|error| InstallError::Io(path, error))?;
            let manifest = serde_json::to_vec_pretty(&skill.manifest).unwrap_or_default();
            (document, manifest)
        }
    };
    Ok([(target.document(), document), ("manifest.json", manifest)])
}
