//! `status`: first what needs me.

use maestro_wire::{Overview, TaskRow};

use crate::output::{BAD, DIM, GOOD, WARN, paint};

use super::{board, heading, message, session};

pub fn card(overview: &Overview) -> String {
    let mut blocks = vec![board::headline(&overview.project)];
    let groups = [&overview.blocked, &overview.in_review, &overview.in_progress, &overview.ready];
    let layout = board::Layout::of(&groups.into_iter().flatten().collect::<Vec<_>>());
    let group = |name: &str, rows: &[TaskRow]| board::named(name, &rows.iter().collect::<Vec<_>>(), &layout);
    let mut waiting = 0;
    for view in &overview.needs_input {
        waiting += 1;
        blocks.push(format!("{}\n{}", paint(WARN, "needs input"), indented(&session::card(view))));
    }
    for (name, rows) in [("blocked", &overview.blocked), ("in review", &overview.in_review)] {
        if !rows.is_empty() {
            waiting += rows.len();
            blocks.push(group(name, rows));
        }
    }
    if !overview.messages.is_empty() {
        waiting += overview.messages.len();
        let letters = message::letters(&overview.messages);
        blocks.push(format!("{}\n{}", heading("messages to you", overview.messages.len()), indented(&letters)));
    }
    if waiting == 0 {
        blocks.push(paint(GOOD, "nothing needs you"));
    }
    for (name, rows) in [("in progress", &overview.in_progress), ("ready", &overview.ready)] {
        if !rows.is_empty() {
            blocks.push(group(name, rows));
        }
    }
    if !overview.sessions.is_empty() {
        let table = session::table_of(&overview.sessions);
        blocks.push(format!("{}\n{}", heading("sessions", overview.sessions.len()), indented(&table)));
    }
    for effect in &overview.failed_effects {
        blocks.push(format!("{} {effect}", paint(BAD, "failed:")));
    }
    if overview.project.tasks.is_empty() {
        blocks.push(format!("no tasks yet\n  {} maestro task create \"Write the parser\"", paint(DIM, "try:")));
    }
    blocks.join("\n\n")
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}
