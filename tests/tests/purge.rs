//! A purged project is forgotten, whatever was asked at the same moment, and the ledger can still be read from its
//! beginning.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use maestro_client::{Headers, Order, QueueConfig, Seen};
use maestro_domain::ProjectId;
use maestro_tests::cluster::{Cluster, ask, command, data, eventually, new_id, request};
use maestro_tests::stack::Stack;
use maestro_wire::{ErrorCode, Place, Query, ServerInfoGet, SpawnOrder, TaskList};
use serde_json::json;
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purge_among_other_commands_leaves_a_ledger_that_can_be_read() {
    let mut cluster = Cluster::start(1);
    cluster.project().await;
    let caller = cluster.caller("ann").await;
    let kept = command(&caller, &request("task", "create", &json!({ "title": "kept" }))).await.unwrap();
    let shop: ProjectId = "shop".parse().unwrap();
    let create = request("project", "create", &json!({ "title": "Shop" }));
    let within = std::time::Duration::from_secs(20);
    for round in 0..5 {
        caller.command(&shop, &create, new_id(), &Seen::default(), within).await.unwrap();
        // All of these are in the mailbox at once, so a group holds some before the purge and some behind it.
        let mut at_once = JoinSet::new();
        for n in 0..40 {
            let (caller, shop) = (caller.clone(), shop.clone());
            let request = if n == 20 {
                request("project", "purge", &json!({ "confirm": "shop" }))
            } else {
                request("task", "create", &json!({ "title": format!("{round}/{n}") }))
            };
            at_once.spawn(async move {
                let answer = caller.command(&shop, &request, new_id(), &Seen::default(), within).await;
                (n, answer.map(|reply| data(&reply)).map_err(|error| error.code))
            });
        }
        while let Some(answer) = at_once.join_next().await {
            match answer.unwrap() {
                (20, answer) => assert_eq!(answer.unwrap()["deleted"], "project"),
                (_, answer) => assert!(matches!(answer, Ok(_) | Err(ErrorCode::ProjectNotFound)), "{answer:?}"),
            }
        }
    }
    // From its beginning: nothing of the projection is left.
    tokio::task::block_in_place(|| {
        cluster.replicas[0].stop();
        std::fs::remove_file(cluster.projection(0)).unwrap();
        cluster.replicas[0].launch();
        cluster.replicas[0].await_ready();
    });
    let info = ask(&caller, &Query::ServerInfoGet(ServerInfoGet {}), &Seen::default()).await;
    assert_eq!(info["rebuilt"], json!(null), "it was read in one go: {info}");
    let list = Query::TaskList(TaskList::default());
    let tasks = ask(&caller, &list, &Seen::default()).await;
    assert_eq!(tasks["items"][0]["title"], data(&kept)["title"]);
    let gone = caller.query(&Place::Project(shop.clone()), &list, &Seen::default(), within).await.unwrap_err();
    assert_eq!(gone.code, ErrorCode::ProjectNotFound);
    // The name is free again.
    caller.command(&shop, &create, new_id(), &Seen::default(), within).await.unwrap();
}

/// The name is free again, and its first session is `s1` once more: it must not find what another `s1` wrote.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purge_takes_the_terminals_and_recordings_of_its_project_alone() {
    let cluster = Cluster::start(1);
    let caller = cluster.caller("ann").await;
    let within = std::time::Duration::from_secs(20);
    let create = request("project", "create", &json!({ "title": "A shop" }));
    let spawner = cluster.client("spawner").await;
    let store = spawner.objects("RECORDINGS");
    for name in ["shop", "shopping"] {
        caller.command(&name.parse().unwrap(), &create, new_id(), &Seen::default(), within).await.unwrap();
        let out = format!("maestro.v1.term.{name}.s1.1.out");
        spawner.append(&out, "old".into(), &Headers::new(), None, within).await.unwrap();
        store.put(&format!("{name}.s1.1.cast"), &mut &b"{}"[..]).await.unwrap();
    }
    let shop: ProjectId = "shop".parse().unwrap();
    let purge = request("project", "purge", &json!({ "confirm": "shop" }));
    caller.command(&shop, &purge, new_id(), &Seen::default(), within).await.unwrap();
    eventually("what the terminals of the project wrote is gone", || async {
        let text = spawner.read_last("TERM", "maestro.v1.term.shop.s1.1.out").await.unwrap();
        let recording = store.get("shop.s1.1.cast").await.unwrap();
        (text.is_none() && recording.is_none()).then_some(())
    })
    .await;
    assert!(spawner.read_last("TERM", "maestro.v1.term.shopping.s1.1.out").await.unwrap().is_some());
    assert!(store.get("shopping.s1.1.cast").await.unwrap().is_some());
}

