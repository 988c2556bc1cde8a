//! `agent doctor`

use clap::Args;
use maestro_domain::NodeName;
use maestro_wire::ErrorBody;
use serde::Serialize;

use super::list::rows;
use crate::context::Context;
use crate::output::Output;
use crate::view;

/// Check every agent profile: found, which version, logged in, mistakes
#[derive(Args, Debug)]
pub struct DoctorArgs {
    /// Only of this host
    #[arg(long)]
    pub node: Option<NodeName>,
}

/// What is the case, and what to do about it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    pub node: String,
    pub agent: String,
    pub ok: bool,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

#[derive(Debug, Serialize)]
struct Checks {
    items: Vec<Check>,
    mistakes: Vec<String>,
}

pub async fn run(args: DoctorArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let (rows, mistakes) = rows(ctx, args.node.as_ref()).await?;
    let items: Vec<Check> = rows
        .into_iter()
        .map(|row| {
            let agent = row.agent;
            let version = agent.version.as_deref().unwrap_or("found");
            let (ok, message, hint) = match (&agent.problem, agent.logged_in) {
                (Some(problem), _) => (false, problem.clone(), Some(install(&agent.name))),
                (None, Some(false)) => (
                    false,
                    format!("{version}, not logged in as far as can be seen"),
                    Some(format!("run it once by hand on {} and log in", row.node)),
                ),
                (None, Some(true)) => (true, format!("{version}, logged in"), None),
                (None, None) => (true, version.to_owned(), None),
            };
            Check { node: row.node.to_string(), agent: agent.name, ok, message, hint }
        })
        .collect();
    let (shown, wrong) = (items.clone(), mistakes.clone());
    Ok(Output::new(&Checks { items, mistakes }, move || view::agent::checks(&shown, &wrong)))
}

fn install(agent: &str) -> String {
    let package = match agent {
        "claude" => "@anthropic-ai/claude-code",
        "codex" => "@openai/codex",
        "gemini" => "@google/gemini-cli",
        "opencode" => "opencode-ai",
        _ => {
            return "install it there, or give its absolute path in the profile; then start the spawner again"
                .to_owned();
        }
    };
    format!("npm install -g {package} on that host; then start the spawner again")
}
