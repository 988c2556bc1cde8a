//! `init`

use std::path::Path;

use clap::Args;
use maestro_domain::{AgentName, CreateProject, ProjectId, Request};
use maestro_runtime::{ConfigFile, read_optional, write_atomically};
use maestro_wire::{ErrorBody, ErrorCode, ProjectGet, Query};

use crate::context::Context;
use crate::output::{DIM, Output, paint};
use crate::{place, text, view};

/// Make this directory's project, and tie the directory to it
#[derive(Args, Debug)]
pub struct InitArgs {
    /// The project's id [default: --project, else the directory's name]
    pub id: Option<ProjectId>,
    /// Its title, in one line
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub title: Option<String>,
    /// What it is about, in markdown; `-`: from stdin
    #[arg(long, alias = "desc", value_name = "TEXT", allow_hyphen_values = true)]
    pub overview: Option<String>,
    /// Where its repository is
    #[arg(long, value_name = "URL")]
    pub repository: Option<String>,
    /// The branch that work starts from
    #[arg(long, value_name = "BRANCH")]
    pub base_branch: Option<String>,
    /// The agent that sessions run unless told otherwise
    #[arg(long, value_name = "AGENT")]
    pub default_agent: Option<AgentName>,
}

pub async fn run(args: InitArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let here = std::env::current_dir().map_err(|error| {
        ErrorBody::new(ErrorCode::InvalidConfig, format!("the current directory cannot be read: {error}"))
    })?;
    let id = match args.id.or_else(|| ctx.globals.project.clone()) {
        Some(id) => id,
        None => from_directory(&here)?,
    };
    let file = here.join(place::FILE);
    let title = args.title.clone().unwrap_or_else(|| id.to_string());
    let request = Request::CreateProject(CreateProject {
        title: text::title(&title)?,
        overview: text::maybe(args.overview.as_ref(), text::markdown)?,
        goals: None,
        repository: text::maybe(args.repository.as_ref(), text::line)?,
        base_branch: text::maybe(args.base_branch.as_ref(), text::line)?,
        default_agent: args.default_agent,
    });
    let reply = match ctx.command(&id, &request).await {
        Ok(reply) => reply,
        // Somebody made it before: this directory becomes one more place of it.
        Err(error) if error.code == ErrorCode::ProjectExists => {
            let mut reply = ctx.ask(&id, Query::ProjectGet(ProjectGet {})).await?;
            reply.unchanged = true;
            reply
        }
        Err(error) => return Err(error),
    };
    tie(&file, &id)?;
    let worktrees = known_here(ctx, &id, &here)?;
    Ok(Output::reply(reply, move |data| {
        let mut text = format!("{}\n  {} {}", view::project::outcome(data), paint(DIM, "tied to"), file.display());
        if worktrees {
            text.push_str(&format!("\n  {} {}", paint(DIM, "sessions get worktrees of"), here.display()));
        }
        text
    }))
}

/// Says in the settings of this host where the project lies, when that is a git repository and nothing is said yet.
fn known_here(ctx: &Context, id: &ProjectId, here: &Path) -> Result<bool, ErrorBody> {
    if !here.ancestors().any(|directory| directory.join(".git").exists()) {
        return Ok(false);
    }
    let file = ctx.home()?.config();
    ConfigFile::add_project(&file, id.as_str(), here)
        .map_err(|error| ErrorBody::new(ErrorCode::InvalidConfig, error.to_string()).suggest(error.hint().to_owned()))
}

/// Writes the file that the project is found by; the rest of it stays.
pub fn tie(file: &Path, id: &ProjectId) -> Result<(), ErrorBody> {
    let failed = |error: std::io::Error| {
        ErrorBody::new(ErrorCode::InvalidConfig, format!("`{}`: {error}", file.display()))
            .suggest("run it in a directory that you may write to")
    };
    let text = read_optional(file).map_err(failed)?.unwrap_or_default();
    let names_it = |line: &&str| line.split_once('=').is_some_and(|(key, _)| key.trim() == "project");
    let rest: String = text.lines().filter(|line| !names_it(line)).map(|line| format!("{line}\n")).collect();
    write_atomically(file, format!("project = \"{id}\"\n{rest}").as_bytes(), 0o644).map_err(failed)
}

/// The directory's name as an id.
fn from_directory(here: &Path) -> Result<ProjectId, ErrorBody> {
    let name = here.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let slug: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(32).collect();
    slug.trim_matches('-').parse().map_err(|_| {
        ErrorBody::new(ErrorCode::MissingProject, "no id follows from the directory's name")
            .suggest("give it an id, as in `maestro init web`")
            .commands(["maestro init --help"])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_gives_its_name_and_is_tied_once() {
        assert_eq!(from_directory(Path::new("/x/My.Web App")).unwrap().as_str(), "my-web-app");
        assert!(from_directory(Path::new("/")).is_err());
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join(place::FILE);
        std::fs::write(&file, "# ours\nproject = \"old\"\n").unwrap();
        tie(&file, &"web".parse().unwrap()).unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "project = \"web\"\n# ours\n");
    }
}
