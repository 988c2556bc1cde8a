//! `skill <verb>`, one file each.

mod install;
mod list;
mod show;
mod uninstall;
mod validate;

use clap::Subcommand;
use maestro_wire::{ErrorBody, ErrorCode};

use crate::context::Context;
use crate::output::Output;
use crate::skill::{Catalog, Places, Record};

/// What sessions are taught: built in, and overridden by what lies on disk
#[derive(Subcommand, Debug)]
pub enum SkillCommand {
    #[command(alias = "ls")]
    List(list::ListArgs),
    #[command(alias = "get", alias = "info")]
    Show(show::ShowArgs),
    Validate(validate::ValidateArgs),
    Install(install::InstallArgs),
    #[command(alias = "remove")]
    Uninstall(uninstall::UninstallArgs),
}

pub fn run(command: SkillCommand, ctx: &Context) -> Result<Output, ErrorBody> {
    match command {
        SkillCommand::List(args) => list::run(args, ctx),
        SkillCommand::Show(args) => show::run(args, ctx),
        SkillCommand::Validate(args) => validate::run(args, ctx),
        SkillCommand::Install(args) => install::run(args, ctx),
        SkillCommand::Uninstall(args) => uninstall::run(args, ctx),
    }
}

fn places(ctx: &Context) -> Places {
    let home = ctx.home().ok().map(|home| home.root().to_path_buf());
    let here = std::env::current_dir().unwrap_or_default();
    Places::new(ctx.environment.user_home(), home, &here)
}

fn catalog(ctx: &Context) -> Catalog {
    // Without a record every copy counts as somebody's own.
    Catalog::load(&places(ctx), &record(ctx).unwrap_or_default())
}

fn record(ctx: &Context) -> Result<Record, ErrorBody> {
    Record::read(ctx.home()?.root()).map_err(|error| {
        ErrorBody::new(ErrorCode::InvalidConfig, format!("what was installed is not known: {error}"))
            .suggest("move the file away; what was installed then counts as yours")
    })
}

fn not_found(name: &str, catalog: &Catalog) -> ErrorBody {
    let known: Vec<&str> = catalog.all().map(|skill| skill.name.as_str()).collect();
    let near = known.iter().max_by(|a, b| strsim::jaro_winkler(a, name).total_cmp(&strsim::jaro_winkler(b, name)));
    let near = near.filter(|near| strsim::jaro_winkler(near, name) > 0.8);
    let body = ErrorBody::new(ErrorCode::SkillNotFound, format!("there is no skill '{}'", name.escape_debug()))
        .with("skill", name);
    let commands = near.map(|near| format!("maestro skill show {near}")).into_iter();
    body.commands(commands.chain(["maestro skill list".to_owned()]))
}

/// A name that is a skill, else the error that names the nearest.
fn check(names: &[String], catalog: &Catalog) -> Result<(), ErrorBody> {
    match names.iter().find(|name| catalog.get(name).is_none()) {
        Some(name) => Err(not_found(name, catalog)),
        None => Ok(()),
    }
}

fn invalid(problem: String) -> ErrorBody {
    ErrorBody::new(ErrorCode::InvalidSkill, problem).commands(["maestro skill validate"])
}
