//! Queries, waits and replies as this version writes them.

use std::collections::BTreeMap;

use maestro_domain::*;
use maestro_wire::*;
use serde_json::{Value, json};

const LEDGER: &str = "01JDLEDGER";

fn plain(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

/// One of each query and wait, with everything that can be asked for.
pub fn questions() -> BTreeMap<String, Value> {
    let task: Option<TaskId> = "t1".parse().ok();
    let session: Option<SessionId> = "s2".parse().ok();
    let (limit, cursor) = (Some(50), Some("c2Vl".to_owned()));
    let queries = [
        Query::ProjectList(ProjectList { archived: true, limit, cursor: cursor.clone() }),
        Query::ProjectGet(ProjectGet {}),
        Query::TaskList(TaskList {
            status: vec![StatusKind::Pending, StatusKind::InReview],
            priority: vec![Priority::Critical],
            labels: vec!["core".parse().unwrap()],
            ready: Some(true),
            assignee: Some("s2".parse().unwrap()),
            text: Some("header".to_owned()),
            sort: TaskSort::Priority,
            reverse: true,
            limit,
            cursor: cursor.clone(),
        }),
        Query::TaskGet(TaskGet { task, timeline: Some(3) }),
        Query::SubtaskList(SubtaskList { task, limit, cursor: cursor.clone() }),
        Query::TaskTimeline(TaskTimeline { task, limit, cursor: cursor.clone() }),
        Query::SessionList(SessionList {
            all: true,
            status: vec![SessionStatusKind::NeedsInput],
            role: Some(Role::Worker),
            reverse: false,
            limit,
            cursor: cursor.clone(),
        }),
        Query::SessionGet(SessionGet { session }),
        Query::ManifestGet(ManifestGet { session }),
        Query::MessageList(MessageList { limit, cursor: cursor.clone() }),
        Query::EventList(EventList { entity: Some("task/t1".parse().unwrap()), limit, cursor }),
        Query::StatusGet(StatusGet {}),
        Query::ServerInfoGet(ServerInfoGet {}),
        Query::SystemGet(SystemGet {}),
    ];
    let mut files = BTreeMap::new();
    for query in queries {
        let (entity, verb) = query.verb();
        let envelope =
            QueryEnvelope { min_seq: Some(7), ledger: Some(LEDGER.to_owned()), ..QueryEnvelope::new(&query) };
        files.insert(format!("query.{entity}.{verb}"), plain(&envelope.encode()));
    }
    let waits = [
        WaitRequest::Tasks(WaitTasks {
            tasks: task.into_iter().collect(),
            sessions: session.into_iter().collect(),
            all: true,
            since: Some(7),
            since_message: Some("m4".parse().unwrap()),
        }),
        WaitRequest::Events(WaitEvents { since: Some(7), entity: Some(EntityRef::Project), limit }),
    ];
    for wait in waits {
        let envelope = WaitEnvelope { epoch: Some(2), ..WaitEnvelope::new(&wait, 20_000) };
        files.insert(format!("wait.{}", wait.what()), plain(&envelope.encode()));
    }
    files
}

pub fn replies() -> BTreeMap<String, Value> {
    let state = crate::story::state();
    let task = state.task("t1".parse().unwrap()).unwrap();
    let row = TaskRow { task: Task::clone(task), progress: task.progress(), ready: state.is_ready(task) };
    let session = Session::clone(state.session("s2".parse().unwrap()).unwrap());
    let view = SessionView { session, holds: Vec::new(), unread: 1, pending: None };
    let ok = |data: &Value| Reply::ok(data).at(12, LEDGER);
    let refuse = |refusal: Refusal| Reply::refused(refusal.into()).at(12, LEDGER);
    let mut unchanged = ok(&json!(row));
    unchanged.unchanged = true;
    let mut answer = json!(row);
    answer.as_object_mut().unwrap().remove("ready");
    let replies = [
        ("task", ok(&answer)),
        ("task-unchanged", unchanged),
        ("project", ok(&json!(state.project().unwrap()))),
        ("session", ok(&json!(view.session))),
        ("session-view", ok(&json!(view))),
        ("nothing", ok(&Value::Null)),
        ("deleted", ok(&json!({"deleted": "task/t3"}))),
        ("task-page", ok(&json!(Page { items: vec![row], next_cursor: Some("dDE".to_owned()) }))),
        ("refused-task-not-found", refuse(Refusal::TaskNotFound("t9".parse().unwrap()))),
        (
            "refused-invalid-transition",
            refuse(Refusal::InvalidTransition {
                task: "t2".parse().unwrap(),
                from: StatusKind::Completed,
                verb: "block",
                needs_force: false,
            }),
        ),
        (
            "refused-already-claimed",
            refuse(Refusal::AlreadyClaimed {
                task: "t1".parse().unwrap(),
                holder: Holder { actor: "s2".parse().unwrap(), epoch: Some(1) },
            }),
        ),
        (
            "refused-dependency-cycle",
            refuse(Refusal::DependencyCycle { circle: vec!["t1".parse().unwrap(), "t2".parse().unwrap()] }),
        ),
        ("overloaded", Reply::refused(ErrorBody::new(ErrorCode::Overloaded, "too many commands wait"))),
        (
            "waited",
            ok(&json!(Waited {
                reached: true,
                reasons: vec![
                    WaitReason::Task { task: "t1".parse().unwrap(), status: StatusKind::Completed },
                    WaitReason::Released { task: "t1".parse().unwrap() },
                    WaitReason::Session { session: "s2".parse().unwrap(), status: SessionStatusKind::Lost },
                ],
                cursor: 12,
                ..Waited::default()
            })),
        ),
    ];
    replies.into_iter().map(|(name, reply)| (name.to_owned(), plain(&reply.encode()))).collect()
}
