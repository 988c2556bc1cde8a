//! Backup, wipe, restore: the same projects to the byte, ids that go on, and nothing that starts by itself.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use maestro_client::Headers;
use maestro_domain::Timestamp;
use maestro_tests::cluster::{Cluster, ask, command, data, eventually, new_id, request};
use maestro_tests::nats::{Flavour, NatsServer};
use maestro_tests::stack::{Answer, Place, Stack, answer, coverage, program};
use maestro_wire::{LedgerCreated, LedgerRestore, Place as Where, Query, TaskList, encode_ledger_words};
use rustix::process::Signal;
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(30);

/// A backup that a stack of the first version made, and what its `task export` said.
fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/backup").join(name)
}

fn of(place: &Place, project: &str, words: &[&str]) -> Answer {
    place.maestro(&[&["--project", project, "--timeout", "20s"], words].concat())
}

fn export(place: &Place, project: &str) -> String {
    let output = place.command().args(["--project", project, "task", "export"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn status(place: &Place, session: &str) -> (String, u64) {
    let info = of(place, "web", &["session", "info", session]).data().clone();
    (info["status"].as_str().unwrap().to_owned(), info["epoch"].as_u64().unwrap())
}

#[track_caller]
fn until(place: &Place, session: &str, wanted: &str) {
    let deadline = Instant::now() + SOON;
    loop {
        let (now, _) = status(place, session);
        if now == wanted {
            return;
        }
        assert!(Instant::now() < deadline, "{session} is {now}, not {wanted}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Tasks in every state, sessions in every state, texts that are awkward to write down.
fn fill(place: &Place) {
    of(place, "web", &["project", "create", "web", "--title", "Web"]).data();
    for (n, text) in ["plain", "ümlaut \u{1f980} \"quoted\" \\ back", "lines\nand\ttabs"].iter().enumerate() {
        let title = format!("task {n}");
        of(place, "web", &["task", "create", &title, "--desc", text, "--subtask", "part", "--label", "rust"]).data();
    }
    of(place, "web", &["task", "start", "t1"]).data();
    of(place, "web", &["task", "complete", "t1", "--force", "--summary", "done"]).data();
    of(place, "web", &["task", "start", "t2"]).data();
    of(place, "web", &["task", "depend", "t3", "--on", "t2"]).data();
    // s1 has ended and left a recording, s2 runs and would be started again, s3 waits for a pool that nobody has.
    of(place, "web", &["session", "spawn", "--agent", "shell", "--", "echo", "recorded words"]).data();
    until(place, "s1", "exited");
    of(place, "web", &["session", "spawn", "--agent", "shell", "--restart", "3", "--", "sleep", "600"]).data();
    of(place, "web", &["session", "spawn", "--agent", "shell", "--pool", "nowhere", "--", "sleep", "600"]).data();
    until(place, "s2", "active");
    // A project that is gone leaves a hole in the sequence, and its name is in use again.
    for _ in 0..2 {
        of(place, "old", &["project", "create", "old"]).data();
        of(place, "old", &["task", "create", "short-lived"]).data();
        of(place, "old", &["project", "purge", "old", "--confirm", "old"]).data();
    }
    of(place, "old", &["project", "create", "old"]).data();
    of(place, "old", &["task", "create", "of the third"]).data();
}

/// A recording is uploaded a moment after its session's end.
fn recording(place: &Place) -> String {
    let file = place.path().join("s1.cast");
    let deadline = Instant::now() + SOON;
    loop {
        let saved = of(place, "web", &["session", "replay", "s1", "--output", file.to_str().unwrap()]);
        if saved.code == 0 {
            return fs::read_to_string(&file).unwrap();
        }
        assert!(Instant::now() < deadline, "{saved:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn backup_under_load_wipe_restore() {
    let stack = Stack::start();
    let place = stack.place();
    fill(place);
    let (web, old, cast) = (export(place, "web"), export(place, "old"), recording(place));
    assert!(cast.contains("recorded words"), "{cast}");
    let file = place.path().join("one.tar");
    let file = file.to_str().unwrap();
    of(place, "load", &["project", "create", "load"]).data();
    let enough = AtomicBool::new(false);
    let (made, begun) = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut acknowledged = 0;
                    while !enough.load(Ordering::Relaxed) {
                        of(place, "load", &["task", "create", "more"]).data();
                        acknowledged += 1;
                    }
                    acknowledged
                })
            })
            .collect();
        let begun = export(place, "load").lines().count();
        let made = place.maestro(&["backup", file]).data().clone();
        enough.store(true, Ordering::Relaxed);
        let all: usize = writers.into_iter().map(|writer| writer.join().unwrap()).sum();
        assert!(all > begun, "nothing was written while the backup was");
        (made, begun)
    });
    assert_eq!(
        (made["file"].as_str(), made["version"].as_u64(), made["projects"].as_u64()),
        (Some(file), Some(1), Some(3))
    );
    assert!(made["streams"]["OBJ_RECORDINGS"]["messages"].as_u64().unwrap() >= 2, "{made}");
    assert_eq!(place.maestro(&["backup", file]).error(), "file_exists");
    // Behind the backup's back.
    of(place, "web", &["task", "create", "too late"]).data();
    assert_eq!(place.maestro(&["restore", file]).error(), "still_running");

    // Wiped: another home, with other passwords, that has never seen a stack.
    let mut stack = stack;
    assert!(stack.end_with(Signal::TERM).success());
    let place = stack.into_place();
    fs::remove_dir_all(place.home()).unwrap();
    let restored = place.maestro(&["restore", file]);
    let lost = restored.data()["lost"].clone();
    assert_eq!(lost, json!(["web/s2", "web/s3"]), "{restored:?}");
    assert_ne!(restored.data()["ledger"], made["ledger"], "what anybody remembers of the old one is void");
    assert_eq!(place.maestro(&["restore", file]).error(), "target_not_empty");

    let stack = Stack::start_in(place, &[]);
    let place = stack.place();
    assert_eq!(export(place, "web"), web);
    assert_eq!(export(place, "old"), old);
    assert_eq!(recording(place), cast);
    let load = export(place, "load").lines().count();
    assert!(load >= begun, "{load} of {begun} that were acknowledged before the backup began");
    // Ids go on.
    let next = of(place, "load", &["task", "create", "next"]).data()["id"].clone();
    assert_eq!(next, json!(format!("t{}", load + 1)));
    assert_eq!(of(place, "web", &["task", "create", "next"]).data()["id"], "t4");
    // Nothing starts by itself: what is spawned now is through, so whatever was owed before would have been too.
    let spawned = of(place, "web", &["session", "spawn", "--agent", "shell", "--", "sleep", "600"]);
    assert_eq!(spawned.data()["sessionId"], "s4");
    until(place, "s4", "active");
    assert_eq!((status(place, "s2"), status(place, "s3")), (("lost".into(), 1), ("lost".into(), 1)));
    let about = of(place, "web", &["session", "info", "s2"]).data().clone();
    assert!(about["lostReason"].as_str().unwrap().starts_with("restored from the backup of "), "{about}");
    assert!(about["restartAt"].is_null(), "{about}");
    // Somebody who wants one back gets it.
    of(place, "web", &["session", "resume", "s2"]).data();
    until(place, "s2", "active");
    assert_eq!(status(place, "s2").1, 2);
}

#[test]
fn a_restore_over_a_stack_voids_what_is_remembered_and_damage_is_refused() {
    let stack = Stack::start();
    let place = stack.place();
    of(place, "web", &["project", "create", "web"]).data();
    of(place, "web", &["task", "create", "kept"]).data();
    let directory = place.path().join("backups");
    fs::create_dir(&directory).unwrap();
    let directory = directory.to_str().unwrap();
    let made = place.maestro(&["backup", directory]).data().clone();
    let file = made["file"].as_str().unwrap().to_owned();
    let before = export(place, "web");
    for n in 0..20 {
        // The command line remembers these sequences.
        of(place, "web", &["task", "create", &format!("forgotten {n}")]).data();
    }
    let mut stack = stack;
    assert!(stack.end_with(Signal::TERM).success());
    let place = stack.into_place();

    let whole = fs::read(&file).unwrap();
    let bad = place.path().join("bad.tar");
    let refused = |content: &[u8]| {
        fs::write(&bad, content).unwrap();
        let refused = place.maestro(&["restore", bad.to_str().unwrap(), "--replace"]);
        assert!(refused.json["message"].as_str().is_some_and(|text| !text.is_empty()), "{refused:?}");
        refused.error().to_owned()
    };
    let at = |what: &str| whole.windows(what.len()).position(|window| window == what.as_bytes()).unwrap();
    let mut flipped = whole.clone();
    flipped[at("kept")] ^= 1;
    assert_eq!(refused(&flipped), "backup_damaged");
    assert_eq!(refused(&whole[..whole.len() / 2]), "backup_damaged");
    assert_eq!(refused(b"not a backup at all"), "backup_damaged");
    assert_eq!(refused(b""), "backup_damaged");
    let mut newer = whole.clone();
    newer[at("\"version\": 1") + 11] = b'2';
    assert_eq!(refused(&newer), "backup_too_new");
    assert_eq!(place.maestro(&["restore", "/nowhere.tar"]).error(), "file_not_found");
    // None of them touched anything.
    assert_eq!(place.maestro(&["restore", &file]).error(), "target_not_empty");

    let restored = place.maestro(&["restore", directory, "--replace"]).data().clone();
    assert_eq!((&restored["backup"], &restored["replaced"]), (&made["id"], &json!(true)));
    // A disk that was lost: the sequences begin anew, below those that this home remembers.
    fs::remove_dir_all(place.home().join("nats/store")).unwrap();
    let restored = place.maestro(&["restore", directory]).data().clone();
    assert_eq!((&restored["backup"], &restored["replaced"]), (&made["id"], &json!(false)));
    let stack = Stack::start_in(place, &[]);
    let place = stack.place();
    // At once, though this home has seen later sequences of the ledger before.
    let listed = of(place, "web", &["task", "list"]);
    assert_eq!(listed.data()["items"].as_array().unwrap().len(), 1, "{listed:?}");
    assert_eq!(export(place, "web"), before);
    assert_eq!(of(place, "web", &["task", "create", "second"]).data()["id"], "t2");
    // And once more, of what was restored, while nothing runs.
    let mut stack = stack;
    assert!(stack.end_with(Signal::TERM).success());
    let place = stack.into_place();
    assert_eq!(place.maestro(&["backup", directory]).data()["projects"], 1);
    assert_eq!(fs::read_dir(directory).unwrap().count(), 2);
}

/// `maestro-server restore` as an operator of a cluster types it.
fn restore(cluster: &Cluster, replicas: &str, file: &Path, flags: &[&str]) -> Answer {
    let mut command = Command::new(program("maestro-server"));
    command
        .env_clear()
        .envs(coverage())
        .env("MAESTRO_CORE_URL", cluster.url("core"))
        .env("MAESTRO_WORK_URL", cluster.url("core-work"))
        .env("MAESTRO_SPAWNER_URL", cluster.url("spawner"))
        .env("MAESTRO_STREAM_REPLICAS", replicas)
        .arg("restore")
        .arg(file)
        .args(flags)
        .stdin(Stdio::null());
    answer(&mut command)
}

/// Version N reads what version 1 wrote: the archive, the ledger in it, and every kind of message.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_the_first_version_is_restored() {
    let mut cluster = Cluster::start(0);
    let restored = tokio::task::block_in_place(|| restore(&cluster, "1", &golden("v1.tar"), &[]));
    let data = restored.data().clone();
    let told: Value = serde_json::from_str(&fs::read_to_string(golden("v1.json")).unwrap()).unwrap();
    assert_eq!((&data["backup"], &data["createdAt"]), (&told["id"], &told["createdAt"]), "{data}");
    assert_eq!(data["lost"], json!(["web/s2", "web/s3"]), "{data}");
    for stream in ["INBOX", "TERM", "OBJ_RECORDINGS"] {
        assert_eq!(data["streams"][stream].as_u64().unwrap_or(0), told["streams"][stream]["messages"], "{stream}");
    }
    assert_eq!(data["streams"]["INBOX"], 1, "{data}");
    cluster.add("server-1", &[]);
    tokio::task::block_in_place(|| cluster.await_ready());
    // What waited for a server then is taken now; by its age it may be refused.
    let core = cluster.client("core").await;
    eventually("the inbox is drained", || async {
        (core.stream_info("INBOX").await.ok()?.messages == 0).then_some(())
    })
    .await;
    tokio::task::block_in_place(|| {
        for project in ["web", "old"] {
            let said = cluster.cli("ann").plain(&["-p", project, "task", "export"], b"");
            assert_eq!(said.out, fs::read_to_string(golden(&format!("v1.{project}.jsonl"))).unwrap(), "{said:?}");
        }
    });
    cluster.assert_equal_to_fold().await;
}

/// A restore that died on its way leaves a ledger that no server serves; the same command again makes it whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_that_was_interrupted_serves_nobody_and_is_done_again() {
    let mut cluster = Cluster::start(1);
    cluster.project().await;
    let caller = cluster.caller("ann").await;
    command(&caller, &request("task", "create", &json!({ "title": "half" }))).await.unwrap();
    let running = tokio::task::block_in_place(|| restore(&cluster, "1", &golden("v1.tar"), &["--replace"]));
    assert_eq!(running.error(), "still_running");
    tokio::task::block_in_place(|| cluster.replicas[0].stop());
    let core = cluster.client("core").await;
    let last = core.last_sequence("EVENTS", "maestro.v1.evt._").await.unwrap();
    let restore_mark = Some(LedgerRestore { backup: "B".to_owned(), finished: false });
    let words = LedgerCreated { ledger_id: "L".to_owned(), restore: restore_mark };
    let payload = encode_ledger_words(&words, "restore", ulid::Ulid::generate(), Timestamp::from_millis(0)).unwrap();
    core.append("maestro.v1.evt._", payload.into(), &Headers::new(), Some(last), SOON).await.unwrap();
    tokio::task::block_in_place(|| {
        cluster.replicas[0].launch();
        assert!(!cluster.replicas[0].wait().success());
        let log = cluster.replicas[0].log();
        assert!(log.contains("holds a part of backup B"), "{log}");
        // Without --replace: what is there is nobody's.
        restore(&cluster, "1", &golden("v1.tar"), &[]).data();
        cluster.replicas[0].launch();
        cluster.replicas[0].await_ready();
    });
    let list = Query::TaskList(TaskList::default());
    let reply = caller.query(&Where::Project("web".parse().unwrap()), &list, &Default::default(), SOON).await.unwrap();
    assert!(!data(&reply).to_string().contains("half"));
    let title = request("task", "create", &json!({ "title": "goes on" }));
    caller.command(&"old".parse().unwrap(), &title, new_id(), &Default::default(), SOON).await.unwrap();
    let projects = ask(&caller, &Query::ProjectList(Default::default()), &Default::default()).await;
    assert_eq!(projects["items"].as_array().unwrap().len(), 3, "{projects}");
}

