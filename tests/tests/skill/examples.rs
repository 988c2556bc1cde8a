//! The examples of the skills, run in their order by sessions of a real stack.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use maestro_tests::markdown::{Block, Page};
use maestro_tests::stack::Stack;
use serde_json::Value;

const SOON: Duration = Duration::from_secs(60);

fn skill(name: &str) -> Page {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../skills").join(name).join("SKILL.md");
    Page::read(&fs::read_to_string(path).unwrap())
}

/// The blocks, all of which are commands.
fn blocks(page: &Page) -> Vec<String> {
    let one = |block: &Block| {
        assert_eq!(block.info.as_deref(), Some("sh"), "a block that nothing runs: line {}", block.line);
        block.text.trim_end().to_owned()
    };
    let blocks: Vec<String> = page.blocks().map(one).collect();
    assert!(!blocks.is_empty());
    blocks
}

/// Runs scripts as sessions of a stack with the project `web`.
struct Team {
    stack: Stack,
}

impl Team {
    fn start() -> Self {
        let stack = Stack::start();
        stack.maestro(&["project", "create", "web", "--title", "Web"]).data();
        Self { stack }
    }

    fn web(&self, words: &[&str]) -> maestro_tests::stack::Answer {
        self.stack.maestro(&[&["-p", "web"], words].concat())
    }

    /// A script that stops at the first command that fails; what it ran and said goes to a file.
    fn script(&self, name: &str, blocks: &[String]) -> PathBuf {
        let path = self.stack.place().path().join(format!("{name}.sh"));
        let log = path.with_extension("log");
        let head = format!("exec >'{0}' 2>&1\nset -eux\n", log.display());
        fs::write(&path, head + &blocks.join("\n") + "\necho 'all of it was run'\n").unwrap();
        path
    }

    fn spawn(&self, options: &[&str], script: &Path) -> String {
        let path = script.to_str().unwrap();
        let words = [&["session", "spawn", "--agent", "shell"], options, &["--", "sh", path]].concat();
        self.web(&words).data()["id"].as_str().unwrap().to_owned()
    }

    fn task(&self, task: &str) -> Value {
        self.web(&["task", "get", task]).data().clone()
    }

