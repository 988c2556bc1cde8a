//! What an agent reads first, by its role.

use std::fmt::Write;

use maestro_domain::{Role, SessionId, SessionStatus, State, StatusKind, Task};
use maestro_wire::{Manifest, TaskDetail};

/// Tasks and sessions that an orchestrator is shown, of each kind.
const SHOWN: usize = 20;

/// The prompt of one session.
pub struct Prompt<'a> {
    pub manifest: &'a Manifest,
    /// Where the project stands; for orchestrators.
    pub plan: Option<&'a str>,
    /// Whether what was given as a prompt is repeated in it.
    pub instructions: bool,
}

impl Prompt<'_> {
    /// Writing to a `String` cannot fail, so nothing here does.
    pub fn text(&self) -> String {
        let manifest = self.manifest;
        let mut text = String::new();
        let role = match manifest.role {
            Role::Worker => "a worker",
            Role::Orchestrator => "the orchestrator",
            Role::Custom => "a session",
        };
        let title = &manifest.project.project.title;
        let _ = writeln!(text, "You are {} ({}), {role} of the project {title}.", manifest.session, manifest.name);
        self.project(&mut text);
        first(&mut text, &manifest.initial_commands);
        for task in &manifest.tasks {
            describe(&mut text, task);
        }
        self.related(&mut text);
        self.messages(&mut text);
        if let Some(plan) = self.plan {
            text.push_str(plan);
        }
        text.push_str(match manifest.role {
            Role::Worker => WORKER,
            Role::Orchestrator => ORCHESTRATOR,
            Role::Custom => CUSTOM,
        });
        let skill = &manifest.skill;
        let _ = writeln!(text, "- `maestro skill show {skill}` prints the skill that you work by.");
        match (&manifest.prompt, self.instructions) {
            (Some(prompt), true) => drop(writeln!(text, "\n# Instructions\n\n{prompt}")),
            (Some(_), false) => text.push_str(ELSEWHERE),
            (None, _) => {}
        }
        text
    }

    fn project(&self, text: &mut String) {
        let project = &self.manifest.project;
        if let Some(overview) = &project.overview {
            let _ = writeln!(text, "\n# Project\n\n{overview}");
        }
        if let (Role::Orchestrator, Some(goals)) = (self.manifest.role, &project.goals) {
            let _ = writeln!(text, "\n# Goals\n\n{goals}");
        }
    }

    fn related(&self, text: &mut String) {
        let rows = self.manifest.related.iter();
        let lines: Vec<String> =
            rows.map(|row| format!("{} [{}] {}", row.task.id, row.status(), row.task.title)).collect();
        section(text, "# Related tasks", &lines);
    }

    fn messages(&self, text: &mut String) {
        if self.manifest.messages.is_empty() {
            return;
        }
        let _ = writeln!(text, "\n# Messages");
        for view in &self.manifest.messages {
            let about = view.message.task.map(|task| format!(" about {task}")).unwrap_or_default();
            let _ = writeln!(text, "\nMessage {} from {}{about}: {}", view.message.id, view.message.from, view.body);
        }
    }
}

/// What has to be run before anything else.
fn first(text: &mut String, commands: &[String]) {
    if commands.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n# First\n\nRun these before anything else, in this order; block your task if one fails:");
    let _ = writeln!(text, "\n```sh\n{}\n```", commands.join("\n"));
}

fn describe(text: &mut String, detail: &TaskDetail) {
    let task = &detail.task;
    let priority = format!("{:?}", task.priority).to_lowercase();
    let _ = writeln!(text, "\n# Task {}: {}\n\npriority {priority}, {}", task.id, task.title, task.status.kind());
    if let Some(description) = &detail.texts.description {
        let _ = writeln!(text, "\n{description}");
    }
    section(text, "## Acceptance criteria", &detail.texts.acceptance);
    if let Some(notes) = &detail.texts.technical_notes {
        let _ = writeln!(text, "\n## Technical notes\n\n{notes}");
    }
    let subtasks: Vec<String> = task
        .subtasks
        .iter()
        .map(|s| {
            let more = detail.texts.subtask_descriptions.get(&s.id).map(|more| format!(": {more}")).unwrap_or_default();
            format!("[{}] {} {}{more}", if s.completed { "x" } else { " " }, s.id, s.title)
        })
        .collect();
    section(text, "## Subtasks", &subtasks);
    let inputs: Vec<String> = detail
        .dependencies
        .iter()
        .map(|d| format!("{} {} ({}): {}", d.id, d.title, d.status, d.summary.as_deref().unwrap_or("no summary")))
        .collect();
    section(text, "## Builds on", &inputs);
}

fn section(text: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{title}\n");
    for line in lines {
        let _ = writeln!(text, "- {line}");
    }
}

