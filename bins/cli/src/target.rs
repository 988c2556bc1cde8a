//! Which task a command means: the one named, else the session's only claim, else what it did last, else the first of
//! `MAESTRO_TASK_IDS`. Where that is not certain it is asked for: a report on another task is a report that is lost.

use maestro_domain::{ProjectId, Status, SubtaskId, TaskId, TaskRef};
use maestro_wire::{ErrorBody, ErrorCode, Query, Reply, SessionGet, SessionView, TaskDetail, TaskGet};

use crate::context::Context;
use crate::memory::{Claims, Taken};
use crate::outbox::is_unanswered;

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
    let given = ctx.environment.tasks();
    let first = || given.first().map_or_else(|| Err(missing(&[])), |first| named(ctx, &first.parse()?));
    if ctx.actor()?.0.session().is_none() {
        return first();
    }
    let claims = Claims::of(ctx, &project);
    match own_claims(ctx, &project).await {
        Ok(held) => {
            let taken = claims.map(|claims| claims.held(&held)).unwrap_or_default();
            match (held.as_slice(), taken.past.last()) {
                ([only], _) | ([], Some(only)) => Ok((project, *only)),
                ([], None) => first(),
                (several, _) => Err(missing(several)),
            }
        }
        Err(error) if is_unanswered(error.code) || error.code == ErrorCode::StackNotRunning => {
            let taken = claims.map(|claims| claims.taken()).unwrap_or_default();
            match remembered(&taken, &given) {
                Remembered::Task(task) => Ok((project, task)),
                Remembered::First => first(),
                Remembered::Several => Err(missing(&taken.holds)),
                Remembered::Nothing => Err(unknown(error, &taken)),
            }
        }
        Err(error) => Err(error),
    }
}

/// What follows from what a session did itself, where nobody can be asked.
#[derive(Debug, PartialEq, Eq)]
enum Remembered {
    Task(TaskId),
    /// It was given one task and took no other.
    First,
    Several,
    Nothing,
}

fn remembered(taken: &Taken, given: &[String]) -> Remembered {
    match (taken.holds.as_slice(), given) {
        _ if taken.unsure => Remembered::Nothing,
        ([only], _) => Remembered::Task(*only),
        ([], [first]) if taken.past.iter().all(|task| task.to_string() == *first) => Remembered::First,
        ([], _) => Remembered::Nothing,
        _ => Remembered::Several,
    }
}

async fn own_claims(ctx: &Context, project: &ProjectId) -> Result<Vec<TaskId>, ErrorBody> {
    let query = Query::SessionGet(SessionGet::default());
    let held = ask(ctx, project, query).await?.parse::<SessionView>()?.holds;
    in_hand(ctx, project, held).await
}

/// Of several claims those that it works on: what it handed in for review is its own and out of its hands.
async fn in_hand(ctx: &Context, project: &ProjectId, held: Vec<TaskId>) -> Result<Vec<TaskId>, ErrorBody> {
    const LOOKED_AT: usize = 5;
    if !(2..=LOOKED_AT).contains(&held.len()) {
        return Ok(held);
    }
    let mut worked_on = Vec::new();
    for task in &held {
        let query = Query::TaskGet(TaskGet { task: Some(*task), timeline: Some(0) });
        let detail: TaskDetail = ask(ctx, project, query).await?.parse()?;
        if !matches!(detail.task.status, Status::InReview { .. }) {
            worked_on.push(*task);
        }
    }
    Ok(if worked_on.is_empty() { held } else { worked_on })
}

/// Half of the time is left for the command itself.
async fn ask(ctx: &Context, project: &ProjectId, query: Query) -> Result<Reply, ErrorBody> {
    let caller = ctx.caller(ctx.left() / 2).await?;
    let place = maestro_wire::Place::Project(project.clone());
    caller.query(&place, &query, &ctx.seen(project), ctx.left() / 2).await
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

/// Nobody says which one it is.
fn unknown(error: ErrorBody, taken: &Taken) -> ErrorBody {
    if error.code == ErrorCode::StackNotRunning && !error.details.contains_key("address") {
        return error;
    }
    let code =
        if error.code.exit_code() == ErrorCode::Unavailable.exit_code() { error.code } else { ErrorCode::Unavailable };
    let took: Vec<String> = taken.past.iter().chain(&taken.holds).map(ToString::to_string).collect();
    let message = format!("no task was named, and nobody says which one this session works on: {}", error.message);
    ErrorBody { code, message, retryable: code.retryable(), ..error }
        .with("took", took)
        .suggest("name the task: a report on it is kept until a server answers")
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

    fn taken(holds: &[u32], past: &[u32], unsure: bool) -> Taken {
        let ids = |numbers: &[u32]| numbers.iter().copied().map(TaskId::new).collect();
        Taken { holds: ids(holds), past: ids(past), unsure, ..Taken::default() }
    }

    #[test]
    fn without_an_answer_only_what_is_certain_follows() {
        let task = |number| Remembered::Task(TaskId::new(number));
        let (none, t4, two): (&[&str], _, _) = (&[], &["t4"][..], &["t4", "t5"][..]);
        let cases = [
            // It completed the task that it was given and took another one.
            (taken(&[3], &[4], false), t4, task(3)),
            (taken(&[4], &[], false), two, task(4)),
            (taken(&[], &[], false), t4, Remembered::First),
            (taken(&[], &[4], false), t4, Remembered::First),
            // It had another one too.
            (taken(&[], &[4, 3], false), t4, Remembered::Nothing),
            (taken(&[], &[3], false), t4, Remembered::Nothing),
            (taken(&[], &[], false), two, Remembered::Nothing),
            (taken(&[], &[], false), none, Remembered::Nothing),
            (taken(&[3, 4], &[], false), t4, Remembered::Several),
            // A claim that was not answered.
            (taken(&[4], &[], true), t4, Remembered::Nothing),
            (taken(&[], &[], true), t4, Remembered::Nothing),
        ];
        for (taken, given, wanted) in cases {
            assert_eq!(remembered(&taken, &words(given)), wanted, "{taken:?}, given {given:?}");
        }
    }

    #[test]
    fn what_is_not_certain_ends_with_6_and_asks_for_the_task() {
        let slow = ErrorBody::new(ErrorCode::TimedOut, "no answer in time").commands(["maestro doctor"]);
        let error = unknown(slow, &taken(&[], &[4, 3], false));
        assert_eq!((error.code, error.code.exit_code(), error.retryable), (ErrorCode::Unavailable, 6, true));
        assert_eq!(error.details["took"], serde_json::json!(["t4", "t3"]));
        assert!(error.suggestion.is_some_and(|text| text.starts_with("name the task")));
        let none = unknown(ErrorBody::new(ErrorCode::NoServer, "no server"), &Taken::default());
        assert_eq!(none.code, ErrorCode::NoServer);
        // Without any address nothing would be kept.
        let stopped = ErrorBody::new(ErrorCode::StackNotRunning, "there is no stack");
        assert_eq!(unknown(stopped.clone(), &Taken::default()), stopped);
    }

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