/// The name has its next bearer by then: what belongs to that one stays, what was before it goes, orders too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purge_that_is_carried_out_late_spares_the_next_project_of_the_name() {
    let mut cluster = Cluster::start(1);
    let (caller, core) = (cluster.caller("ann").await, cluster.client("core").await);
    let (spawner, work) = (cluster.client("spawner").await, cluster.client("core-work").await);
    let store = spawner.objects("RECORDINGS");
    let within = std::time::Duration::from_secs(20);
    let shop: ProjectId = "shop".parse().unwrap();
    let say = async |entity: &str, verb: &str, payload: serde_json::Value| {
        caller.command(&shop, &request(entity, verb, &payload), new_id(), &Seen::default(), within).await.unwrap()
    };
    let write = async |session: &str, text: &'static str| {
        let out = format!("maestro.v1.term.shop.{session}.1.out");
        spawner.append(&out, text.into(), &Headers::new(), None, within).await.unwrap();
        store.put(&format!("shop.{session}.1.cast"), &mut text.as_bytes()).await.unwrap();
    };
    let spawn = json!({ "agent": "shell", "pool": "nowhere", "command": ["true"] });
    say("project", "create", json!({ "title": "Shop" })).await;
    say("session", "spawn", spawn.clone()).await;
    eventually("the order of the first session", || async {
        (work.stream_info("SPAWN").await.unwrap().messages == 1).then_some(())
    })
    .await;
    write("s1", "old").await;
    write("s2", "old").await;
    // Whoever holds the consumer performs; nobody does while this holds it.
    tokio::task::block_in_place(|| cluster.replicas[0].stop());
    let mut config = QueueConfig::new("EVENTS", "performer", Some("maestro.v1.evt.*"));
    config.ack_wait = std::time::Duration::from_secs(3);
    config.from_start = false;
    config.order = Order::Single { pin_ttl: std::time::Duration::from_secs(5), at_once: 256 };
    let mut held = core.work_queue(config).await.unwrap();
    let holds = tokio::spawn(async move {
        loop {
            // Dropped: they come again, to whoever comes next.
            drop(held.fetch(1, std::time::Duration::from_millis(500)).await);
        }
    });
    // The one that was stopped keeps its place for a while.
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    tokio::task::block_in_place(|| {
        cluster.replicas[0].launch();
        cluster.replicas[0].await_ready();
    });
    say("session", "stop", json!({ "session": "s1" })).await;
    say("project", "purge", json!({ "confirm": "shop" })).await;
    let created = say("project", "create", json!({ "title": "Shop" })).await.seq.unwrap();
    say("session", "spawn", spawn).await;
    write("s1", "new").await;
    holds.abort();
    let last = async |session: &str| {
        let out = format!("maestro.v1.term.shop.{session}.1.out");
        let text = spawner.read_last("TERM", &out).await.unwrap();
        text.map(|stored| String::from_utf8(stored.payload.to_vec()).unwrap())
    };
    eventually("what was before the purge is gone", || async { last("s2").await.is_none().then_some(()) }).await;
    eventually("the order of the next session alone", || async {
        let stored = work.next_message("SPAWN", "maestro.v1.spawn.*.*", 1).await.unwrap()?;
        let order: SpawnOrder = serde_json::from_slice(&stored.payload).unwrap();
        let alone = work.stream_info("SPAWN").await.unwrap().messages == 1;
        (alone && order.seq > Some(created)).then_some(())
    })
    .await;
    assert_eq!(last("s1").await.as_deref(), Some("new"));
    assert_eq!(store.get("shop.s1.1.cast").await.unwrap().as_deref(), Some(&b"new"[..]));
    assert!(store.get("shop.s2.1.cast").await.unwrap().is_none());
}

