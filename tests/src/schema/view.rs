//! What queries and commands answer, and what lies in buckets and queues.

use maestro_domain::{Message, Project, Session};
use maestro_wire::*;
use serde_json::{Value, json};

use super::root::{Named, read, written};

pub fn schemas() -> Named {
    let views = [
        ("view.project", written::<ProjectView>()),
        ("view.task", written::<TaskDetail>()),
        ("view.task-row", written::<TaskRow>()),
        ("view.session", written::<SessionView>()),
        ("view.message", written::<MessageView>()),
        ("view.timeline-entry", written::<TimelineEntry>()),
        ("view.overview", written::<Overview>()),
        ("view.server", written::<ServerInfo>()),
        ("view.system", written::<SystemView>()),
        ("view.manifest", written::<Manifest>()),
        ("view.waited", written::<Waited>()),
        ("view.screen", written::<ScreenView>()),
        ("view.terminal", written::<TerminalAnswer>()),
        ("view.node-agents", written::<NodeAgents>()),
        ("view.diff", written::<DiffView>()),
        ("view.merge", written::<MergeView>()),
        ("view.removed-worktree", written::<RemovedView>()),
        ("cli.backup", written::<BackupView>()),
        ("cli.restore", written::<RestoreView>()),
        ("view.pruned", written::<PruneView>()),
        ("request.worktree", read::<WorktreeRequest>()),
        ("request.prune", read::<PruneRequest>()),
        ("terminal.size", read::<TerminalSize>()),
        ("page.project", page(written::<Page<ProjectView>>(), "projects")),
        ("page.task-row", page(written::<Page<TaskRow>>(), "tasks")),
        ("page.subtask", page(written::<Page<SubtaskView>>(), "subtasks")),
        ("page.session", page(written::<Page<SessionView>>(), "sessions")),
        ("page.message", page(written::<Page<MessageView>>(), "messages")),
        ("page.timeline-entry", page(written::<Page<TimelineEntry>>(), "timeline entries")),
        ("answer.project", answer(written::<Project>(), "project", None)),
        ("answer.task", answer(task(), "task", Some("`null`: nothing is ready."))),
        ("answer.plan", written::<ImportedPlan>()),
        ("answer.session", answer(written::<Session>(), "session", None)),
        ("answer.message", answer(written::<Message>(), "message", None)),
        ("order.spawn", read::<SpawnOrder>()),
        ("bucket.lease", read::<Lease>()),
        ("bucket.node", read::<NodeRecord>()),
    ];
    views.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect()
}

/// Which schema answers a query.
pub const fn of_query(query: &Query) -> &'static str {
    match query {
        Query::ProjectList(_) => "page.project",
        Query::ProjectGet(_) => "view.project",
        Query::TaskList(_) => "page.task-row",
        Query::TaskGet(_) => "view.task",
        Query::SubtaskList(_) => "page.subtask",
        Query::TaskTimeline(_) | Query::EventList(_) => "page.timeline-entry",
        Query::SessionList(_) => "page.session",
        Query::SessionGet(_) => "view.session",
        Query::ManifestGet(_) => "view.manifest",
        Query::MessageList(_) => "page.message",
        Query::StatusGet(_) => "view.overview",
        Query::ServerInfoGet(_) => "view.server",
        Query::SystemGet(_) => "view.system",
    }
}

/// Which schema answers a command about this kind of entity; `None`: it answers `null`.
pub fn of_command(entity: &str, verb: &str) -> Option<&'static str> {
    match (entity, verb) {
        ("project", _) => Some("answer.project"),
        ("task", "import") => Some("answer.plan"),
        ("task" | "subtask", _) => Some("answer.task"),
        ("session", _) => Some("answer.session"),
        ("message", _) => Some("answer.message"),
        _ => None,
    }
}

fn page(mut schema: Value, of: &str) -> Value {
    schema["title"] = format!("A page of {of}").into();
    schema
}

/// A task as commands answer it: a pure function of the command's own events, so `ready` is not known.
fn task() -> Value {
    let mut schema = written::<TaskRow>();
    if let Some(required) = schema["required"].as_array_mut() {
        required.retain(|name| name != "ready");
    }
    schema
}

/// The entity, or that it is gone.
fn answer(mut schema: Value, what: &str, nothing: Option<&str>) -> Value {
    let definitions = schema.as_object_mut().and_then(|object| object.remove("$defs"));
    if let Some(object) = schema.as_object_mut() {
        object.remove("$schema");
    }
    let gone = json!({
        "title": "gone",
        "type": "object",
        "properties": {"deleted": {"type": "string", "description": "What was deleted, as `task/t3`."}},
        "required": ["deleted"],
        "additionalProperties": false,
    });
    let mut choices = vec![schema, gone];
    choices.extend(nothing.map(|text| json!({"type": "null", "description": text})));
    let mut root = json!({
        "title": format!("What commands about a {what} answer"),
        "anyOf": choices,
    });
    if let Some(definitions) = definitions {
        root["$defs"] = definitions;
    }
    root
}
