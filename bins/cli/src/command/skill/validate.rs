//! `skill validate`

use std::path::{Path, PathBuf};

use clap::Args;
use maestro_wire::{ErrorBody, ErrorCode};
use serde_json::json;

use crate::context::Context;
use crate::output::{GOOD, Output, paint};
use crate::skill::Skill;

/// Check skills against the Agent Skills specification
#[derive(Args, Debug)]
pub struct ValidateArgs {
    /// Names or directories [default: all that are found here]
    pub skills: Vec<String>,
}

pub fn run(args: ValidateArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let catalog = super::catalog(ctx);
    let mut checked: Vec<Skill> = Vec::new();
    for name in &args.skills {
        match catalog.get(name) {
            Some(skill) => checked.push(skill.clone()),
            None if Path::new(name).is_dir() => checked.push(read(Path::new(name))?),
            None => return Err(super::not_found(name, &catalog)),
        }
    }
    if args.skills.is_empty() {
        checked = catalog.all().cloned().collect();
    }
    let mut problems = Vec::new();
    for skill in &checked {
        problems.extend(skill.problems.iter().map(|problem| format!("{} ({}): {problem}", skill.name, skill.source)));
        if skill.problems.is_empty()
            && catalog.get(&skill.name).is_some()
            && let Err(problem) = catalog.select(None, std::slice::from_ref(&skill.name))
        {
            problems.push(problem);
        }
    }
    let names: Vec<String> = checked.iter().map(|skill| skill.name.clone()).collect();
    if problems.is_empty() {
        let text = format!("{} {}", paint(GOOD, "valid:"), names.join(", "));
        return Ok(Output::new(&json!({ "valid": names }), move || text));
    }
    let first = problems.first().cloned().unwrap_or_default();
    let text = if problems.len() == 1 { first } else { format!("{} problems; the first: {first}", problems.len()) };
    Err(ErrorBody::new(ErrorCode::InvalidSkill, text)
        .with("problems", problems)
        .suggest("the specification is at agentskills.io; correct the files and validate again"))
}

fn read(directory: &Path) -> Result<Skill, ErrorBody> {
    let absolute: PathBuf = std::path::absolute(directory).unwrap_or_else(|_| directory.to_path_buf());
    Skill::read(&absolute).ok_or_else(|| {
        ErrorBody::new(ErrorCode::InvalidSkill, format!("`{}` has no SKILL.md", directory.display()))
            .suggest("a skill is a directory with a SKILL.md in it")
    })
}
