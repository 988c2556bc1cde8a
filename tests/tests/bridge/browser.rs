//! The page in a real Chromium: `tests/browser` drives it, this starts what it looks at.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::stack::{Bob, Stack};

const EXIT_SKIPPED: i32 = 77;

/// Pictures for people; CI keeps them.
fn shots(name: &str) -> PathBuf {
    let target = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_path_buf();
    let directory = target.join("screenshots").join(name);
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

/// Runs one script against a bridge with the project `web`.
pub async fn run(stack: &Stack, script: &'static str) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
    let (origin, token) = (format!("http://{}", stack.host()), stack.token());
    let run = move || {
        if !directory.join("node_modules").exists() {
            let installed =
                Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&directory).status();
            if !installed.is_ok_and(|status| status.success()) {
                return None;
            }
        }
        let mut node = Command::new("node");
        node.arg(script).env("ORIGIN", origin).env("TOKEN", token).env("SHOTS", shots(script.trim_end_matches(".mjs")));
        node.current_dir(&directory).output().ok()
    };
    match tokio::task::spawn_blocking(run).await.unwrap() {
        None => skipped("node, npm or playwright-core is missing"),
        Some(output) if output.status.code() == Some(EXIT_SKIPPED) => {
            skipped("no Chromium here (apt-get install chromium)");
        }
        Some(output) => {
            let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{said}\n{}", stack.bridge_log());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_view_is_live_and_works_by_mouse_keyboard_and_thumb() {
    let stack = Stack::start();
    Bob::of(&stack).await.project("web").await;
    run(&stack, "views.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_cut_off_misses_nothing_and_sends_what_was_said() {
    let stack = Stack::start();
    Bob::of(&stack).await.project("web").await;
    run(&stack, "cut.mjs").await;
}

/// Past the capture of the test harness, so that it is seen in every run.
fn skipped(why: &str) {
    let line = format!("SKIPPED: {why}; the page was not opened\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}
