//! Holders against real process trees, without a broker.

use std::time::{Duration, Instant};

use crate::tree::{Scene, until};
use maestro_spawner::{Because, Happened, Holder, Holders, Launch, is_alive};
use maestro_wire::TerminalSize;

async fn started(scene: &Scene, script: &str, grace: Duration) -> (Holders, Holder) {
    let holders = scene.holders();
    let mut holder = holders.spawn().unwrap();
    holder.start(scene.launch(script, grace)).await.unwrap();
    assert!(matches!(holder.next().await, Happened::Started(_)));
    (holders, holder)
}

#[tokio::test]
async fn an_exit_code_and_a_signal_are_told() {
    let scene = Scene::new();
    let (_, mut holder) = started(&scene, "echo out; echo err >&2; exit 7", Duration::from_secs(1)).await;
    assert_eq!(holder.next().await, Happened::Ended(7));
    holder.close().await;
    assert_eq!(scene.output(), "out\nerr\n");

    let (_, mut holder) = started(&scene, "kill -9 $$", Duration::from_secs(1)).await;
    assert_eq!(holder.next().await, Happened::Ended(137));
    holder.close().await;
}

#[tokio::test]
async fn a_missing_program_and_a_missing_directory_are_told() {
    let scene = Scene::new();
    for launch in [
        Launch { program: "/no/such/program".into(), ..scene.launch("", Duration::ZERO) },
        Launch { directory: "/no/such/directory".into(), ..scene.launch("", Duration::ZERO) },
    ] {
        let mut holder = scene.holders().spawn().unwrap();
        holder.start(launch).await.unwrap();
        assert!(matches!(holder.next().await, Happened::NotStarted(_)));
        holder.close().await;
    }
}

#[tokio::test]
async fn a_stop_ends_a_tree_that_ignores_it_and_forks_away() {
    let scene = Scene::new();
    let (_, mut holder) = started(&scene, &scene.stubborn_tree_with_nameless(), Duration::from_millis(500)).await;
    let tree = scene.tree(5).await;
    let begun = Instant::now();
    holder.stop(Because::Asked).await;
    assert_eq!(holder.next().await, Happened::Ended(137));
    assert!(begun.elapsed() >= Duration::from_millis(500), "grace was given");
    assert!(tree.iter().all(|identity| !is_alive(*identity)), "all gone before the end is told");
    holder.close().await;
}

#[tokio::test]
async fn a_polite_agent_ends_at_once_with_its_own_code() {
    let scene = Scene::new();
    let script = "trap 'exit 3' TERM; echo ready; while :; do sleep 0.05; done";
    let (_, mut holder) = started(&scene, script, Duration::from_secs(30)).await;
    until("the trap is set", || scene.output().contains("ready")).await;
    let begun = Instant::now();
    holder.stop(Because::Asked).await;
    assert_eq!(holder.next().await, Happened::Ended(3));
    assert!(begun.elapsed() < Duration::from_secs(5));
    holder.close().await;
}

#[tokio::test]
async fn an_agent_that_exits_leaves_nothing_behind() {
    let scene = Scene::new();
    let script = format!("{} & sleep 0.3; exit 0", scene.nameless_daemon("left"));
    let (_, mut holder) = started(&scene, &script, Duration::from_millis(200)).await;
    let tree = scene.tree(1).await;
    assert_eq!(holder.next().await, Happened::Ended(0));
    assert!(tree.iter().all(|identity| !is_alive(*identity)));
    holder.close().await;
}

#[tokio::test]
async fn a_holder_without_a_spawner_goes_on_until_it_is_told_to_end() {
    let scene = Scene::new();
    let (_, holder) = started(&scene, &scene.stubborn_tree_with_nameless(), Duration::from_millis(300)).await;
    let tree = scene.tree(5).await;
    let identity = holder.identity;
    // What a SIGKILL of the spawner does: its ends of the pipes are gone.
    drop(holder);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(is_alive(identity) && tree.iter().all(|identity| is_alive(*identity)), "nothing happened to them");
    terminate(identity);
    until("holder and tree are gone", || !is_alive(identity) && tree.iter().all(|identity| !is_alive(*identity))).await;
}

#[tokio::test]
async fn a_holder_whose_files_are_removed_ends_everything() {
    let scene = Scene::new();
    let (_, holder) = started(&scene, &scene.stubborn_tree(), Duration::from_millis(300)).await;
    let tree = scene.tree(4).await;
    let identity = holder.identity;
    drop(holder);
    std::fs::remove_dir_all(scene.path("files")).unwrap();
    until("holder and tree are gone", || !is_alive(identity) && tree.iter().all(|identity| !is_alive(*identity))).await;
}

#[tokio::test]
async fn an_agent_that_a_host_shutdown_ends_before_its_holder_hears_of_it_was_stopped() {
    for (script, told) in [("sleep 600", "TERM"), ("sleep 601", "HUP")] {
        let scene = Scene::new();
        let mut holder = scene.holders().spawn().unwrap();
        holder.start(scene.launch_of_session(&format!("exec {script}"), Duration::from_secs(1))).await.unwrap();
        let Happened::Started(agent) = holder.next().await else { panic!("not started") };
        // Both in the same moment, as the holder sees it.
        signal(holder.identity, "STOP");
        signal(agent, told);
        until("the agent is gone", || !is_alive(agent)).await;
        terminate(holder.identity);
        signal(holder.identity, "CONT");
        assert_eq!(holder.next().await, Happened::Over);
        until("its end is written down", || scene.ending()["report"].is_object()).await;
        let report = scene.ending()["report"].clone();
        assert_eq!((report["kind"].as_str(), report["shutdown"].as_bool()), (Some("stopped"), Some(true)), "{report}");
        holder.close().await;
    }
    // Without a shutdown it is what it is.
    let scene = Scene::new();
    let mut holder = scene.holders().spawn().unwrap();
    holder.start(scene.launch_of_session("kill -TERM $$", Duration::from_secs(1))).await.unwrap();
    assert!(matches!(holder.next().await, Happened::Started(_)));
    assert_eq!(holder.next().await, Happened::Over);
    until("its end is written down", || scene.ending()["report"].is_object()).await;
    assert_eq!(scene.ending()["report"]["code"], 143);
    holder.close().await;
}

