//! `template <verb>`, one file each.

mod apply;
mod list;
mod save;
mod show;

use clap::Subcommand;
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;

/// Plans that are used again, with parameters
///
/// A template is a TOML file: `about`, `[parameters.NAME]` with `about` and perhaps a `default`, and `[[tasks]]` with the
/// fields of `maestro task import`; {{NAME}} in them stands for a parameter's value. They are looked for in
/// .maestro/templates of the project's directory, in templates of the home, and among those that are built in; the nearer
/// wins.
#[derive(Subcommand, Debug)]
pub enum TemplateCommand {
    #[command(alias = "ls")]
    List(list::ListArgs),
    #[command(alias = "get")]
    Show(show::ShowArgs),
    Apply(apply::ApplyArgs),
    Save(save::SaveArgs),
}

pub async fn run(command: TemplateCommand, ctx: &Context) -> Result<Output, ErrorBody> {
    match command {
        TemplateCommand::List(args) => list::run(&args, ctx),
        TemplateCommand::Show(args) => show::run(&args, ctx),
        TemplateCommand::Apply(args) => apply::run(args, ctx).await,
        TemplateCommand::Save(args) => save::run(args, ctx).await,
    }
}
