//! The JSON of commands: read and written the same, unknown fields refused; and the schemas of everything.

use std::collections::BTreeSet;

use maestro_domain::*;
use serde_json::{Value, json};

/// A payload of each verb with every field.
fn payloads() -> Vec<(&'static str, Value)> {
    let project = json!({"title": "a", "overview": "b", "goals": "c", "repository": "d", "baseBranch": "e",
        "defaultAgent": "f"});
    let step = json!({"task": "t1", "subtask": "st2"});
    let done = json!({"task": "t1", "summary": "s", "force": true});
    let why = json!({"task": "t1", "reason": "r"});
    let said = json!({"task": "t1", "message": "m"});
    vec![
        ("project.create", project.clone()),
        ("project.update", project),
        ("project.archive", json!({"archived": false})),
        ("project.purge", json!({"confirm": "web"})),
        (
            "task.create",
            json!({"title": "a", "description": "b", "acceptance": ["c"], "technicalNotes": "d",
            "priority": "low", "labels": ["e"], "dependsOn": ["t1"], "subtasks": [{"title": "f", "description": "g"}]}),
        ),
        (
            "task.update",
            json!({"task": "t1", "title": "a", "description": "b", "acceptance": [], "technicalNotes": "d",
            "priority": "low", "labels": []}),
        ),
        (
            "task.import",
            json!({"source": "p", "tasks": [{"key": "a", "title": "b", "description": "c", "acceptance": ["d"],
            "technicalNotes": "e", "priority": "low", "labels": ["f"], "dependsOn": ["g"], "completed": true, "summary": "h",
            "subtasks": [{"title": "i", "description": "j", "completed": true}]}]}),
        ),
        ("task.start", json!({"task": "t1", "force": true})),
        ("task.next", json!({"claim": true, "labels": ["e"]})),
        ("task.log", said.clone()),
        ("task.comment", said.clone()),
        ("task.complete", done.clone()),
        ("task.approve", done),
        ("task.submit", json!({"task": "t1", "summary": "s"})),
        ("task.block", why.clone()),
        ("task.unblock", said),
        ("task.release", why.clone()),
        ("task.reopen", why.clone()),
        ("task.cancel", why),
        ("task.delete", json!({"task": "t1", "force": true})),
        ("task.depend", json!({"task": "t1", "add": ["t2"], "remove": ["t3"]})),
        ("subtask.create", json!({"task": "t1", "title": "a", "description": "b"})),
        ("subtask.update", json!({"task": "t1", "subtask": "st2", "title": "a", "description": "b"})),
        ("subtask.complete", step.clone()),
        ("subtask.reopen", step.clone()),
        ("subtask.delete", step),
        ("subtask.move", json!({"task": "t1", "subtask": "st2", "position": 3})),
        (
            "session.spawn",
            json!({"role": "custom", "tasks": ["t1"], "name": "a", "agent": "b", "skill": "c",
            "model": "d", "pool": "e", "prompt": "f", "command": ["g"], "reason": "h", "includeRelated": true,
            "restart": {"on_failure": {"max": 2}}, "keep": true, "force": true, "node": "n", "labels": ["l"]}),
        ),
        ("session.starting", json!({"node": "a", "workspace": "/b"})),
        ("session.active", json!({})),
        ("session.needs_input", json!({"input": "rate_limited", "question": "q", "until": "2026-01-01T00:00:00.000Z"})),
        ("session.update", json!({"message": "m"})),
        ("session.exited", json!({"code": -1})),
        ("session.failed", json!({"failure": "f"})),
        ("session.lost", json!({"session": "s1", "epoch": 2, "reason": "r"})),
        ("session.stop", json!({"session": "s1"})),
        ("session.stopped", json!({"shutdown": true})),
        ("session.resume", json!({"session": "s1"})),
        ("session.restart", json!({"session": "s1"})),
        ("session.expire", json!({"session": "s1", "epoch": 2, "deadline": "restart"})),
        ("message.send", json!({"to": "s1", "body": "b", "kind": "answer", "epoch": 2, "task": "t1"})),
        ("message.delivered", json!({"message": "m1"})),
        ("message.seen", json!({"message": "m1"})),
        ("effect.failed", json!({"effect": "e", "entity": "message/m1", "error": "x"})),
        (
            "timeline.refuse",
            json!({"task": "t1", "to": "ann", "verb": "v", "code": "c", "message": "m", "report": "r"}),
        ),
    ]
}

