//! `task.import`: a plan whose tasks name each other, all of it or nothing, and twice the same as once.

use maestro_domain::*;
use serde_json::{Value, json};

use crate::kit::{World, name};

fn plan(tasks: Value) -> Value {
    json!({"source": "plan", "tasks": tasks})
}

fn three() -> Value {
    json!([
        {"key": "release", "title": "Release", "dependsOn": ["parser", "docs"], "priority": "high"},
        {"key": "parser", "title": "Write the parser", "subtasks": [{"title": "Lexer", "completed": true}, {"title": "Grammar"}]},
        {"key": "docs", "title": "Write the docs", "dependsOn": ["parser"], "labels": ["text", "text"]},
    ])
}

#[test]
fn tasks_name_each_other_by_keys_in_any_order() {
    let mut world = World::new();
    let kinds = world.ok("ann", "task.import", plan(three()));
    assert_eq!(kinds, ["task.created"; 3]);
    let titles: Vec<_> = world.state.tasks().values().map(|task| task.title.to_string()).collect();
    assert_eq!(titles, ["Write the parser", "Write the docs", "Release"], "each after what it depends on");
    let depends = |id: &str| world.get(id).depends_on.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!((depends("t2"), depends("t3")), (vec!["t1".to_owned()], vec!["t1".to_owned(), "t2".to_owned()]));
    assert_eq!(world.get("t1").progress(), Progress { completed: 1, total: 2 });
    assert_eq!(world.state.ready().len(), 1);
    assert_eq!(world.get("t2").origin.as_ref().unwrap().key.as_str(), "docs");
}

#[test]
fn the_same_again_changes_nothing_and_a_longer_plan_adds_what_is_new() {
    let mut world = World::new();
    world.ok("ann", "task.import", plan(three()));
    assert!(world.ok("bob", "task.import", plan(three())).is_empty());
    let mut longer = three();
    longer.as_array_mut().unwrap().push(json!({"key": "party", "title": "Celebrate", "dependsOn": ["release"]}));
    assert_eq!(world.ok("ann", "task.import", plan(longer)), ["task.created"]);
    assert_eq!(world.get("t4").depends_on, ["t3".parse().unwrap()]);
    // The same keys of another plan are other tasks.
    let other = json!({"source": "other", "tasks": three()});
    assert_eq!(world.ok("ann", "task.import", other), ["task.created"; 3]);
    // What was deleted is created again.
    world.ok("ann", "task.delete", json!({"task": "t4"}));
    assert_eq!(world.ok("ann", "task.import", plan(json!([{"key": "party", "title": "Celebrate"}]))), ["task.created"]);
}

#[test]
fn the_answer_says_of_each_key_which_task_it_is() {
    let mut world = World::new();
    world.ok("ann", "task.import", plan(json!([{"key": "docs", "title": "Write the docs"}])));
    let command = world.command("ann", "task.import", plan(three()));
    let mut state = world.state.clone();
    let Ok(decision) = decide_in(&mut state, &command, world.now) else { panic!("it is accepted") };
    let told = |events: &[Event]| {
        let Answer::Imported(tasks) = answer(&state, &command.caller, &command.request, events) else {
            panic!("it imports");
        };
        tasks.into_iter().map(|t| format!("{} {} {}", t.key, t.task.id, t.created)).collect::<Vec<_>>()
    };
    assert_eq!(told(&decision.events), ["release t3 true", "parser t2 true", "docs t1 false"]);
    assert_eq!(told(&[]), ["release t3 false", "parser t2 false", "docs t1 false"]);
}

#[test]
fn what_was_exported_is_there_already() {
    let mut world = World::new();
    let task = world.task();
    let exported = json!({"source": "web", "tasks": [{"key": task, "title": "Parse the header"}]});
    assert!(world.ok("ann", "task.import", exported).is_empty());
    let unknown = json!({"source": "web", "tasks": [{"key": "t9", "title": "Another"}]});
    assert_eq!(world.ok("ann", "task.import", unknown.clone()), ["task.created"]);
    assert!(world.ok("ann", "task.import", unknown).is_empty());
}

