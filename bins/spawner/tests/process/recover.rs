//! What a killed spawner left behind, found by the next one.

use std::process::{Command, Stdio};
use std::time::Duration;

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
    for session in ["s1", "s2", "s3"] {
        assert!(outbox.holds(&incarnation(session)), "{session} is reported");
    }
    assert!(ledger.read().unwrap().is_empty());
    waiter.join().unwrap().unwrap();
    bystander.kill().unwrap();
    bystander.wait().unwrap();
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
