//! Plans: in as a checklist or as JSON, out again, once and twice, between projects, from templates.

use maestro_tests::cluster::{Cluster, Said};
use serde_json::{Value, json};

const PLAN: &str = "# Plan\n\n- [ ] Write the parser <!-- key=parser priority=high labels=core -->\n  All of it,\n  with tests.\n  - [x] lexer\n  - [ ] grammar\n- [x] Read the spec\n- [ ] Release <!-- after=parser -->\n";

fn ids(said: &Said) -> Vec<(String, String, bool)> {
    let document = said.document();
    assert_eq!(document["success"], true, "{document}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let item = |item: &Value| (text(&item["key"]), text(&item["id"]), item["created"] == true);
    document["data"]["items"].as_array().unwrap().iter().map(item).collect()
}

#[test]
fn a_checklist_becomes_tasks_once() {
    let cluster = Cluster::start(1);
    let cli = cluster.cli("ann");
    cli.run(&["project", "create", "web"]);
    let file = cli.home().join("plan.md");
    std::fs::write(&file, PLAN).unwrap();
    let before = ids(&cli.run(&["task", "import", "plan.md"]));
    let created: Vec<&str> = before.iter().map(|(key, ..)| key.as_str()).collect();
    assert_eq!(created, ["parser", "read-the-spec", "release"]);
    let again = cli.run(&["task", "import", "plan.md"]).document();
    assert_eq!((&again["unchanged"], &again["data"]["created"]), (&json!(true), &json!(0)), "{again}");
    std::fs::write(&file, format!("{PLAN}- [ ] Celebrate <!-- after=release -->\n")).unwrap();
    let longer = ids(&cli.run(&["task", "import", "plan.md"]));
    assert_eq!(longer.iter().filter(|(.., created)| *created).count(), 1);
    let task = cli.run(&["task", "get", "t1"]).document()["data"].clone();
    assert_eq!((&task["description"], &task["priority"]), (&json!("All of it,\nwith tests."), &json!("high")));
    assert_eq!(task["progress"], json!({"completed": 1, "total": 2}));
    assert_eq!(cli.run(&["task", "get", "t2"]).document()["data"]["status"], "completed");
}

#[test]
fn a_plan_on_stdin_is_all_or_nothing() {
    let cluster = Cluster::start(1);
    let cli = cluster.cli("ann");
    cli.run(&["project", "create", "web"]);
    let import = |plan: &str| cli.plain(&["--json", "-p", "web", "task", "import", "-"], plan.as_bytes());
    let cases = [
        (
            "[{\"key\":\"a\",\"title\":\"A\"},{\"key\":\"b\",\"title\":\"B\",\"dependsOn\":[\"c\"]}]",
            2,
            "invalid_dependency",
        ),
        (
            "{\"key\":\"a\",\"title\":\"A\",\"dependsOn\":[\"b\"]}\n{\"key\":\"b\",\"title\":\"B\",\"dependsOn\":[\"a\"]}",
            7,
            "dependency_cycle",
        ),
        ("{\"title\":\"A\"}\n{\"title\":\"\"}", 2, "invalid_title"),
        ("{\"title\":\"A\",\"prio\":1}", 2, "unknown_field"),
        ("nothing here", 2, "invalid_text"),
        ("{\"title\":", 2, "malformed_json"),
    ];
    for (plan, exit, code) in cases {
        let said = import(plan);
        let document = said.document();
        assert_eq!((said.code, &document["error"]), (exit, &json!(code)), "{plan}: {document}");
        assert!(document["details"]["commands"][0].is_string(), "{document}");
    }
    assert_eq!(cli.run(&["task", "list"]).document()["data"]["items"], json!([]));
    let plan = "{\"tasks\":[{\"key\":\"B\",\"title\":\"B\",\"dependsOn\":[\"A\"]},{\"key\":\"A\",\"title\":\"A\",\"subtasks\":[\"x\"]}]}";
    let told = ids(&import(plan));
    assert_eq!(told, [("b".into(), "t2".into(), true), ("a".into(), "t1".into(), true)]);
    assert!(ids(&import(plan)).iter().all(|(.., created)| !created), "the same plan again");
}

#[test]
fn what_is_exported_is_there_already_and_another_project_gets_it_once() {
    let cluster = Cluster::start(1);
    let cli = cluster.cli("ann");
    for project in ["web", "other"] {
        cli.plain(&["--json", "project", "create", project], b"");
    }
    std::fs::write(cli.home().join("plan.md"), PLAN).unwrap();
    cli.run(&["task", "import", "plan.md"]);
    for format in ["jsonl", "markdown"] {
        let exported = cli.plain(&["-p", "web", "task", "export", "--format", format], b"");
        assert_eq!(exported.code, 0, "{exported:?}");
        let import =
            |project: &str| cli.plain(&["--json", "-p", project, "task", "import", "-"], exported.out.as_bytes());
        assert!(ids(&import("web")).iter().all(|(.., created)| !created), "{format}: {}", exported.out);
        let first = ids(&import("other"));
        assert_eq!(first.len(), 3);
        assert!(ids(&import("other")).iter().all(|(.., created)| !created), "{format}");
    }
    let count = |project: &str| {
        let all = cli.plain(&["--json", "-p", project, "task", "list"], b"").document();
        all["data"]["items"].as_array().unwrap().len()
    };
    assert_eq!((count("web"), count("other")), (3, 3), "both formats name the same tasks");
    let exported = cli.plain(&["-p", "other", "task", "export"], b"");
    let lines: Vec<Value> = exported.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let parser = lines.iter().find(|line| line["title"] == "Write the parser").unwrap();
    assert_eq!(parser["subtasks"][0], json!({"title": "lexer", "completed": true}));
}

#[test]
fn a_template_is_shown_applied_and_saved() {
    let cluster = Cluster::start(1);
    let cli = cluster.cli("ann");
    cli.run(&["project", "create", "web"]);
    let missing = cli.run(&["template", "apply", "bugfix"]).document();
    assert_eq!((&missing["error"], &missing["details"]["field"]), (&json!("missing_required_field"), &json!("title")));
    let near = cli.run(&["template", "show", "bugfx"]).document();
    assert_eq!(near["details"]["commands"][0], "maestro -p web template show bugfix");
    let applied = cli.run(&["template", "apply", "bugfix", "--set", "title=Crash on start"]);
    assert_eq!(ids(&applied).len(), 3);
    assert_eq!(cli.run(&["task", "get", "t2"]).document()["data"]["dependsOn"], json!(["t1"]));
    let saved = cli.run(&["template", "save", "crash", "t1", "t2", "--about", "As last time"]).document();
    assert_eq!(saved["data"]["tasks"], 2, "{saved}");
    assert_eq!(ids(&cli.run(&["template", "apply", "crash"])).len(), 2);
    assert_eq!(cli.run(&["template", "save", "crash", "t1"]).document()["error"], "invalid_value");
    let broken = cli.home().join(".maestro/templates/broken.toml");
    std::fs::write(broken, "about = 3\n").unwrap();
    let error = cli.run(&["template", "show", "broken"]).document();
    assert_eq!(error["error"], "invalid_config");
    assert!(error["message"].as_str().unwrap().contains("line 1"), "{error}");
}
