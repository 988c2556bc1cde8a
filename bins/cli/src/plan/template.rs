//! Templates: plans with parameters, as TOML files. Built in, of the home, of the directory; the nearer wins.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use maestro_wire::{ErrorBody, ErrorCode};
use rust_embed::RustEmbed;
use serde::{Deserialize, Serialize};
use toml::Value;

use super::Plan;
use crate::context::Context;
use crate::place;
use crate::repair::nearest;

#[derive(RustEmbed)]
#[folder = "templates/"]
struct BuiltIn;

/// A parameter of a template: `{{name}}` stands for it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    /// Without one it must be given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

/// A template's file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub about: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Parameter>,
    /// Plans, once the parameters are filled in.
    pub tasks: Vec<Value>,
}

/// A template and where it stands.
#[derive(Clone, Debug)]
pub struct Template {
    pub name: String,
    /// `built-in`, or the file.
    pub origin: String,
    pub source: String,
    pub file: File,
}

/// Longer than any plan may be.
const MOST: u64 = 1 << 20;

/// Where a home keeps its own.
pub fn directory(ctx: &Context) -> Result<PathBuf, ErrorBody> {
    Ok(ctx.home()?.root().join("templates"))
}

/// Every template by its name, and the files that are none.
pub fn all(ctx: &Context) -> (BTreeMap<String, Template>, Vec<ErrorBody>) {
    let (mut found, mut broken) = (BTreeMap::new(), Vec::new());
    for name in BuiltIn::iter() {
        let text = BuiltIn::get(&name).map(|file| String::from_utf8_lossy(&file.data).into_owned()).unwrap_or_default();
        add(&name, "built-in".to_owned(), text, &mut found, &mut broken);
    }
    let here = std::env::current_dir().unwrap_or_default();
    let tied = place::above(&here).ok().flatten().and_then(|(_, file)| file.parent().map(Path::to_path_buf));
    let own = directory(ctx).ok();
    for directory in own.into_iter().chain([tied.unwrap_or(here).join(".maestro/templates")]) {
        // A directory that is not there has none.
        for entry in std::fs::read_dir(&directory).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            let short = entry.metadata().is_ok_and(|facts| facts.is_file() && facts.len() <= MOST);
            let text = if short { std::fs::read_to_string(&path).ok() } else { None };
            if let Some(text) = text {
                add(&name, path.display().to_string(), text, &mut found, &mut broken);
            }
        }
    }
    (found, broken)
}

fn add(
    file: &str,
    origin: String,
    source: String,
    found: &mut BTreeMap<String, Template>,
    broken: &mut Vec<ErrorBody>,
) {
    let Some(name) = file.strip_suffix(".toml") else { return };
    match read(&source, &origin) {
        Ok(file) => {
            found.insert(name.to_owned(), Template { name: name.to_owned(), origin, source, file });
        }
        Err(error) => broken.push(error.with("template", name)),
    }
}

fn read(source: &str, origin: &str) -> Result<File, ErrorBody> {
    toml::from_str(source).map_err(|error| {
        let line = error.span().map(|span| source[..span.start.min(source.len())].lines().count().max(1));
        let place = line.map(|line| format!(", line {line}")).unwrap_or_default();
        ErrorBody::new(ErrorCode::InvalidConfig, format!("`{origin}`{place}: {}", error.message()))
            .suggest("`maestro template show feature --source` is one that works")
            .commands(["maestro template show feature --source", "maestro template list"])
    })
}

/// The template of this name.
pub fn named(ctx: &Context, name: &str) -> Result<Template, ErrorBody> {
    let (mut found, broken) = all(ctx);
    if let Some(template) = found.remove(name) {
        return Ok(template);
    }
    if let Some(error) = broken.into_iter().find(|error| error.details.get("template").is_some_and(|one| one == name)) {
        return Err(error);
    }
    let near = nearest(name, found.keys().map(String::as_str));
    let near = near.map(|near| format!("maestro template show {near}"));
    Err(ErrorBody::new(ErrorCode::FileNotFound, format!("there is no template '{}'", name.escape_debug()))
        .with("template", name)
        .commands(near.into_iter().chain(["maestro template list".to_owned()])))
}

impl Template {
    /// The plan with these values in it.
    pub fn filled(&self, given: &BTreeMap<String, String>) -> Result<Vec<Plan>, ErrorBody> {
        let parameters = &self.file.parameters;
        let show = format!("maestro template show {}", self.name);
        if let Some(unknown) = given.keys().find(|name| !parameters.contains_key(*name)) {
            let text = format!("the template {} has no parameter '{}'", self.name, unknown.escape_debug());
            let body = ErrorBody::new(ErrorCode::UnknownField, text).with("field", unknown.as_str());
            return Err(match nearest(unknown, parameters.keys().map(String::as_str)) {
                Some(near) => body.with("nearest", near).suggest(format!("it has '{near}'")).commands([show]),
                None => body.commands([show]),
            });
        }
        let mut values = BTreeMap::new();
        for (name, parameter) in parameters {
            let Some(value) = given.get(name).or(parameter.default.as_ref()) else {
                let text = format!("the template {} needs a value for '{name}': {}", self.name, parameter.about);
                return Err(ErrorBody::new(ErrorCode::MissingRequiredField, text)
                    .with("field", name.as_str())
                    .suggest(format!("add --set {name}=\"...\""))
                    .commands([show]));
            };
            values.insert(name.as_str(), value.as_str());
        }
        let tasks = self.file.tasks.iter().cloned().map(|mut task| {
            fill(&mut task, &values);
            task.try_into::<Plan>().map_err(|error| {
                ErrorBody::new(ErrorCode::InvalidConfig, format!("`{}`: {}", self.origin, error.message()))
                    .commands([format!("{show} --source")])
            })
        });
        tasks.collect()
    }
}

fn fill(value: &mut Value, values: &BTreeMap<&str, &str>) {
    match value {
        Value::String(text) => *text = filled(text, values),
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, values)),
        Value::Table(table) => table.iter_mut().for_each(|(_, item)| fill(item, values)),
        Value::Integer(_) | Value::Float(_) | Value::Boolean(_) | Value::Datetime(_) => {}
    }
}

/// One pass, so that a value in which braces stand is not filled again.
fn filled(text: &str, values: &BTreeMap<&str, &str>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        out.push_str(before);
        match after.split_once("}}").and_then(|(name, after)| Some((values.get(name.trim())?, after))) {
            Some((value, after)) => {
                out.push_str(value);
                rest = after;
            }
            None => {
                out.push_str("{{");
                rest = after;
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_template_becomes_a_plan() {
        for name in BuiltIn::iter() {
            let source = String::from_utf8(BuiltIn::get(&name).unwrap().data.into_owned()).unwrap();
            let file = read(&source, &name).unwrap();
            let given: BTreeMap<_, _> = file
                .parameters
                .iter()
                .filter(|(_, parameter)| parameter.default.is_none())
                .map(|(name, _)| (name.clone(), "Log in".to_owned()))
                .collect();
            let template = Template { name: name.to_string(), origin: "built-in".into(), source, file };
            let plans = template.filled(&given).unwrap();
            let command = super::super::import(&plans, None, "x").unwrap();
            assert!(command.tasks.len() >= 3 && command.tasks.iter().all(|task| !task.title.contains("{{")), "{name}");
        }
    }

    #[test]
    fn values_are_filled_in_once() {
        let values = BTreeMap::from([("a", "{{b}}"), ("b", "x")]);
        assert_eq!(filled("1 {{a}} {{ b }} {{c}} {{", &values), "1 {{b}} x {{c}} {{");
    }
}
