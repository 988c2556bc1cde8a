//! What the programs say of others of their kind: the checks that containers run.

use std::fs;
use std::process::Output;

use super::stack::{Stack, program, url};

/// A program beside the stack, with what it reads: the broker's addresses from files.
fn ask(stack: &Stack, name: &str, arguments: &[&str], more: &[(&str, &str)]) -> Output {
    let directory = tempfile::tempdir().unwrap();
    let (core, work) = (directory.path().join("core-url"), directory.path().join("work-url"));
    fs::write(&core, url(&stack.nats, "core")).unwrap();
    fs::write(&work, url(&stack.nats, "core-work")).unwrap();
    let mut command = program(name);
    command.args(arguments).env("MAESTRO_CORE_URL_FILE", core).env("MAESTRO_WORK_URL_FILE", work);
    command.env("MAESTRO_BRIDGE_LISTEN", stack.host()).env("MAESTRO_HOME", stack.token_file().parent().unwrap());
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    command.envs(more.iter().copied()).output().unwrap()
}

#[test]
fn a_server_and_a_bridge_say_whether_they_serve() {
    let mut stack = Stack::start();
    let well = |output: &Output| assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    well(&ask(&stack, "maestro-server", &["health"], &[]));
    let other = ask(&stack, "maestro-server", &["health"], &[("MAESTRO_REPLICA", "r9")]);
    assert_eq!(other.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&other.stderr).contains("no replica r9 answers; 1 others do"));
    let missing = ask(&stack, "maestro-server", &["health"], &[("MAESTRO_CORE_URL_FILE", "/nowhere/url")]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("MAESTRO_CORE_URL_FILE names `/nowhere/url`"));

    well(&ask(&stack, "maestro-bridge", &["health"], &[]));
    stack.kill_bridge();
    assert_eq!(ask(&stack, "maestro-bridge", &["health"], &[]).status.code(), Some(1));
}
