//! The page in a real Chromium.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use super::stack::{Bob, Stack};

const EXIT_SKIPPED: i32 = 77;

#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_a_task_the_moment_it_is_created() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
    let stack = Stack::start();
    let bob = Bob::of(&stack).await;
    bob.project("web").await;
    let address = format!("http://{}/?code={}", stack.host(), stack.one_time_code());
    let token = stack.token();
    let run = move || {
        if !directory.join("node_modules").exists() {
            let installed =
                Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&directory).status();
            if !installed.is_ok_and(|status| status.success()) {
                return None;
            }
        }
        Command::new("node").arg("page.mjs").arg(address).env("TOKEN", token).current_dir(&directory).output().ok()
    };
    let output = tokio::task::spawn_blocking(run).await.unwrap();
    match output {
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

/// Past the capture of the test harness, so that it is seen in every run.
fn skipped(why: &str) {
    let line = format!("SKIPPED: {why}; the page was not opened\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}
