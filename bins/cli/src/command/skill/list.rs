//! `skill list`

use clap::Args;
use maestro_wire::{ErrorBody, Page};
use serde::Serialize;

use crate::command::session::RoleName;
use crate::context::Context;
use crate::output::{BAD, BOLD, DIM, Output, paint};
use crate::page::{self, PageArgs};
use crate::skill::{Manifest, Skill};
use crate::view;

/// List the skills, or those of a role in the order in which they are read
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Only what a session of this role gets, and what that stands on
    #[arg(long, value_enum)]
    pub role: Option<RoleName>,
    #[command(flatten)]
    pub page: PageArgs,
}

const USUAL: u32 = 50;

#[derive(Serialize)]
pub struct Listed {
    pub name: String,
    pub source: String,
    pub license: Option<String>,
    pub manifest: Manifest,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

impl Listed {
    pub fn new(skill: &Skill) -> Self {
        let manifest = Manifest { description: skill.document.description.clone(), ..skill.manifest.clone() };
        let (name, source) = (skill.name.clone(), skill.source.clone());
        Self { name, source, license: skill.document.license.clone(), manifest, problems: skill.problems.clone() }
    }
}

pub fn run(args: ListArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let catalog = super::catalog(ctx);
    let skills: Vec<&Skill> = match args.role {
        Some(role) => catalog.select(Some(role.as_str()), &[]).map_err(super::invalid)?,
        None => catalog.all().collect(),
    };
    let all: Vec<Listed> = skills.into_iter().map(Listed::new).collect();
    let Page { items, next_cursor } = page::of(all, &args.page, USUAL, |skill| skill.name.clone())?;
    let more = view::more(&ctx.words, next_cursor.as_ref());
    let mut table = view::table(&["skill", "version", "for", "from"]);
    let mut broken = String::new();
    for skill in &items {
        let roles = skill.manifest.assign_to.join(", ");
        table.add_row([
            view::cell(&skill.name, if skill.problems.is_empty() { BOLD } else { BAD }),
            view::cell(&skill.manifest.version, anstyle::Style::new()),
            view::cell(if roles.is_empty() { "whoever asks" } else { &roles }, anstyle::Style::new()),
            view::cell(&skill.source, DIM),
        ]);
        for problem in &skill.problems {
            broken.push_str(&format!("\n{} {}: {problem}", paint(BAD, "not used:"), skill.name));
        }
    }
    Ok(Output::new(&Page { items, next_cursor }, move || view::rendered(&mut table) + &more + &broken))
}
