//! Projects.

use maestro_domain::StatusKind;
use maestro_wire::{Page, ProjectView};

use crate::output::{BOLD, DIM, WARN, paint};

use super::{age, block, cell, rendered, table};

fn count(view: &ProjectView, status: StatusKind) -> u64 {
    view.tasks.get(&status).copied().unwrap_or_default()
}

/// A page of a list; `words` are the line that asked for it.
pub fn page(page: &Page<ProjectView>, words: &[String]) -> String {
    if page.items.is_empty() {
        return format!("no projects yet\n  {} maestro init", paint(DIM, "try:"));
    }
    let mut table = table(&["id", "title", "open", "done", "sessions", "changed"]);
    for view in &page.items {
        let all: u64 = view.tasks.values().sum();
        let done = count(view, StatusKind::Completed);
        let open = all - done - count(view, StatusKind::Cancelled);
        let title = if view.project.archived {
            format!("{} (archived)", view.project.title)
        } else {
            view.project.title.to_string()
        };
        table.add_row([
            cell(&view.project.id, BOLD),
            cell(title, anstyle::Style::new()),
            cell(open, anstyle::Style::new()),
            cell(done, anstyle::Style::new()),
            cell(view.living_sessions, anstyle::Style::new()),
            cell(age(view.project.updated_at), DIM),
        ]);
    }
    format!("{}{}", rendered(&mut table), super::more(words, page.next_cursor.as_ref()))
}

pub fn line(view: &ProjectView) -> String {
    let archived = if view.project.archived { paint(WARN, " (archived)") } else { String::new() };
    format!("{}  {}{archived}", paint(BOLD, &view.project.id), view.project.title)
}

pub fn outcome(data: &str) -> String {
    if data == "null" {
        return "done".to_owned();
    }
    super::of(data, |view: ProjectView| line(&view))
}

pub fn card(view: &ProjectView) -> String {
    let project = &view.project;
    let mut text = line(view);
    text.push_str(&paint(DIM, format!("\ncreated {} by {}", age(project.created_at), project.created_by)));
    let some = view.tasks.iter().filter(|(_, count)| **count > 0);
    let counts: Vec<String> =
        some.map(|(status, count)| format!("{count} {}", status.as_str().replace('_', " "))).collect();
    if !counts.is_empty() {
        text.push_str(&format!("\n{} {}", paint(DIM, "tasks:"), counts.join(", ")));
    }
    text.push_str(&format!("\n{} {}", paint(DIM, "living sessions:"), view.living_sessions));
    if view.needs_input > 0 {
        text.push_str(&format!("\n{} {}", paint(WARN, "need input:"), view.needs_input));
    }
    let facts = [
        ("repository", project.repository.as_ref().map(ToString::to_string)),
        ("base branch", project.base_branch.as_ref().map(ToString::to_string)),
        ("default agent", project.default_agent.as_ref().map(ToString::to_string)),
    ];
    for (name, value) in facts {
        if let Some(value) = value {
            text.push_str(&format!("\n{} {value}", paint(DIM, format!("{name}:"))));
        }
    }
    for (name, long) in [("Overview", &view.overview), ("Goals", &view.goals)] {
        if let Some(long) = long {
            text.push_str(&block(name, long));
        }
    }
    text
}
