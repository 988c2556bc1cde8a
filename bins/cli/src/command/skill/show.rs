//! `skill show`

use clap::Args;
use maestro_wire::{ErrorBody, ErrorCode};
use serde::Serialize;

use crate::command::session::RoleName;
use crate::context::Context;
use crate::output::Output;
use crate::skill::prompt;

use super::list::Listed;

/// Show skills as one text for an agent, after what they stand on
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// Their names
    pub skills: Vec<String>,
    /// And what a session of this role gets
    #[arg(long, value_enum)]
    pub role: Option<RoleName>,
}

#[derive(Serialize)]
struct Shown {
    items: Vec<Listed>,
    /// All of them as one text.
    prompt: String,
}

pub fn run(args: ShowArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let catalog = super::catalog(ctx);
    super::check(&args.skills, &catalog)?;
    if args.skills.is_empty() && args.role.is_none() {
        return Err(ErrorBody::new(ErrorCode::MissingRequiredField, "a skill or a role is needed")
            .with("field", "skill")
            .commands(["maestro skill show --role worker", "maestro skill list"]));
    }
    let role = args.role.map(RoleName::as_str);
    let skills = catalog.select(role, &args.skills).map_err(super::invalid)?;
    if let Some(broken) = skills.iter().find(|skill| !skill.problems.is_empty()) {
        return Err(super::invalid(format!("{} ({}): {}", broken.name, broken.source, broken.problems.join("; "))));
    }
    let text = prompt(&skills);
    let shown = Shown { items: skills.into_iter().map(Listed::new).collect(), prompt: text.clone() };
    Ok(Output::new(&shown, move || text))
}
