//! Projects: created, changed, archived, purged.

use maestro_domain::*;
use serde_json::json;

use crate::kit::World;

#[test]
fn nothing_happens_without_a_project() {
    let mut w = World::void();
    assert_eq!(w.no("ann", "task.create", json!({"title": "x"})), "ProjectNotFound");
    assert_eq!(w.no("ann", "project.update", json!({"title": "x"})), "ProjectNotFound");
    w.ok("ann", "project.create", json!({"title": "Web"}));
    assert_eq!(w.no("ann", "project.create", json!({"title": "Web"})), "ProjectExists");
}

#[test]
fn sessions_do_not_touch_projects() {
    let mut w = World::team();
    for (verb, payload) in [
        ("project.create", json!({"title": "x"})),
        ("project.update", json!({"title": "x"})),
        ("project.archive", json!({})),
        ("project.purge", json!({"confirm": "web"})),
    ] {
        assert_eq!(w.no("s1", verb, payload), "NotPermitted");
    }
}

#[test]
fn an_update_needs_something_to_change() {
    let mut w = World::new();
    assert_eq!(w.no("ann", "project.update", json!({})), "NoUpdates");
    w.ok("ann", "project.update", json!({"defaultAgent": "codex"}));
    w.ok("ann", "session.spawn", json!({}));
    assert_eq!(w.session("s1").agent.as_str(), "codex");
}

#[test]
fn an_archived_project_does_not_change_until_it_is_brought_back() {
    let mut w = World::new();
    w.task();
    w.ok("ann", "project.archive", json!({}));
    assert_eq!(w.ok("ann", "project.archive", json!({})), Vec::<String>::new());
    assert_eq!(w.no("ann", "task.start", json!({"task": "t1"})), "ProjectArchived");
    assert_eq!(w.no("ann", "project.update", json!({"title": "x"})), "ProjectArchived");
    assert_eq!(w.ok("ann", "project.archive", json!({"archived": false})), ["project.restored"]);
    w.ok("ann", "task.start", json!({"task": "t1"}));
}

#[test]
fn a_project_with_running_sessions_is_neither_archived_nor_purged() {
    let mut w = World::new();
    w.ok("ann", "session.spawn", json!({"restart": {"on_failure": {"max": 1}}}));
    assert_eq!(w.no("ann", "project.archive", json!({})), "SessionState");
    assert_eq!(w.no("ann", "project.purge", json!({"confirm": "web"})), "SessionState");
    w.ok("s1", "session.failed", json!({"failure": "x"}));
    assert_eq!(w.no("ann", "project.archive", json!({})), "SessionState", "it is about to start again");
    w.ok("ann", "session.stop", json!({"session": "s1"}));
    w.ok("ann", "project.archive", json!({}));
}

#[test]
fn purging_needs_the_id_and_leaves_nothing() {
    let mut w = World::new();
    w.task();
    assert_eq!(w.no("ann", "project.purge", json!({"confirm": "webb"})), "ConfirmationMissing");
    let events = w.say("ann", "project.purge", json!({"confirm": "web"})).unwrap();
    assert_eq!(react(&events[0]), [Effect::Purge]);
    assert_eq!(w.state, State::default());
    let command = w.command("ann", "project.purge", json!({"confirm": "web"}));
    assert_eq!(answer(&w.state, &command.caller, &command.request, &events), Answer::Gone(EntityRef::Project));
}
