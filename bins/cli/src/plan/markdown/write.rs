//! From a task to its part of a checklist.

use maestro_domain::{Priority, StatusKind};

use super::super::{Plan, Step};
use super::{STEP, Section, TASK, escaped};

/// A task as a checklist has it, with all of its texts.
pub fn write(plan: &Plan) -> String {
    let completed = plan.status == Some(StatusKind::Completed);
    // Always there: a title may end as a comment does.
    let mut text = format!("- [{}] {} <!-- {} -->", ticked(completed), plan.title, facts(plan).join(" "));
    add(&mut text, TASK, plan.description.as_deref());
    if !plan.acceptance.is_empty() {
        heading(&mut text, Section::Acceptance);
    }
    for criterion in &plan.acceptance {
        let boxed = criterion.trim_start_matches('\\').starts_with('[');
        text.push_str(&format!("\n{TASK}- {}{criterion}", if boxed { "\\" } else { "" }));
    }
    for (section, own) in [(Section::Notes, &plan.technical_notes), (Section::Summary, &plan.summary)] {
        if own.is_some() {
            heading(&mut text, section);
        }
        add(&mut text, TASK, own.as_deref());
    }
    for step in &plan.subtasks {
        let (title, description, done) = match step {
            Step::Title(title) => (title, None, false),
            Step::Whole(step) => (&step.title, step.description.as_deref(), step.completed),
        };
        let end = if title.ends_with("-->") { " <!-- -->" } else { "" };
        text.push_str(&format!("\n{TASK}- [{}] {title}{end}", ticked(done)));
        add(&mut text, STEP, description);
    }
    text
}

const fn ticked(done: bool) -> char {
    if done { 'x' } else { ' ' }
}

fn heading(text: &mut String, section: Section) {
    text.push_str(&format!("\n{TASK}{}", section.heading()));
}

/// A text line by line; blank lines in the middle stay blank, others would not be found again.
fn add(text: &mut String, indent: &str, own: Option<&str>) {
    let lines: Vec<&str> = own.into_iter().flat_map(|own| own.split('\n')).collect();
    for (at, line) in lines.iter().enumerate() {
        let inside = lines[..at].iter().any(|line| !line.is_empty()) && lines[at..].iter().any(|line| !line.is_empty());
        text.push('\n');
        if !(line.is_empty() && inside) {
            text.push_str(indent);
            text.push_str(&escaped(line));
        }
    }
}

fn facts(plan: &Plan) -> Vec<String> {
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
    facts
}

const fn priority(priority: Priority) -> &'static str {
    match priority {
        Priority::Critical => "critical",
        Priority::High => "high",
        Priority::Medium => "medium",
        Priority::Low => "low",
    }
}
