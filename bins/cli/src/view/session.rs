//! Sessions: a table, a card, a line.

use std::collections::BTreeMap;

use maestro_domain::{InputKind, SessionId, SessionStatus, StopCause, TaskId};
use maestro_wire::{Page, SessionView};

use crate::output::{ACCENT, BOLD, DIM, WARN, paint};

use super::{age, bare_table, cell, clipped, fitted, give_way, session_status, table};

fn list(tasks: &[TaskId]) -> String {
    tasks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// On a terminal that is narrower the role is left out.
const WIDE: u16 = 100;
/// Tasks that a row names.
const NAMED: usize = 3;

fn few(tasks: &[TaskId]) -> String {
    let more = tasks.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" +{more}") } else { String::new() };
    list(&tasks[..tasks.len().min(NAMED)]) + &more
}

/// Many sessions, one a line; `inset`: columns of the terminal that are taken already.
pub fn table_of(sessions: &[SessionView], inset: u16) -> String {
    let width = bare_table().width();
    let with_role = width.is_none_or(|width| width >= WIDE);
    let shown = |column: &&str| with_role || *column != "role";
    let columns = ["id", "status", "name", "role", "agent", "tasks", "where", "changed"];
    let columns: Vec<&str> = columns.into_iter().filter(shown).collect();
    let mut table = table(&columns);
    for view in sessions {
        let session = &view.session;
        let (word, style) = session_status(session.status.kind());
        let tasks = if view.holds.is_empty() { &session.tasks } else { &view.holds };
        let mut cells = vec![
            cell(session.id, BOLD),
            cell(word, style),
            cell(&session.name, anstyle::Style::new()),
            cell(role(session.role), anstyle::Style::new()),
            cell(&session.agent, anstyle::Style::new()),
            cell(if width.is_some() { few(tasks) } else { list(tasks) }, ACCENT),
            cell(session.node.as_ref().map_or_else(|| session.pool.to_string(), ToString::to_string), DIM),
            cell(age(session.updated_at), DIM),
        ];
        if !with_role {
            cells.remove(3);
        }
        table.add_row(cells);
    }
    if let Some(width) = width {
        table.set_width(width.saturating_sub(inset));
    }
    give_way(&mut table, &[2, columns.len() - 2]);
    clipped(&mut table)
}

const fn role(role: maestro_domain::Role) -> &'static str {
    match role {
        maestro_domain::Role::Worker => "worker",
        maestro_domain::Role::Orchestrator => "orchestrator",
        maestro_domain::Role::Custom => "custom",
    }
}

/// A page of a list, and what to do when nothing is on it; `words` are the line that asked for it.
pub fn page(page: &Page<SessionView>, filtered: bool, words: &[String]) -> String {
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
    let more = super::more(words, page.next_cursor.as_ref());
    format!("{}{}{more}", table_of(&page.items, 0), questions(&page.items))
}

/// Questions that are shown at once.
const ASKED: usize = 8;

/// What sessions wait for, and how it is answered; nothing when none does.
fn questions(sessions: &[SessionView]) -> String {
    let asking: Vec<&SessionView> =
        sessions.iter().filter(|view| matches!(view.session.status, SessionStatus::NeedsInput { .. })).collect();
    if asking.is_empty() {
        return String::new();
    }
    let verb = if asking.len() == 1 { "needs" } else { "need" };
    format!("\n\n{} {verb} input\n{}", asking.len(), asked(&asking))
}

/// Who asks, what, and what to type, three lines each.
pub fn asked(asking: &[&SessionView]) -> String {
    let mut lines: Vec<String> = asking.iter().take(ASKED).filter_map(|view| question(view)).collect();
    let more = asking.len().saturating_sub(ASKED);
    if more > 0 {
        lines.push(paint(DIM, format!("  and {more} more: maestro session list --status needs_input")));
    }
    fitted(&lines.join("\n"))
}