    /// Waits for what a look at the project finds.
    fn until<T>(&self, what: &str, script: &Path, look: impl Fn() -> Option<T>) -> T {
        let deadline = Instant::now() + SOON;
        loop {
            if let Some(found) = look() {
                return found;
            }
            let log = fs::read_to_string(script.with_extension("log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "{what} did not come; the session said:\n{log}");
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    fn ended_well(&self, session: &str, script: &Path) -> String {
        let ended = self.until("the end of the session", script, || {
            let info = self.web(&["session", "info", session]).data().clone();
            (!matches!(info["status"].as_str().unwrap(), "requested" | "starting" | "active")).then_some(info)
        });
        let log = fs::read_to_string(script.with_extension("log")).unwrap_or_default();
        assert_eq!((&ended["status"], &ended["code"]), (&Value::from("exited"), &Value::from(0)), "{log}");
        assert!(log.ends_with("all of it was run\n"), "{log}");
        log
    }
}

/// Every line of the blocks that begins a command was traced by the shell.
fn all_were_run(blocks: &[String], log: &str) {
    let ran = log.lines().filter(|line| line.starts_with("+ maestro ")).count();
    let there: usize = blocks.iter().map(|b| b.lines().filter(|l| l.trim().starts_with("maestro ")).count()).sum();
    assert!(there > 3);
    assert_eq!(ran, there, "{log}");
}

#[test]
fn a_worker_that_does_what_its_skills_say_completes_its_task() {
    let team = Team::start();
    let words = ["task", "create", "Parse CSV", "--accept", "RFC 4180", "--subtask", "lexer", "--subtask", "grammar"];
    team.web(&words).data();
    let (general, own) = (blocks(&skill("maestro-cli")), blocks(&skill("maestro-worker")));
    let all = [own[..1].to_vec(), general, own[1..].to_vec()].concat();
    let script = team.script("worker", &all);
    let session = team.spawn(&["--task", "t1"], &script);
    let reason = team.until("the question", &script, || {
        let task = team.task("t1");
        (task["status"] == "blocked").then(|| task["blockedReason"].as_str().unwrap().to_owned())
    });
    assert!(reason.contains("RFC 4180 or Excel"), "{reason}");
    team.web(&["task", "unblock", "t1", "RFC 4180, and quote everything"]).data();
    let log = team.ended_well(&session, &script);
    all_were_run(&all, &log);
    assert!(log.contains("RFC 4180, and quote everything"), "the answer was not told: {log}");
    let task = team.task("t1");
    assert_eq!(
        (&task["status"], &task["progress"]["completed"]),
        (&Value::from("completed"), &Value::from(3)),
        "{task}"
    );
    assert!(task["summary"].as_str().unwrap().contains("31 cases"), "{task}");
    let mail = team
        .stack
        .place()
        .command()
        .env("MAESTRO_USER", "ann")
        .args(["--json", "-p", "web", "message", "list"])
        .output();
    assert!(String::from_utf8(mail.unwrap().stdout).unwrap().contains("behind a flag"));
}

#[test]
fn an_orchestrator_that_does_what_its_skill_says_gets_its_goal() {
    let team = Team::start();
    // Where a model would work, a script does.
    let worker = "if [ \"$MAESTRO_TASK_IDS\" = t1 ]; then
        set -e; maestro task start; maestro subtask complete st1; maestro task block --reason 'which dialect?'
        maestro wait; maestro subtask complete st2; maestro task submit --summary 'after RFC 4180'
      else maestro task start && maestro task complete --summary imported; fi";
    let prompt = team.stack.place().path().join("worker.txt");
    fs::write(&prompt, worker).unwrap();
    let all = blocks(&skill("maestro-orchestrator"));
    let by_hand = format!(" --agent shell --prompt \"$(cat '{}')\"", prompt.display());
    let with_hands: Vec<String> = all
        .iter()
        .map(|block| {
            let line = |line: &str| match line.starts_with("maestro session spawn") {
                true => format!("{line}{by_hand}"),
                false => line.to_owned(),
            };
            block.lines().map(line).collect::<Vec<_>>().join("\n")
        })
        .collect();
    let script = team.script("orchestrator", &with_hands);
    let session = team.spawn(&["--role", "orchestrator"], &script);
    let log = team.ended_well(&session, &script);
    all_were_run(&all, &log);
    for (task, summary) in [("t1", "read the diff"), ("t2", "imported")] {
        let task = team.task(task);
        assert_eq!(task["status"], "completed", "{task}");
        assert!(task["summary"].as_str().unwrap().contains(summary), "{task}");
    }
}

/// The commands in running text, each where its sentence puts it.
#[test]
fn what_the_sentences_name_works_too() {
    let team = Team::start();
    let mut left: BTreeSet<String> = ["maestro-cli", "maestro-worker", "maestro-orchestrator"]
        .iter()
        .flat_map(|name| skill(name).commands().map(str::to_owned).collect::<Vec<_>>())
        .collect();
    let mut run = |command: &str| assert!(left.remove(command), "no skill says '{command}' any more");
    for task in ["first", "second", "third"] {
        team.web(&["task", "create", task]).data();
    }
    // By workers.
    for (task, command) in
        [("t1", "maestro task submit --summary \"…\""), ("t2", "maestro task release --reason \"…\"")]
    {
        run(command);
        let script = team.script(task, &["maestro task start".to_owned(), command.to_owned()]);
        let session = team.spawn(&["--task", task], &script);
        team.ended_well(&session, &script);
    }
    assert_eq!(team.task("t1")["status"], "in_review");
    assert_eq!(team.task("t2")["status"], "pending");
    // By whoever leads, here the person; a command line is taken apart as a shell would.
    let by_the_person = |command: &str| {
        let output =
            team.stack.place().command().env("MAESTRO_PROJECT_ID", "web").args(command.split(' ').skip(1)).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
    };
    for command in ["maestro task start t1", "maestro session info s2", "maestro session stop s2"] {
        run(command);
        by_the_person(command);
    }
    // Its worker is gone: it is for the next one.
    assert_eq!(team.task("t1")["status"], "pending");
    // Run by the worker's example above, in its block.
    run("maestro wait");
    assert!(left.is_empty(), "nothing runs these: {left:?}");
}