/// Where a project stands, for whoever leads it: what is ready first, then what waits for somebody, then the rest.
pub fn plan(state: &State, own: SessionId) -> String {
    let mut text = String::new();
    let count = |status| state.with_status(status).len();
    let _ = writeln!(
        text,
        "\n# Tasks now\n\n{} ready, {} pending, {} in progress, {} blocked, {} in review, {} completed",
        state.ready().len(),
        count(StatusKind::Pending),
        count(StatusKind::InProgress),
        count(StatusKind::Blocked),
        count(StatusKind::InReview),
        count(StatusKind::Completed)
    );
    let ready: Vec<&Task> = state.ready().iter().filter_map(|(_, id)| state.task(*id)).map(AsRef::as_ref).collect();
    listed(&mut text, "## Ready, the best first", ready.len(), ready.into_iter().map(line));
    for (title, status) in [
        ("## Blocked", StatusKind::Blocked),
        ("## In review", StatusKind::InReview),
        ("## In progress", StatusKind::InProgress),
    ] {
        let tasks = state.with_status(status).iter().filter_map(|id| state.task(*id));
        listed(&mut text, title, count(status), tasks.map(|task| line(task)));
    }
    let waiting = state.with_status(StatusKind::Pending).iter().filter_map(|id| state.task(*id));
    let waiting: Vec<&Task> = waiting.map(AsRef::as_ref).filter(|task| !state.is_ready(task)).collect();
    listed(&mut text, "## Waiting for others", waiting.len(), waiting.into_iter().map(line));
    let others = state.living().iter().filter(|id| **id != own).filter_map(|id| state.session(*id));
    let sessions = others.map(|session| {
        let tasks = session.tasks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let asks = match &session.status {
            SessionStatus::NeedsInput { question, .. } => format!(", asks: {question}"),
            _ => String::new(),
        };
        format!("{} {} [{}] {tasks}{asks}", session.id, session.name, session.status.kind())
    });
    let sessions: Vec<String> = sessions.collect();
    listed(&mut text, "## Sessions at work", sessions.len(), sessions.into_iter());
    text
}

fn listed(text: &mut String, title: &str, all: usize, lines: impl Iterator<Item = String>) {
    let mut lines: Vec<String> = lines.take(SHOWN).collect();
    if all > lines.len() {
        lines.push(format!("and {} more: `maestro task list`", all - lines.len()));
    }
    section(text, title, &lines);
}

fn line(task: &Task) -> String {
    let mut line = format!("{} {}", task.id, task.title);
    if let Some(claim) = &task.claim {
        let _ = write!(line, ", held by {}", claim.holder.actor);
    } else if let Some(given) = &task.assignment {
        let _ = write!(line, ", given to {}", given.session);
    }
    if !task.depends_on.is_empty() {
        let inputs = task.depends_on.iter().take(SHOWN).map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let _ = write!(line, ", after {inputs}");
    }
    if let maestro_domain::Status::Blocked { blocked_reason, .. } = &task.status {
        let _ = write!(line, ": {blocked_reason}");
    }
    line
}

const WORKER: &str = "
# How to report

- `maestro task start` before you begin, `maestro task log \"<what you did>\"` as you go.
- `maestro subtask complete <subtask>` when a step is done.
- `maestro task block --reason \"<what you need>\"` when you cannot go on; then `maestro wait`.
- `maestro task complete --summary \"<what was done, where, how it was checked>\"` at the end.
- Messages come by themselves; `maestro message send <session or user> \"<text>\"` answers.
- Every error names the next command to type. `maestro --help` shows the rest.
";

const CUSTOM: &str = "
# How to report

- `maestro update \"<what you did>\"` as you go; with a task in hand `maestro task start`, `log` and `complete`.
- Messages come by themselves; `maestro message send <session or user> \"<text>\"` answers.
- Every error names the next command to type. `maestro --help` shows the rest.
";

const ORCHESTRATOR: &str = "
# How to lead

- Break the work down: `maestro task create \"<title>\" --desc \"…\" --subtask \"…\" --depends-on t1`. One task is what one
  worker finishes in one go and can be checked alone; say what counts as done with `--accept`.
- `maestro session spawn --task t1` starts a worker, one for each ready task; do not do the workers' work yourself.
- `maestro wait t1 t2` sleeps until something needs you; never poll. You are also told when a worker is done, blocked,
  asks, fails or is lost.
- Answer the blocked: `maestro task unblock t1 \"<answer>\"`; what a session asks: `maestro session answer s2 \"<answer>\"`.
- Approve what is in review: `maestro task approve t1`.
- `maestro status` begins with what needs you.
";

const ELSEWHERE: &str = "
# Instructions

They are the field `prompt` of the file that $MAESTRO_MANIFEST names. Read all of it first, then do what it says.
";
