//! Every refusal becomes an error that teaches, and whatever is no message of ours is refused with a code.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

use std::collections::BTreeSet;

use maestro_domain::{Holder, InvalidValue, Refusal, Request, SessionStatusKind, StatusKind, TaskId, Timestamp};
use maestro_wire::*;
use serde_json::json;

fn task(number: u32) -> TaskId {
    format!("t{number}").parse().unwrap()
}

fn parsed<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("'{text}' is right"))
}

fn key(text: &str) -> maestro_domain::PlanKey {
    serde_json::from_value(json!(text)).unwrap()
}

fn refusals() -> Vec<(Refusal, ErrorCode)> {
    let holder = || Holder { actor: parsed("s2"), epoch: Some(3) };
    let open = |startable: &[u32], held: &[u32], open: &[u32]| Refusal::DependenciesOpen {
        task: task(1),
        open: open.iter().map(|n| task(*n)).collect(),
        startable: startable.iter().map(|n| task(*n)).collect(),
        held: held.iter().map(|n| task(*n)).collect(),
    };
    let mut all = vec![
        (Refusal::Invalid(InvalidValue { code: "invalid_title", message: "no".into() }), ErrorCode::InvalidTitle),
        (Refusal::Invalid(InvalidValue { code: "of_another_age", message: "no".into() }), ErrorCode::InvalidValue),
        (Refusal::PasswordInRepository, ErrorCode::InvalidValue),
        (Refusal::ProjectNotFound(parsed("web")), ErrorCode::ProjectNotFound),
        (Refusal::ProjectExists(parsed("web")), ErrorCode::ProjectExists),
        (Refusal::ProjectArchived(parsed("web")), ErrorCode::ProjectArchived),
        (Refusal::ConfirmationMissing(parsed("web")), ErrorCode::ConfirmationMissing),
        (Refusal::TaskNotFound(task(9)), ErrorCode::TaskNotFound),
        (
            Refusal::SubtaskNotFound { task: task(1), subtask: parsed("st4"), known: vec![parsed("st1")] },
            ErrorCode::SubtaskNotFound,
        ),
        (Refusal::SessionNotFound(parsed("s1")), ErrorCode::SessionNotFound),
        (Refusal::MessageNotFound(parsed("m1")), ErrorCode::MessageNotFound),
        (Refusal::AlreadyClaimed { task: task(1), holder: holder() }, ErrorCode::AlreadyClaimed),
        (Refusal::AlreadyAssigned { task: task(1), session: parsed("s1") }, ErrorCode::AlreadyAssigned),
        (open(&[2], &[3], &[2, 3]), ErrorCode::DependenciesOpen),
        (open(&[], &[3], &[3]), ErrorCode::DependenciesOpen),
        (open(&[], &[], &[4]), ErrorCode::DependenciesOpen),
        (open(&[], &[], &[]), ErrorCode::DependenciesOpen),
        (Refusal::OpenSubtasks { task: task(1), open: vec![parsed("st1")] }, ErrorCode::OpenSubtasks),
        (Refusal::DependencyCycle { circle: vec![task(1), task(2), task(1)] }, ErrorCode::DependencyCycle),
        (Refusal::PlanCycle { circle: vec![key("a"), key("b")] }, ErrorCode::DependencyCycle),
        (Refusal::UnknownPlanKey { key: key("a"), on: key("b") }, ErrorCode::InvalidDependency),
        (Refusal::LeftOutOfPlan { key: key("t1"), on: key("t2"), from: key("web") }, ErrorCode::InvalidDependency),
        (Refusal::PlanKeyTwice(key("a")), ErrorCode::InvalidValue),
        (Refusal::HasDependants { task: task(1), dependants: vec![task(2)] }, ErrorCode::HasDependants),
        (Refusal::HasDependants { task: task(1), dependants: vec![] }, ErrorCode::HasDependants),
        (Refusal::StillClaimed { task: task(1), holder: holder() }, ErrorCode::StillClaimed),
        (Refusal::NotClaimed { task: task(1), actor: parsed("ann") }, ErrorCode::NotClaimed),
        (
            Refusal::NotPermitted { actor: parsed("s1"), what: "spawn".into(), task: Some(task(1)) },
            ErrorCode::NotPermitted,
        ),
        (Refusal::NotPermitted { actor: parsed("s1"), what: "spawn".into(), task: None }, ErrorCode::NotPermitted),
        (Refusal::StaleSession { session: parsed("s1"), given: None, current: 2 }, ErrorCode::StaleSession),
        (Refusal::SessionTaken { session: parsed("s1"), by: parsed("n1") }, ErrorCode::SessionTaken),
        (Refusal::LimitReached { what: "tasks", limit: 3 }, ErrorCode::LimitReached),
        (Refusal::NoUpdates, ErrorCode::NoUpdates),
        (Refusal::NotDue, ErrorCode::NotDue),
    ];
    for verb in ["resume", "stop"] {
        let status = SessionStatusKind::Active;
        all.push((Refusal::SessionState { session: parsed("s1"), status, verb }, ErrorCode::SessionState));
    }
    for from in StatusKind::ALL {
        for (_, verb) in Request::VERBS.iter().copied().filter(|(entity, _)| *entity == "task") {
            for needs_force in [false, true] {
                let refusal = Refusal::InvalidTransition { task: task(1), from, verb, needs_force };
                all.push((refusal, ErrorCode::InvalidTransition));
            }
        }
    }
    all
}

