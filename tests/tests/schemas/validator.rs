//! Validators over the generated schemas, which refer to each other by file name.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jsonschema::{Retrieve, Uri, Validator};
use maestro_tests::schema;
use serde_json::Value;

fn all() -> &'static BTreeMap<String, Value> {
    static ALL: OnceLock<BTreeMap<String, Value>> = OnceLock::new();
    ALL.get_or_init(schema::schemas)
}

struct Files;

impl Retrieve for Files {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let name = uri.as_str().rsplit('/').next().unwrap_or_default();
        all().get(name).cloned().ok_or_else(|| format!("there is no schema {uri}").into())
    }
}

/// The validator of one file; formats are checked too.
pub fn of(name: &str) -> Validator {
    let schema = all().get(name).unwrap_or_else(|| panic!("there is no schema {name}"));
    build(schema, name)
}

/// Of a schema that refers to files.
pub fn build(schema: &Value, name: &str) -> Validator {
    jsonschema::options()
        .with_retriever(Files)
        .should_validate_formats(true)
        .build(schema)
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[track_caller]
pub fn accepts(name: &str, what: &str, sample: &Value) {
    let validator = of(&format!("{name}.schema.json"));
    let errors: Vec<String> =
        validator.iter_errors(sample).map(|error| format!("{error} at {}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{what} does not fit {name}: {errors:#?}");
}

#[track_caller]
pub fn refuses(name: &str, what: &str, sample: &Value) {
    assert!(!of(&format!("{name}.schema.json")).is_valid(sample), "{what} fits {name}: {sample:#}");
}
