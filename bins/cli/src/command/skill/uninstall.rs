//! `skill uninstall`

use clap::Args;
use maestro_domain::SkillName;
use maestro_wire::{ErrorBody, ErrorCode};

use crate::context::Context;
use crate::output::Output;
use crate::skill::{self, Scope, Target};

/// Take skills away again, as far as they are still as we wrote them
#[derive(Args, Debug)]
pub struct UninstallArgs {
    /// Their names [default: those that are built in]
    pub skills: Vec<SkillName>,
    /// From which agent; may be repeated
    #[arg(long = "target", value_enum, value_delimiter = ',', default_value = "agents")]
    pub targets: Vec<Target>,
    /// Of this person, or of this project
    #[arg(long, value_enum, default_value = "user")]
    pub scope: Scope,
}

pub fn run(args: UninstallArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let places = super::places(ctx);
    let mut record = super::record(ctx)?;
    let given: Vec<String> = args.skills.iter().map(ToString::to_string).collect();
    let names = if given.is_empty() { skill::BUILT_IN.map(|(name, ..)| name.to_owned()).to_vec() } else { given };
    let mut touched = Vec::new();
    for target in &args.targets {
        let root = places.root(*target, args.scope).ok_or_else(homeless)?;
        for name in &names {
            touched.extend(skill::uninstall(name, &root, &mut record).map_err(super::install::failed)?);
        }
    }
    Ok(super::install::told(touched))
}

pub fn homeless() -> ErrorBody {
    ErrorBody::new(ErrorCode::InvalidConfig, "HOME is not set, so there is no directory of the user")
        .commands(["maestro skill install --scope project"])
}