fn read(verb: &str, payload: &Value) -> Result<Request, String> {
    let (entity, name) = verb.split_once('.').unwrap();
    Request::deserialize_payload(entity, name, payload.clone()).expect("the verb exists").map_err(|e| e.to_string())
}

#[test]
fn every_payload_is_read_and_written_back_the_same() {
    let mut verbs = BTreeSet::new();
    for (verb, payload) in payloads() {
        let request = read(verb, &payload).unwrap();
        assert_eq!(format!("{}.{}", request.verb().0, request.verb().1), verb);
        assert_eq!(request.serialize_payload(serde_json::value::Serializer).unwrap(), payload, "{verb}");
        verbs.insert(request.verb());
    }
    assert_eq!(verbs, Request::VERBS.iter().copied().collect());
    assert!(Request::deserialize_payload("task", "explode", json!({})).is_none());
}

#[test]
fn payloads_refuse_unknown_fields() {
    for (verb, mut payload) in payloads() {
        payload["surprise"] = json!(1);
        let error = read(verb, &payload).unwrap_err();
        assert!(error.contains("unknown field `surprise`"), "{verb}: {error}");
    }
    assert!(read("task.create", &json!({"title": "a", "subtasks": [{"title": "b", "x": 1}]})).is_err());
}

#[test]
fn values_are_checked_on_the_way_in_and_the_error_carries_its_code() {
    for (verb, payload, code) in [
        ("task.create", json!({"title": " "}), "[invalid_title]"),
        ("task.create", json!({"title": "a\u{0}"}), "[invalid_title]"),
        ("task.create", json!({"title": "a".repeat(10_000_000)}), "[invalid_title]"),
        ("task.create", json!({"title": "a", "description": "a".repeat(65_537)}), "[too_large]"),
        ("task.create", json!({"title": "a", "labels": ["UI"]}), "[invalid_label]"),
        ("task.start", json!({"task": "t1.>"}), "[invalid_task_id]"),
        ("task.start", json!({"task": "t4294967296"}), "[invalid_task_id]"),
        ("session.stop", json!({"session": "t1"}), "[invalid_session_id]"),
        ("message.send", json!({"to": "An*n", "body": ""}), "[invalid_actor]"),
    ] {
        let error = read(verb, &payload).unwrap_err();
        assert!(error.starts_with(code) && error.len() < 400, "{verb}: {error}");
    }
}

#[test]
fn absent_fields_have_their_defaults() {
    assert_eq!(
        read("project.archive", &json!({})).unwrap(),
        Request::ArchiveProject(ArchiveProject { archived: true })
    );
    let Request::CreateTask(task) = read("task.create", &json!({"title": "a"})).unwrap() else { panic!() };
    assert_eq!(task.priority, Priority::Medium);
    let Request::SpawnSession(session) = read("session.spawn", &json!({})).unwrap() else { panic!() };
    assert_eq!((session.role, session.restart), (Role::Worker, RestartPolicy::Never));
}

#[test]
fn everything_on_the_wire_has_a_schema() {
    let mut generator = schemars::SchemaGenerator::default();
    let verbs = Request::schemas(&mut generator);
    assert_eq!(verbs.len(), Request::VERBS.len());
    generator.subschema_for::<Project>();
    generator.subschema_for::<Task>();
    generator.subschema_for::<Session>();
    generator.subschema_for::<Message>();
    generator.subschema_for::<Change>();
    let definitions = generator.take_definitions(true);
    let text = serde_json::to_string(&definitions).unwrap();
    // What is flattened is found at the level where it is written.
    for (entity, field) in [("Task", "blockedReason"), ("Session", "expiresAt"), ("Claim", "epoch"), ("Task", "title")]
    {
        assert!(definitions[entity].to_string().contains(&format!("\"{field}\"")), "{entity}.{field}");
    }
    for kind in TaskChange::KINDS.iter().chain(SessionChange::KINDS) {
        assert!(text.contains(&format!("\"{kind}\"")), "{kind}");
    }
}
