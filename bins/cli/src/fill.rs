//! A line with a text that is missing or cannot be kept, set right: what is missing becomes words that say what belongs
//! there, what is too long becomes shorter. It can be typed as it stands, and read as what it is.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use maestro_wire::{ErrorBody, ErrorCode};
use serde_json::Value;

use crate::{help, narrow, parse};

/// Arguments that may be missing from one line.
const MOST: usize = 4;
const TITLE: usize = 200;
const LINE: usize = 500;

/// The words with what they lack.
pub fn completed(error: &ErrorBody, words: &[String]) -> Option<Vec<String>> {
    match error.code {
        ErrorCode::MissingRequiredField => missing(error, words),
        ErrorCode::InvalidTitle | ErrorCode::InvalidText => mended(error.code, words),
        _ => None,
    }
    .filter(|line| parsed(line).is_ok())
}

fn parsed(words: &[String]) -> Result<(), clap::Error> {
    let line = std::iter::once("maestro".to_owned()).chain(words.iter().cloned()).map(Into::into).collect();
    narrow::parse(&parse::split_hyphenated(line)).map(drop)
}

fn missing(error: &ErrorBody, words: &[String]) -> Option<Vec<String>> {
    if words.iter().any(|word| word == "--") {
        return None;
    }
    // What is typed into an agent is not made up: first it is looked at.
    let named = help::named(words);
    if let [noun, verb, rest @ ..] = named.as_slice()
        && noun == "session"
        && matches!(verb.as_str(), "answer" | "send")
    {
        let session = rest.iter().find(|word| word.parse::<maestro_domain::SessionId>().is_ok())?;
        return Some(["session", "info", session].map(ToOwned::to_owned).to_vec());
    }
    let mut line = words.to_vec();
    for _ in 0..MOST {
        let Err(refusal) = parsed(&line) else { break };
        if refusal.kind() != ErrorKind::MissingRequiredArgument {
            return None;
        }
        let Some(ContextValue::Strings(names)) = refusal.get(ContextKind::InvalidArg) else { return None };
        add(&mut line, names.first()?.split(' ').next()?)?;
    }
    if line == words {
        let field = error.details.get("field").and_then(Value::as_str)?;
        add(&mut line, if field == "reason" { "--reason" } else { "<TEXT>" })?;
    }
    Some(line)
}

/// Adds one argument: `--reason`, or `<TITLE>` at the end.
fn add(line: &mut Vec<String>, name: &str) -> Option<()> {
    let text = placeholder(line, name)?;
    if name.starts_with("--") {
        line.push(name.to_owned());
    }
    line.push(text);
    Some(())
}

/// Words for a text of the command that these words are.
fn placeholder(words: &[String], name: &str) -> Option<String> {
    let path = help::path(words);
    let task = words.iter().find(|word| word.parse::<maestro_domain::TaskRef>().is_ok());
    let task = task.map_or("this task", String::as_str);
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    Some(match (path.as_slice(), name) {
        (["project", "create"], "<ID>") => here()?,
        (["project" | "session", ..] | ["message", "send"], "<ID>" | "<SESSION>" | "<TO>") => return None,
        (["task", "block" | "update"], "--reason" | "-r") => format!("what {task} waits for, and from whom"),
        (_, "--reason" | "-r") => "why".to_owned(),
        (_, "--summary" | "-s") => format!("what was done for {task}, where it is, how it was checked"),
        (["task", "create"], _) => "what is to be done".to_owned(),
        (["task", "log"], _) => format!("how far {task} is"),
        (["task", "comment"], _) => format!("what is to be known about {task}"),
        (["task", "unblock"], _) => format!("the answer that {task} waited for"),
        (["task", "update"], _) => format!("what {task} is about"),
        (["subtask", "create" | "update"], _) => "the next step".to_owned(),
        (["message", "send"], _) => "what is to be known".to_owned(),
        (["update"], _) => "what this session is doing".to_owned(),
        (_, _) => return None,
    })
}

/// The present directory as a project's id.
fn here() -> Option<String> {
    let name = std::env::current_dir().ok()?.file_name()?.to_string_lossy().into_owned();
    crate::repair::value("invalid_project_id", &format!("{name} "))
        .filter(|id| id.parse::<maestro_domain::ProjectId>().is_ok())
}

