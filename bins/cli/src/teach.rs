//! The last word on an error before it is printed: every one names runnable next commands, with the caller's own
//! ids, and in the caller's own place.

use std::time::Duration;

use maestro_wire::{ErrorBody, ErrorCode};
use serde_json::Value;

use crate::cli::Globals;
use crate::context::Context;
use crate::usage::{help_of, line, quoted, without};
use crate::{fill, gather, repair};

/// Completes an error of the command that these words are.
pub fn complete(mut error: ErrorBody, words: &[String], globals: &Globals) -> ErrorBody {
    let mut commands = named(&error);
    if commands.is_empty() {
        commands = usual(error.code, &error, words);
    }
    // What was suggested only because it was the first of them makes room for a better first.
    if error.suggestion.is_some() && error.suggestion.as_ref() == commands.first() {
        error.suggestion = None;
    }
    if let Some(better) = repaired(&error, words) {
        error = error.with("nearest", better.1);
        commands.insert(0, better.0);
    } else if let Some(filled) = fill::completed(&error, words) {
        commands.insert(0, line(&filled));
    }
    let place = place(globals);
    let commands: Vec<String> = commands.into_iter().map(|command| placed(&command, &place)).collect();
    if error.suggestion.is_none() {
        error.suggestion = commands.first().cloned();
    }
    error.details.insert("commands".to_owned(), commands.into());
    error
}

/// Of a project that is not there: the one that was meant, when there is one of nearly that name.
pub async fn with_project(error: ErrorBody, ctx: &Context) -> ErrorBody {
    const BRIEF: Duration = Duration::from_millis(500);
    let typed = error.details.get("project").and_then(Value::as_str).map(ToOwned::to_owned);
    let (ErrorCode::ProjectNotFound, Some(typed)) = (error.code, typed) else { return error };
    let Ok(caller) = ctx.caller(BRIEF).await else { return error };
    let Ok(projects) = gather::projects(caller, 1_000, BRIEF).await else { return error };
    match repair::nearest(&typed, projects.iter().map(|view| view.project.id.as_str())) {
        Some(meant) if meant != typed => error.with("meant", meant),
        Some(_) | None => error,
    }
}

fn named(error: &ErrorBody) -> Vec<String> {
    let given = error.details.get("commands").and_then(Value::as_array);
    given.into_iter().flatten().filter_map(Value::as_str).map(ToOwned::to_owned).collect()
}

/// The line as it was meant, and the word in it that was wrong.
fn repaired(error: &ErrorBody, words: &[String]) -> Option<(String, String)> {
    if error.details.contains_key("nearest") {
        return None;
    }
    let told = |name: &str| error.details.get(name).and_then(Value::as_str);
    words.iter().enumerate().find_map(|(at, word)| {
        let (before, value) = match word.split_once('=') {
            Some((option, value)) if option.starts_with("--") => (format!("{option}="), value),
            Some(_) | None => (String::new(), word.as_str()),
        };
        let mut parts: Vec<String> = value.split(',').map(ToOwned::to_owned).collect();
        let wrong = parts.iter().position(|part| {
            let shown: String = part.chars().take(40).flat_map(char::escape_debug).collect();
            !part.is_empty() && error.message.contains(&format!("'{shown}'"))
        })?;
        let meant = match told("meant") {
            Some(meant) => meant.to_owned(),
            None => repair::value(error.code.as_str(), &parts[wrong])?,
        };
        parts[wrong].clone_from(&meant);
        let mut words = words.to_vec();
        words[at] = format!("{before}{}", parts.join(","));
        Some((line(&words), meant))
    })
}

