//! `status`: first what needs me.

use maestro_domain::{BlockKind, Status};
use maestro_wire::{Overview, SessionView, TaskRow};

use crate::output::{BAD, BOLD, DIM, GOOD, WARN, paint};

use super::{board, fitted, heading, message, session};

/// Blocked tasks that are explained; of more only the rows are shown.
const EXPLAINED: usize = 8;

pub fn card(overview: &Overview) -> String {
    let mut blocks = vec![board::headline(&overview.project)];
    let groups = [&overview.blocked, &overview.in_review, &overview.in_progress, &overview.ready];
    let layout = board::Layout::of(&groups.into_iter().flatten().collect::<Vec<_>>());
    let group = |name: &str, rows: &[TaskRow]| board::named(name, &rows.iter().collect::<Vec<_>>(), &layout);
    let asking: Vec<&SessionView> = overview.needs_input.iter().collect();
    if !asking.is_empty() {
        let title = format!("{} {} {}", paint(WARN, "?"), paint(BOLD, "needs input"), paint(DIM, asking.len()));
        blocks.push(format!("{title}\n{}", session::asked(&asking)));
    }
    if !overview.blocked.is_empty() {
        let explained: Vec<_> = overview.blocked.iter().take(EXPLAINED).map(|row| row.task.id).collect();
        let below = |row: &TaskRow| if explained.contains(&row.task.id) { unblock(row) } else { Vec::new() };
        blocks.push(board::explained("blocked", &overview.blocked.iter().collect::<Vec<_>>(), &layout, below));
    }
    if !overview.in_review.is_empty() {
        blocks.push(group("in review", &overview.in_review));
    }
    if !overview.messages.is_empty() {
        let letters = message::letters(&overview.messages);
        blocks.push(format!("{}\n{}", heading("messages to you", overview.messages.len()), indented(&letters)));
    }
    if asking.is_empty() && overview.blocked.is_empty() && overview.in_review.is_empty() && overview.messages.is_empty()
    {
        blocks.push(paint(GOOD, "nothing needs you"));
    }
    for (name, rows) in [("in progress", &overview.in_progress), ("ready", &overview.ready)] {
        if !rows.is_empty() {
            blocks.push(group(name, rows));
        }
    }
    if !overview.sessions.is_empty() {
        blocks.push(sessions(&overview.sessions));
    }
    for effect in &overview.failed_effects {
        blocks.push(format!("{} {effect}", paint(BAD, "failed:")));
    }
    if overview.project.tasks.is_empty() {
        blocks.push(format!("no tasks yet\n  {} maestro task create \"Write the parser\"", paint(DIM, "try:")));
    }
    blocks.join("\n\n")
}

/// Why a task is blocked, and what lets it go on.
fn unblock(row: &TaskRow) -> Vec<String> {
    let Status::Blocked { blocked_kind, blocked_reason, .. } = &row.task.status else { return Vec::new() };
    let id = row.task.id;
    let how = match blocked_kind {
        BlockKind::Reported | BlockKind::ReleasedTooOften => format!("maestro task unblock {id} \"…\""),
        // An answer does not help it.
        BlockKind::DependencyCancelled => format!("maestro task depend {id} --remove …"),
    };
    vec![fitted(&format!("      {}", paint(WARN, blocked_reason))), format!("      {}", paint(DIM, how))]
}

/// The living sessions, and why those that nobody took wait.
fn sessions(views: &[SessionView]) -> String {
    const INSET: u16 = 2;
    let table = indented(&session::table_of(views, INSET));
    let waiting = session::waiting(views);
    let parts = [heading("sessions", views.len()), table, waiting];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}