#[test]
fn every_refusal_has_its_code_its_words_and_a_next_command() {
    for (refusal, code) in refusals() {
        let words = refusal.to_string();
        let invalid = matches!(refusal, Refusal::Invalid(_));
        let error = ErrorBody::from(refusal);
        assert_eq!(error.code, code, "{words}");
        assert!(!error.message.is_empty() && words.ends_with(&error.message), "{words}: {}", error.message);
        assert_eq!(error.retryable, code.retryable());
        let commands: Vec<&str> = error
            .details
            .get("commands")
            .and_then(|all| all.as_array())
            .into_iter()
            .flatten()
            .filter_map(|c| c.as_str())
            .collect();
        assert!(invalid || (!commands.is_empty() && error.suggestion.is_some()), "{words}: what now?");
        assert!(commands.iter().all(|command| command.starts_with("maestro ")), "{commands:?}");
        let reply = Reply::decode(&Reply::refused(error.clone()).encode()).unwrap();
        let told = reply.into_result().unwrap_err();
        assert_eq!((told.code, told.message, told.details), (error.code, error.message, error.details));
    }
}

/// What leads on comes first, and nothing is offered that is not possible.
#[test]
fn a_transition_that_is_not_possible_names_the_way() {
    let first = |from: StatusKind, verb: &'static str| {
        let error = ErrorBody::from(Refusal::InvalidTransition { task: task(1), from, verb, needs_force: false });
        error.suggestion.unwrap()
    };
    assert!(first(StatusKind::Pending, "complete").contains("task start t1"));
    assert!(first(StatusKind::InProgress, "approve").contains("task submit t1"));
    assert!(first(StatusKind::InReview, "block").contains("task start t1"));
    assert!(first(StatusKind::Blocked, "complete").contains("task unblock t1"));
    assert!(first(StatusKind::Cancelled, "log").contains("task reopen t1"));
    assert!(first(StatusKind::Pending, "reopen").contains("task get t1"));
}

#[test]
fn what_is_no_command_query_or_wait_is_refused_with_a_code() {
    let id = ulid::Ulid::from_parts(1_700_000_000_000, 7).to_string();
    let whole = json!({ "type": "maestro.v1.command", "id": id, "data": { "title": "a" } });
    let code =
        |value: &serde_json::Value| decode_command("task", "create", value.to_string().as_bytes()).unwrap_err().code;
    assert!(decode_command("task", "create", whole.to_string().as_bytes()).is_ok());
    let with = |name: &str, to: serde_json::Value| {
        let mut value = whole.clone();
        value[name] = to;
        value
    };
    assert_eq!(code(&with("type", json!("maestro.v2.command"))), ErrorCode::UnsupportedVersion);
    assert_eq!(code(&with("type", json!(null))), ErrorCode::MissingRequiredField);
    assert_eq!(code(&with("id", json!("x"))), ErrorCode::InvalidCommandId);
    assert_eq!(code(&with("data", json!([1]))), ErrorCode::InvalidValue);
    assert_eq!(code(&with("data", json!({}))), ErrorCode::MissingRequiredField);
    assert_eq!(code(&with("data", json!({ "title": "a", "priority": "loud" }))), ErrorCode::InvalidPriority);
    assert_eq!(code(&with("data", json!({ "title": "a", "colour": 1 }))), ErrorCode::UnknownField);
    assert_eq!(code(&with("later", json!(1))), ErrorCode::UnknownField);
    assert_eq!(code(&json!([])), ErrorCode::InvalidValue);
    let raw = |bytes: &[u8]| decode_command("task", "create", bytes).unwrap_err().code;
    assert_eq!(
        (raw(b""), raw(b"{"), raw(b"[1")),
        (ErrorCode::MalformedJson, ErrorCode::MalformedJson, ErrorCode::MalformedJson)
    );
    assert_eq!(raw(&vec![b' '; header::MAX_COMMAND + 1]), ErrorCode::TooLarge);
    assert_eq!(decode_command("task", "explode", b"{}").unwrap_err().code, ErrorCode::UnknownCommand);

    assert_eq!(decode_query("task", "explode", b"{}").unwrap_err().code, ErrorCode::UnknownCommand);
    let query = json!({ "type": "maestro.v1.query", "data": { "status": 3 } }).to_string();
    assert_eq!(decode_query("task", "list", query.as_bytes()).unwrap_err().code, ErrorCode::InvalidValue);
    let wait = json!({ "type": "maestro.v1.wait", "timeoutMs": 1, "data": {} }).to_string();
    assert_eq!(decode_wait("nothing", wait.as_bytes()).unwrap_err().code, ErrorCode::UnknownCommand);
}

