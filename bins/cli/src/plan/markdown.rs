//! Plans as checklists.
//!
//! `- [ ] Title` is a task, `- [x]` a completed one; one that is indented is a step of the task above. Indented text
//! without a box is the description. A comment behind the title carries what a list cannot show:
//! `<!-- key=t3 after=t1,t2 priority=high labels=ui,core -->`. Headings and other text are left alone.

use maestro_domain::{Priority, StatusKind};
use maestro_wire::{ErrorBody, ErrorCode};

use super::{Plan, Step, WholeStep};

pub fn read(text: &str) -> Result<Vec<Plan>, ErrorBody> {
    let mut plans: Vec<Plan> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let indented = line.starts_with([' ', '\t']);
        let Some((completed, title)) = item(line) else {
            if indented && let Some(task) = plans.last_mut().filter(|task| task.subtasks.is_empty()) {
                let description = task.description.get_or_insert_with(String::new);
                if !description.is_empty() {
                    description.push('\n');
                }
                description.push_str(line.strip_prefix("  ").unwrap_or(line.trim_start()).trim_end());
            }
            continue;
        };
        let (title, comment) = parted(title);
        if let (true, Some(task)) = (indented, plans.last_mut()) {
            let step = WholeStep { title: title.to_owned(), description: None, completed };
            task.subtasks.push(Step::Whole(step));
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
    }
    Ok(plans)
}

/// Whether it is ticked, and what stands behind the box.
fn item(line: &str) -> Option<(bool, &str)> {
    let rest = line.trim_start().strip_prefix(['-', '*', '+'])?.trim_start();
    let (mark, rest) = rest.strip_prefix('[')?.split_once(']')?;
    match mark {
        " " | "" => Some((false, rest.trim())),
        "x" | "X" => Some((true, rest.trim())),
        _ => None,
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

/// A task as a checklist has it. Criteria, notes and summaries are left out: a list for people stays one.
pub fn write(plan: &Plan) -> String {
    let ticked = |done: bool| if done { 'x' } else { ' ' };
    let completed = plan.status == Some(StatusKind::Completed);
    let mut facts = Vec::new();
    let mut fact = |name: &str, value: String| {
        if !value.is_empty() {
            facts.push(format!("{name}={value}"));
        }
    };
    fact("key", plan.key.clone().unwrap_or_default());
    fact("source", plan.source.clone().unwrap_or_default());
    fact("after", plan.depends_on.join(","));
    fact("labels", plan.labels.join(","));
    if plan.priority != Priority::default() {
        fact("priority", priority(plan.priority).to_owned());
    }
    if plan.status == Some(StatusKind::Cancelled) {
        fact("status", "cancelled".to_owned());
    }
    let mut text = format!("- [{}] {} <!-- {} -->", ticked(completed), plan.title, facts.join(" "));
    for line in plan.description.iter().flat_map(|text| text.lines()) {
        // A box in a description would come back as a step.
        let line = if item(line).is_some() { format!("\\{}", line.trim_start()) } else { line.to_owned() };
        text.push_str(format!("\n  {line}").trim_end());
    }
    for step in &plan.subtasks {
        let (title, done) = match step {
            Step::Title(title) => (title, false),
            Step::Whole(step) => (&step.title, step.completed),
        };
        text.push_str(&format!("\n  - [{}] {title}", ticked(done)));
    }
    text
}

const fn priority(priority: Priority) -> &'static str {
    match priority {
        Priority::Critical => "critical",
        Priority::High => "high",
        Priority::Medium => "medium",
        Priority::Low => "low",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "# Plan\n\nSome words.\n\n- [ ] Write the parser <!-- key=parser priority=high labels=core -->\n  All of it,\n  with tests.\n  - [x] lexer\n  - [ ] grammar\n* [X] Read the spec\n- [ ] Release <!-- after=parser -->\n";

    #[test]
    fn boxes_are_tasks_and_indented_ones_are_steps() {
        let plans = read(LIST).unwrap();
        assert_eq!(plans.len(), 3);
        assert_eq!(plans[0].description.as_deref(), Some("All of it,\nwith tests."));
        assert_eq!((plans[0].subtasks.len(), plans[0].priority), (2, Priority::High));
        assert_eq!(plans[1].status, Some(StatusKind::Completed));
        assert_eq!(plans[2].depends_on, ["parser"]);
        assert_eq!(read("- [ ] x <!-- wen=now -->").unwrap_err().code, ErrorCode::UnknownField);
        assert_eq!(read("- [ ] x <!-- priority=soon -->").unwrap_err().code, ErrorCode::InvalidPriority);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let plans = read(LIST).unwrap();
        let written: Vec<String> = plans.iter().map(write).collect();
        assert_eq!(read(&written.join("\n")).unwrap(), plans);
    }
}
