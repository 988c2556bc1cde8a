//! Values of flags that the model gives no parser for, and argument lists in their older spellings.

use std::ffi::OsString;

use maestro_domain::{InvalidValue, Priority, ProjectId, SessionStatusKind, TaskId, TaskRef};
use maestro_wire::{ErrorBody, ErrorCode};

use crate::context::Context;

/// critical, high, medium, low
pub fn priority(text: &str) -> Result<Priority, InvalidValue> {
    match text.to_ascii_lowercase().as_str() {
        "critical" => Ok(Priority::Critical),
        "high" => Ok(Priority::High),
        "medium" => Ok(Priority::Medium),
        "low" => Ok(Priority::Low),
        _ => {
            let text: String = text.chars().take(40).flat_map(char::escape_debug).collect();
            let message = format!("'{text}' is not a priority; the priorities are critical, high, medium, low");
            Err(InvalidValue { code: "invalid_priority", message })
        }
    }
}

pub fn session_status(text: &str) -> Result<SessionStatusKind, InvalidValue> {
    use SessionStatusKind::{Active, Exited, Failed, Lost, NeedsInput, Requested, Starting, Stopped};
    let all = [Requested, Starting, Active, NeedsInput, Exited, Failed, Stopped, Lost];
    let wanted = text.to_ascii_lowercase().replace('-', "_");
    all.into_iter().find(|status| status.as_str() == wanted).ok_or_else(|| {
        let text: String = text.chars().take(40).flat_map(char::escape_debug).collect();
        let known = all.map(SessionStatusKind::as_str).join(", ");
        let message = format!("'{text}' is not a session's status; they are {known}");
        InvalidValue { code: "invalid_status", message }
    })
}

/// Tasks that must all be of one project; without any, the project that is meant.
pub fn tasks_of_one_project(
    ctx: &Context,
    tasks: &[TaskRef],
    named: impl Fn(&Context, &TaskRef) -> Result<(ProjectId, TaskId), ErrorBody>,
) -> Result<(ProjectId, Vec<TaskId>), ErrorBody> {
    let mut project = None;
    let mut ids = Vec::new();
    for task in tasks {
        let (own, id) = named(ctx, task)?;
        match &project {
            Some(first) if *first != own => {
                let text = format!("the tasks are of two projects, {first} and {own}");
                return Err(ErrorBody::new(ErrorCode::InvalidValue, text).suggest("use one command a project"));
            }
            Some(_) | None => project = Some(own),
        }
        ids.push(id);
    }
    Ok((ctx.project_or(project)?, ids))
}

/// First words behind which a verb stands.
const WITH_VERBS: [&str; 8] = ["task", "subtask", "session", "project", "message", "config", "template", "errors"];
const NOUNS: [&str; 6] = ["task", "subtask", "session", "project", "message", "config"];
/// Global flags that take a value in the next word.
const WITH_VALUE: [&str; 5] = ["--project", "-p", "--server", "--timeout", "--home"];

/// The first word that is no flag and no flag's value, and its place.
pub fn first_word(arguments: &[OsString]) -> Option<(usize, &str)> {
    let mut skip = false;
    arguments.iter().enumerate().skip(1).find_map(|(at, argument)| {
        let word = argument.to_str()?;
        if std::mem::take(&mut skip) {
            return None;
        }
        if word.starts_with('-') {
            skip = WITH_VALUE.contains(&word);
            return None;
        }
        Some((at, word))
    })
}

/// `task help start` is `help task start`.
pub fn help_first(mut arguments: Vec<OsString>) -> Vec<OsString> {
    if let Some((at, word)) = first_word(&arguments)
        && WITH_VERBS.contains(&word)
        && arguments.get(at + 1).is_some_and(|next| next == "help")
    {
        arguments.swap(at, at + 1);
    }
    arguments
}

/// `task-start` as two words; any other word as it is.
pub fn split(word: &str) -> Vec<String> {
    match word.split_once('-').filter(|(noun, _)| NOUNS.contains(noun)) {
        Some((noun, verb)) => vec![noun.to_owned(), verb.to_owned()],
        None => vec![word.to_owned()],
    }
}

/// `task-start` is `task start`: the first word is taken apart.
pub fn split_hyphenated(arguments: Vec<OsString>) -> Vec<OsString> {
    let found = first_word(&arguments).and_then(|(at, word)| Some((at, word.split_once('-')?)));
    let Some((at, (noun, verb))) = found.filter(|(_, (noun, _))| NOUNS.contains(noun)) else { return arguments };
    let (noun, verb) = (OsString::from(noun), OsString::from(verb));
    let mut split = arguments;
    split[at] = noun;
    split.insert(at + 1, verb);
    split
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> String {
        let words = split_hyphenated(line.split(' ').map(OsString::from).collect());
        words.iter().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn hyphenated_commands_are_two_words() {
        assert_eq!(split("maestro task-start t3"), "maestro task start t3");
        assert_eq!(split("maestro --json -p web task-complete"), "maestro --json -p web task complete");
        assert_eq!(split("maestro --project task-x task get"), "maestro --project task-x task get");
        assert_eq!(split("maestro task log task-start"), "maestro task log task-start");
        assert_eq!(split("maestro up"), "maestro up");
        let words = |line: &str| line.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert_eq!(help_first(words("maestro --json task help log")), words("maestro --json help task log"));
        assert_eq!(help_first(words("maestro task log help")), words("maestro task log help"));
    }

    #[test]
    fn priorities_have_their_own_code() {
        assert_eq!(priority("HIGH").unwrap(), Priority::High);
        assert_eq!(priority("urgent").unwrap_err().code, "invalid_priority");
        assert_eq!(session_status("needs-input").unwrap(), SessionStatusKind::NeedsInput);
    }
}