#[test]
fn ids_of_another_project_are_never_ids_here() {
    let mut world = World::new();
    world.task();
    world.task();
    let exported = |tasks: Value| json!({"source": "other", "tasks": tasks});
    let part = exported(json!([{"key": "t5", "title": "Part of another project", "dependsOn": ["t2"]}]));
    let refused = world.refused("ann", "task.import", part.clone());
    assert_eq!(name(&refused), "LeftOutOfPlan", "{refused}");
    // Once that one was imported from there, it is known by its key.
    assert_eq!(
        world.ok("ann", "task.import", exported(json!([{"key": "t2", "title": "What it waits for"}]))),
        ["task.created"]
    );
    assert_eq!(world.ok("ann", "task.import", part), ["task.created"]);
    assert_eq!(world.get("t4").depends_on, ["t3".parse().unwrap()]);
    // A plan that was written for this project names its tasks.
    let written = plan(json!([{"key": "docs", "title": "Write the docs", "dependsOn": ["t2"]}]));
    assert_eq!(world.ok("ann", "task.import", written), ["task.created"]);
    assert_eq!(world.get("t5").depends_on, ["t2".parse().unwrap()]);
}

#[test]
fn what_is_done_stays_done_and_lets_others_be_ready() {
    let mut world = World::team();
    let tasks = json!([
        {"key": "a", "title": "Done", "completed": true, "summary": "long ago"},
        {"key": "b", "title": "Next", "dependsOn": ["a"]},
    ]);
    let refused = world.refused("s2", "task.import", plan(tasks.clone()));
    assert_eq!(name(&refused), "NotPermitted");
    assert_eq!(world.ok("s1", "task.import", plan(tasks)), ["task.created", "task.completed", "task.created"]);
    assert_eq!(world.status("t1"), StatusKind::Completed);
    assert!(world.state.is_ready(world.get("t2")));
    assert_eq!(
        world.ok("s2", "task.import", json!({"source": "own", "tasks": [{"key": "x", "title": "Found"}]})),
        ["task.created"]
    );
}

#[test]
fn one_mistake_and_nothing_is_created() {
    let mut world = World::new();
    let gone = world.task();
    world.ok("ann", "task.cancel", json!({"task": gone}));
    let cases = [
        (json!([]), "NoUpdates"),
        (json!([{"key": "a", "title": "A"}, {"key": "a", "title": "B"}]), "PlanKeyTwice"),
        (
            json!([{"key": "a", "title": "A", "dependsOn": ["b"]}, {"key": "b", "title": "B", "dependsOn": ["a"]}]),
            "PlanCycle",
        ),
        (json!([{"key": "a", "title": "A", "dependsOn": ["a"]}]), "PlanCycle"),
        (json!([{"key": "ok", "title": "Ok"}, {"key": "a", "title": "A", "dependsOn": ["t99"]}]), "UnknownPlanKey"),
        (json!([{"key": "a", "title": "A", "dependsOn": [gone]}]), "Invalid"),
    ];
    let before = world.state.clone();
    for (tasks, refusal) in cases {
        assert_eq!(world.no("ann", "task.import", plan(tasks.clone())), refusal, "{tasks}");
        assert_eq!(world.state, before);
    }
    let many: Vec<_> = (0..=Limits::IMPORT).map(|n| json!({"key": format!("k{n}"), "title": "x"})).collect();
    assert_eq!(world.no("ann", "task.import", plan(many.into())), "LimitReached");
    let circle = json!([
        {"key": "x", "title": "X", "dependsOn": ["a"]},
        {"key": "a", "title": "A", "dependsOn": ["b"]},
        {"key": "b", "title": "B", "dependsOn": ["a"]},
    ]);
    let refused = world.refused("ann", "task.import", plan(circle)).to_string();
    assert_eq!(refused, "these tasks would wait for each other: a -> b -> a");
}

#[test]
fn a_chain_as_long_as_a_plan_may_be_is_no_burden() {
    let mut world = World::new();
    let last = Limits::IMPORT - 1;
    let link = |n: usize| {
        let on: Vec<String> = (n < last).then(|| format!("k{}", n + 1)).into_iter().collect();
        json!({"key": format!("k{n}"), "title": "x", "dependsOn": on})
    };
    let chain: Vec<_> = (0..=last).map(link).collect();
    assert_eq!(world.ok("ann", "task.import", plan(chain.into())).len(), Limits::IMPORT);
    assert_eq!(world.state.ready().len(), 1);
}
