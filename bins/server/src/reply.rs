//! From a decided answer to the reply on the wire.

use maestro_domain::{Answer, Imported, Task};
use maestro_wire::{ImportedPlan, ImportedTask, Reply, SessionView, TaskRow};
use serde::Serialize;
use serde_json::json;

/// A task as commands answer it: a pure function of the command's own events.
#[derive(Serialize)]
struct TaskAnswer<'a> {
    #[serde(flatten)]
    task: &'a Task,
    progress: maestro_domain::Progress,
}

/// The reply to a command.
#[must_use]
pub fn answered(answer: &Answer) -> Reply {
    match answer {
        Answer::Nothing => Reply::ok(&serde_json::Value::Null),
        Answer::Project(project) => Reply::ok(project),
        Answer::Task(task) => Reply::ok(&TaskAnswer { task, progress: task.progress() }),
        Answer::Session(session) => Reply::ok(session),
        Answer::Message(message) => Reply::ok(message),
        Answer::Imported(tasks) => Reply::ok(&plan(tasks)),
        Answer::Gone(entity) => Reply::ok(&json!({ "deleted": entity })),
    }
}

fn plan(tasks: &[Imported]) -> ImportedPlan {
    let item = |imported: &Imported| ImportedTask {
        key: imported.key.clone(),
        id: imported.task.id,
        title: imported.task.title.clone(),
        status: imported.task.status.kind(),
        created: imported.created,
    };
    let created = tasks.iter().filter(|imported| imported.created).count();
    let created = u32::try_from(created).unwrap_or(u32::MAX);
    ImportedPlan { items: tasks.iter().map(item).collect(), created, total: None, parts: None }
}

/// A task in a list.
#[must_use]
pub fn row(state: &maestro_domain::State, task: &Task) -> TaskRow {
    TaskRow { task: task.clone(), progress: task.progress(), ready: state.is_ready(task) }
}

/// A session in a list.
#[must_use]
pub fn session_view(
    state: &maestro_domain::State,
    session: &maestro_domain::Session,
    pending: Option<String>,
) -> SessionView {
    let actor = maestro_domain::Actor::Session(session.id);
    SessionView {
        session: session.clone(),
        holds: state.held_by(&actor).collect(),
        unread: state.unread(&actor) as u64,
        pending,
    }
}
