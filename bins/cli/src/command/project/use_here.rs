//! `project use`

use clap::Args;
use maestro_domain::ProjectId;
use maestro_runtime::{ConfigFile, Key};
use maestro_wire::{ErrorBody, ErrorCode, ProjectGet, Query};

use crate::command::init;
use crate::context::Context;
use crate::output::{DIM, Output, paint};
use crate::{place, settings, view};

/// Tie this directory to a project, so that commands here are about it
#[derive(Args, Debug)]
pub struct UseArgs {
    /// The project
    pub id: ProjectId,
    /// Everywhere in this home instead, unless a directory says otherwise
    #[arg(long)]
    pub default: bool,
}

pub async fn run(args: UseArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let reply = ctx.ask(&args.id, Query::ProjectGet(ProjectGet {})).await?;
    let file = if args.default {
        let home = ctx.home()?;
        std::fs::create_dir_all(home.root()).map_err(|error| {
            ErrorBody::new(ErrorCode::InvalidConfig, format!("`{}`: {error}", home.root().display()))
        })?;
        ConfigFile::set(&home.config(), Key::DefaultProject, Some(args.id.as_str()))
            .map_err(|error| settings::file_error(&error))?;
        home.config()
    } else {
        let here = std::env::current_dir().map_err(|error| {
            ErrorBody::new(ErrorCode::InvalidConfig, format!("the current directory cannot be read: {error}"))
        })?;
        let file = here.join(place::FILE);
        init::tie(&file, &args.id)?;
        file
    };
    Ok(Output::reply(reply, move |data| {
        format!("{}\n  {} {}", view::project::outcome(data), paint(DIM, "tied to"), file.display())
    }))
}