/// From one broker into three that replicate.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_is_restored_into_a_cluster_of_three() {
    let [one, _two, _three] = NatsServer::cluster(Flavour::Secured);
    let mut cluster = Cluster::with(one, 0, &[]);
    let replicas = ["--stream-replicas", "3"];
    // The streams are made by whoever comes first; a cluster needs a moment until it has a leader.
    let deadline = Instant::now() + SOON;
    let restored = loop {
        let restored = tokio::task::block_in_place(|| restore(&cluster, "3", &golden("v1.tar"), &[]));
        if restored.code == 0 {
            break restored;
        }
        assert!(Instant::now() < deadline, "{restored:?}");
    };
    assert_eq!(restored.data()["projects"], 3, "{restored:?}");
    cluster.add("server-1", &replicas);
    tokio::task::block_in_place(|| {
        cluster.await_ready();
        let said = cluster.cli("ann").plain(&["-p", "web", "task", "export"], b"");
        assert_eq!(said.out, fs::read_to_string(golden("v1.web.jsonl")).unwrap(), "{said:?}");
    });
}

/// Writes the golden files anew, for a new version of the format: `cargo nextest run --run-ignored only write_the_golden`.
#[test]
#[ignore = "writes golden files"]
fn write_the_golden_backup() {
    let stack = Stack::start();
    let place = stack.place();
    fill(place);
    recording(place);
    of(place, "load", &["project", "create", "load"]).data();
    of(place, "load", &["task", "create", "waiting"]).data();
    let file = place.path().join("golden.tar");
    fs::create_dir_all(golden("")).unwrap();
    // Frozen, a server leaves what is queued where it is.
    stack.freeze("maestro-server");
    let queued = place.maestro(&["--project", "load", "--timeout", "1s", "task", "log", "t1", "from the inbox"]);
    assert_eq!((queued.code, &queued.json["queued"]), (0, &json!(true)), "{queued:?}");
    let made = place.maestro(&["backup", file.to_str().unwrap()]).data().clone();
    stack.thaw("maestro-server");
    fs::copy(&file, golden("v1.tar")).unwrap();
    fs::write(golden("v1.json"), serde_json::to_vec_pretty(&made).unwrap()).unwrap();
    for project in ["web", "old"] {
        fs::write(golden(&format!("v1.{project}.jsonl")), export(place, project)).unwrap();
    }
    // The projection too, as a server leaves it that ends in order; bins/server/src/store/golden.rs reads it.
    let mut stack = stack;
    assert!(stack.end_with(Signal::TERM).success());
    let projection = golden("../projection");
    fs::create_dir_all(&projection).unwrap();
    fs::copy(stack.home().join("server/r1/projection.redb"), projection.join("v2.redb")).unwrap();
}
