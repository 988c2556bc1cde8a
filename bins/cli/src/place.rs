//! Which project is meant: a flag, the environment, `.maestro.toml` upwards from here, the configuration.

use std::path::{Path, PathBuf};

use maestro_domain::ProjectId;
use maestro_runtime::read_optional;
use maestro_wire::{ErrorBody, ErrorCode};
use serde::Deserialize;

use crate::context::Context;

/// The file that ties a directory to a project.
pub const FILE: &str = ".maestro.toml";

/// A project and who says so.
#[derive(Clone, Debug)]
pub struct Placed {
    pub project: ProjectId,
    pub origin: String,
}

#[derive(Deserialize)]
struct PlaceFile {
    project: Option<String>,
}

pub fn find(ctx: &Context) -> Result<Option<Placed>, ErrorBody> {
    if let Some(project) = &ctx.globals.project {
        return Ok(Some(Placed { project: project.clone(), origin: "flag --project".to_owned() }));
    }
    if let Some(project) = ctx.environment.project() {
        return named(project, "environment MAESTRO_PROJECT_ID".to_owned());
    }
    let here = std::env::current_dir().unwrap_or_default();
    if let Some((project, path)) = above(&here)? {
        return named(&project, format!("file {}", path.display()));
    }
    match &ctx.config()?.default_project {
        Some(setting) => named(&setting.value, setting.origin.to_string()),
        None => Ok(None),
    }
}

fn named(project: &str, origin: String) -> Result<Option<Placed>, ErrorBody> {
    match project.parse() {
        Ok(project) => Ok(Some(Placed { project, origin })),
        // Every command that needs a place says the same, `project list` too: it is set right where it was said.
        Err(invalid) => {
            let hint = format!("set it right there: {origin}");
            Err(ErrorBody::from(invalid).with("origin", origin).suggest(hint).commands(["maestro whoami --help"]))
        }
    }
}

/// The nearest `.maestro.toml` that names a project.
pub fn above(here: &Path) -> Result<Option<(String, PathBuf)>, ErrorBody> {
    for directory in here.ancestors() {
        let path = directory.join(FILE);
        // A directory that cannot be read ties nothing.
        let Ok(Some(text)) = read_optional(&path) else { continue };
        let file: PlaceFile = toml::from_str(&text).map_err(|error| {
            ErrorBody::new(ErrorCode::InvalidConfig, format!("`{}`: {}", path.display(), error.message()))
                .suggest("it holds one line: project = \"<id>\"")
        })?;
        if let Some(project) = file.project {
            return Ok(Some((project, path)));
        }
    }
    Ok(None)
}

pub fn missing() -> ErrorBody {
    ErrorBody::new(ErrorCode::MissingProject, "no project was named, and none follows from this directory").commands([
        "maestro init",
        "maestro project list",
        "maestro project use --help",
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_file_upwards_names_the_project() {
        let root = tempfile::tempdir().unwrap();
        let deep = root.path().join("a/b");
        std::fs::create_dir_all(&deep).unwrap();
        assert!(above(&deep).unwrap().is_none());
        std::fs::write(root.path().join(FILE), "project = \"web\"\n").unwrap();
        assert_eq!(above(&deep).unwrap().unwrap().0, "web");
        std::fs::write(root.path().join("a").join(FILE), "project = \"api\"\n").unwrap();
        assert_eq!(above(&deep).unwrap().unwrap().0, "api");
        std::fs::write(deep.join(FILE), "project = 3\n").unwrap();
        assert_eq!(above(&deep).unwrap_err().code, ErrorCode::InvalidConfig);
    }
}
