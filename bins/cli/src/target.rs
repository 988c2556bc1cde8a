//! Which task a command means: the one named, else the session's only claim, else the first of `MAESTRO_TASK_IDS`.

use maestro_domain::{ProjectId, SubtaskId, TaskId, TaskRef};
use maestro_wire::{ErrorBody, ErrorCode, Query, SessionGet, SessionView};

use crate::context::Context;

/// A task and its project.
pub type Target = (ProjectId, TaskId);

/// The task that is named.
pub fn named(ctx: &Context, task: &TaskRef) -> Result<Target, ErrorBody> {
    Ok((ctx.project_or(task.project.clone())?, task.task))
}

/// The task that is named, or follows from the session.
pub async fn resolve(ctx: &Context, task: Option<&TaskRef>) -> Result<Target, ErrorBody> {
    if let Some(task) = task {
        return named(ctx, task);
    }
    let project = ctx.project()?;
    let mut held = Vec::new();
    let mut unanswered = None;
    if ctx.actor()?.0.session().is_some() {
        match own_claims(ctx, &project).await {
            Ok(claims) => held = claims,
            Err(error) if crate::outbox::is_unanswered(error.code) || error.code == ErrorCode::StackNotRunning => {
                unanswered = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
    if let [only] = *held.as_slice() {
        return Ok((project, only));
    }
    if let Some(first) = ctx.environment.tasks().first() {
        return named(ctx, &first.parse::<TaskRef>()?);
    }
    Err(unanswered.unwrap_or_else(|| missing(&held)))
}

async fn own_claims(ctx: &Context, project: &ProjectId) -> Result<Vec<TaskId>, ErrorBody> {
    // Half of the time is left for the command itself.
    let caller = ctx.caller(ctx.left() / 2).await?;
    let place = maestro_wire::Place::Project(project.clone());
    let query = Query::SessionGet(SessionGet::default());
    let reply = caller.query(&place, &query, &ctx.seen(project), ctx.left() / 2).await?;
    Ok(reply.parse::<SessionView>()?.holds)
}

fn missing(held: &[TaskId]) -> ErrorBody {
    if held.is_empty() {
        return ErrorBody::new(ErrorCode::MissingTaskId, "no task was named, and none follows from this session")
            .commands(["maestro task next --claim", "maestro task list"]);
    }
    let text = format!("this session works on {} tasks; name the one that is meant", held.len());
    ErrorBody::new(ErrorCode::MissingTaskId, text)
        .with("holds", held.iter().map(ToString::to_string).collect::<Vec<_>>())
        .commands(held.iter().take(3).map(|task| format!("maestro task get {task}")))
}

/// `[<task>] "<text>"`: one or two words.
pub fn task_and_text(first: &str, second: Option<&str>, what: &str) -> Result<(Option<TaskRef>, String), ErrorBody> {
    match second {
        Some(text) => Ok((Some(first.parse()?), text.to_owned())),
        None if first.parse::<TaskRef>().is_ok() => {
            let text = format!("the {what} is missing: only the task {first} was given");
            Err(ErrorBody::new(ErrorCode::MissingRequiredField, text)
                .with("field", what)
                .suggest(format!("put the {what} after the task, in quotes")))
        }
        None => Ok((None, first.to_owned())),
    }
}

/// `[<task>] ["<text>"]`: a word that is a task's id is the task.
pub fn task_or_text(words: &[String]) -> Result<(Option<TaskRef>, Option<String>), ErrorBody> {
    match words {
        [] => Ok((None, None)),
        [word] => Ok(match word.parse::<TaskRef>() {
            Ok(task) => (Some(task), None),
            Err(_) => (None, Some(word.clone())),
        }),
        [task, text, ..] => Ok((Some(task.parse()?), Some(text.clone()))),
    }
}

/// `[<task>] <subtask>`
pub async fn subtask(ctx: &Context, words: &[String]) -> Result<(ProjectId, TaskId, SubtaskId), ErrorBody> {
    let (task, subtask) = match words {
        [task, subtask] => (Some(task.parse::<TaskRef>()?), subtask),
        [subtask] => (None, subtask),
        _ => return Err(ErrorBody::new(ErrorCode::MissingRequiredField, "the subtask is missing")),
    };
    let subtask: SubtaskId = subtask.parse()?;
    let (project, task) = resolve(ctx, task.as_ref()).await?;
    Ok((project, task, subtask))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn one_word_is_the_message_and_two_begin_with_the_task() {
        let (task, text) = task_and_text("t3", Some("half way"), "message").unwrap();
        assert_eq!((task.unwrap().to_string().as_str(), text.as_str()), ("t3", "half way"));
        let (task, text) = task_and_text("half way", None, "message").unwrap();
        assert_eq!((task, text.as_str()), (None, "half way"));
        let lonely = task_and_text("t3", None, "message").unwrap_err();
        assert_eq!(lonely.code, ErrorCode::MissingRequiredField);
        let wrong = task_and_text("half", Some("way"), "message").unwrap_err();
        assert_eq!(wrong.code, ErrorCode::InvalidTaskId);
    }

    #[test]
    fn an_answer_may_stand_alone_or_after_its_task() {
        assert_eq!(task_or_text(&[]).unwrap(), (None, None));
        assert_eq!(task_or_text(&words(&["web/t3"])).unwrap().0.unwrap().to_string(), "web/t3");
        assert_eq!(task_or_text(&words(&["use it"])).unwrap(), (None, Some("use it".to_owned())));
        assert_eq!(task_or_text(&words(&["t3", "use it"])).unwrap().1.as_deref(), Some("use it"));
    }
}
