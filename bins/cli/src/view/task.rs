//! Tasks: a table, a card, a line.

use maestro_domain::{Status, StatusKind, Task};
use maestro_wire::{Page, ProjectView, TaskDetail, TaskRow};

use crate::output::{ACCENT, BOLD, DIM, GOOD, paint};

use super::{age, bar, block, cell, clipped, event, priority, status, table};

/// Many tasks, one a line.
pub fn table_of(tasks: &[TaskRow]) -> String {
    let mut table = table(&["id", "status", "priority", "title", "progress", "holder", "changed"]);
    for row in tasks {
        let (word, style) = if row.ready { ("○ ready", GOOD) } else { status(row.status()) };
        let (urgency, urgency_style) = priority(row.task.priority);
        table.add_row([
            cell(row.task.id, BOLD),
            cell(word, style),
            cell(urgency, urgency_style),
            cell(&row.task.title, anstyle::Style::new()),
            cell(bar(row.progress), anstyle::Style::new()),
            cell(holder(&row.task), ACCENT),
            cell(age(row.task.updated_at), DIM),
        ]);
    }
    clipped(&mut table)
}

/// A page of a list, and what to do when nothing is on it; `words` are the line that asked for it.
pub fn page(page: &Page<TaskRow>, filtered: bool, words: &[String]) -> String {
    if page.items.is_empty() {
        return if filtered {
            format!("no task fits\n  {} maestro task list", paint(DIM, "all:"))
        } else {
            format!("no tasks yet\n  {} maestro task create \"Write the parser\"", paint(DIM, "try:"))
        };
    }
    format!("{}{}", table_of(&page.items), super::more(words, page.next_cursor.as_ref()))
}

/// The same in groups, with how far the whole is.
pub fn grouped(rows: &[TaskRow], whole: Option<&ProjectView>, filtered: bool) -> String {
    if rows.is_empty() {
        return page(&Page { items: Vec::new(), next_cursor: None }, filtered, &[]);
    }
    super::board::card(rows, whole)
}

/// Who works on it, or was given it.
pub(super) fn holder(task: &Task) -> String {
    match (&task.claim, &task.assignment) {
        (Some(claim), _) => claim.holder.actor.to_string(),
        (None, Some(assignment)) => format!("→ {}", assignment.session),
        (None, None) => String::new(),
    }
}

/// `t3 ◐ in progress  Fix the parser`
pub fn line(task: &TaskRow) -> String {
    let (word, style) = if task.ready { ("○ ready", GOOD) } else { status(task.status()) };
    format!("{} {}  {}", paint(BOLD, task.task.id), paint(style, word), task.task.title)
}

/// What a verb made of it.
pub fn outcome(data: &str) -> String {
    if data == "null" {
        return "done".to_owned();
    }
    super::of(data, |task: TaskRow| line(&task))
}

/// What a verb made of its steps.
pub fn steps(data: &str) -> String {
    super::of(data, |row: TaskRow| format!("{}  {}\n{}", line(&row), bar(row.progress), subtasks(&row.task)))
}

/// Everything about one task.
pub fn card(detail: &TaskDetail) -> String {
    let task = &detail.task;
    let (word, style) = if detail.ready { ("○ ready", GOOD) } else { status(task.status.kind()) };
    let (urgency, urgency_style) = priority(task.priority);
    let mut text = format!("{}  {}\n", paint(BOLD, task.id), paint(BOLD, &task.title));
    text.push_str(&format!("{} · {}", paint(style, word), paint(urgency_style, format!("{urgency} priority"))));
    if !task.labels.is_empty() {
        let labels: Vec<String> = task.labels.iter().map(ToString::to_string).collect();
        text.push_str(&format!(" · {}", labels.join(", ")));
    }
    let held = holder(task);
    if !held.is_empty() {
        text.push_str(&format!(" · {}", paint(ACCENT, held)));
    }
    text.push_str(&paint(
        DIM,
        format!("\ncreated {} by {}, changed {}", age(task.created_at), task.created_by, age(task.updated_at)),
    ));
    if let Status::Blocked { blocked_reason, blocked_at, .. } = &task.status {
        text.push_str(&block("Blocked", &format!("{blocked_reason} ({})", age(*blocked_at))));
    }
    let texts = &detail.texts;
    if let Some(description) = &texts.description {
        text.push_str(&block("Description", description));
    }
    if !texts.acceptance.is_empty() {
        let criteria: Vec<String> = texts.acceptance.iter().map(|criterion| format!("- {criterion}")).collect();
        text.push_str(&block("Acceptance criteria", &criteria.join("\n")));
    }
    if let Some(notes) = &texts.technical_notes {
        text.push_str(&block("Technical notes", notes));
    }
    if !task.subtasks.is_empty() {
        text.push_str(&block(&format!("Subtasks  {}", bar(detail.progress)), &subtasks(task)));
    }
    if !detail.dependencies.is_empty() {
        let lines: Vec<String> = detail.dependencies.iter().map(dependency).collect();
        text.push_str(&block("Depends on", &lines.join("\n")));
    }
    if !detail.dependants.is_empty() {
        let ids: Vec<String> = detail.dependants.iter().map(ToString::to_string).collect();
        text.push_str(&block("Needed by", &ids.join(", ")));
    }
    for (name, report) in [("Summary", &texts.summary), ("Late report", &texts.late_report)] {
        if let Some(report) = report {
            text.push_str(&block(name, report));
        }
    }
    if !detail.messages.is_empty() {
        text.push_str(&block("Messages to you", &super::message::letters(&detail.messages)));
    }
    if !detail.timeline.is_empty() {
        let lines: Vec<String> = detail.timeline.iter().map(event::line).collect();
        text.push_str(&block("Timeline", &lines.join("\n")));
    }
    text
}

fn dependency(dependency: &maestro_wire::DependencyView) -> String {
    let (word, style) = status(dependency.status);
    let branch = dependency.branch.as_ref().map(|branch| paint(DIM, format!("  {branch}"))).unwrap_or_default();
    let line = format!("{} {}  {}{branch}", paint(BOLD, dependency.id), paint(style, word), dependency.title);
    match (&dependency.summary, dependency.status) {
        (Some(summary), StatusKind::Completed) => {
            format!("{line}\n   {}", paint(DIM, summary.lines().next().unwrap_or_default()))
        }
        (Some(_) | None, _) => line,
    }
}

/// The steps of a task, one a line.
pub fn subtasks(task: &Task) -> String {
    let line = |subtask: &maestro_domain::Subtask| {
        let mark = if subtask.completed { paint(GOOD, "✓ done") } else { paint(DIM, "○ open") };
        format!("{} {mark}  {}", paint(BOLD, subtask.id), subtask.title)
    };
    task.subtasks.iter().map(line).collect::<Vec<_>>().join("\n")
}
