//! Plans: tasks as files hold them. JSON Lines (or one JSON document) and Markdown checklists, read and written.
//!
//! What is read becomes one `task.import`; what `task export` writes is read back the same.

mod json;
mod markdown;
pub mod part;
pub mod template;

use std::collections::BTreeSet;

use maestro_domain::{
    ImportSubtask, ImportTask, ImportTasks, Label, Line, Markdown, PlanKey, Priority, ProjectId, Report, StatusKind,
    Title,
};
use maestro_wire::{ErrorBody, ErrorCode, TaskDetail};
use serde::{Deserialize, Serialize};

pub use markdown::write as markdown;

/// A task of a plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    /// What the tasks of this plan call it [default: made from the title].
    #[serde(default, alias = "id", skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The plan that the key belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acceptance: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub technical_notes: Option<String>,
    #[serde(default)]
    pub priority: Priority,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subtasks: Vec<Step>,
    /// Completed ones stay so, cancelled ones are left out, all others begin as pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<StatusKind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
}

/// A step: its title alone, or with more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Step {
    Title(String),
    Whole(WholeStep),
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WholeStep {
    pub title: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub completed: bool,
}

impl Plan {
    /// A task as it is exported.
    pub fn of(detail: &TaskDetail, project: &ProjectId) -> Self {
        let (task, texts) = (&detail.task, &detail.texts);
        let step = |step: &maestro_domain::Subtask| {
            Step::Whole(WholeStep {
                title: step.title.to_string(),
                description: texts.subtask_descriptions.get(&step.id).cloned(),
                completed: step.completed,
            })
        };
        Self {
            key: Some(task.id.to_string()),
            source: Some(project.to_string()),
            title: task.title.to_string(),
            description: texts.description.clone(),
            acceptance: texts.acceptance.clone(),
            technical_notes: texts.technical_notes.clone(),
            priority: task.priority,
            labels: task.labels.iter().map(ToString::to_string).collect(),
            depends_on: task.depends_on.iter().map(ToString::to_string).collect(),
            subtasks: task.subtasks.iter().map(step).collect(),
            status: Some(task.status.kind()),
            summary: texts.summary.clone(),
        }
    }

    fn import(&self, key: PlanKey, dropped: &BTreeSet<PlanKey>) -> Result<ImportTask, ErrorBody> {
        let text = |text: &Option<String>| text.as_deref().map(Markdown::parse).transpose();
        let depends_on: Vec<PlanKey> = self.depends_on.iter().map(|on| slug(on)).collect::<Result<_, _>>()?;
        Ok(ImportTask {
            key,
            title: Title::parse(&self.title)?,
            description: text(&self.description)?,
            acceptance: self.acceptance.iter().map(|line| Line::parse(line)).collect::<Result<_, _>>()?,
            technical_notes: text(&self.technical_notes)?,
            priority: self.priority,
            labels: self.labels.iter().map(|label| label.parse::<Label>()).collect::<Result<_, _>>()?,
            depends_on: depends_on.into_iter().filter(|on| !dropped.contains(on)).collect(),
            subtasks: self.subtasks.iter().map(Step::import).collect::<Result<_, _>>()?,
            completed: self.status == Some(StatusKind::Completed),
            summary: self.summary.as_deref().map(Report::parse).transpose()?,
        })
    }
}

impl Step {
    fn import(&self) -> Result<ImportSubtask, ErrorBody> {
        let whole = match self {
            Self::Title(title) => WholeStep { title: title.clone(), ..WholeStep::default() },
            Self::Whole(whole) => whole.clone(),
        };
        Ok(ImportSubtask {
            title: Title::parse(&whole.title)?,
            description: whole.description.as_deref().map(Report::parse).transpose()?,
            completed: whole.completed,
        })
    }
}

/// Reads a plan in whichever form it is.
pub fn read(text: &str) -> Result<Vec<Plan>, ErrorBody> {
    let plans = if text.trim_start().starts_with(['{', '[']) && !text.trim_start().starts_with("[ ]") {
        json::read(text)?
    } else {
        markdown::read(text)?
    };
    if plans.is_empty() {
        return Err(ErrorBody::new(ErrorCode::InvalidText, "there is no task in it")
            .suggest("a task is a line `- [ ] Title`, or a JSON object with a `title`")
            .commands(["maestro task import --help", "maestro schema command.task.import"]));
    }
    Ok(plans)
}

