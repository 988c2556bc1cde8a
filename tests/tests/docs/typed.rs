//! Commands that stand alone: in the reference, on the pages of error codes and in running text. Each is typed on a stack in
//! which the things that they name are there, and must be understood and answered: done, or refused for a reason of the
//! rules (which is what a page about a refusal shows).

use std::collections::BTreeSet;

use crate::place::{book, read};
use crate::run::Machine;

/// Run by the pages themselves, or they end or replace the stack that the others need, or wait for a program on stdin.
const ELSEWHERE: [&str; 6] =
    ["maestro up", "maestro down", "maestro mcp", "maestro project purge", "maestro hook", "maestro session attach"];
/// Of these nothing happens here in the time that a page would wait.
const PATIENT: [&str; 4] = ["maestro wait", "maestro task watch", "maestro session wait", "maestro events --follow"];
const REFUSED: [i32; 6] = [3, 4, 5, 6, 7, 8];

/// What the commands speak of.
const SCENE: &str = r#"
cd ~/web && maestro init web --title 'Web shop' && maestro config set defaultProject web
maestro project create old-web
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13; do
    maestro task create "Task $i" --subtask lexer --subtask grammar --subtask "fuzz it"
done
maestro task start t3
for i in 1 2 3 4 5 6 7 8; do maestro session spawn --agent shell --prompt 'sleep 60' --task "t$((i + 4))"; done
for i in 1 2 3; do maestro message send ann "hello $i"; done
maestro task export >plan.json; maestro task export --format markdown >plan.md
for file in notes.md short.md report.md; do echo 'all of section 5' >$file; done
echo '{}' >payload.json
"#;

fn lines(text: &str) -> impl Iterator<Item = String> {
    let plain = |line: &str| line.trim().trim_start_matches("$ ").to_owned();
    text.lines().map(plain).filter(|line| line.starts_with("maestro ") || line.contains("| maestro "))
}

/// Whether a command shows where words go instead of having them.
fn is_pattern(command: &str) -> bool {
    command.contains(['…', '[', '<']) && !command.contains("- <")
        || command.split(' ').any(|w| w.len() > 2 && w.chars().all(|c| c.is_ascii_uppercase() || c == ':'))
}

fn commands() -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for page in book() {
        let page = read(&format!("docs/{page}"));
        all.extend(page.commands().map(str::to_owned));
    }
    all.extend(read("README.md").commands().map(str::to_owned));
    for page in book().iter().filter(|page| *page == "cli.md" || page.starts_with("errors/")) {
        let page = read(&format!("docs/{page}"));
        // The usage of a command is indented in the reference; examples are fenced there.
        all.extend(page.blocks().flat_map(|block| lines(&block.text).collect::<Vec<_>>()));
    }
    all.retain(|command| !is_pattern(command) && !ELSEWHERE.iter().any(|other| command.starts_with(other)));
    all
}

#[test]
fn commands_that_stand_alone_are_understood_and_answered() {
    let machine = Machine::new();
    let shell = |script: &str| machine.command("bash").args(["-c", script]).output().unwrap();
    let begun = shell(&format!(
        "set -e\nmkdir -p ~/web && cd ~/web && git init -q && git config --global user.name ann\ngit config --global user.email ann@example.org && git commit -q --allow-empty -m begin && maestro up --detach\n{SCENE}"
    ));
    assert!(
        begun.status.success(),
        "{}{}",
        String::from_utf8_lossy(&begun.stdout),
        String::from_utf8_lossy(&begun.stderr)
    );
    let (mut wrong, mut done, mut refused) = (Vec::new(), 0, 0);
    let all = commands();
    for command in &all {
        let bound = PATIENT.iter().any(|wait| command.starts_with(wait)) && !command.contains("--timeout");
        let line = if bound { format!("{command} --timeout 200ms") } else { command.clone() };
        let output = shell(&format!("cd ~/web\n{line}"));
        match output.status.code() {
            Some(0) => done += 1,
            Some(code) if REFUSED.contains(&code) => refused += 1,
            code => wrong.push(format!("{line}: {code:?}: {}", String::from_utf8_lossy(&output.stderr))),
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
    assert!(all.len() > 200 && done > all.len() / 2, "{done} done, {refused} refused of {}", all.len());
}
