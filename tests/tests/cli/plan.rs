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

/// Every text comes through both formats: out of one project, into another, out again the same.
#[test]
fn no_text_is_lost_between_projects() {
    let cluster = Cluster::start(1);
    let cli = cluster.cli("ann");
    let projects = ["web", "lines", "list"];
    for project in projects {
        cli.plain(&["--json", "project", "create", project], b"");
    }
    let long = "word ".repeat(1_600);
    let texts = [
        "One line.",
        "\n# Heading\n\n- [ ] a box\n  - [x] another\n\n```\n    code\n\tand more\n```\n<!-- notes -->\nend  \n",
        "\\- [ ] escaped\n\\\n \nthe end",
        long.as_str(),
        "é 漢字 🦀 <!-- x -->",
    ];
    let plan: String = (0..texts.len())
        .map(|at| {
            let text = |more: usize| texts[(at + more) % texts.len()];
            let done = at % 2 == 0;
            let task = json!({
                "key": format!("k{at}"), "title": format!("Task {at} <!-- y -->"), "description": text(0),
                "technicalNotes": text(1), "priority": "high", "labels": ["core", "ui"],
                "acceptance": ["[ ] boxed", "- dashed", "plain"],
                "dependsOn": if at > 0 { vec![format!("k{}", at - 1)] } else { vec![] },
                "subtasks": [
                    {"title": "one <!-- z -->", "description": text(2), "completed": true},
                    {"title": "[x] two", "completed": done},
                    {"title": "three", "description": text(3), "completed": done},
                ],
                "status": if done { "completed" } else { "pending" },
                "summary": if done { json!(text(4)) } else { Value::Null },
            });
            format!("{task}\n")
        })
        .collect();
    let import = |project: &str, words: &str| {
        let said = cli.plain(&["--json", "-p", project, "task", "import", "-"], words.as_bytes());
        assert_eq!(said.document()["data"]["created"], 5, "{said:?}");
    };
    let export = |project: &str, format: &str| {
        let said = cli.plain(&["-p", project, "task", "export", "--format", format], b"");
        assert_eq!(said.code, 0, "{said:?}");
        said.out
            .replace(&format!("source={project} "), "source=web ")
            .replace(&format!(r#""source":"{project}""#), r#""source":"web""#)
    };
    import("web", &plan);
    let (lines, list) = (export("web", "jsonl"), export("web", "markdown"));
    import("lines", &lines);
    import("list", &list);
    for project in projects {
        assert_eq!(export(project, "jsonl"), lines, "{project}");
        assert_eq!(export(project, "markdown"), list, "{project}");
    }
    let first: Value = serde_json::from_str(lines.lines().nth(1).unwrap()).unwrap();
    assert_eq!((&first["description"], &first["technicalNotes"]), (&json!(texts[1]), &json!(texts[2])));
}

/// More than one command carries: in parts, each whole; stopped in between, the same line goes on.
#[test]
fn a_long_plan_goes_on_where_it_stopped() {
    let cluster = Cluster::start(1);
    let cli = cluster.cli("ann");
    cli.run(&["project", "create", "web"]);
    // The last ones first, and the one that stops it in the last part.
    let task = |n: usize, on: &str| format!("{{\"key\":\"k{n}\",\"title\":\"Task {n}\",\"dependsOn\":[\"{on}\"]}}\n");
    let first = "{\"key\":\"k0\",\"title\":\"Task 0\"}\n";
    let body: String = (1..1_200).rev().map(|n| task(n, &format!("k{}", n - 1))).collect();
    let absent = format!("{}{body}{first}", task(1_200, "k1199\",\"t99999"));
    // More than a task may wait for: only the server says so, when it comes to the last part.
    let many: Vec<String> = (1_000..1_200).map(|n| format!("k{n}")).collect();
    let bad = format!("{}{body}{first}", task(1_200, &many.join("\",\"")));
    let good = format!("{}{body}{first}", task(1_200, "k1199"));
    let import = |plan: &str| {
        let words = ["--json", "-p", "web", "--timeout", "30s", "task", "import", "-", "--source", "long"];
        cli.plain(&words, plan.as_bytes()).document()
    };
    let circle = format!("{body}{}", task(0, "k1199"));
    assert_eq!(import(&circle)["error"], "dependency_cycle");
    let missing = import(&absent);
    assert_eq!(missing["error"], "invalid_dependency", "{missing}");
    assert_eq!(cli.run(&["task", "list"]).document()["data"]["items"], json!([]), "nothing of either is there");
    let stopped = import(&bad);
    assert_eq!(stopped["error"], "limit_reached", "{stopped}");
    let there = stopped["details"]["imported"].as_u64().unwrap();
    assert!((500..1_201).contains(&there), "{stopped}");
    let done = import(&good)["data"].clone();
    assert_eq!((&done["created"], &done["total"]), (&json!(1_201 - there), &json!(1_201)), "{}", done["parts"]);
    assert!(done["parts"].as_u64().unwrap() >= 3 && done["items"].as_array().unwrap().len() == 500);
    let again = import(&good);
    assert_eq!((&again["unchanged"], &again["data"]["created"]), (&json!(true), &json!(0)));
    let last = done["items"][0]["id"].as_str().unwrap();
    let depends = cli.run(&["task", "get", last]).document()["data"]["dependsOn"].clone();
    assert_eq!(depends.as_array().unwrap().len(), 1);
}

/// Lists that are small by nature have pages too.
#[test]
fn steps_templates_and_codes_come_in_pages() {
    let cluster = Cluster::start(1);
    let cli = cluster.cli("ann");
    cli.run(&["project", "create", "web"]);
    let steps: Vec<String> = (1..=60).map(|n| format!("step {n}")).collect();
    let mut words = vec!["task", "create", "Many steps"];
    words.extend(steps.iter().flat_map(|step| ["--subtask", step]));
    cli.run(&words);
    for (list, name, usual) in [
        ("subtask list t1", "id", 50),
        ("template list", "name", 4),
        ("errors list", "code", 200),
        ("skill list", "name", 50),
    ] {
        let pages = |limit: &str| {
            let (mut all, mut pages, mut cursor) = (Vec::new(), 0, None::<String>);
            loop {
                let mut words: Vec<&str> = list.split(' ').collect();
                words.extend(["--limit", limit]);
                words.extend(cursor.iter().flat_map(|cursor| ["--cursor", cursor]));
                let page = cli.run(&words).document()["data"].clone();
                let items = page["items"].as_array().unwrap();
                all.extend(items.iter().map(|item| item[name].as_str().unwrap().to_owned()));
                pages += 1;
                cursor = page["nextCursor"].as_str().map(ToOwned::to_owned);
                if cursor.is_none() {
                    return (all, pages);
                }
            }
        };
        let ((whole, _), (parts, number)) = (pages("1000"), pages("7"));
        assert_eq!((&whole, number), (&parts, whole.len().div_ceil(7)), "{list}");
        let words: Vec<&str> = list.split(' ').collect();
        let first = cli.run(&words).document()["data"].clone();
        assert_eq!(first["items"].as_array().unwrap().len(), whole.len().min(usual).max(1), "{list}");
        assert_eq!(cli.run(&[&words[..], &["--cursor", "no"]].concat()).document()["error"], "invalid_cursor");
    }
}
