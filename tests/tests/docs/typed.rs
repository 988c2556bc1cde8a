//! Commands that stand alone: in the reference, on the pages of error codes and in running text. Each is typed on a stack in
//! which the things that they name are there, and must be understood and answered: done, or refused for a reason of the
//! rules (which is what a page about a refusal shows).

use std::collections::BTreeSet;

use maestro_tests::markdown::Block;

use crate::place::{book, read};
use crate::run::Machine;

/// Run by the pages themselves; or they end the stack that the others need, want a terminal, or read from a program for ever.
const ELSEWHERE: [&str; 9] = [
    "maestro up",
    "maestro down",
    "maestro mcp",
    "maestro project purge",
    "maestro hook",
    "maestro session attach",
    "maestro run \"fix the login bug\" --attach",
    "maestro logs --follow",
    "maestro --json",
];
/// Of these nothing happens here in the time that a page would wait.
const PATIENT: [&str; 5] = [
    "maestro wait",
    "maestro task watch",
    "maestro session wait",
    "maestro session logs s7 --follow",
    "maestro events --follow",
];
/// Ends of a command that was understood, and the codes of those that only a session can type as they stand, or that are
/// about a state which another command has changed.
const ANSWERED: [i32; 7] = [0, 3, 4, 5, 6, 7, 8];
const ELSE_ANSWERED: [&str; 3] = ["missing_task_id", "missing_session", "invalid_dependency"];

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
cp plan.json plan.jsonl
mkdir -p ~/.config/fish/completions ~/bin ~/root/tmp ~/root/var/backups
printf '#!/bin/sh\ncat\n' >~/bin/dot && chmod +x ~/bin/dot
for file in notes.md short.md report.md; do echo 'all of section 5' >$file; done
echo '{}' >payload.json
"#;

fn lines(text: &str) -> impl Iterator<Item = String> {
    let plain = |line: &str| line.trim().trim_start_matches("$ ").to_owned();
    text.lines().map(plain).filter(|line| line.starts_with("maestro ") || line.contains("| maestro "))
}

/// Whether a command shows where words go instead of having them.
fn is_pattern(command: &str) -> bool {
    let is_place = |word: &str| word.len() > 2 && word.chars().all(|c| c.is_ascii_uppercase() || c == ':');
    command.contains(['…', '[', '<']) && !command.contains("- <") || command.split(' ').any(is_place)
}

fn commands() -> BTreeSet<String> {
    let pages: Vec<String> = book().iter().map(|page| format!("docs/{page}")).chain(["README.md".to_owned()]).collect();
    let mut all: BTreeSet<String> =
        pages.iter().flat_map(|page| read(page).commands().map(str::to_owned).collect::<Vec<_>>()).collect();
    // Running text also names commands without typing them; the reference has a heading for each.
    let named: BTreeSet<String> = read("docs/cli.md").anchors.into_iter().collect();
    all.retain(|command| !named.contains(&command.replace(' ', "-")));
    for page in pages.iter().filter(|page| *page == "docs/cli.md" || page.starts_with("docs/errors/")) {
        // What is indented in the reference is a command's usage; its examples are fenced.
        let typed = |block: &&Block| block.info.is_some() || page != "docs/cli.md";
        all.extend(read(page).blocks().filter(typed).flat_map(|block| lines(&block.text).collect::<Vec<_>>()));
    }
    all.retain(|command| !is_pattern(command) && !ELSEWHERE.iter().any(|other| command.starts_with(other)));
    all
}

#[test]
fn commands_that_stand_alone_are_understood_and_answered() {
    let machine = Machine::new();
    let shell = |script: &str| machine.command("bash").args(["-c", script]).output().unwrap();
    let begin = "set -e\ncd ~/web\ngit init --quiet\ngit config --global user.name ann\n\
        git config --global user.email ann@example.org\ngit commit --quiet --allow-empty --message begin\nmaestro up --detach\n";
    let begun = shell(&format!("{begin}{SCENE}"));
    assert!(begun.status.success(), "{}", String::from_utf8_lossy(&begun.stderr));
    let (mut wrong, mut done) = (Vec::new(), 0);
    let all = commands();
    for command in &all {
        let bound = PATIENT.iter().any(|wait| command.starts_with(wait)) && !command.contains("--timeout");
        let line = if bound { format!("{command} --timeout 200ms") } else { command.clone() };
        // Whose files lie elsewhere on this machine is no affair of ours.
        let line = line.replace(" /", " ~/root/");
        let output = shell(&format!("PATH=$PATH:~/bin; cd ~/web\n{line}"));
        let said = String::from_utf8_lossy(&[output.stderr, output.stdout].concat()).into_owned();
        let answered = output.status.code().is_some_and(|code| ANSWERED.contains(&code));
        if !answered
            && !ELSE_ANSWERED
                .iter()
                .any(|code| said.contains(&format!("error[{code}]")) || said.contains(&format!("\"error\":\"{code}\"")))
        {
            wrong.push(format!("{line}: {}: {said}", output.status));
        }
        done += usize::from(output.status.success());
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), all.len(), wrong.join("\n"));
    assert!(all.len() > 200 && done > all.len() / 2, "{done} of {} were done", all.len());
}
