//! Sessions: a table, a card, a line.

use maestro_domain::{SessionStatus, StopCause, TaskId};
use maestro_wire::{Page, SessionView};

use crate::output::{ACCENT, BOLD, DIM, WARN, paint};

use super::{age, cell, clipped, session_status, table};

fn list(tasks: &[TaskId]) -> String {
    tasks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

pub fn table_of(sessions: &[SessionView]) -> String {
    let mut table = table(&["id", "status", "name", "role", "agent", "tasks", "where", "changed"]);
    for view in sessions {
        let session = &view.session;
        let (word, style) = session_status(session.status.kind());
        let tasks = if view.holds.is_empty() { &session.tasks } else { &view.holds };
        table.add_row([
            cell(session.id, BOLD),
            cell(word, style),
            cell(&session.name, anstyle::Style::new()),
            cell(role(session.role), anstyle::Style::new()),
            cell(&session.agent, anstyle::Style::new()),
            cell(list(tasks), ACCENT),
            cell(session.node.as_ref().map_or_else(|| session.pool.to_string(), ToString::to_string), DIM),
            cell(age(session.updated_at), DIM),
        ]);
    }
    clipped(&mut table)
}

const fn role(role: maestro_domain::Role) -> &'static str {
    match role {
        maestro_domain::Role::Worker => "worker",
        maestro_domain::Role::Orchestrator => "orchestrator",
        maestro_domain::Role::Custom => "custom",
    }
}

pub fn page(page: &Page<SessionView>, filtered: bool) -> String {
    if page.items.is_empty() && filtered {
        return format!("no session fits\n  {} maestro session list --all", paint(DIM, "all:"));
    }
    if page.items.is_empty() {
        return format!(
            "no living sessions\n  {} maestro session spawn --task t1\n  {} maestro session list --all",
            paint(DIM, "try:"),
            paint(DIM, "ended ones:")
        );
    }
    let more = super::more("maestro session list", page.next_cursor.as_ref());
    format!("{}{}{more}", table_of(&page.items), questions(&page.items))
}

/// What sessions wait for, and how it is answered; nothing when none does.
fn questions(sessions: &[SessionView]) -> String {
    let asks = sessions.iter().filter_map(|view| match &view.session.status {
        SessionStatus::NeedsInput { question, asked_at, .. } => {
            let id = view.session.id;
            let how = paint(DIM, format!("maestro session answer {id} \"…\""));
            Some(format!("\n  {} {} ({})  {how}", paint(BOLD, id), paint(WARN, question), age(*asked_at)))
        }
        _ => None,
    });
    let asks: Vec<String> = asks.collect();
    let verb = if asks.len() == 1 { "needs" } else { "need" };
    if asks.is_empty() { String::new() } else { format!("\n\n{} {verb} input{}", asks.len(), asks.concat()) }
}

pub fn line(view: &SessionView) -> String {
    let (word, style) = session_status(view.session.status.kind());
    let stopping = view.session.stop.is_some() && view.session.is_living();
    let stopping = if stopping { paint(DIM, "  told to stop") } else { String::new() };
    format!("{} {}  {}{stopping}", paint(BOLD, view.session.id), paint(style, word), view.session.name)
}

pub fn outcome(data: &str) -> String {
    super::of(data, |view: SessionView| line(&view))
}

const fn cause(cause: StopCause) -> &'static str {
    match cause {
        StopCause::Asked => "",
        StopCause::Shutdown => ", its spawner went down",
        StopCause::TasksDone => ", its tasks are done",
        StopCause::Restart => ", to start again",
    }
}

/// Everything about one session.
pub fn card(view: &SessionView) -> String {
    let session = &view.session;
    let mut text = format!("{}\n{} · {} · epoch {}", line(view), role(session.role), session.agent, session.epoch);
    if let Some(model) = &session.model {
        text.push_str(&format!(" · {model}"));
    }
    let place = session.node.as_ref().map_or_else(|| format!("pool {}", session.pool), |node| format!("on {node}"));
    text.push_str(&format!(" · {place} · skill {}", session.skill));
    text.push_str(&paint(DIM, format!("\nspawned {} by {}", age(session.created_at), session.parent)));
    let mut fact = |name: &str, value: String| text.push_str(&format!("\n{} {value}", paint(DIM, format!("{name}:"))));
    if !session.tasks.is_empty() {
        fact("tasks", list(&session.tasks));
    }
    if !view.holds.is_empty() {
        fact("works on", paint(ACCENT, list(&view.holds)));
    }
    if let Some(update) = &session.last_update {
        fact("last update", update.to_string());
    }
    match &session.status {
        SessionStatus::NeedsInput { question, asked_at, .. } => {
            fact("asks", format!("{} ({})", paint(WARN, question), age(*asked_at)));
        }
        SessionStatus::Exited { code, ended_at } => fact("exit code", format!("{code} ({})", age(*ended_at))),
        SessionStatus::Failed { failure, ended_at } => fact("failure", format!("{failure} ({})", age(*ended_at))),
        SessionStatus::Stopped { stopped_by, ended_at } => {
            let why = session.stop.as_ref().map_or("", |stop| cause(stop.cause));
            fact("stopped by", format!("{stopped_by}{why} ({})", age(*ended_at)));
        }
        SessionStatus::Lost { lost_reason, ended_at } => fact("lost", format!("{lost_reason} ({})", age(*ended_at))),
        SessionStatus::Requested { .. } | SessionStatus::Starting { .. } | SessionStatus::Active { .. } => {}
    }
    if let Some(pending) = &view.pending {
        fact("waits", paint(WARN, pending));
    }
    if let Some(workspace) = &session.workspace {
        fact("workspace", workspace.to_string());
    }
    if let Some(stop) = &session.stop {
        fact("asked to stop", format!("by {}{} ({})", stop.by, cause(stop.cause), age(stop.at)));
    }
    if !session.wants.is_empty() {
        let node = session.wants.node.iter().map(|node| format!("node {node}"));
        let labels = session.wants.labels.iter().map(|label| format!("label {label}"));
        fact("only on", node.chain(labels).collect::<Vec<_>>().join(", "));
    }
    if let Some(stop_at) = session.stop_at {
        fact("done", format!("it is stopped at {stop_at}, unless something comes up"));
    }
    if let Some(resumes) = &session.resumes {
        fact("goes on from", format!("epoch {}", resumes.epoch));
    }
    if view.unread > 0 {
        fact("unread messages", view.unread.to_string());
    }
    text
}
