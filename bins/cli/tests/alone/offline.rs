//! What works without a server: settings and who one is.

use crate::kit::Room;
use serde_json::Value;

#[test]
fn settings_are_set_got_and_listed_with_their_origin() {
    let room = Room::new();
    for pair in [["server", "nats://edge:hidden@h:4222"], ["defaultProject", "web"], ["retries", "7"]] {
        let (code, document) = room.json(&["--json", "config", "set", pair[0], pair[1]], &[]);
        assert_eq!(code, 0, "{document}");
        assert!(!document.to_string().contains("hidden"));
    }
    let (code, _) = room.json(&["--json", "config", "--set", "outputMode=json"], &[]);
    assert_eq!(code, 0);
    // From here on JSON is the configured way.
    let (_, got) = room.json(&["config", "get", "retries"], &[]);
    assert_eq!(
        (&got["data"]["value"], got["data"]["origin"].as_str().unwrap().starts_with("file ")),
        (&"7".into(), true)
    );
    let (_, got) = room.json(&["config", "--get", "defaultProject"], &[("MAESTRO_PROJECT_ID", "api")]);
    assert_eq!(got["data"]["value"], "api");
    assert_eq!(got["data"]["origin"], "environment MAESTRO_PROJECT_ID");
    let (_, list) = room.json(&["config", "--list"], &[("MAESTRO_RETRIES", "2")]);
    let items = list["data"]["items"].as_array().unwrap();
    let keys: Vec<_> = items.iter().map(|item| item["key"].as_str().unwrap()).collect();
    assert_eq!(keys, ["server", "defaultProject", "retries", "retryDelay", "outputMode", "notify.command"]);
    assert_eq!(items[0]["value"], "nats://edge:***@h:4222");
    assert_eq!(items[2]["origin"], "environment MAESTRO_RETRIES");
    let (code, _) = room.json(&["config", "set", "retries", "--unset"], &[]);
    assert_eq!(code, 0);
    let (_, got) = room.json(&["config", "get", "retries"], &[]);
    assert_eq!(got["data"]["value"], Value::Null);
}

#[test]
fn values_that_do_not_fit_are_not_written() {
    let room = Room::new();
    for pair in
        ["retries=many", "server=http://x", "defaultProject=A B", "outputMode=xml", "notify.command= ", "colour=red"]
    {
        let (code, document) = room.json(&["--json", "config", "set", pair], &[]);
        assert_eq!((code, &document["error"]), (2, &Value::from("invalid_config")), "{pair}");
    }
    assert!(!room.home().join("config.toml").exists());
}

#[test]
fn a_broken_file_says_where() {
    let room = Room::new();
    std::fs::create_dir(room.home()).unwrap();
    std::fs::write(room.home().join("config.toml"), "retries = \"x\"\n").unwrap();
    let (code, document) = room.json(&["--json", "-p", "web", "task", "list"], &[]);
    assert_eq!((code, &document["error"]), (2, &Value::from("invalid_config")));
    assert!(document["message"].as_str().unwrap().contains("line 1"), "{document}");
}

#[test]
fn whoami_asks_nobody_and_names_origins() {
    let room = Room::new();
    let (_, person) = room.json(&["--json", "whoami"], &[]);
    let data = &person["data"];
    assert_eq!((&data["user"], &data["actor"], &data["sessionId"]), (&"ann".into(), &"ann".into(), &Value::Null));
    assert_eq!(data["origins"]["server"], "not set");
    std::fs::write(room.work().join(".maestro.toml"), "project = \"web\"\n").unwrap();
    let environment = [
        ("MAESTRO_NATS_URL", "nats://edge:hidden@127.0.0.1:4222"),
        ("MAESTRO_SESSION_ID", "s7"),
        ("MAESTRO_SESSION_EPOCH", "2"),
        ("MAESTRO_TASK_IDS", "t1,t2"),
        ("MAESTRO_ROLE", "worker"),
    ];
    let (_, session) = room.json(&["--json", "whoami"], &environment);
    let data = &session["data"];
    assert_eq!(data["server"], "nats://127.0.0.1:4222");
    assert_eq!(data["projectId"], "web");
    assert!(data["origins"]["projectId"].as_str().unwrap().ends_with(".maestro.toml"));
    assert_eq!(
        (&data["sessionId"], &data["role"], &data["taskIds"]),
        (&"s7".into(), &"worker".into(), &serde_json::json!(["t1", "t2"]))
    );
    assert!(!session.to_string().contains("hidden"));
}

#[test]
fn what_reaches_hosts_and_other_sessions_is_not_for_every_session() {
    let room = Room::new();
    let of =
        |role: &'static str| [("MAESTRO_SESSION_ID", "s7"), ("MAESTRO_SESSION_EPOCH", "1"), ("MAESTRO_ROLE", role)];
    let people: [&[&str]; 8] = [
        &["config", "set", "notify.command", "true"],
        &["config", "--set", "notify.command=true"],
        &["up", "--ephemeral-ports"],
        &["down"],
        &["backup", "all.tar"],
        &["restore", "all.tar"],
        &["node", "invite", "far"],
        &["node", "drain", "far"],
    ];
    for words in people {
        for role in ["worker", "orchestrator", "custom"] {
            let (code, said) = room.json(&[&["--json"], words].concat(), &of(role));
            assert_eq!((code, &said["error"]), (5, &"not_permitted".into()), "{words:?} as {role}: {said}");
        }
    }
    let orchestrators: [&[&str]; 7] = [
        &["session", "send", "s2", "id"],
        &["session", "answer", "s2", "--allow"],
        &["session", "attach", "s2"],
        &["session", "merge", "s7"],
        &["session", "discard", "s2"],
        &["session", "prune"],
        &["session", "replay", "s2", "--output", "profile"],
    ];
    for words in orchestrators {
        let words = [&["--json", "-p", "web"], words].concat();
        let (code, said) = room.json(&words, &of("worker"));
        assert_eq!((code, &said["error"]), (5, &"not_permitted".into()), "{words:?}: {said}");
        assert_eq!(said["details"]["actor"], "s7", "{said}");
        // Without a stack it comes as far as the broker, or its own arguments.
        let (_, said) = room.json(&words, &of("orchestrator"));
        assert_ne!(said["error"], "not_permitted", "{words:?}: {said}");
    }
    assert!(!room.home().join("config.toml").exists());
}