fn question(view: &SessionView) -> Option<String> {
    let SessionStatus::NeedsInput { input, question, asked_at, .. } = &view.session.status else { return None };
    let (id, name) = (view.session.id, &view.session.name);
    let (question, when) = (paint(WARN, question), paint(DIM, age(*asked_at)));
    let how = paint(DIM, answer(id, *input));
    Some(format!("  {}  {name}\n      {when}: {question}\n      {how}", paint(BOLD, id)))
}

/// How a session that waits is answered: a permission is given or refused, a limit or a login is looked at.
fn answer(id: SessionId, input: InputKind) -> String {
    match input {
        InputKind::Permission => format!("maestro session answer {id} --allow   (or --deny)"),
        InputKind::Question | InputKind::Idle => format!("maestro session answer {id} \"…\""),
        InputKind::RateLimited | InputKind::Login => format!("maestro session attach {id}"),
    }
}

/// Reasons that are shown at once, and sessions of each.
const REASONS: usize = 5;

/// Why those that nobody has taken wait: one line a reason; nothing when none waits.
pub fn waiting(sessions: &[SessionView]) -> String {
    let mut reasons: BTreeMap<&str, Vec<SessionId>> = BTreeMap::new();
    for view in sessions {
        if let Some(why) = &view.pending {
            reasons.entry(why).or_default().push(view.session.id);
        }
    }
    let line = |(why, ids): (&str, Vec<SessionId>)| {
        let named: Vec<String> = ids.iter().take(REASONS).map(ToString::to_string).collect();
        let more = ids.len().saturating_sub(REASONS);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let verb = if ids.len() == 1 { "waits" } else { "wait" };
        format!("  {}{more} {verb}: {}", paint(BOLD, named.join(", ")), paint(WARN, why))
    };
    fitted(&reasons.into_iter().take(REASONS).map(line).collect::<Vec<_>>().join("\n"))
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn view(number: usize, status: &Value) -> SessionView {
        let at = "2026-01-01T00:00:00Z";
        let mut view = json!({
            "id": format!("s{number}"), "rev": 1, "name": "Worker", "role": "worker", "agent": "shell",
            "skill": "maestro-worker", "parent": "ann", "pool": "gpu", "epoch": 1, "requestedAt": at, "expiresAt": at,
            "askedAt": at, "createdAt": at, "updatedAt": at,
        });
        view.as_object_mut().unwrap().extend(status.as_object().unwrap().clone());
        serde_json::from_value(view).unwrap()
    }

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn each_kind_of_question_has_its_answer() {
        let asks = |input: &str| {
            let view = view(11, &json!({"status": "needs_input", "input": input, "question": "may I?"}));
            plain(&questions(&[view])).lines().last().unwrap_or_default().trim().to_owned()
        };
        assert_eq!(asks("permission"), "maestro session answer s11 --allow   (or --deny)");
        assert_eq!(asks("question"), "maestro session answer s11 \"…\"");
        assert_eq!(asks("login"), "maestro session attach s11");
        let many: Vec<SessionView> =
            (1..=20).map(|n| view(n, &json!({"status": "needs_input", "input": "idle", "question": "?"}))).collect();
        let text = plain(&questions(&many));
        assert!(text.contains("20 need input") && text.contains("and 12 more"), "{text}");
    }

    #[test]
    fn those_that_wait_for_the_same_stand_on_one_line() {
        let wait = |number, why: &str| view(number, &json!({"status": "requested", "pending": why}));
        let mut all: Vec<SessionView> = (1..=7).map(|number| wait(number, "no spawner in pool gpu")).collect();
        all.push(wait(8, "no free slot"));
        all.push(view(9, &json!({"status": "requested"})));
        let told = "  s8 waits: no free slot\n  s1, s2, s3, s4, s5 and 2 more wait: no spawner in pool gpu";
        assert_eq!(plain(&waiting(&all)), told);
        assert_eq!(few(&all.iter().map(|_| TaskId::new(3)).collect::<Vec<_>>()), "t3, t3, t3 +6");
    }
}
