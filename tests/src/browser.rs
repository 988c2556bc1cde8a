//! The page in a real Chromium: `tests/browser` drives it, this starts the script and keeps its pictures.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

/// What a script ends with that found no Chromium.
const SKIPPED: i32 = 77;

/// Runs a script of `tests/browser` against the bridge at `origin`, with more in its environment. Says so, loudly, when
/// there is no browser here.
///
/// # Panics
/// When the script fails.
#[expect(clippy::print_stdout, reason = "what the script says is the test's output")]
pub fn drive(origin: &str, token: &str, script: &str, environment: &[(&str, &str)]) {
    if let Some(said) = try_drive(origin, token, script, environment) {
        println!("{said}");
    }
}

/// What the script said; `None` when there is no browser here.
///
/// # Panics
/// When the script fails.
pub fn try_drive(origin: &str, token: &str, script: &str, environment: &[(&str, &str)]) -> Option<String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("browser");
    if !directory.join("node_modules").exists() {
        let installed = Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&directory).status();
        if !installed.is_ok_and(|status| status.success()) {
            return skipped("npm, or the packages of tests/browser, are missing");
        }
    }
    let program = std::env::current_exe().expect("a program knows its own file");
    // target/<profile>/deps/<test> and target/<profile>/<program>
    let target = program.ancestors().find(|path| path.join("deps").is_dir()).and_then(Path::parent);
    let target = target.expect("tests and programs lie in target/<profile>");
    let pictures = target.join("screenshots").join(script.trim_end_matches(".mjs"));
    std::fs::create_dir_all(&pictures).expect("a directory for pictures");
    let mut node = Command::new("node");
    node.arg(script).env("ORIGIN", origin).env("TOKEN", token).env("SHOTS", pictures).current_dir(directory);
    node.envs(environment.iter().copied());
    let Ok(output) = node.output() else { return skipped("node is missing") };
    if output.status.code() == Some(SKIPPED) {
        return skipped("no Chromium here (make browser)");
    }
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    Some(said)
}

/// Past the capture of the test harness, so that it is seen in every run.
fn skipped(why: &str) -> Option<String> {
    let line = format!("SKIPPED: {why}; the page was not opened\n");
    // Nobody to tell.
    let _ = std::io::stderr().write_all(line.as_bytes());
    None
}