/// A text that is blank, too long, or has characters that no text has.
fn mended(code: ErrorCode, words: &[String]) -> Option<Vec<String>> {
    let mut line = words.to_vec();
    if let Some(at) = words.iter().position(|word| word.trim().is_empty()) {
        let name = words[..at].last().filter(|before| before.starts_with('-')).map_or("<TEXT>", String::as_str);
        line[at] = placeholder(words, name)?;
        return Some(line);
    }
    if let Some(at) = words.iter().position(|word| word.chars().any(is_odd)) {
        line[at] = words[at].chars().map(|c| if is_odd(c) { ' ' } else { c }).collect();
        return Some(line);
    }
    let most = if code == ErrorCode::InvalidTitle { TITLE } else { LINE };
    let at = words.iter().position(|word| word.chars().count() > most || word.contains(['\n', '\r', '\t']))?;
    let flat = words[at].split_whitespace().collect::<Vec<_>>().join(" ");
    line[at] = match flat.char_indices().nth(most) {
        Some(_) => flat.chars().take(most - 2).chain(" …".chars()).collect(),
        None => flat,
    };
    // What a title cannot hold is not lost.
    let of_a_task = help::named(words).starts_with(&["task".to_owned(), "create".to_owned()]);
    if code == ErrorCode::InvalidTitle
        && of_a_task
        && !words.iter().any(|word| word.starts_with("--desc") || word == "-d")
    {
        line.extend(["--desc".to_owned(), words[at].clone()]);
    }
    Some(line)
}

fn is_odd(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t' | '\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(code: ErrorCode, field: Option<&str>, line: &[&str]) -> Option<String> {
        let words: Vec<String> = line.iter().map(|word| (*word).to_owned()).collect();
        let error = ErrorBody::new(code, "it is so");
        let error = match field {
            Some(field) => error.with("field", field),
            None => error,
        };
        completed(&error, &words).map(|words| crate::usage::line(&words))
    }

    #[test]
    fn what_is_missing_says_what_belongs_there() {
        let of = |field: Option<&str>, line: &str| {
            filled(ErrorCode::MissingRequiredField, field, &line.split(' ').collect::<Vec<_>>())
        };
        let told = [
            (None, "task block t1", "maestro task block t1 --reason 'what t1 waits for, and from whom'"),
            (None, "--json task-block", "maestro --json task-block --reason 'what this task waits for, and from whom'"),
            (None, "task create --priority high", "maestro task create --priority high 'what is to be done'"),
            (None, "task log", "maestro task log 'how far this task is'"),
            (Some("message"), "task log web/t3", "maestro task log web/t3 'how far web/t3 is'"),
            (None, "session answer s3", "maestro session info s3"),
            (Some("title"), "subtask create t3", "maestro subtask create t3 'the next step'"),
            (None, "message send s3", "maestro message send s3 'what is to be known'"),
            (
                Some("reason"),
                "task update t1 --status blocked",
                "maestro task update t1 --status blocked --reason 'what t1 waits for, and from whom'",
            ),
        ];
        for (field, line, expected) in told {
            assert_eq!(of(field, line).as_deref(), Some(expected), "{line}");
        }
        // To whom, which session, which project: nobody can guess.
        for line in ["message send", "session stop", "project purge", "task get t1", "session spawn --task t1 --"] {
            assert_eq!(of(None, line), None, "{line}");
        }
    }

    #[test]
    fn what_cannot_be_kept_is_made_to_fit() {
        let title = |line: &[&str]| filled(ErrorCode::InvalidTitle, None, line);
        let text = |line: &[&str]| filled(ErrorCode::InvalidText, None, line);
        assert_eq!(title(&["task", "create", " "]).as_deref(), Some("maestro task create 'what is to be done'"));
        assert_eq!(
            title(&["task", "create", "Parse\nCSV"]).as_deref(),
            Some("maestro task create 'Parse CSV' --desc 'Parse\nCSV'")
        );
        let long = "word ".repeat(60);
        let mended = title(&["task", "create", &long]).unwrap();
        let words = shlex::split(&mended).unwrap();
        assert!(words[3].chars().count() <= TITLE && words[3].ends_with(" …"), "{mended}");
        assert_eq!(words[4..], ["--desc".to_owned(), long]);
        assert_eq!(text(&["task", "log", "t1", "a\u{1b}[31m"]).as_deref(), Some("maestro task log t1 'a [31m'"));
        assert_eq!(
            text(&["task", "block", "t1", "--reason", ""]).as_deref(),
            Some("maestro task block t1 --reason 'what t1 waits for, and from whom'")
        );
        assert_eq!(text(&["task", "log", "t1", "-"]), None, "what stood on stdin is not known");
    }
}
