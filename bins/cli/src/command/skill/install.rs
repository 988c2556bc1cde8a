//! `skill install`

use clap::Args;
use maestro_wire::{ErrorBody, ErrorCode};
use serde_json::json;

use crate::context::Context;
use crate::output::{DIM, Output, paint};
use crate::skill::{self, InstallError, Outcome, Scope, Target, Touched};

/// Put skills where agents find them; files that are not ours are left alone
#[derive(Args, Debug)]
pub struct InstallArgs {
    /// Their names; what they stand on comes along [default: those that are built in]
    pub skills: Vec<String>,
    /// For which agent; may be repeated
    #[arg(long = "target", value_enum, value_delimiter = ',', default_value = "agents")]
    pub targets: Vec<Target>,
    /// For this person, or for this project
    #[arg(long, value_enum, default_value = "user")]
    pub scope: Scope,
}

pub fn run(args: InstallArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let catalog = super::catalog(ctx);
    super::check(&args.skills, &catalog)?;
    let built_in = || skill::BUILT_IN.map(|(name, ..)| name.to_owned()).to_vec();
    let names = if args.skills.is_empty() { built_in() } else { args.skills.clone() };
    let skills = catalog.select(None, &names).map_err(super::invalid)?;
    if let Some(broken) = skills.iter().find(|skill| !skill.problems.is_empty()) {
        return Err(super::invalid(format!("{}: {}", broken.name, broken.problems.join("; "))));
    }
    let places = super::places(ctx);
    let mut record = super::record(ctx)?;
    let mut touched: Vec<Touched> = Vec::new();
    for target in &args.targets {
        let root = places.root(*target, args.scope).ok_or_else(super::uninstall::homeless)?;
        for skill in &skills {
            // A skill that lies there already is its own source.
            if skill.directory.as_ref().is_some_and(|directory| *directory == root.join(&skill.name)) {
                continue;
            }
            touched.extend(skill::install(skill, *target, &root, &mut record).map_err(failed)?);
        }
    }
    Ok(told(touched))
}

pub fn told(touched: Vec<Touched>) -> Output {
    let data = json!({ "items": touched });
    Output::new(&data, move || {
        let line = |file: &Touched| {
            let word = match file.outcome {
                Outcome::Written => "written",
                Outcome::Updated => "updated",
                Outcome::Unchanged => "unchanged",
                Outcome::Removed => "removed",
                Outcome::Kept => "kept: not ours, or changed since",
            };
            format!("{} {}", file.path.display(), paint(DIM, format!("({word})")))
        };
        match touched.is_empty() {
            true => "nothing to do".to_owned(),
            false => touched.iter().map(line).collect::<Vec<_>>().join("\n"),
        }
    })
}

pub fn failed(error: InstallError) -> ErrorBody {
    match error {
        InstallError::Foreign(paths) => {
            let files: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
            let text = format!(
                "not ours, or changed since we wrote it: {}; nothing of this skill was written",
                files.join(", ")
            );
            ErrorBody::new(ErrorCode::FileExists, text)
                .with("files", files)
                .suggest("move it away, or keep it: what lies on disk overrides what is built in")
        }
        InstallError::Io(path, error) => {
            ErrorBody::new(ErrorCode::InvalidConfig, format!("`{}`: {error}", path.display()))
                .suggest("check that the directory belongs to you and can be written")
        }
    }
}