#[test]
fn a_reply_gives_its_data_or_says_why_not() {
    let reply = |json: serde_json::Value| Reply::decode(json.to_string().as_bytes());
    assert_eq!(Reply::ok(&vec![1, 2]).parse::<Vec<u32>>().unwrap(), [1, 2]);
    assert_eq!(Reply::ok(&"x").parse::<u32>().unwrap_err().code, ErrorCode::Internal);
    let nothing = reply(json!({ "type": "maestro.v1.reply", "success": true })).unwrap();
    assert_eq!(nothing.into_result().unwrap().get(), "null");
    let mute = reply(json!({ "type": "maestro.v1.reply", "success": false })).unwrap();
    assert_eq!(mute.into_result().unwrap_err().code, ErrorCode::Internal);
    assert!(reply(json!({ "type": "maestro.v2.reply", "success": true })).unwrap_err().to_string().contains("v2"));
    assert!(Reply::decode(b"{").is_err());
}

#[test]
fn codes_are_named_once_and_known_by_their_names() {
    let names: BTreeSet<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(names.len(), ErrorCode::ALL.len());
    for code in ErrorCode::ALL {
        assert_eq!(ErrorCode::parse(code.as_str()), Some(*code));
        assert_eq!(code.to_string(), code.as_str());
        assert!((1..=8).contains(&code.exit_code()) && code.about().ends_with('.'), "{code}");
    }
    assert_eq!(ErrorCode::parse("of_another_age"), None);
}

#[test]
fn command_ids_are_texts_and_some_follow_from_what_they_name() {
    let at = Timestamp::from_millis(1_700_000_000_123);
    let id = CommandId::derived(at, "session.expire s1/2");
    assert_eq!((id, id.time()), (CommandId::derived(at, "session.expire s1/2"), at));
    assert_ne!(id, CommandId::derived(at, "session.expire s1/3"));
    assert_eq!(id.to_string().parse::<CommandId>().unwrap(), id);
    assert_eq!(format!("{id:?}"), id.to_string());
    assert!("no id".parse::<CommandId>().is_err());
}

#[test]
fn places_and_the_ledgers_own_subject() {
    let web: maestro_domain::ProjectId = parsed("web");
    assert_eq!(Place::Project(web.clone()).project(), Some(&web));
    assert_eq!(Place::None.project(), None);
    assert_eq!(Subject::ledger().to_string(), "maestro.v1.evt._");
    assert_eq!(Subject::events(&web).to_string(), "maestro.v1.evt.web");
}

/// A timeline tells of some events of a commit only; the others are not even read.
#[test]
fn a_commit_is_told_in_parts() {
    let event = |id: u32, kind: &str, change: serde_json::Value| {
        json!({
            "specversion": "1.0", "id": ulid::Ulid::from_parts(1, u128::from(id)).to_string(), "source": "r1",
            "type": kind, "subject": "task/t1", "time": "2023-11-14T22:13:20.000Z", "actor": "ann",
            "commandid": ulid::Ulid::from_parts(1, 9).to_string(), "data": { "change": change },
        })
    };
    let ready = event(0, "maestro.task.ready", json!({ "kind": "ready" }));
    let later = event(1, "maestro.task.sung", json!({ "kind": "sung" }));
    let batch = json!([ready, later]).to_string();
    let told = decode_told(batch.as_bytes(), |index| index == 1).unwrap();
    assert_eq!((told.len(), told[0].0, told[0].1.change["kind"].as_str()), (1, 1, Some("sung")));
    let decoded = decode_commit(batch.as_bytes()).unwrap();
    assert_eq!((decoded.events.len(), decoded.unknown), (1, vec!["maestro.task.sung".to_owned()]));
    // An event about something else than its type says.
    let wrong = |subject: &str| {
        let mut event = ready.clone();
        event["subject"] = json!(subject);
        decode_commit(json!([event]).to_string().as_bytes()).unwrap_err().to_string()
    };
    assert!(wrong("session/s1").contains("maestro.task.ready about session/s1") && !wrong("nothing").is_empty());
    let mut nobody = ready.clone();
    nobody["actor"] = json!("*");
    let nobody = json!([nobody]).to_string();
    assert!(decode_commit(nobody.as_bytes()).is_err() && decode_told(nobody.as_bytes(), |_| true).is_err());
    assert!(decode_told(b"{}", |_| true).is_err() && decode_told(b"[1]", |_| true).is_err());
    // More events than an index counts: nobody asks for them, nothing falls over.
    let many = format!("[{}1]", "1,".repeat(70_000));
    assert_eq!(decode_told(many.as_bytes(), |_| false).unwrap(), []);
}
