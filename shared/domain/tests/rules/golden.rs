//! Events as they were written by released versions: each must be read, and written back the same, for ever.
//!
//! `UPDATE_GOLDEN=1` adds what is missing and never touches what is there.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use maestro_domain::*;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::story::story;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1")
}

fn every_kind() -> BTreeSet<String> {
    let kinds = [
        ("project", ProjectChange::KINDS),
        ("task", TaskChange::KINDS),
        ("session", SessionChange::KINDS),
        ("message", MessageChange::KINDS),
        ("effect", EffectChange::KINDS),
    ];
    kinds.into_iter().flat_map(|(entity, kinds)| kinds.iter().map(move |kind| format!("{entity}.{kind}"))).collect()
}

fn document(event: &Event) -> Value {
    fn data<C: Serialize, A: Serialize>(change: &C, after: &Option<A>) -> Value {
        match after {
            Some(after) => json!({"change": change, "after": after}),
            None => json!({"change": change}),
        }
    }
    let data = match event {
        Event::Project { change, after } => data(change, after),
        Event::Task { change, after, .. } => data(change, after),
        Event::Session { change, after, .. } => data(change, after),
        Event::Message { change, after, .. } => data(change, after),
        Event::Effect { change } => data(change, &None::<()>),
    };
    json!({"type": format!("maestro.{}.{}", event.kind().0, event.kind().1), "data": data})
}

/// Reads `data` as the types of its entity and writes it again.
fn again(kind: &str, data: &Value) -> Value {
    fn typed<C: Serialize + DeserializeOwned, A: Serialize + DeserializeOwned>(data: &Value) -> Value {
        let change: C = serde_json::from_value(data["change"].clone()).unwrap();
        match data.get("after") {
            Some(after) => {
                let after: A = serde_json::from_value(after.clone()).unwrap();
                json!({"change": change, "after": after})
            }
            None => json!({"change": change}),
        }
    }
    match kind.split_once('.').unwrap().0 {
        "project" => typed::<ProjectChange, Project>(data),
        "task" => typed::<TaskChange, Task>(data),
        "session" => typed::<SessionChange, Session>(data),
        "message" => typed::<MessageChange, Message>(data),
        "effect" => typed::<EffectChange, ()>(data),
        other => panic!("no entity '{other}'"),
    }
}

fn golden_files() -> Vec<(String, Value)> {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|e| e == "json")).collect();
    files.sort();
    let read = |path: &PathBuf| {
        let value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        (path.file_stem().unwrap().to_string_lossy().into_owned(), value)
    };
    files.iter().map(read).collect()
}

#[test]
fn every_kind_has_a_golden_file() {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        let mut richest: BTreeMap<String, String> = BTreeMap::new();
        for event in story() {
            let text = serde_json::to_string_pretty(&document(&event)).unwrap() + "\n";
            let known = richest.entry(format!("{}.{}", event.kind().0, event.kind().1)).or_default();
            if text.len() > known.len() {
                *known = text;
            }
        }
        for (kind, text) in richest {
            let path = folder().join(format!("{kind}.json"));
            match fs::File::create_new(&path) {
                Ok(mut file) => std::io::Write::write_all(&mut file, text.as_bytes()).unwrap(),
                Err(there) => assert_eq!(there.kind(), std::io::ErrorKind::AlreadyExists, "{}", path.display()),
            }
        }
    }
    let present: BTreeSet<_> = golden_files().into_iter().map(|(name, _)| name).collect();
    let missing: Vec<_> = every_kind().difference(&present).cloned().collect();
    assert!(missing.is_empty(), "no golden file for {missing:?}; add them with UPDATE_GOLDEN=1");
}

#[test]
fn every_golden_file_is_read_and_written_back_the_same() {
    for (name, file) in golden_files() {
        assert_eq!(file["type"], format!("maestro.{name}"));
        assert_eq!(file["data"]["change"]["kind"], name.split_once('.').unwrap().1);
        assert_eq!(again(&name, &file["data"]), file["data"], "{name}");
    }
}

#[test]
fn viewers_tolerate_fields_of_later_versions() {
    for (name, file) in golden_files() {
        let mut newer = file["data"].clone();
        for part in ["change", "after"] {
            if let Some(object) = newer.get_mut(part).and_then(Value::as_object_mut) {
                object.insert("ofALaterVersion".into(), json!({"a": [1]}));
            }
        }
        assert_eq!(again(&name, &newer), file["data"], "{name}");
    }
}
