//! From a checklist to tasks.

use maestro_domain::StatusKind;
use maestro_wire::{ErrorBody, ErrorCode};

use super::super::{Plan, Step, WholeStep};
use super::{STEP, Section, TASK, item, unescaped};

/// Where text goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Description,
    Section(Section),
    Step,
}

pub fn read(text: &str) -> Result<Vec<Plan>, ErrorBody> {
    let mut plans: Vec<Plan> = Vec::new();
    let mut place = Place::Description;
    // Blank lines belong to a text only when it goes on behind them.
    let mut blank = 0;
    // As a whole, or a text in it has such ends of lines.
    let dos = text.split_once('\n').is_some_and(|(first, _)| first.ends_with('\r'));
    for (number, line) in (1..).zip(text.split('\n')) {
        let line = if dos { line.strip_suffix('\r').unwrap_or(line) } else { line };
        if line.is_empty() {
            blank += 1;
            continue;
        }
        let before = std::mem::take(&mut blank);
        let indented = line.starts_with([' ', '\t']);
        if let Some((completed, title)) = item(line) {
            let (title, comment) = parted(title);
            if let (true, Some(task)) = (indented, plans.last_mut()) {
                let step = WholeStep { title: title.to_owned(), description: None, completed };
                task.subtasks.push(Step::Whole(step));
                place = Place::Step;
                continue;
            }
            let mut plan = Plan { title: title.to_owned(), ..Plan::default() };
            if completed {
                plan.status = Some(StatusKind::Completed);
            }
            facts(&mut plan, comment).map_err(|error| ErrorBody {
                message: format!("line {number}: {}", error.message),
                ..error.with("line", number).commands(["maestro task import --help"])
            })?;
            plans.push(plan);
            place = Place::Description;
        } else if let (true, Some(task)) = (indented, plans.last_mut()) {
            match Section::of(line) {
                Some(section) => place = Place::Section(section),
                None => add(task, place, line, before),
            }
        }
    }
    Ok(plans)
}

fn add(task: &mut Plan, place: Place, line: &str, blank: usize) {
    let indent = if place == Place::Step { STEP } else { TASK };
    let own = line.strip_prefix(indent);
    let text = own.unwrap_or_else(|| line.trim_start());
    let into = match place {
        Place::Description => &mut task.description,
        Place::Section(Section::Notes) => &mut task.technical_notes,
        Place::Section(Section::Summary) => &mut task.summary,
        Place::Section(Section::Acceptance) => {
            let criterion = text.trim().strip_prefix("- ").unwrap_or(text.trim());
            return task.acceptance.push(unboxed(criterion));
        }
        Place::Step => match (own, task.subtasks.last_mut()) {
            (Some(_), Some(Step::Whole(step))) => &mut step.description,
            // Less indented than the step's text: it is nobody's.
            (_, _) => return,
        },
    };
    let text = unescaped(text);
    match into {
        Some(known) => {
            known.extend(std::iter::repeat_n('\n', blank + 1));
            known.push_str(&text);
        }
        None => *into = Some(text),
    }
}

/// A criterion that begins with a box has `\` before it.
fn unboxed(criterion: &str) -> String {
    match criterion.strip_prefix('\\') {
        Some(rest) if rest.trim_start_matches('\\').starts_with('[') => rest.to_owned(),
        Some(_) | None => criterion.to_owned(),
    }
}

fn parted(title: &str) -> (&str, Option<&str>) {
    match title.strip_suffix("-->").and_then(|rest| rest.rsplit_once("<!--")) {
        Some((title, comment)) => (title.trim_end(), Some(comment.trim())),
        None => (title, None),
    }
}

fn facts(plan: &mut Plan, comment: Option<&str>) -> Result<(), ErrorBody> {
    let list = |value: &str| value.split(',').filter(|one| !one.is_empty()).map(ToOwned::to_owned).collect();
    for word in comment.unwrap_or_default().split_whitespace() {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        match name {
            "key" => plan.key = Some(value.to_owned()),
            "source" => plan.source = Some(value.to_owned()),
            "after" => plan.depends_on = list(value),
            "labels" => plan.labels = list(value),
            "priority" => plan.priority = crate::parse::priority(value)?,
            "status" => plan.status = Some(value.parse()?),
            _ => {
                let text = format!(
                    "the comment has '{}', which is none of key, source, after, labels, priority, status",
                    name.escape_debug()
                );
                return Err(ErrorBody::new(ErrorCode::UnknownField, text));
            }
        }
    }
    Ok(())
}
