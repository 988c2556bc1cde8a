//! One story in which every kind of event happens, most of them with all their fields: what golden files are made of.

use maestro_domain::*;
use serde_json::json;

use crate::kit::World;

pub fn story() -> Vec<Event> {
    let mut w = World::void();
    project(&mut w);
    tasks(&mut w);
    sessions(&mut w);
    w.events
}

fn project(w: &mut World) {
    w.ok(
        "ann",
        "project.create",
        json!({"title": "Web", "overview": "# What it is", "goals": "Ship it", "repository": "git@host:web.git",
            "baseBranch": "main", "defaultAgent": "codex"}),
    );
    w.ok("ann", "project.update", json!({"title": "Web shop", "overview": "A shop", "goals": "Sell"}));
    w.ok("ann", "project.archive", json!({}));
    w.ok("ann", "project.archive", json!({"archived": false}));
}

fn tasks(w: &mut World) {
    w.ok(
        "ann",
        "task.create",
        json!({"title": "Parse the header", "description": "of *every* file", "acceptance": ["it parses", "tests"],
            "technicalNotes": "see RFC 9110", "priority": "high", "labels": ["core", "parser"],
            "subtasks": [{"title": "Read", "description": "all of it"}, {"title": "Write"}]}),
    );
    w.ok("ann", "task.create", json!({"title": "Write the docs", "dependsOn": ["t1"]}));
    w.ok(
        "ann",
        "task.update",
        json!({"task": "t1", "title": "Parse headers", "priority": "critical", "labels": ["core"],
            "description": "all", "acceptance": ["green"], "technicalNotes": "none"}),
    );
    w.ok("ann", "session.spawn", json!({"role": "orchestrator", "agent": "claude", "model": "large", "name": "Lead"}));
    w.ok("s1", "session.starting", json!({"node": "host-a", "workspace": "/work/s1"}));
    w.ok("s1", "session.active", json!({}));
    w.ok(
        "s1",
        "session.spawn",
        json!({"tasks": ["t1"], "agent": "shell", "command": ["sh", "-c", "true"], "prompt": "Do t1", "pool": "gpu",
            "skill": "maestro-worker", "reason": "parallel", "includeRelated": true, "keep": true,
            "restart": {"on_failure": {"max": 2}}}),
    );
    w.ok("s2", "session.starting", json!({"node": "host-a", "workspace": "/work/s2"}));
    w.ok("s2", "session.active", json!({}));
    w.ok("s2", "task.start", json!({"task": "t1", "force": true}));
    w.ok("s2", "session.update", json!({"message": "reading"}));
    w.ok("ann", "task.comment", json!({"task": "t1", "message": "mind the **BOM**"}));
    w.ok("s2", "subtask.create", json!({"task": "t1", "title": "Fuzz", "description": "an hour"}));
    w.ok("s2", "subtask.update", json!({"task": "t1", "subtask": "st3", "title": "Fuzz it", "description": "two"}));
    w.ok("s2", "subtask.complete", json!({"task": "t1", "subtask": "st1"}));
    w.ok("s2", "subtask.move", json!({"task": "t1", "subtask": "st3", "position": 1}));
    w.ok("s2", "task.block", json!({"task": "t1", "reason": "which encoding?"}));
    w.ok("s1", "task.unblock", json!({"task": "t1", "message": "UTF-8"}));
    w.ok("s2", "subtask.complete", json!({"task": "t1", "subtask": "st2"}));
    w.ok("s2", "subtask.complete", json!({"task": "t1", "subtask": "st3"}));
    w.ok("s2", "task.submit", json!({"task": "t1", "summary": "parsed"}));
    w.ok("s1", "task.approve", json!({"task": "t1", "summary": "fine"}));
    w.ok("ann", "task.reopen", json!({"task": "t1", "reason": "a case is missing"}));
    w.ok("s2", "subtask.reopen", json!({"task": "t1", "subtask": "st1"}));
    w.ok("s2", "subtask.delete", json!({"task": "t1", "subtask": "st1"}));
    w.ok("ann", "task.create", json!({"title": "Draw the logo"}));
    w.ok("ann", "task.depend", json!({"task": "t2", "add": ["t3"], "remove": ["t1"]}));
    w.ok("ann", "task.cancel", json!({"task": "t3", "reason": "bought one"}));
    w.ok("ann", "task.delete", json!({"task": "t3", "force": true}));
}

fn sessions(w: &mut World) {
    w.ok("s2", "task.start", json!({"task": "t1"}));
    let (until, question) = ("2026-01-02T03:04:05.678Z", "may I delete it?");
    w.ok("s2", "session.needs_input", json!({"input": "permission", "question": question, "until": until}));
    let answer = json!({"to": "s2", "kind": "answer", "epoch": 1, "task": "t1", "body": "yes,\n\tdo"});
    w.ok("ann", "message.send", answer);
    let letter = json!({"message": format!("m{}", w.state.counters().2)});
    w.ok("s2", "message.delivered", letter.clone());
    w.ok("s2", "message.seen", letter);
    w.ok("s2", "session.active", json!({}));
    w.ok("system", "session.lost", json!({"session": "s2", "epoch": 1, "reason": "its host is gone"}));
    w.ok("s2", "task.complete", json!({"task": "t1", "summary": "done in time", "force": true}));
    w.ok("ann", "task.reopen", json!({"task": "t1"}));
    w.later(10);
    w.ok("system", "session.expire", json!({"session": "s2", "epoch": 1, "deadline": "restart"}));
    w.ok("s2", "session.starting", json!({"node": "host-b"}));
    w.ok("s2", "session.failed", json!({"failure": "no such agent"}));
    w.ok("ann", "session.stop", json!({"session": "s2"}));
    w.ok("ann", "task.start", json!({"task": "t2"}));
    w.ok("ann", "task.release", json!({"task": "t2", "reason": "no time"}));
    w.ok("bob", "task.start", json!({"task": "t2"}));
    w.ok("ann", "task.complete", json!({"task": "t2", "summary": "written"}));
    w.ok("bob", "task.complete", json!({"task": "t2", "summary": "written as well"}));
    let refused = json!({"task": "t2", "to": "bob", "verb": "task submit", "code": "invalid_transition",
        "message": "t2 is completed", "report": "my summary"});
    w.ok("system", "timeline.refuse", refused);
    let failed = json!({"effect": "01JD", "entity": "session/s2", "error": "no reply"});
    w.ok("system", "effect.failed", failed);
    w.ok("ann", "session.resume", json!({"session": "s2"}));
    w.ok("s2", "session.starting", json!({"node": "host-b"}));
    w.ok("s2", "session.stopped", json!({"shutdown": true}));
    let worker = w.spawn("s1", json!({"name": "Quick"}));
    w.ok("ann", "task.create", json!({"title": "A quick one"}));
    w.ok(&worker, "task.next", json!({"claim": true}));
    let quick = w.state.held_by(&worker.parse().unwrap()).next().unwrap();
    w.ok(&worker, "task.complete", json!({"task": quick}));
    w.ok("ann", "message.send", json!({"to": worker, "body": "one more"}));
    w.ok("ann", "session.restart", json!({"session": worker}));
    w.ok(&worker, "session.stopped", json!({}));
    w.ok("ann", "session.stop", json!({"session": worker}));
    let other = w.spawn("s1", json!({"name": "Other", "role": "custom"}));
    w.ok("s1", "session.stop", json!({"session": other}));
    w.ok(&other, "session.stopped", json!({}));
    w.ok("s1", "session.exited", json!({"code": 0}));
    w.ok("ann", "project.purge", json!({"confirm": "web"}));
}