fn git(directory: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.args(arguments).current_dir(directory).env("GIT_CONFIG_GLOBAL", "/dev/null").env("LC_ALL", "C");
    let output = command.output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The project `web` with a task, whose first session runs the script to its end. Answers where it worked.
fn work(stack: &Stack, script: &str) -> PathBuf {
    let web = |arguments: &[&str]| stack.maestro(&[&["--project", "web", "--timeout", "30s"], arguments].concat());
    web(&["project", "create", "web"]).data();
    web(&["task", "create", "one"]).data();
    let spawn = ["session", "spawn", "--agent", "shell", "--task", "t1", "--", "sh", "-ec", script];
    assert_eq!(web(&spawn).data()["sessionId"], "s1");
    let begun = Instant::now();
    loop {
        let session = web(&["session", "info", "s1"]).data().clone();
        if session["status"] == "exited" {
            assert_eq!(session["code"], 0, "{session}: {}", web(&["session", "logs", "s1"]).stdout);
            return session["workspace"].as_str().unwrap().into();
        }
        let fine = !["failed", "lost", "stopped"].iter().any(|end| session["status"] == *end);
        assert!(fine && begun.elapsed() < Duration::from_secs(60), "{session}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn purge(stack: &Stack) {
    stack.maestro(&["project", "purge", "web", "--confirm", "web"]).data();
}

/// The same name, the same numbers, another project: what the purged one's session left is nobody's to go on with, and nobody's
/// to throw away.
#[test]
fn a_session_of_the_next_project_of_the_name_begins_at_its_base_and_the_old_work_stays() {
    let stack = Stack::start();
    let repository = stack.place().path().join("repository");
    fs::create_dir(&repository).unwrap();
    git(&repository, &["init", "--quiet", "-b", "main"]);
    git(&repository, &["config", "user.email", "ann@localhost"]);
    git(&repository, &["config", "user.name", "Ann"]);
    fs::write(repository.join("file"), "one\n").unwrap();
    git(&repository, &["add", "."]);
    git(&repository, &["commit", "--quiet", "-m", "first"]);
    fs::write(stack.home().join("config.toml"), format!("[projects.web]\npath = {:?}\n", repository.display()))
        .unwrap();

    let old = work(&stack, "echo two >>file; git commit --quiet -am old; echo three >>file; echo left >left");
    let commit = git(&old, &["rev-parse", "HEAD"]);
    purge(&stack);
    let new = work(&stack, "echo four >new; git add new; git commit --quiet -m new");
    assert_ne!(new, old);
    let base = git(&repository, &["rev-parse", "main"]);
    assert_eq!(git(&new, &["rev-parse", "HEAD~1"]), base, "it began with what the purged one had done");
    assert_eq!(git(&new, &["status", "--porcelain"]), "");
    assert_eq!(git(&new, &["branch", "--show-current"]), "maestro/t1-s1");
    // Commits, changes and new files, under a name that no task of this project has.
    assert_eq!(git(&old, &["rev-parse", "HEAD"]), commit);
    assert_eq!(git(&old, &["status", "--porcelain"]), "M file\n?? left");
    let branch = git(&old, &["branch", "--show-current"]);
    assert!(branch.starts_with("maestro/purged/t1-s1-"), "{branch}");
}

#[test]
fn a_directory_in_which_a_purged_projects_session_worked_is_left_to_what_lies_there() {
    let stack = Stack::start();
    let old = work(&stack, "echo left >left");
    purge(&stack);
    let new = work(&stack, "ls -A; test -z \"$(ls -A)\"; echo new >new");
    assert_ne!(new, old);
    assert_eq!(fs::read_to_string(old.join("left")).unwrap(), "left\n");
    assert_eq!(fs::read_to_string(new.join("new")).unwrap(), "new\n");
}
