//! What is refused leaves nothing behind, and what is allowed can be read: projects that never came to be, as many
//! projects as there may be, tasks with more text than one answer carries.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

use std::time::Duration;

use async_nats::jetstream;
use maestro_client::{Caller, Seen};
use maestro_domain::{ProjectId, TaskId};
use maestro_tests::cluster::{Cluster, actor, ask, command, data, eventually, new_id, request};
use maestro_wire::{CommandId, ErrorBody, ErrorCode, Query, ServerInfoGet, SubtaskList, TaskGet};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use ulid::Ulid;

const WITHIN: Duration = Duration::from_secs(20);
const WEEK_MILLIS: u64 = 7 * 24 * 3600 * 1000;

/// An id that no server answers to any more.
fn old_id() -> CommandId {
    let now = Ulid::generate();
    CommandId(Ulid::from_parts(now.timestamp_ms() - WEEK_MILLIS - 60_000, now.random()))
}

async fn create(caller: &Caller, project: &str, id: CommandId) -> Result<(), ErrorBody> {
    let project: ProjectId = project.parse().expect("a project's id");
    let create = request("project", "create", &json!({ "title": project.as_str() }));
    caller.command(&project, &create, id, &Seen::default(), WITHIN).await.map(drop)
}

/// Projects that the server has an actor for.
async fn actors(cluster: &Cluster) -> u64 {
    let core = cluster.nats.connect("core").await;
    let stats = core.request("$SRV.STATS.maestro", "".into()).await.unwrap();
    let stats: Value = serde_json::from_slice(&stats.payload).unwrap();
    let endpoints = stats["endpoints"].as_array().unwrap();
    let peer = endpoints.iter().find(|endpoint| endpoint["name"] == "peer").unwrap();
    peer["data"]["actors"].as_u64().unwrap_or_else(|| panic!("{peer}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn projects_that_are_refused_leave_nothing_behind() {
    const EACH: usize = 2_000;
    let cluster = Cluster::start(1);
    cluster.project().await;
    let ann = cluster.caller("ann").await;
    let session = Caller::new(cluster.client("edge").await, actor("s1"), Some(1));
    assert_eq!(actors(&cluster).await, 1);
    let mut at_once = JoinSet::new();
    for n in 0..EACH {
        let (ann, session) = (ann.clone(), session.clone());
        at_once.spawn(async move {
            let refused = create(&session, &format!("no-{n}"), new_id()).await.unwrap_err();
            assert_eq!(refused.code, ErrorCode::NotPermitted);
            let refused = create(&ann, &format!("old-{n}"), old_id()).await.unwrap_err();
            assert_eq!(refused.code, ErrorCode::CommandExpired);
        });
        if at_once.len() >= 64 {
            at_once.join_next().await.unwrap().unwrap();
        }
    }
    while let Some(outcome) = at_once.join_next().await {
        outcome.unwrap();
    }
    eventually("only the project that is there has an actor", || async { (actors(&cluster).await == 1).then_some(()) })
        .await;
}

/// An actor that goes takes nothing along: neither the command that comes at that moment, nor what it created.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_is_created_once_among_creates_that_are_refused() {
    const PROJECTS: usize = 300;
    let cluster = Cluster::start(2);
    let ann = cluster.caller("ann").await;
    let mut at_once = JoinSet::new();
    for n in 0..PROJECTS {
        let ann = ann.clone();
        at_once.spawn(async move {
            let name = format!("p-{n}");
            let old = || async { create(&ann, &name, old_id()).await.unwrap_err().code };
            let new = || async { create(&ann, &name, new_id()).await.map_err(|error| error.code) };
            let (one, first, two, second, three) = tokio::join!(old(), new(), old(), new(), old());
            for code in [one, two, three] {
                assert_eq!(code, ErrorCode::CommandExpired, "{name}");
            }
            let created = [first, second];
            assert_eq!(created.iter().filter(|created| created.is_ok()).count(), 1, "{name}: {created:?}");
            assert!(created.contains(&Err(ErrorCode::ProjectExists)), "{name}: {created:?}");
            let task = request("task", "create", &json!({ "title": "here" }));
            let project = name.parse().unwrap();
            ann.command(&project, &task, new_id(), &Seen::default(), WITHIN).await.unwrap();
        });
        if at_once.len() >= 32 {
            at_once.join_next().await.unwrap().unwrap();
        }
    }
    while let Some(outcome) = at_once.join_next().await {
        outcome.unwrap();
    }
    let fold = cluster.fold().await;
    assert_eq!(fold.states.values().filter(|state| state.tasks().len() == 1).count(), PROJECTS);
}

/// Writes into the ledger what creating these projects would have written.
async fn write_projects(cluster: &Cluster, count: usize) {
    let context = jetstream::new(cluster.nats.connect("core").await);
    let stream = context.get_stream("EVENTS").await.unwrap();
    let first = stream.get_last_raw_message_by_subject("maestro.v1.evt.web").await.unwrap();
    let mut commit: Value = serde_json::from_slice(&first.payload).unwrap();
    for begin in (0..count).step_by(500) {
        let mut sent = Vec::new();
        for n in begin..count.min(begin + 500) {
            let name = format!("p-{n}");
            commit[0]["id"] = Ulid::generate().to_string().into();
            commit[0]["data"]["after"]["id"] = name.clone().into();
            let subject = format!("maestro.v1.evt.{name}");
            let written = context.publish_with_headers(subject, first.headers.clone(), commit.to_string().into());
            sent.push(written.await.unwrap());
        }
        for acknowledged in sent {
            acknowledged.await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn there_are_as_many_projects_as_there_may_be() {
    const LIMIT: usize = maestro_domain::Limits::PROJECTS;
    let cluster = Cluster::start(1);
    cluster.project().await;
    let ann = cluster.caller("ann").await;
    write_projects(&cluster, LIMIT - 2).await;
    eventually("all projects are followed", || async {
        let info = ask(&ann, &Query::ServerInfoGet(ServerInfoGet {}), &Seen::default()).await;
        (info["projects"].as_u64() == u64::try_from(LIMIT - 1).ok()).then_some(())
    })
    .await;
    create(&ann, "last", new_id()).await.unwrap();
    let refused = create(&ann, "another", new_id()).await.unwrap_err();
    assert_eq!((refused.code, &refused.details["limit"]), (ErrorCode::LimitReached, &json!(LIMIT)));
    assert_eq!(refused.details["what"], "projects");
    assert_eq!(create(&ann, "last", new_id()).await.unwrap_err().code, ErrorCode::ProjectExists);
    // What is there goes on, and what is purged makes room.
    command(&ann, &request("task", "create", &json!({ "title": "one more" }))).await.unwrap();
    let purge = request("project", "purge", &json!({ "confirm": "last" }));
    ann.command(&"last".parse().unwrap(), &purge, new_id(), &Seen::default(), WITHIN).await.unwrap();
    create(&ann, "another", new_id()).await.unwrap();
    assert_eq!(create(&ann, "last", new_id()).await.unwrap_err().code, ErrorCode::LimitReached);
}

const STEPS: usize = 150;
const DEPENDENCIES: usize = 100;

/// Eight thousand bytes that take twice as many in JSON, and are no two alike.
fn text(n: usize) -> String {
    format!("{n:04} {}", "\"\n".repeat(3_997)) + "."
}

/// A task with more than an answer carries: its steps, and what it builds on.
async fn large_task(ann: &Caller) -> TaskId {
    let mut builds_on = Vec::new();
    for n in 0..DEPENDENCIES {
        let created = command(ann, &request("task", "create", &json!({ "title": format!("before {n}") }))).await;
        let id = data(&created.unwrap())["id"].clone();
        command(ann, &request("task", "start", &json!({ "task": id }))).await.unwrap();
        command(ann, &request("task", "complete", &json!({ "task": id, "summary": text(n) }))).await.unwrap();
        builds_on.push(id);
    }
    let large = json!({ "title": "Large", "description": text(9_000).repeat(8), "dependsOn": builds_on });
    let created = command(ann, &request("task", "create", &large)).await;
    let id = data(&created.unwrap())["id"].clone();
    for n in 0..STEPS {
        let step = json!({ "task": id, "title": format!("step {n}"), "description": text(n) });
        command(ann, &request("subtask", "create", &step)).await.unwrap();
    }
    serde_json::from_value(id).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_of_many_long_texts_can_be_read_and_exported() {
    let mut cluster = Cluster::start(1);
    cluster.project().await;
    let ann = cluster.caller("ann").await;
    let id = large_task(&ann).await;
    let detail = ask(&ann, &Query::TaskGet(TaskGet { task: Some(id), timeline: None }), &Seen::default()).await;
    assert_eq!(detail["truncated"], true);
    assert_eq!(detail["description"], text(9_000).repeat(8), "its own text is whole");
    assert_eq!(detail["subtasks"].as_array().unwrap().len(), STEPS);
    let cut = detail["subtaskDescriptions"]["st1"].as_str().unwrap();
    assert!(cut.starts_with("0000 ") && cut.ends_with("(`maestro task export` shows all of it)"), "{cut}");
    let small = ask(&ann, &Query::TaskGet(TaskGet { task: "t1".parse().ok(), timeline: None }), &Seen::default()).await;
    assert_eq!((&small["truncated"], small["summary"].as_str()), (&Value::Null, Some(text(0).as_str())));

    let (mut steps, mut cursor) = (Vec::new(), None);
    loop {
        let list = Query::SubtaskList(SubtaskList { task: Some(id), limit: Some(100), cursor });
        let page = ask(&ann, &list, &Seen::default()).await;
        steps.extend(page["items"].as_array().unwrap().clone());
        cursor = page["nextCursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    let told: Vec<_> = steps.iter().map(|step| (step["title"].as_str(), step["description"].as_str())).collect();
    let (titles, texts): (Vec<_>, Vec<_>) = (0..STEPS).map(|n| (format!("step {n}"), text(n))).unzip();
    let written: Vec<_> = titles.iter().zip(&texts).map(|(t, d)| (Some(t.as_str()), Some(d.as_str()))).collect();
    assert!(told == written, "the steps are told whole and in order");

    let cli = cluster.cli("ann");
    let run = |words: &[&str]| {
        let said = cli.plain(&[&["-p", "web", "--timeout", "60s"], words].concat(), b"");
        assert_eq!(said.code, 0, "{words:?}: {}", said.err);
        said.out
    };
    let exported = tokio::task::block_in_place(|| {
        run(&["task", "get", &id.to_string()]);
        run(&["subtask", "list", &id.to_string()]);
        run(&["task", "export"])
    });
    let lines: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), DEPENDENCIES + 1);
    for (n, step) in lines[DEPENDENCIES]["subtasks"].as_array().unwrap().iter().enumerate() {
        assert!(step["description"] == text(n), "step {n} is not whole");
    }
    // The ledger says the same once more, from its beginning.
    tokio::task::block_in_place(|| {
        cluster.replicas[0].stop();
        std::fs::remove_file(cluster.projection(0)).unwrap();
        cluster.replicas[0].launch();
        cluster.replicas[0].await_ready();
        assert!(run(&["task", "export"]) == exported, "the export differs after the projection was built anew");
    });
}