#[tokio::test]
async fn a_holder_that_cannot_tell_the_end_leaves_it_to_its_file_when_all_goes_down() {
    let scene = Scene::new();
    let mut holder = scene.holders().spawn().unwrap();
    holder.start(scene.launch_of_session("sleep 600", Duration::from_secs(1))).await.unwrap();
    assert!(matches!(holder.next().await, Happened::Started(_)));
    let identity = holder.identity;
    holder.stop(Because::Shutdown).await;
    assert_eq!(holder.next().await, Happened::Over);
    // The spawner was killed meanwhile.
    drop(holder);
    until("the holder is gone", || !is_alive(identity)).await;
    assert_eq!(scene.ending()["report"]["shutdown"], true);

    // One that goes on trying for its dead spawner hears a signal.
    let scene = Scene::new();
    let mut holder = scene.holders().spawn().unwrap();
    holder.start(scene.launch_of_session("sleep 1; exit 3", Duration::from_secs(1))).await.unwrap();
    assert!(matches!(holder.next().await, Happened::Started(_)));
    let identity = holder.identity;
    drop(holder);
    until("its end is written down", || scene.ending()["report"].is_object()).await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(is_alive(identity), "it tries to tell it");
    terminate(identity);
    until("the holder is gone", || !is_alive(identity)).await;
    assert_eq!(scene.ending()["report"]["code"], 3);
}

fn terminate(identity: maestro_spawner::Identity) {
    signal(identity, "TERM");
}

fn signal(identity: maestro_spawner::Identity, signal: &str) {
    let status = std::process::Command::new("kill").args([&format!("-{signal}"), &identity.pid.to_string()]).status();
    assert!(status.unwrap().success());
}

#[tokio::test]
async fn output_is_bounded_and_does_not_stall_the_agent() {
    let scene = Scene::new();
    let mut holder = scene.holders().spawn().unwrap();
    let script = "head -c 20000000 /dev/zero; echo; echo last";
    let launch = Launch { log_bytes: 1 << 20, ..scene.launch(script, Duration::from_secs(1)) };
    holder.start(launch).await.unwrap();
    assert!(matches!(holder.next().await, Happened::Started(_)));
    assert_eq!(holder.next().await, Happened::Ended(0));
    holder.close().await;
    let former = std::fs::metadata(scene.path("files/output.log.1")).unwrap().len();
    assert!(former + scene.output().len() as u64 <= 1 << 20);
    assert!(scene.output().ends_with("last\n"));
}

/// With a terminal of 90 columns and 25 rows.
async fn in_terminal(scene: &Scene, script: &str) -> Holder {
    let mut holder = scene.holders().spawn().unwrap();
    let terminal = Some(TerminalSize { cols: 90, rows: 25 });
    let launch = Launch { terminal, ..scene.launch(script, Duration::from_millis(500)) };
    holder.start(launch).await.unwrap();
    assert!(matches!(holder.next().await, Happened::Started(_)));
    holder
}

#[tokio::test]
async fn an_agent_has_a_terminal_of_its_own() {
    let scene = Scene::new();
    let script = "test -t 0 && test -t 1 && test -t 2 && echo three; stty size; echo $TERM; \
        exec 3<>/dev/tty && echo own >&3; exit 6";
    let mut holder = in_terminal(&scene, script).await;
    assert_eq!(holder.next().await, Happened::Ended(6));
    holder.close().await;
    assert_eq!(scene.output(), "three\r\n25 90\r\nxterm-256color\r\nown\r\n");
    let cast = std::fs::read_to_string(scene.path("files/session.cast")).unwrap();
    let header: serde_json::Value = serde_json::from_str(cast.lines().next().unwrap()).unwrap();
    assert_eq!((header["width"].as_u64(), header["height"].as_u64()), (Some(90), Some(25)));
    assert!(cast.contains("25 90"), "{cast}");
}

#[tokio::test]
async fn a_tree_in_a_terminal_is_ended_whole() {
    let scene = Scene::new();
    let mut holder = in_terminal(&scene, &scene.stubborn_tree_with_nameless()).await;
    let tree = scene.tree(5).await;
    holder.stop(Because::Asked).await;
    assert_eq!(holder.next().await, Happened::Ended(137));
    assert!(tree.iter().all(|identity| !is_alive(*identity)));
    holder.close().await;
}

#[tokio::test]
async fn a_daemon_that_keeps_the_terminal_open_does_not_keep_the_holder() {
    let scene = Scene::new();
    let script = format!("(setsid sh -c '{}' &); sleep 0.3; echo last", scene.stay("kept"));
    let mut holder = in_terminal(&scene, &script).await;
    let tree = scene.tree(1).await;
    assert_eq!(holder.next().await, Happened::Ended(0));
    assert!(tree.iter().all(|identity| !is_alive(*identity)));
    assert!(scene.output().ends_with("last\r\n"), "{:?}", scene.output());
    holder.close().await;
}