/// The command that a plan becomes. `source` wins over what the plan says, that over `otherwise`.
pub fn import(plans: &[Plan], source: Option<PlanKey>, otherwise: &str) -> Result<ImportTasks, ErrorBody> {
    let told: BTreeSet<&String> = plans.iter().filter_map(|plan| plan.source.as_ref()).collect();
    let source = match (source, told.iter().next()) {
        (Some(source), _) => source,
        (None, Some(one)) if told.len() == 1 => slug(one)?,
        (None, Some(_)) => {
            let text = "the tasks come from several sources, and a plan has one";
            return Err(ErrorBody::new(ErrorCode::InvalidValue, text)
                .suggest("name one with --source, or import them one after the other")
                .commands(["maestro task import --help"]));
        }
        (None, None) => slug(otherwise)?,
    };
    let mut keys: Vec<PlanKey> = Vec::new();
    let named: Vec<Option<PlanKey>> =
        plans.iter().map(|plan| plan.key.as_deref().map(slug).transpose()).collect::<Result<_, _>>()?;
    let mut taken: BTreeSet<PlanKey> = named.iter().flatten().cloned().collect();
    for (plan, named) in plans.iter().zip(named) {
        keys.push(match named {
            Some(key) => key,
            None => free(&plan.title, &mut taken)?,
        });
    }
    let is_cancelled = |plan: &Plan| plan.status == Some(StatusKind::Cancelled);
    let left_out = |(plan, key): (&Plan, &PlanKey)| is_cancelled(plan).then(|| key.clone());
    let dropped: BTreeSet<PlanKey> = plans.iter().zip(&keys).filter_map(left_out).collect();
    let kept = plans.iter().zip(keys).filter(|(plan, _)| !is_cancelled(plan));
    let tasks = kept.map(|(plan, key)| {
        plan.import(key.clone(), &dropped).map_err(|mut error| {
            error.message = format!("task '{key}': {}", error.message);
            error.with("key", key.as_str()).commands(["maestro task import --help"])
        })
    });
    Ok(ImportTasks { source, tasks: tasks.collect::<Result<_, _>>()? })
}

/// A key from a title that no other task has.
fn free(title: &str, taken: &mut BTreeSet<PlanKey>) -> Result<PlanKey, ErrorBody> {
    // A blank title is said to be one where titles are read.
    let first = if title.trim().is_empty() { slug("task")? } else { slug(title)? };
    let mut key = first.clone();
    let mut number = 2;
    while !taken.insert(key.clone()) {
        let short: String = first.as_str().chars().take(58).collect();
        key = slug(&format!("{short}-{number}"))?;
        number += 1;
    }
    Ok(key)
}

/// A key as people write it: `Write the parser` is `write-the-parser`.
pub fn slug(text: &str) -> Result<PlanKey, ErrorBody> {
    let keeps = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':' | '/' | '.');
    let mut plain = String::new();
    for c in text.trim().chars().flat_map(char::to_lowercase) {
        match c {
            c if keeps(c) => plain.push(c),
            _ if plain.ends_with('-') => {}
            _ => plain.push('-'),
        }
    }
    let starts = |c: char| !c.is_ascii_alphanumeric();
    let mut plain: String = plain.trim_start_matches(starts).trim_end_matches('-').chars().take(64).collect();
    if plain.is_empty() && !text.trim().is_empty() {
        // A title in another script has a key all the same.
        plain = format!("k{}", digest(text));
    }
    Ok(plain.parse()?)
}

/// Twelve digits that stand for a text: the first half of a 64-bit FNV-1a, which is enough to tell plans apart.
pub fn digest(text: &str) -> String {
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_from_a_title_and_is_free() {
        let plan = |title: &str| Plan { title: title.to_owned(), ..Plan::default() };
        let plans =
            [plan("Write it!"), plan("Write  it"), plan("読む"), Plan { key: Some("Mine".into()), ..plan("x") }];
        let command = import(&plans, None, "My plan.md").unwrap();
        assert_eq!(command.source.as_str(), "my-plan.md");
        let keys: Vec<_> = command.tasks.iter().map(|task| task.key.as_str()).collect();
        assert_eq!((keys[0], keys[1], keys[3]), ("write-it", "write-it-2", "mine"));
        assert!(keys[2].starts_with('k') && keys[2].len() == 17);
    }

    #[test]
    fn cancelled_ones_are_left_out_with_what_waits_for_them() {
        let plans = read("{\"key\":\"a\",\"title\":\"A\",\"status\":\"cancelled\"}\n{\"key\":\"b\",\"title\":\"B\",\"dependsOn\":[\"a\"]}").unwrap();
        let command = import(&plans, None, "p").unwrap();
        assert_eq!(command.tasks.len(), 1);
        assert!(command.tasks[0].depends_on.is_empty());
    }

    #[test]
    fn a_mistake_names_the_task_that_has_it() {
        let plans = read("[{\"key\":\"a\",\"title\":\"ok\"},{\"key\":\"b\",\"title\":\"  \"}]").unwrap();
        let error = import(&plans, None, "p").unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidTitle);
        assert!(error.message.starts_with("task 'b': "), "{}", error.message);
    }
}
