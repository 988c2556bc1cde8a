//! A naive agent: it knows nothing but help, errors and JSON. When something is refused it runs the first of
//! `details.commands`.

use maestro_tests::cluster::{Cli, Cluster};
use serde_json::{Value, json};

struct Agent {
    cli: Cli,
    /// Mistakes that it got out of, by their code.
    recovered: Vec<String>,
}

impl Agent {
    /// Types a line, always as JSON.
    fn types(&self, line: &str) -> Value {
        let words = shlex::split(line).unwrap();
        assert_eq!(words[0], "maestro", "{line}");
        let mut all = vec!["--json", "--timeout", "20s"];
        all.extend(words[1..].iter().map(String::as_str));
        self.cli.plain(&all, b"").document()
    }

    /// Types a line that is right.
    #[track_caller]
    fn does(&self, line: &str) -> Value {
        let answer = self.types(line);
        assert_eq!(answer["success"], true, "{line}: {answer}");
        answer["data"].clone()
    }

    /// Types a line that is refused with this code; answers what it is told to type.
    #[track_caller]
    fn told(&self, line: &str, code: &str) -> String {
        let refusal = self.types(line);
        assert_eq!(refusal["error"], code, "{line}: {refusal}");
        refusal["details"]["commands"][0].as_str().unwrap_or_else(|| panic!("{line}: {refusal}")).to_owned()
    }

    /// Types a line with a mistake of this kind in it, and does what it is told until the line, or what it was meant to
    /// be, went through. Answers what the last command said.
    #[track_caller]
    fn recovers(&mut self, line: &str, code: &str) -> Value {
        let first = self.types(line);
        assert_eq!(first["error"], code, "{line}: {first}");
        let mut refusal = first;
        for _ in 0..6 {
            let told = refusal["details"]["commands"][0].as_str().unwrap_or_else(|| panic!("{line}: {refusal}"));
            let next = self.types(told);
            assert_eq!(next["success"], true, "{line}: told to type `{told}`: {next}");
            let verb = |line: &str| {
                let own = line.replace("maestro --json --timeout 20s ", "maestro ");
                own.split(' ').take(3).map(ToOwned::to_owned).collect::<Vec<_>>()
            };
            let set_right = refusal["details"].get("nearest").is_some() || verb(told) == verb(line);
            let elsewhere = told.contains("next --claim") || told.contains(" list") || told.ends_with("--help");
            if set_right || elsewhere {
                self.recovered.push(code.to_owned());
                return next["data"].clone();
            }
            let again = self.types(line);
            if again["success"] == true {
                self.recovered.push(code.to_owned());
                return again["data"].clone();
            }
            refusal = again;
        }
        panic!("{line} never went through: {refusal}");
    }
}