/// What helps with a code when whoever refused named nothing.
fn usual(code: ErrorCode, error: &ErrorBody, words: &[String]) -> Vec<String> {
    use ErrorCode as E;
    let again = line(words);
    let fact = |name: &str| error.details.get(name).and_then(Value::as_str).map(quoted);
    match code {
        E::Usage | E::MissingRequiredField | E::NoUpdates | E::InvalidValue | E::InvalidTitle | E::InvalidText => {
            vec![help_of(words)]
        }
        E::InvalidStatus | E::InvalidPriority | E::InvalidLabel | E::InvalidEntity => vec![help_of(words)],
        E::InvalidActor => vec!["maestro session list --all".to_owned(), help_of(words)],
        E::InvalidAgent => vec!["maestro agent list".to_owned(), help_of(words)],
        E::InvalidPool | E::InvalidNode => vec!["maestro node list".to_owned(), help_of(words)],
        E::InvalidSkill => vec!["maestro skill list".to_owned(), help_of(words)],
        E::TooLarge => shorter(words).into_iter().chain([help_of(words)]).collect(),
        E::UnknownCommand | E::MalformedJson | E::UnknownField | E::UnsupportedVersion | E::InvalidCommandId => {
            vec!["maestro doctor".to_owned(), help_of(words)]
        }
        E::InvalidTaskId | E::TaskNotFound | E::MissingTaskId | E::InvalidDependency | E::NotClaimed => {
            vec!["maestro task list".to_owned(), "maestro task next --claim".to_owned()]
        }
        E::InvalidSubtaskId | E::SubtaskNotFound => match task_of(words) {
            Some(task) => vec![format!("maestro subtask list {task}")],
            None => vec!["maestro subtask list".to_owned(), "maestro task list".to_owned()],
        },
        E::InvalidSessionId | E::SessionNotFound | E::MissingSession | E::SessionState | E::SessionTaken => {
            vec!["maestro session list --all".to_owned(), "maestro whoami".to_owned()]
        }
        E::SessionFailed => {
            let of = |verb: &str| fact("session").map(|session| format!("maestro session {verb} {session}"));
            [of("logs"), of("resume"), Some("maestro session list --all".to_owned())].into_iter().flatten().collect()
        }
        E::WorktreeNotFound | E::MergeConflict | E::UncommittedChanges | E::UnmergedWork | E::GitFailed => {
            vec!["maestro session prune --dry-run".to_owned(), "maestro session list --all".to_owned()]
        }
        E::SkillNotFound => vec!["maestro skill list".to_owned()],
        E::FileExists | E::TargetNotEmpty | E::BackupDamaged => vec![help_of(words)],
        E::StillRunning => vec!["maestro down".to_owned(), "maestro doctor".to_owned()],
        E::BackupTooNew => vec!["maestro doctor".to_owned(), help_of(words)],
        E::InvalidMessageId | E::MessageNotFound => vec!["maestro message list".to_owned()],
        E::InvalidProjectId | E::ProjectNotFound | E::MissingProject | E::ProjectExists | E::ProjectArchived => {
            vec!["maestro project list".to_owned(), "maestro whoami".to_owned()]
        }
        E::InvalidCursor => vec![line(&without(words, "--cursor")), help_of(words)],
        E::ConfirmationMissing | E::FileNotFound => vec![help_of(words)],
        // A value that was typed. With a mistake in a file every command that reads it says the same again.
        E::InvalidConfig if is_set(words) => vec!["maestro config list".to_owned(), help_of(words)],
        E::InvalidConfig => vec![format!("maestro errors show {code}"), "maestro config set --help".to_owned()],
        E::AlreadyClaimed | E::AlreadyAssigned | E::StillClaimed => {
            let look = fact("task").map(|task| format!("maestro task get {task}"));
            std::iter::once("maestro task next --claim".to_owned()).chain(look).collect()
        }
        // Another call has another id.
        E::CommandIdReused => vec![again, "maestro doctor".to_owned()],
        E::StaleSession | E::NotPermitted | E::PermissionDenied | E::AuthenticationFailed => {
            vec!["maestro whoami".to_owned(), "maestro doctor".to_owned()]
        }
        E::InvalidTransition | E::OpenSubtasks | E::DependenciesOpen | E::DependencyCycle | E::HasDependants => {
            match fact("task").or_else(|| task_of(words)) {
                Some(task) => vec![format!("maestro task get {task}")],
                None => vec!["maestro task list".to_owned()],
            }
        }
        E::LimitReached | E::NotDue => {
            vec!["maestro status".to_owned(), format!("maestro errors show {code}")]
        }
        E::Internal | E::BrokerTooOld | E::PortTaken | E::BinaryMissing | E::StartFailed | E::LedgerFull => {
            vec!["maestro doctor".to_owned(), format!("maestro errors show {code}")]
        }
        E::ConnectionRefused | E::Disconnected | E::NoServer => vec!["maestro doctor".to_owned(), again],
        E::StackNotRunning => vec!["maestro doctor".to_owned(), "maestro up --detach".to_owned(), again],
        E::Overloaded | E::Unavailable | E::StaleRead => vec![again, "maestro doctor".to_owned()],
        // It may have been carried out: look first.
        E::TimedOut | E::CommandExpired => match task_of(words) {
            Some(task) => vec![format!("maestro task get {task}"), again],
            None => vec!["maestro events --limit 5".to_owned(), again],
        },
    }
}

