//! Hello, snapshot, commits, commands.

use serde_json::json;

use super::client::{Picture, next, next_of, open_with_token, read_until, say};
use super::stack::{Bob, Stack};

#[tokio::test(flavor = "multi_thread")]
async fn a_client_gets_a_snapshot_and_then_every_commit_in_order() {
    let stack = Stack::start();
    let bob = Bob::of(&stack).await;
    bob.project("web").await;
    for n in 0..600 {
        bob.task("web", &format!("before {n}")).await;
    }
    let mut socket = open_with_token(&stack).await;
    let mut picture = Picture::default();
    say(&mut socket, picture.hello("web")).await;
    let welcome = next(&mut socket).await.unwrap();
    assert_eq!(
        (&welcome["type"], &welcome["project"], &welcome["user"]),
        (&json!("welcome"), &json!("web"), &json!("ann"))
    );
    assert_eq!(welcome["projects"][0]["id"], "web");
    picture.take(&welcome);
    read_until(&mut socket, &mut picture, |picture| picture.snapshots == 1).await;
    assert_eq!(picture.tasks.len(), 600);

    let writers = (0..4).map(|w| {
        let bob = bob.clone();
        async move {
            for n in 0..50 {
                bob.task("web", &format!("after {w}.{n}")).await;
            }
        }
    });
    futures::future::join_all(writers).await;
    let last = bob.task("web", "the last of the burst").await;
    read_until(&mut socket, &mut picture, |picture| picture.tasks.contains_key(&last)).await;
    assert_eq!((picture.tasks.len(), picture.snapshots, picture.resyncs), (801, 1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_and_queries_are_answered_under_their_ids_and_seen_by_everybody() {
    let stack = Stack::start();
    let bob = Bob::of(&stack).await;
    bob.project("web").await;
    let (mut one, mut two) = (open_with_token(&stack).await, open_with_token(&stack).await);
    let (mut seen_by_one, mut seen_by_two) = (Picture::default(), Picture::default());
    for (socket, picture) in [(&mut one, &mut seen_by_one), (&mut two, &mut seen_by_two)] {
        say(socket, picture.hello("web")).await;
        read_until(socket, picture, |picture| picture.snapshots == 1).await;
    }
    let id = ulid::Ulid::generate().to_string();
    let create =
        json!({ "type": "cmd", "id": id, "entity": "task", "verb": "create", "data": { "title": "From the page" } });
    say(&mut one, create.clone()).await;
    let reply = next_of(&mut one, "reply").await;
    assert_eq!(
        (&reply["id"], &reply["success"], &reply["data"]["createdBy"]),
        (&json!(id), &json!(true), &json!("ann"))
    );
    read_until(&mut two, &mut seen_by_two, |picture| picture.has_title("From the page")).await;

    // The same id again, as after a lost connection: the same answer, nothing new.
    say(&mut two, create).await;
    let again = next_of(&mut two, "reply").await;
    assert_eq!(again["data"]["id"], reply["data"]["id"]);

    say(&mut one, json!({ "type": "qry", "id": "q1", "entity": "task", "verb": "get", "data": { "task": "t1" } }))
        .await;
    let answer = next_of(&mut one, "reply").await;
    assert_eq!((&answer["id"], &answer["data"]["title"]), (&json!("q1"), &json!("From the page")));

    let refused = json!({ "type": "cmd", "id": ulid::Ulid::generate().to_string(), "entity": "task", "verb": "start", "data": { "task": "t99" } });
    say(&mut one, refused).await;
    let refusal = next_of(&mut one, "reply").await;
    assert_eq!((&refusal["success"], &refusal["error"]), (&json!(false), &json!("task_not_found")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_switches_projects_and_hears_of_new_ones() {
    let stack = Stack::start();
    let bob = Bob::of(&stack).await;
    let mut socket = open_with_token(&stack).await;
    say(&mut socket, json!({ "type": "hello", "version": 1 })).await;
    let welcome = next(&mut socket).await.unwrap();
    assert_eq!((&welcome["projects"], &welcome["project"]), (&json!([]), &json!(null)));
    say(&mut socket, json!({ "type": "ping" })).await;
    next_of(&mut socket, "pong").await;

    // A client that follows nothing yet hears of the first project.
    bob.project("web").await;
    assert_eq!(next_of(&mut socket, "projects").await["projects"][0]["id"], "web");
    // One may be followed before it is there.
    say(&mut socket, json!({ "type": "switch", "project": "docs" })).await;
    assert_eq!(next_of(&mut socket, "error").await["code"], "project_not_found");
    say(&mut socket, json!({ "type": "switch", "project": "web" })).await;
    bob.task("web", "in web").await;
    let mut picture = Picture::default();
    read_until(&mut socket, &mut picture, |picture| picture.has_title("in web")).await;

    bob.project("docs").await;
    let projects = loop {
        let frame = next_of(&mut socket, "projects").await;
        if frame["projects"].as_array().unwrap().len() == 2 {
            break frame;
        }
    };
    assert_eq!(projects["projects"].as_array().unwrap().len(), 2);
    bob.task("docs", "in docs").await;
    say(&mut socket, json!({ "type": "switch", "project": "docs" })).await;
    let mut other = Picture::default();
    read_until(&mut socket, &mut other, |picture| picture.has_title("in docs")).await;
    bob.task("web", "unheard").await;
    bob.task("docs", "heard").await;
    read_until(&mut socket, &mut other, |picture| picture.has_title("heard")).await;
    assert!(!other.has_title("unheard"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_came_while_no_server_answered_hears_of_the_projects_later() {
    let stack = Stack::start();
    let bob = Bob::of(&stack).await;
    bob.project("web").await;
    stack.freeze_server();
    let mut socket = open_with_token(&stack).await;
    say(&mut socket, json!({ "type": "hello", "version": 1 })).await;
    let welcome = next(&mut socket).await.unwrap();
    assert_eq!((&welcome["type"], &welcome["projects"]), (&json!("welcome"), &json!(null)));
    assert_eq!(next(&mut socket).await.unwrap()["type"], "nodes", "whatever it follows");
    stack.thaw_server();
    assert_eq!(next_of(&mut socket, "projects").await["projects"][0]["id"], "web");
}

#[tokio::test(flavor = "multi_thread")]
async fn living_sessions_come_first_and_of_the_ended_ones_the_newest() {
    let stack = Stack::start();
    let bob = Bob::of(&stack).await;
    bob.project("web").await;
    for n in 1..=4 {
        bob.command("web", "session.spawn", json!({ "role": "worker", "name": format!("Worker {n}") })).await;
    }
    for session in ["s1", "s2", "s4"] {
        bob.command("web", "session.stop", json!({ "session": session })).await;
    }
    let mut socket = open_with_token(&stack).await;
    say(&mut socket, Picture::default().hello("web")).await;
    let mut ids = Vec::new();
    loop {
        let page = next_of(&mut socket, "snapshot").await;
        ids.extend(page["sessions"].as_array().unwrap().iter().map(|session| session["id"].clone()));
        if page["last"] == true {
            break;
        }
    }
    assert_eq!(ids, ["s3", "s4", "s2", "s1"]);

    // Page by page, downwards.
    let mut cursor = json!(null);
    let mut pages = Vec::new();
    loop {
        let data = json!({ "all": true, "reverse": true, "limit": 3, "cursor": cursor });
        say(&mut socket, json!({ "type": "qry", "id": "q", "entity": "session", "verb": "list", "data": data })).await;
        let page = next_of(&mut socket, "reply").await["data"].clone();
        pages.extend(page["items"].as_array().unwrap().iter().map(|session| session["id"].clone()));
        cursor = page["nextCursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(pages, ["s4", "s3", "s2", "s1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_are_told_when_the_bridge_stops() {
    let mut stack = Stack::start();
    Bob::of(&stack).await.project("web").await;
    let mut socket = open_with_token(&stack).await;
    say(&mut socket, Picture::default().hello("web")).await;
    next_of(&mut socket, "snapshot").await;
    let stopped = tokio::task::spawn_blocking(move || (stack.stop_bridge(), stack));
    assert_eq!(next_of(&mut socket, "bye").await["reason"], "shutdown");
    assert_eq!(next(&mut socket).await, None);
    assert_eq!(stopped.await.unwrap().0, Some(0));
}

/// As `maestro restore --replace` leaves it: the old ledger's words stay in front of the new one's.
#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_was_filled_from_a_backup_is_another_one_also_for_a_bridge_that_starts_later() {
    let mut stack = Stack::start();
    let bob = Bob::of(&stack).await;
    bob.project("web").await;
    let mut socket = open_with_token(&stack).await;
    let mut picture = Picture::default();
    say(&mut socket, picture.hello("web")).await;
    read_until(&mut socket, &mut picture, |picture| picture.snapshots == 1).await;

    let restored = |finished| json!({ "ledgerId": "another", "restore": { "backup": "b1", "finished": finished } });
    stack.say_of_ledger(restored(false)).await;
    stack.say_of_ledger(restored(true)).await;
    while let Some(frame) = next(&mut socket).await {
        assert_ne!(frame["type"], "commit", "{frame}");
    }
    for _ in 0..2 {
        let mut socket = open_with_token(&stack).await;
        say(&mut socket, picture.hello("web")).await;
        let welcome = next_of(&mut socket, "welcome").await;
        assert_eq!(welcome["ledger"], "another");
        stack.kill_bridge();
        stack.start_bridge();
    }
}
