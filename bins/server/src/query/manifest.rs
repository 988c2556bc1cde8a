//! `session.manifest`: what a session is told when it starts.

use std::fmt::Write;

use maestro_domain::{Role, SessionId, StatusKind};
use maestro_wire::{ErrorBody, Manifest, TaskDetail, TaskRow};

use super::{Asked, project, resumed, session, task};
use crate::reply::row;

const RELATED: usize = 20;

pub async fn get(asked: &Asked<'_>, given: Option<SessionId>) -> Result<Manifest, ErrorBody> {
    let session = session::named(asked, given)?;
    let state = &asked.view.state;
    let reading = asked.reading().await?;
    let texts = asked.stored(reading.session_texts(&asked.project.id, session.id))?;
    let mut tasks = Vec::new();
    for id in &session.tasks {
        if let Some(found) = state.task(*id) {
            tasks.push(task::detail(asked, &reading, found, 5).await?);
        }
    }
    let related = if texts.include_related { related(asked, &session.tasks) } else { Vec::new() };
    let project = project::get(asked).await?;
    let mut manifest = Manifest {
        project,
        project_id: asked.project.id.clone(),
        session: session.id,
        epoch: session.epoch,
        role: session.role,
        name: session.name.to_string(),
        agent: session.agent.clone(),
        skill: session.skill.clone(),
        model: session.model.as_deref().map(str::to_owned),
        restart: session.restart,
        tasks,
        related,
        command: texts.command,
        prompt: texts.prompt,
        initial_prompt: String::new(),
        resumes: session.resumes.as_ref().map(|resumes| resumes.epoch),
        resume_prompt: session.resumes.is_some().then(|| resumed::prompt(&session, state)),
        stop_requested: session.stop.is_some(),
    };
    manifest.initial_prompt = prompt(asked, &manifest);
    Ok(manifest)
}

/// Tasks that share a label or a dependency with the session's.
fn related(asked: &Asked<'_>, own: &[maestro_domain::TaskId]) -> Vec<TaskRow> {
    let state = &asked.view.state;
    let own_tasks: Vec<_> = own.iter().filter_map(|id| state.task(*id)).collect();
    state
        .tasks()
        .values()
        .filter(|task| !own.contains(&task.id) && task.status.kind().is_open())
        .filter(|task| {
            own_tasks.iter().any(|mine| {
                mine.labels.iter().any(|label| task.labels.contains(label))
                    || mine.depends_on.contains(&task.id)
                    || task.depends_on.contains(&mine.id)
                    || mine.depends_on.iter().any(|d| task.depends_on.contains(d))
            })
        })
        .take(RELATED)
        .map(|task| row(state, task))
        .collect()
}

/// What the agent reads first.
fn prompt(asked: &Asked<'_>, manifest: &Manifest) -> String {
    let mut text = String::new();
    let title = &manifest.project.project.title;
    let role = match manifest.role {
        Role::Worker => "a worker",
        Role::Orchestrator => "the orchestrator",
        Role::Custom => "a session",
    };
    // Writing to a String cannot fail.
    let _ = writeln!(text, "You are {} ({}), {role} of the project {title}.", manifest.session, manifest.name);
    if let Some(overview) = &manifest.project.overview {
        let _ = writeln!(text, "\n# Project\n\n{overview}");
    }
    if let (Role::Orchestrator, Some(goals)) = (manifest.role, &manifest.project.goals) {
        let _ = writeln!(text, "\n# Goals\n\n{goals}");
    }
    for task in &manifest.tasks {
        describe(&mut text, task);
    }
    if !manifest.related.is_empty() {
        let _ = writeln!(text, "\n# Related tasks\n");
        for row in &manifest.related {
            let _ = writeln!(text, "- {} [{}] {}", row.task.id, row.status(), row.task.title);
        }
    }
    match manifest.role {
        Role::Worker | Role::Custom => text.push_str(WORKER),
        Role::Orchestrator => {
            let state = &asked.view.state;
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
            text.push_str(ORCHESTRATOR);
        }
    }
    if let Some(prompt) = &manifest.prompt {
        let _ = writeln!(text, "\n# Instructions\n\n{prompt}");
    }
    text
}

fn describe(text: &mut String, detail: &TaskDetail) {
    let task = &detail.task;
    let _ =
        writeln!(text, "\n# Task {}: {}\n\npriority {:?}, {}", task.id, task.title, task.priority, task.status.kind());
    if let Some(description) = &detail.texts.description {
        let _ = writeln!(text, "\n{description}");
    }
    section(text, "Acceptance criteria", &detail.texts.acceptance);
    if let Some(notes) = &detail.texts.technical_notes {
        let _ = writeln!(text, "\n## Technical notes\n\n{notes}");
    }
    let subtasks: Vec<String> = task
        .subtasks
        .iter()
        .map(|s| format!("[{}] {} {}", if s.completed { "x" } else { " " }, s.id, s.title))
        .collect();
    section(text, "Subtasks", &subtasks);
    let inputs: Vec<String> = detail
        .dependencies
        .iter()
        .map(|d| format!("{} {} ({}): {}", d.id, d.title, d.status, d.summary.as_deref().unwrap_or("no summary")))
        .collect();
    section(text, "Builds on", &inputs);
}

fn section(text: &mut String, title: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n## {title}\n");
    for line in lines {
        let _ = writeln!(text, "- {line}");
    }
}

const WORKER: &str = "
# How to report

- `maestro task start` before you begin, `maestro task log \"<what you did>\"` as you go.
- `maestro subtask complete <subtask>` when a step is done.
- `maestro task block --reason \"<what you need>\"` when you cannot go on; then `maestro wait`.
- `maestro task complete --summary \"<what was done, where, how it was checked>\"` at the end.
- Every error names the next command to type. `maestro --help` shows the rest.
";

const ORCHESTRATOR: &str = "
# How to lead

- Break the work down: `maestro task create \"<title>\" --desc \"…\" --subtask \"…\" --depends-on t1`.
- `maestro session spawn --task t1` starts a worker; do not do the workers' work yourself.
- `maestro wait t1 t2` sleeps until something needs you; never poll.
- Answer the blocked: `maestro task unblock t1 \"<answer>\"`. Approve what is in review: `maestro task approve t1`.
- `maestro status` begins with what needs you.
";
