//! What a killed spawner left behind, found by the next one.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::tree::{Scene, until};
use maestro_spawner::{Entry, Holders, Incarnation, Ledger, Outbox, boot_id, identity, is_alive, recover};

fn incarnation(session: &str) -> Incarnation {
    Incarnation { project: "web".parse().unwrap(), session: session.parse().unwrap(), epoch: 1 }
}

#[tokio::test]
async fn what_outlived_spawner_and_holder_is_ended_and_reported() {
    let scene = Scene::new();
    let ledger = Ledger::open(&scene.path("")).unwrap();
    let outbox = Outbox::open(&scene.path("")).unwrap();
    let mut entry = Entry::new(incarnation("s1"));

    // Spawner and holder killed at once: nobody ended the agent, and it is init's child by now.
    let script = format!("echo $$; {}", scene.stubborn_tree());
    let mut agent = Command::new("setsid")
        .args(["sh", "-c", &script])
        .env("MAESTRO_SESSION_NONCE", &entry.nonce)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let tree = scene.tree(4).await;
    entry.agent = identity(agent.id());
    ledger.write(&entry).unwrap();

    // The same numbers in another start of the host, and a number that is another process's by now.
    let mut bystander = Command::new("sleep").arg("60").stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let stranger = identity(bystander.id()).unwrap();
    let other_boot = Entry { boot: "another".into(), agent: Some(stranger), ..Entry::new(incarnation("s2")) };
    let reused = maestro_spawner::Identity { start: stranger.start - 1, ..stranger };
    let reused = Entry { agent: Some(reused), ..Entry::new(incarnation("s3")) };
    assert_eq!(reused.boot, boot_id());
    ledger.write(&other_boot).unwrap();
    ledger.write(&reused).unwrap();

    let waiter = std::thread::spawn(move || agent.wait());
    assert_eq!(recover(&ledger, &outbox, |_| scene.path("none")).await.unwrap().ended, 3);
    assert!(tree.iter().all(|identity| !is_alive(*identity)), "the whole tree, wherever it went");
    assert!(is_alive(stranger), "never by number alone");
    let lost = json!({ "kind": "lost", "reason": "its holder was gone" });
    // Its host went down under it: nobody's fault, and it may go on.
    let stopped = json!({ "kind": "stopped", "shutdown": true });
    for (session, report) in [("s1", &lost), ("s2", &stopped), ("s3", &lost)] {
        assert!(outbox.holds(&incarnation(session)), "{session} is reported");
        assert_eq!(reported(&scene, session), *report, "{session}");
    }
    assert!(ledger.read().unwrap().is_empty());
    waiter.join().unwrap().unwrap();
    bystander.kill().unwrap();
    bystander.wait().unwrap();
}

/// What the outbox on disk says about a session.
fn reported(scene: &Scene, session: &str) -> Value {
    let files = std::fs::read_dir(scene.path("outbox")).unwrap().flatten();
    let mut kept = files.map(|file| serde_json::from_slice::<Value>(&std::fs::read(file.path()).unwrap()).unwrap());
    kept.find(|kept| kept["incarnation"]["session"] == session).unwrap()["report"].clone()
}

#[tokio::test]
async fn an_ending_that_was_written_down_stands_whatever_became_of_the_host() {
    let scene = Scene::new();
    let ledger = Ledger::open(&scene.path("")).unwrap();
    let outbox = Outbox::open(&scene.path("")).unwrap();
    ledger.write(&Entry { boot: "another".into(), ..Entry::new(incarnation("s1")) }).unwrap();
    let ending = json!({
        "id": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "incarnation": incarnation("s1"), "report": { "kind": "exited", "code": 3 },
        "sent": false
    });
    std::fs::create_dir(scene.path("files")).unwrap();
    std::fs::write(scene.path("files/ending.json"), ending.to_string()).unwrap();
    recover(&ledger, &outbox, |_| scene.path("files")).await.unwrap();
    assert_eq!(reported(&scene, "s1"), json!({ "kind": "exited", "code": 3 }));
}

#[tokio::test]
async fn a_session_whose_holder_lives_goes_on() {
    let scene = Scene::new();
    let ledger = Ledger::open(&scene.path("")).unwrap();
    let outbox = Outbox::open(&scene.path("")).unwrap();
    let holders: Holders = scene.holders();
    let mut holder = holders.spawn().unwrap();
    holder.start(scene.launch(&scene.stubborn_tree(), Duration::from_millis(300))).await.unwrap();
    let tree = scene.tree(4).await;
    let entry = Entry { holder: Some(holder.identity), ..Entry::new(incarnation("s1")) };
    ledger.write(&entry).unwrap();
    let recovered = recover(&ledger, &outbox, |_| scene.path("files")).await.unwrap();
    assert_eq!((recovered.living, recovered.ended), (vec![entry.clone()], 0));
    assert!(tree.iter().all(|identity| is_alive(*identity)));
    assert!(outbox.is_empty() && ledger.read().unwrap() == [entry]);
    holder.stop(maestro_spawner::Because::Asked).await;
    holder.close().await;
    until("the tree is gone", || tree.iter().all(|identity| !is_alive(*identity))).await;
}