/// Whether a setting was to be changed: `config set` and `config --set`.
fn is_set(words: &[String]) -> bool {
    words.iter().any(|word| word == "config") && words.iter().any(|word| word.trim_start_matches("--") == "set")
}

/// A list with fewer items, when it is a list that was asked for.
fn shorter(words: &[String]) -> Option<String> {
    let mut words = without(words, "--limit");
    words.extend(["--limit".to_owned(), "20".to_owned()]);
    Some(line(&words)).filter(|line| crate::runnable::check(line).is_ok())
}

fn task_of(words: &[String]) -> Option<String> {
    words.iter().find(|word| word.parse::<maestro_domain::TaskRef>().is_ok()).cloned()
}

/// The flags that say where: what comes next is to happen there too.
fn place(globals: &Globals) -> String {
    let mut flags = String::new();
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            flags.push_str(&format!(" {name} {}", quoted(&value)));
        }
    };
    add("--home", globals.home.as_ref().map(|home| home.display().to_string()));
    add("--server", globals.server.clone().filter(|server| !server.contains('@')));
    add("-p", globals.project.as_ref().map(ToString::to_string));
    flags
}

/// Commands that are about no project.
const WHEREVER: [&str; 10] =
    ["up", "down", "doctor", "logs", "backup", "restore", "config ", "whoami", "project list", "project use"];
/// Commands that ask nobody.
const ALONE: [&str; 7] = ["errors ", "help", "schema", "completions", "man", "template list", "skill "];

