//! From a refusal of the domain to the error that teaches: code, facts, next commands.

use maestro_domain::{Refusal, StatusKind};
use serde_json::json;

use crate::{ErrorBody, ErrorCode};

impl From<Refusal> for ErrorBody {
    fn from(refusal: Refusal) -> Self {
        let text = refusal.to_string();
        let body = |code| Self::new(code, text);
        match refusal {
            Refusal::Invalid(invalid) => invalid.into(),
            Refusal::PasswordInRepository => body(ErrorCode::InvalidValue)
                .with("field", "repository")
                .suggest(
                    "give the address without it, and the password to git's credential helper on each host; or use an \
                     ssh key: git@host:path",
                )
                .commands(["maestro project update --help"]),
            Refusal::ProjectNotFound(id) => body(ErrorCode::ProjectNotFound)
                .with("project", id.as_str())
                .commands(["maestro project list".to_owned(), format!("maestro project create {id}")]),
            Refusal::ProjectExists(id) => body(ErrorCode::ProjectExists)
                .with("project", id.as_str())
                .commands([format!("maestro project get {id}")]),
            Refusal::ProjectArchived(id) => body(ErrorCode::ProjectArchived)
                .with("project", id.as_str())
                .commands([format!("maestro project archive {id} --restore")]),
            Refusal::ConfirmationMissing(id) => body(ErrorCode::ConfirmationMissing)
                .with("project", id.as_str())
                // There is no way back: first it is looked at and kept.
                .commands([
                    format!("maestro project get {id}"),
                    format!("maestro -p {id} task export"),
                    format!("maestro project purge {id} --confirm {id}"),
                ]),
            Refusal::TaskNotFound(id) => body(ErrorCode::TaskNotFound)
                .with("task", id.to_string())
                .commands(["maestro task list", "maestro task next"]),
            Refusal::SubtaskNotFound { task, subtask, known } => body(ErrorCode::SubtaskNotFound)
                .with("task", task.to_string())
                .with("subtask", subtask.to_string())
                .with("known", json!(known))
                .commands([format!("maestro subtask list {task}")]),
            Refusal::SessionNotFound(id) => body(ErrorCode::SessionNotFound)
                .with("session", id.to_string())
                .commands(["maestro session list --all"]),
            Refusal::MessageNotFound(id) => {
                body(ErrorCode::MessageNotFound).with("message", id.to_string()).commands(["maestro message list"])
            }
            Refusal::InvalidTransition { task, from, verb, needs_force } => {
                let first = towards(from, verb);
                let others = from.verbs().iter().filter(|next| first != Some(**next));
                let mut commands: Vec<String> = others.map(|next| next_command(next, task)).collect();
                commands.insert(
                    0,
                    first.map_or_else(|| format!("maestro task get {task}"), |next| next_command(next, task)),
                );
                if needs_force {
                    commands.push(format!("maestro task {verb} {task} --force"));
                }
                body(ErrorCode::InvalidTransition)
                    .with("task", task.to_string())
                    .with("status", from.as_str())
                    .with("verb", verb)
                    .with("allowed", json!(from.verbs()))
                    .commands(commands)
            }
            Refusal::AlreadyClaimed { task, holder } => {
                body(ErrorCode::AlreadyClaimed).with("task", task.to_string()).with("holder", json!(holder)).commands([
                    "maestro task next --claim".to_owned(),
                    format!("maestro wait {task}"),
                    format!("maestro task get {task}"),
                ])
            }
            Refusal::AlreadyAssigned { task, session } => body(ErrorCode::AlreadyAssigned)
                .with("task", task.to_string())
                .with("session", session.to_string())
                .commands([format!("maestro session info {session}"), "maestro task next --claim".to_owned()]),
            Refusal::DependenciesOpen { task, open, startable, held } => {
                let blocker = match (startable.first(), held.first(), open.first()) {
                    (Some(id), ..) => format!("maestro task start {id}"),
                    (None, Some(id), _) => format!("maestro wait {id}"),
                    (None, None, Some(id)) => format!("maestro task get {id}"),
                    (None, None, None) => "maestro task list".to_owned(),
                };
                body(ErrorCode::DependenciesOpen)
                    .with("task", task.to_string())
                    .with("open", json!(open))
                    .with("startable", json!(startable))
                    .with("held", json!(held))
                    .commands([
                        blocker,
                        "maestro task next --claim".to_owned(),
                        format!("maestro task start {task} --force"),
                    ])
            }
            Refusal::DependencyCancelled { task, dependency } => body(ErrorCode::DependenciesOpen)
                .with("task", task.to_string())
                .with("open", json!([dependency]))
                .commands([
                    format!("maestro task reopen {dependency}"),
                    format!("maestro task depend {task} --remove {dependency}"),
                    format!("maestro task cancel {task}"),
                ]),
            Refusal::OpenSubtasks { task, open } => {
                let mut commands: Vec<_> =
                    open.iter().take(5).map(|id| format!("maestro subtask complete {task} {id}")).collect();
                commands.push(format!("maestro task complete {task} --force"));
                body(ErrorCode::OpenSubtasks)
                    .with("task", task.to_string())
                    .with("open", json!(open))
                    .commands(commands)
            }
            Refusal::DependencyCycle { circle } => body(ErrorCode::DependencyCycle)
                .with("circle", json!(circle))
                .suggest("remove one of these edges first, or leave this one out")
                .commands(circle.iter().take(2).map(|id| format!("maestro task get {id}")).collect::<Vec<_>>()),
            Refusal::PlanCycle { circle } => body(ErrorCode::DependencyCycle)
                .with("circle", json!(circle))
                .suggest("take one of these out of a `dependsOn` of the plan")
                .commands(["maestro task import --help"]),
            Refusal::UnknownPlanKey { key, on } => body(ErrorCode::InvalidDependency)
                .with("key", key.as_str())
                .with("dependsOn", on.as_str())
                .suggest("give a task of the plan this key, or name a task that is there by its id")
                .commands(["maestro task list", "maestro task import --help"]),
            Refusal::LeftOutOfPlan { key, on, from } => body(ErrorCode::InvalidDependency)
                .with("key", key.as_str())
                .with("dependsOn", on.as_str())
                .with("source", from.as_str())
                .suggest(format!("export {on} too, or take it out of the `dependsOn` of {key}"))
                .commands(["maestro task export --help", "maestro task import --help"]),
            Refusal::PlanKeyTwice(key) => body(ErrorCode::InvalidValue)
                .with("key", key.as_str())
                .suggest("every task of a plan has a key of its own")
                .commands(["maestro task import --help"]),
            Refusal::HasDependants { task, dependants } => body(ErrorCode::HasDependants)
                .with("task", task.to_string())
                .with("dependants", json!(dependants))
                .commands(
                    dependants.first().map(|id| format!("maestro task depend {id} --remove {task}")).into_iter().chain(
                        [
                            format!("maestro task graph {task}"),
                            format!("maestro task cancel {task}"),
                            format!("maestro task delete {task} --force"),
                        ],
                    ),
                ),
            Refusal::StillClaimed { task, holder } => body(ErrorCode::StillClaimed)
                .with("task", task.to_string())
                .with("holder", json!(holder))
                .commands([format!("maestro task release {task}"), format!("maestro task delete {task} --force")]),
            Refusal::NotClaimed { task, actor } => body(ErrorCode::NotClaimed)
                .with("task", task.to_string())
                .with("actor", actor.to_string())
                .commands([format!("maestro task start {task}")]),
            Refusal::NotPermitted { actor, what, task } => {
                let mut commands = vec!["maestro whoami".to_owned(), "maestro task next --claim".to_owned()];
                if let Some(task) = task {
                    commands.push(format!("maestro task get {task}"));
                }
                body(ErrorCode::NotPermitted).with("actor", actor.to_string()).with("what", what).commands(commands)
            }
            Refusal::StaleSession { session, given, current } => body(ErrorCode::StaleSession)
                .with("session", session.to_string())
                .with("epoch", json!(given))
                .with("currentEpoch", current)
                .suggest("this session was superseded by a newer start of itself: stop working and exit")
                .commands([format!("maestro session info {session}")]),
            Refusal::SessionState { session, status, verb } => {
                let mut commands = vec![format!("maestro session info {session}")];
                if verb == "resume" {
                    commands.push(format!("maestro session attach {session}"));
                    commands.push(format!("maestro session restart {session}"));
                }
                body(ErrorCode::SessionState)
                    .with("session", session.to_string())
                    .with("status", status.as_str())
                    .with("verb", verb)
                    .commands(commands)
            }
            Refusal::SessionTaken { session, by } => body(ErrorCode::SessionTaken)
                .with("session", session.to_string())
                .with("node", by.as_str())
                .commands([format!("maestro session info {session}")]),
            Refusal::LimitReached { what, limit } => body(ErrorCode::LimitReached)
                .with("what", what)
                .with("limit", limit)
                .suggest("part it into several, or take away what is no longer needed")
                .commands(["maestro errors show limit_reached", "maestro status"]),
            Refusal::NoUpdates => body(ErrorCode::NoUpdates)
                .suggest("give at least one thing to change, such as --title \"<new title>\"")
                .commands(["maestro task update --help"]),
            Refusal::NotDue => body(ErrorCode::NotDue).commands(["maestro doctor"]),
        }
    }
}

/// The verb that leads from a status to where another one is possible; `None` when what was wanted is so, or nothing leads
/// there: then it is looked at.
fn towards(from: StatusKind, verb: &str) -> Option<&'static str> {
    match (from, verb) {
        (StatusKind::Pending, "complete" | "submit" | "block") => Some("start"),
        (StatusKind::Pending, _) => None,
        (StatusKind::InProgress, "approve") => Some("submit"),
        (StatusKind::InProgress, _) => None,
        (StatusKind::InReview, "block" | "release") => Some("start"),
        (StatusKind::InReview, _) => None,
        (StatusKind::Blocked, _) => Some("unblock"),
        (StatusKind::Completed | StatusKind::Cancelled, _) => Some("reopen"),
    }
}

/// A verb as it is typed; a text that it needs says what belongs there.
fn next_command(verb: &str, task: maestro_domain::TaskId) -> String {
    match verb {
        "block" => format!("maestro task block {task} --reason \"what {task} waits for, and from whom\""),
        other => format!("maestro task {other} {task}"),
    }
}
