//! The page in a real Chromium.

use std::path::Path;
use std::process::Command;

use super::stack::{Bob, Stack};

const EXIT_SKIPPED: i32 = 77;

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
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
        None => eprintln!("SKIPPED: node, npm or playwright-core is missing; the page was not opened"),
        Some(output) if output.status.code() == Some(EXIT_SKIPPED) => {
            eprintln!("SKIPPED: no Chromium here (apt-get install chromium); the page was not opened");
        }
        Some(output) => {
            let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{said}\n{}", stack.bridge_log());
        }
    }
}