/// A command with those flags, unless it has its own or is about no place.
fn placed(command: &str, place: &str) -> String {
    let Some(rest) = command.strip_prefix("maestro ") else { return command.to_owned() };
    let own = ["--home", "--server", "-p ", "--project"].iter().any(|flag| rest.contains(flag));
    let alone = ALONE.iter().any(|word| rest.starts_with(word));
    let wherever = WHEREVER.iter().any(|word| rest.starts_with(word));
    let place = if wherever { place.split(" -p ").next().unwrap_or_default() } else { place };
    if own || alone || rest.ends_with("--help") {
        return command.to_owned();
    }
    format!("maestro{place} {rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        shlex::split(line).unwrap()
    }

    fn commands(error: &ErrorBody) -> Vec<String> {
        named(error)
    }

    #[test]
    fn every_code_has_commands_that_can_be_typed() {
        for code in ErrorCode::ALL {
            let bare = ErrorBody::new(*code, "it is so");
            let error = complete(bare, &words("task start web/t3 --force"), &Globals::default());
            let all = commands(&error);
            assert!(!all.is_empty(), "{code}");
            for command in &all {
                crate::runnable::check(command).unwrap_or_else(|why| panic!("{code}: {command}: {why}"));
            }
            assert_eq!(error.suggestion.as_ref(), all.first(), "{code}");
        }
    }

    #[test]
    fn a_mistyped_value_is_set_right_in_the_callers_own_line() {
        let line = |code, message: &str, typed: &str| {
            let error = complete(ErrorBody::new(code, message), &words(typed), &Globals::default());
            commands(&error)[0].clone()
        };
        let task = "'3' is not a task's id";
        assert_eq!(line(ErrorCode::InvalidTaskId, task, "wait 3 t4"), "maestro wait t3 t4");
        let status = "'done' is not a status";
        let typed = "task list --status=pending,done 'a b'";
        assert_eq!(line(ErrorCode::InvalidStatus, status, typed), "maestro task list --status=pending,completed 'a b'");
    }

    #[test]
    fn the_first_command_is_the_next_step() {
        let first = |code, typed: &str| {
            let error = complete(ErrorBody::new(code, "it is so"), &words(typed), &Globals::default());
            commands(&error)[0].clone()
        };
        use ErrorCode as E;
        let told = [
            (E::InvalidCursor, "task list --cursor x --limit 3", "maestro task list --limit 3"),
            (E::InvalidCursor, "task list --cursor=x", "maestro task list"),
            (E::TooLarge, "task list --limit=1000 --mine", "maestro task list --mine --limit 20"),
            (E::TooLarge, "task create x", "maestro task create --help"),
            (
                E::MissingRequiredField,
                "task block t1",
                "maestro task block t1 --reason 'what t1 waits for, and from whom'",
            ),
            (E::FileNotFound, "task import plan.md", "maestro task import --help"),
            (E::CommandIdReused, "task start t1", "maestro task start t1"),
            (E::CommandExpired, "task complete t1", "maestro task get t1"),
            (E::InvalidConfig, "config set retries many", "maestro config list"),
            (E::InvalidConfig, "config list", "maestro errors show invalid_config"),
            (E::InvalidAgent, "session spawn --agent 'x y'", "maestro agent list"),
        ];
        for (code, typed, expected) in told {
            assert_eq!(first(code, typed), expected, "{code}");
        }
    }

    #[test]
    fn what_comes_next_happens_in_the_same_place() {
        let globals = Globals { project: "web".parse().ok(), ..Globals::default() };
        let error = ErrorBody::new(ErrorCode::TaskNotFound, "no t9").commands(["maestro task list"]);
        let error = complete(error, &words("task get t9"), &globals);
        assert_eq!(commands(&error), ["maestro -p web task list"]);
        assert_eq!(error.suggestion.as_deref(), Some("maestro -p web task list"));
    }

    #[test]
    fn refusals_of_the_rules_name_commands_that_can_be_typed() {
        use maestro_domain::{Holder, Refusal, SessionStatusKind, StatusKind};
        let (task, other) = ("t3".parse().unwrap(), "t4".parse().unwrap());
        let session = "s7".parse().unwrap();
        let holder = Holder { actor: "s7".parse().unwrap(), epoch: Some(1) };
        let mut refusals = vec![
            Refusal::ProjectNotFound("web".parse().unwrap()),
            Refusal::ProjectExists("web".parse().unwrap()),
            Refusal::ProjectArchived("web".parse().unwrap()),
            Refusal::ConfirmationMissing("web".parse().unwrap()),
            Refusal::TaskNotFound(task),
            Refusal::SubtaskNotFound { task, subtask: "st9".parse().unwrap(), known: vec!["st1".parse().unwrap()] },
            Refusal::SessionNotFound(session),
            Refusal::MessageNotFound("m4".parse().unwrap()),
            Refusal::AlreadyClaimed { task, holder: holder.clone() },
            Refusal::AlreadyAssigned { task, session },
            Refusal::DependenciesOpen { task, open: vec![other], startable: vec![other], held: vec![] },
            Refusal::OpenSubtasks { task, open: vec!["st1".parse().unwrap()] },
            Refusal::DependencyCycle { circle: vec![task, other, task] },
            Refusal::HasDependants { task, dependants: vec![other] },
            Refusal::StillClaimed { task, holder },
            Refusal::NotClaimed { task, actor: "ann".parse().unwrap() },
            Refusal::NotPermitted { actor: "s7".parse().unwrap(), what: "cancel t3".to_owned(), task: Some(task) },
            Refusal::StaleSession { session, given: Some(1), current: 2 },
            Refusal::SessionState { session, status: SessionStatusKind::Exited, verb: "stop" },
            Refusal::SessionTaken { session, by: "host-a".parse().unwrap() },
            Refusal::LimitReached { what: "tasks", limit: 3 },
            Refusal::NoUpdates,
            Refusal::NotDue,
        ];
        for from in StatusKind::ALL {
            for verb in
                ["complete", "block", "unblock", "reopen", "submit", "approve", "release", "spawn a session for it"]
            {
                refusals.push(Refusal::InvalidTransition { task, from, verb, needs_force: verb == "complete" });
            }
        }
        for refusal in refusals {
            let said = format!("{refusal:?}");
            let error = complete(refusal.into(), &words("task get t3"), &Globals::default());
            let all = commands(&error);
            assert!(!all.is_empty(), "{said}");
            for command in all {
                crate::runnable::check(&command).unwrap_or_else(|why| panic!("{said}: {command}: {why}"));
            }
        }
    }
}
