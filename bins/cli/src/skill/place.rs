//! Where skills lie: those of a person, those of a project.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::place::FILE;

/// Whose directories.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Below HOME
    User,
    /// Below the project's directory
    Project,
}

/// Which programs read them.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// .claude/skills
    Claude,
    /// .agents/skills, which most agents read
    Agents,
    /// .agents/skills, as Codex documents it
    Codex,
    /// .opencode/skills, or .config/opencode/skills of the user
    Opencode,
    /// .agents-ui/maestro-skills
    Maestro,
}

impl Target {
    pub const ALL: [Self; 5] = [Self::Maestro, Self::Agents, Self::Claude, Self::Codex, Self::Opencode];

    const fn below(self, scope: Scope) -> &'static str {
        match (self, scope) {
            (Self::Claude, _) => ".claude/skills",
            (Self::Agents | Self::Codex, _) => ".agents/skills",
            (Self::Opencode, Scope::User) => ".config/opencode/skills",
            (Self::Opencode, Scope::Project) => ".opencode/skills",
            (Self::Maestro, _) => ".agents-ui/maestro-skills",
        }
    }

    /// How this target calls a skill's text.
    pub const fn document(self) -> &'static str {
        match self {
            Self::Maestro => "skill.md",
            Self::Claude | Self::Agents | Self::Codex | Self::Opencode => "SKILL.md",
        }
    }
}

/// The directories of this call.
#[derive(Clone, Debug)]
pub struct Places {
    /// HOME.
    pub user: Option<PathBuf>,
    /// The nearest directory upwards that is a project or a repository, else the present one.
    pub project: PathBuf,
    /// The home of the stack.
    pub home: Option<PathBuf>,
}

impl Places {
    pub fn new(user: Option<PathBuf>, home: Option<PathBuf>, here: &Path) -> Self {
        let is_root = |directory: &&Path| directory.join(FILE).is_file() || directory.join(".git").exists();
        let project = here.ancestors().find(is_root).unwrap_or(here).to_path_buf();
        Self { user, project, home }
    }

    /// Where a target keeps its skills; `None` without HOME.
    pub fn root(&self, target: Target, scope: Scope) -> Option<PathBuf> {
        let base = match scope {
            Scope::User => self.user.as_ref()?,
            Scope::Project => &self.project,
        };
        Some(base.join(target.below(scope)))
    }

    /// Every directory that skills are read from; a later one overrides an earlier one.
    pub fn roots(&self) -> Vec<PathBuf> {
        let mut all: Vec<PathBuf> = Vec::new();
        let mut add = |root: Option<PathBuf>| {
            // In HOME itself both scopes are the same.
            if let Some(root) = root.filter(|root| !all.contains(root)) {
                all.push(root);
            }
        };
        // What every agent reads is less particular than what is Maestro's own.
        let general_first = || Target::ALL.into_iter().rev();
        general_first().for_each(|target| add(self.root(target, Scope::User)));
        add(self.home.as_ref().map(|home| home.join("skills")));
        general_first().for_each(|target| add(self.root(target, Scope::Project)));
        add(Some(self.project.join(".maestro/skills")).filter(|_| self.home != Some(self.project.join(".maestro"))));
        all
    }
}
