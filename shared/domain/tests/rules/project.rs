//! Projects: created, changed, archived, purged.

use std::sync::Arc;

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
fn a_repository_s_address_comes_without_a_password() {
    let secret = [
        "https://user:secret@example.org/web.git",
        "HTTPS://user:secret@example.org",
        "http://:secret@example.org/web.git",
        "https://user:se@cret@example.org?x",
    ];
    let plain = [
        "git@example.org:web.git",
        "ssh://git@example.org/web.git",
        "https://user@example.org/web.git",
        "https://user:@example.org/web.git",
        "https://example.org:8443/a:b@c/web.git",
        "https://example.org/?a:b@c",
        "/srv/git/web.git",
        "user:secret@example.org",
    ];
    for address in secret {
        let mut w = World::void();
        let refused = w.say("ann", "project.create", json!({"title": "Web", "repository": address})).unwrap_err();
        assert_eq!(refused, Refusal::PasswordInRepository, "{address}");
        assert!(!refused.to_string().contains("cret"), "{refused}");
        w.ok("ann", "project.create", json!({"title": "Web"}));
        assert_eq!(w.no("ann", "project.update", json!({"repository": address})), "PasswordInRepository", "{address}");
    }
    for address in plain {
        let mut w = World::void();
        w.ok("ann", "project.create", json!({"title": "Web", "repository": address}));
        w.ok("ann", "project.update", json!({"repository": address}));
    }
}

/// What an older server took is followed, and stays until somebody gives another address.
#[test]
fn a_password_that_a_ledger_holds_is_no_reason_to_stop() {
    let mut w = World::void();
    let mut events = w.say("ann", "project.create", json!({"title": "Web"})).unwrap();
    let Some(Event::Project { after: Some(project), .. }) = events.first_mut() else { panic!("{events:?}") };
    Arc::make_mut(project).repository = Some(Line::parse("https://u:secret@example.org").unwrap());
    w.state = State::default();
    for event in &events {
        w.state.apply(event).unwrap();
    }
    w.ok("ann", "project.update", json!({"title": "Web 2"}));
    let repository = |w: &World| w.state.project().unwrap().repository.as_ref().unwrap().to_string();
    assert_eq!(repository(&w), "https://u:secret@example.org");
    w.ok("ann", "project.update", json!({"repository": "https://u@example.org"}));
    assert_eq!(repository(&w), "https://u@example.org");
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