#[test]
fn a_naive_agent_gets_a_task_done_and_out_of_every_mistake() {
    let cluster = Cluster::start(1);
    let mut agent = Agent { cli: cluster.cli("ann").with("MAESTRO_PROJECT_ID", "web"), recovered: Vec::new() };

    // It begins with the help, and takes its first lines from the examples.
    let help = agent.does("maestro --help");
    assert!(help["seeAlso"].as_array().unwrap().contains(&json!("maestro help agents")), "{help}");
    let page = agent.does("maestro help agents");
    assert!(page["text"].as_str().unwrap().contains("maestro task next --claim"), "{page}");

    agent.does("maestro project create web --title Web");
    agent.does("maestro task create 'Write the parser' --subtask lexer --subtask grammar");
    agent.does("maestro task create 'Document it' --depends-on t1");

    // A verb, an id, a status, an option, a value, a project, a field: each comes back set right.
    assert_eq!(agent.recovers("maestro task strat t1", "usage")["status"], "in_progress");
    assert_eq!(agent.recovers("maestro task get 1", "invalid_task_id")["id"], "t1");
    assert_eq!(agent.recovers("maestro task list --status todo", "invalid_status")["items"][0]["id"], "t2");
    assert_eq!(agent.recovers("maestro task create Test --priorty high", "usage")["priority"], "high");
    assert_eq!(agent.recovers("maestro task update t3 --priority urgent", "invalid_priority")["priority"], "critical");
    assert_eq!(agent.recovers("maestro -p wbe task get t1", "project_not_found")["id"], "t1");
    let two = agent.recovers("maestro task list --fields id,titel", "unknown_field");
    assert_eq!(two["items"][0], json!({"id": "t1", "title": "Write the parser"}));

    // What is not there is shown.
    let tasks = agent.recovers("maestro task get t99", "task_not_found");
    assert_eq!(tasks["items"].as_array().unwrap().len(), 3);
    let steps = agent.recovers("maestro subtask complete t1 st9", "subtask_not_found");
    assert_eq!(steps["items"][1]["title"], "grammar");
    agent.recovers("maestro message send s9 hello", "session_not_found");

    // What waits is not started: what it waits for is.
    assert_eq!(agent.told("maestro task start t2", "dependencies_open"), "maestro task get t1", "it is its own");
    let bob = Agent { cli: cluster.cli("bob").with("MAESTRO_PROJECT_ID", "web"), recovered: Vec::new() };
    assert_eq!(bob.told("maestro task start t2", "dependencies_open"), "maestro wait t1", "somebody works on it");
    assert_eq!(bob.told("maestro task start t1", "already_claimed"), "maestro task next --claim");
    agent.does("maestro task create 'First things'");
    agent.does("maestro task create 'Then others' --depends-on t4");
    assert_eq!(agent.told("maestro task start t5", "dependencies_open"), "maestro task start t4");
    agent.does("maestro task start t4");
    agent.does("maestro task log t1 'half way'");

    // A text is missing, blank, too long, of several lines, has a colour in it.
    let blocked = agent.recovers("maestro task block t1", "missing_required_field");
    assert!(blocked.to_string().contains("what t1 waits for, and from whom"), "{blocked}");
    assert_eq!(agent.does("maestro wait t1")["reasons"][0]["status"], "blocked");
    agent.recovers("maestro task update t4 --status blocked", "missing_required_field");
    agent.recovers("maestro task log t3", "missing_required_field");
    agent.recovers("maestro subtask create t3", "missing_required_field");
    agent.recovers("maestro message send bob", "missing_required_field");
    agent.recovers("maestro task comment t3 ''", "invalid_text");
    let named = agent.recovers(&format!("maestro task create '{}'", "very long ".repeat(30)), "invalid_title");
    assert_eq!(named["id"], "t6");
    assert_eq!(agent.recovers("maestro task create 'Parse\nCSV'", "invalid_title")["title"], "Parse CSV");
    agent.recovers("maestro task log t3 '\u{1b}[31mred'", "invalid_text");
    // Pages.
    agent.recovers("maestro task list --limit 0", "invalid_value");
    agent.recovers("maestro task list --cursor abc --limit 2", "invalid_cursor");
    // What others build on, and what has no way back, is not deleted by the first thing that is tried.
    assert_eq!(agent.told("maestro task delete t3 t4", "usage"), "maestro task delete --help");
    agent.does("maestro task unblock t4");
    agent.does("maestro task release t4");
    let told = agent.told("maestro task delete t4", "has_dependants");
    assert_eq!(told, "maestro task depend t5 --remove t4");
    assert_eq!(agent.told("maestro project purge web", "confirmation_missing"), "maestro project get web");
    // A status that another verb has no way from.
    assert_eq!(agent.told("maestro task approve t3", "invalid_transition"), "maestro task get t3");
    assert_eq!(agent.told("maestro task submit t3", "invalid_transition"), "maestro task start t3");
    // Completing what is blocked: first it goes on, then its steps are done, then it is completed.
    let done = agent.recovers("maestro task complete t1 --summary 'src/parse.rs'", "invalid_transition");
    assert_eq!(done["status"], "completed");
    assert_eq!(done["progress"], json!({"completed": 2, "total": 2}), "{done}");
    assert!(agent.recovered.len() >= 20, "{:?}", agent.recovered);
    let left = agent.does("maestro task list --ready --fields id");
    assert!(left["items"].as_array().unwrap().contains(&json!({"id": "t2"})), "what waited for it is ready: {left}");
}

#[test]
fn one_call_tells_a_worker_everything_about_its_task() {
    let cluster = Cluster::start(1);
    let agent = Agent { cli: cluster.cli("ann").with("MAESTRO_PROJECT_ID", "web"), recovered: Vec::new() };
    agent.does("maestro project create web");
    agent.does("maestro task create 'Read the spec'");
    agent.does("maestro task start t1");
    agent.does("maestro task complete t1 --summary 'RFC 9110 it is'");
    agent.does("maestro task create Parse --depends-on t1 --accept 'all tests pass' --subtask lexer --desc All --notes 'mind the BOM'");
    agent.does("maestro task create Later --depends-on t2");
    agent.does("maestro message send ann 'use UTF-8' --task t2");
    agent.does("maestro message send ann 'about something else' --task t1");
    agent.does("maestro task start t2");
    let task = agent.does("maestro task get t2");
    assert_eq!((&task["acceptance"], &task["description"]), (&json!(["all tests pass"]), &json!("All")));
    assert_eq!(task["dependencies"][0]["summary"], "RFC 9110 it is");
    assert_eq!((&task["dependants"], &task["subtasks"][0]["title"]), (&json!(["t3"]), &json!("lexer")));
    assert_eq!(task["timeline"][1]["kind"], "claimed");
    let messages = task["messages"].as_array().unwrap();
    assert_eq!((messages.len(), &messages[0]["body"]), (1, &json!("use UTF-8")), "only those about it");
    // Looking leaves them unread; a part of it costs less.
    assert_eq!(agent.does("maestro message list")["items"].as_array().unwrap().len(), 2);
    let part = agent.does("maestro task get t2 --fields id,acceptance --timeline 0");
    assert_eq!(part, json!({"id": "t2", "acceptance": ["all tests pass"]}));
}
