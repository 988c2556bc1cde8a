//! Whether a host has the project, and what becomes of an order when it does not.

use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::stack::{Program, Stack, gone};

const SOON: Duration = Duration::from_secs(90);

fn repository(stack: &Stack) -> String {
    let directory = stack.path("repository");
    std::fs::create_dir(&directory).unwrap();
    for words in [
        &["init", "--quiet", "-b", "main"][..],
        &["-c", "user.name=A", "-c", "user.email=a@b", "commit", "--quiet", "--allow-empty", "-m", "first"],
    ] {
        assert!(Command::new("git").args(words).current_dir(&directory).status().unwrap().success());
    }
    directory.display().to_string()
}

async fn two(stack: &Stack, first: &str, second: &str) -> [Program; 2] {
    let path = |place: &str| format!("web={place}");
    [
        stack.spawner_with("n1", 4, &["--project-path", &path(first)]).await,
        stack.spawner_with("n2", 4, &["--project-path", &path(second)]).await,
    ]
}

#[tokio::test]
async fn an_order_goes_to_the_spawner_that_has_the_project() {
    let stack = Stack::start().await;
    let repository = repository(&stack);
    let _spawners = two(&stack, "/no/such/place", &repository).await;
    for _ in 0..3 {
        let id = stack.spawn("exec sleep 600", json!({})).await;
        assert_eq!(stack.until(&id, "active", SOON).await["node"], "n2");
    }
}

#[tokio::test]
async fn a_project_that_nobody_has_is_told_at_last() {
    let stack = Stack::start().await;
    let _spawners = two(&stack, "/no/such/place", "/nor/this").await;
    let id = stack.spawn("true", json!({})).await;
    let failure = stack.until(&id, "failed", SOON).await["failure"].as_str().unwrap().to_owned();
    let named = ["n1: ", "n2: "].iter().any(|node| failure.starts_with(node));
    assert!(named && failure.contains("is not there"), "{failure}");
    let info = stack.reach("maestro.v1.node.n1.info").await.unwrap();
    assert!(info["data"]["refused"]["web"].as_str().unwrap().contains("/no/such/place"), "{info}");
}

#[tokio::test]
async fn of_two_spawners_one_killed_while_preparing_the_other_starts_it_once() {
    let stack = Stack::start().await;
    let repository = repository(&stack);
    let (marks, starts) = (stack.path("marks"), stack.path("starts"));
    // Whoever comes first is held up.
    let setup = format!(
        "n=$(cat {m} 2>/dev/null | wc -l); echo $$ >>{m}; test $n -gt 0 || exec sleep 600",
        m = marks.display()
    );
    let config = format!("[projects.web]\npath = {repository:?}\nsetup = {setup:?}\n");
    std::fs::write(stack.path("config.toml"), config).unwrap();
    let mut spawners = [stack.spawner("n1", 4).await, stack.spawner("n2", 4).await];
    let script = format!("echo $MAESTRO_SESSION_EPOCH >>{}; exec sleep 600", starts.display());
    let id = stack.spawn(&script, json!({})).await;
    let begun = Instant::now();
    while stack.read("marks").is_empty() {
        assert!(begun.elapsed() < SOON, "nobody prepares it");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let taken = ["n1", "n2"].iter().position(|node| stack.path(node).join("worktrees").exists()).unwrap();
    spawners[taken].kill();
    let session = stack.until(&id, "active", SOON).await;
    assert_eq!(session["node"], ["n2", "n1"][taken]);
    let begun = Instant::now();
    while stack.read("starts").is_empty() {
        assert!(begun.elapsed() < SOON, "the agent does nothing");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // The dead one's half of it goes when it comes back, with what still runs for it.
    let node = ["n1", "n2"][taken];
    let _again = stack.spawner(node, 4).await;
    let held_up: u32 = stack.read("marks").lines().next().unwrap().parse().unwrap();
    gone(&[held_up], Duration::from_secs(5)).await;
    let left = std::fs::read_dir(stack.path(node).join("worktrees")).unwrap().count();
    assert_eq!((left, stack.path(node).join("work/web").join(&id).exists()), (0, false));
    let listed = Command::new("git").args(["worktree", "list"]).current_dir(&repository).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&listed.stdout).lines().count(), 2, "{listed:?}");
    assert_eq!(stack.read("starts"), "1\n", "it started once");
}
