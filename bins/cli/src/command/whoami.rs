//! `whoami`

use clap::Args;
use maestro_domain::Actor;
use maestro_wire::ErrorBody;
use serde_json::{Value, json};

use crate::address;
use crate::context::Context;
use crate::output::{BOLD, DIM, Output};
use crate::view;

/// Show who acts here, where, and how that is known; asks no server
#[derive(Args, Debug)]
pub struct WhoamiArgs {}

pub fn run(ctx: &Context) -> Result<Output, ErrorBody> {
    let (actor, epoch) = ctx.actor()?;
    let env = |set: bool, name: &str| if set { format!("environment {name}") } else { "not set".to_owned() };
    let server = address::find(ctx)?;
    let placed = ctx.placed()?;
    let agent = ctx.environment.agent().ok().flatten();
    let role = agent.as_ref().and_then(|agent| agent.role.clone());
    let tasks = ctx.environment.tasks();
    let (session, user) = match &actor {
        Actor::Session(session) => (Some(session.to_string()), None),
        Actor::User(name) => (None, Some(name.to_string())),
        Actor::System => (None, None),
    };
    let not_set = || "not set".to_owned();
    let facts: Vec<(&str, Value, String)> = vec![
        (
            "server",
            json!(server.as_ref().map(|address| address.shown())),
            server.as_ref().map_or_else(not_set, |address| address.origin.clone()),
        ),
        (
            "projectId",
            json!(placed.map(|placed| placed.project.as_str())),
            placed.map_or_else(not_set, |placed| placed.origin.clone()),
        ),
        ("sessionId", json!(session), env(session.is_some(), "MAESTRO_SESSION_ID")),
        ("epoch", json!(epoch), env(epoch.is_some(), "MAESTRO_SESSION_EPOCH")),
        ("taskIds", json!(tasks), env(!tasks.is_empty(), "MAESTRO_TASK_IDS")),
        ("role", json!(role), env(role.is_some(), "MAESTRO_ROLE")),
        ("user", json!(user), user_origin(user.is_some())),
        (
            "home",
            json!(ctx.home().ok().map(|home| home.root().to_owned())),
            "--home, MAESTRO_HOME or ~/.maestro".to_owned(),
        ),
    ];
    let mut data = serde_json::Map::new();
    let mut origins = serde_json::Map::new();
    let mut table = view::table(&["what", "value", "from"]);
    for (name, value, origin) in facts {
        let shown = match &value {
            Value::Null => "-".to_owned(),
            Value::String(text) => text.clone(),
            Value::Array(items) if items.is_empty() => "-".to_owned(),
            Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
            other => other.to_string(),
        };
        table.add_row([view::cell(name, BOLD), view::cell(shown, anstyle::Style::new()), view::cell(&origin, DIM)]);
        data.insert(name.to_owned(), value);
        origins.insert(name.to_owned(), Value::String(origin));
    }
    data.insert("actor".to_owned(), json!(actor));
    data.insert("origins".to_owned(), Value::Object(origins));
    Ok(Output::new(&data, move || {
        view::whole_words(&mut table);
        view::rendered(&mut table)
    }))
}

fn user_origin(is_user: bool) -> String {
    if is_user { "MAESTRO_USER or the login name".to_owned() } else { "a session acts here".to_owned() }
}
