//! `schemas/` against the types it is made from, and against what is really said.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

#[path = "schemas/asyncapi.rs"]
mod asyncapi;
#[path = "schemas/codes.rs"]
mod codes;
#[path = "schemas/documented.rs"]
mod documented;
#[path = "schemas/pages.rs"]
mod pages;
#[path = "schemas/samples.rs"]
mod samples;
#[path = "schemas/validator.rs"]
mod validator;

use std::collections::BTreeSet;
use std::fs;

use maestro_tests::schema;

#[test]
fn what_is_committed_is_what_the_types_say() {
    let made = schema::files();
    let there: BTreeSet<String> = fs::read_dir(schema::directory())
        .unwrap_or_else(|error| panic!("there are no schemas ({error}): run make schemas"))
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.') && name != "README.md")
        .collect();
    let wanted: BTreeSet<String> = made.keys().cloned().collect();
    assert_eq!(there, wanted, "other files than are generated: run make schemas");
    for (name, text) in made {
        let committed = fs::read_to_string(schema::directory().join(&name)).unwrap();
        assert!(committed == text, "schemas/{name} is not what the types say: run make schemas");
    }
}

#[test]
fn every_schema_is_one_and_says_what_it_is() {
    for (name, schema) in schema::schemas() {
        if let Err(error) = jsonschema::draft202012::meta::validate(&schema) {
            panic!("{name}: {error}");
        }
        assert_eq!(schema["$id"], name.as_str());
        assert_eq!(schema["$comment"], schema::NOTE);
        assert!(schema["title"].as_str().is_some_and(|title| !title.is_empty()), "{name} has no title");
        validator::of(&name);
    }
}

#[test]
fn every_generated_file_says_so_at_its_beginning() {
    for (name, text) in schema::files() {
        let beginning: String = text.lines().take(2).collect();
        assert!(beginning.contains(schema::NOTE), "{name}");
    }
}
