//! What clap says about a command line, as an error that teaches.

use std::error::Error as _;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use maestro_domain::InvalidValue;
use maestro_wire::{ErrorBody, ErrorCode};

/// The error of a command line that could not be understood.
pub fn explain(error: &clap::Error, words: &[String]) -> ErrorBody {
    if let Some(invalid) = error.source().and_then(|source| source.downcast_ref::<InvalidValue>()) {
        // Whoever completes it knows what helps.
        let body = ErrorBody::from(invalid.clone());
        return match argument(error) {
            Some(argument) => body.with("argument", argument),
            None => body,
        };
    }
    let code = match error.kind() {
        ErrorKind::MissingRequiredArgument => ErrorCode::MissingRequiredField,
        _ => ErrorCode::Usage,
    };
    let mut body = ErrorBody::new(code, message(error));
    if let Some(argument) = argument(error) {
        body = body.with("argument", argument);
    }
    match nearest(error) {
        Some(near) => body.with("nearest", near.clone()).commands([repaired(error, words, &near), help_of(words)]),
        None => body.commands([help_of(words)]),
    }
}

fn message(error: &clap::Error) -> String {
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return "a command is missing".to_owned();
    }
    let text = error.render().to_string();
    let lines = text.strip_prefix("error: ").unwrap_or(&text).lines();
    let told: Vec<&str> = lines.map(str::trim).take_while(|line| !line.is_empty()).collect();
    told.join(" ")
}

fn argument(error: &clap::Error) -> Option<String> {
    [ContextKind::InvalidArg, ContextKind::InvalidSubcommand].into_iter().find_map(|kind| text(error.get(kind)?))
}

fn nearest(error: &clap::Error) -> Option<String> {
    [ContextKind::SuggestedSubcommand, ContextKind::SuggestedArg, ContextKind::SuggestedValue]
        .into_iter()
        .find_map(|kind| text(error.get(kind)?))
}

fn text(value: &ContextValue) -> Option<String> {
    match value {
        ContextValue::String(text) => Some(text.clone()),
        // The best one comes last.
        ContextValue::Strings(all) => all.last().cloned(),
        _ => None,
    }
}

/// The line as it was typed with the wrong word replaced.
fn repaired(error: &clap::Error, words: &[String], near: &str) -> String {
    let named = argument(error).unwrap_or_default();
    // Of an option with a value only the value is wrong, and of `--lable=x` only what stands before the sign.
    let wrong = error.get(ContextKind::InvalidValue).and_then(text).unwrap_or(named);
    let words: Vec<String> = words
        .iter()
        .map(|word| match word.split_once('=') {
            _ if *word == wrong => near.to_owned(),
            Some((option, value)) if option == wrong => format!("{near}={value}"),
            Some((option, value)) if value == wrong => format!("{option}={near}"),
            Some(_) | None => word.clone(),
        })
        .collect();
    line(&words)
}

/// Words as a line that can be typed.
pub fn line(words: &[String]) -> String {
    std::iter::once("maestro".to_owned()).chain(words.iter().map(|word| quoted(word))).collect::<Vec<_>>().join(" ")
}

/// The words without an option and its value.
pub fn without(words: &[String], option: &str) -> Vec<String> {
    let joined = format!("{option}=");
    let mut kept = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == option {
            words.next();
        } else if !word.starts_with(&joined) {
            kept.push(word.clone());
        }
    }
    kept
}

/// A word as a shell needs it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// How to ask for the help of the command that these words begin.
pub fn help_of(words: &[String]) -> String {
    let path = crate::help::path(words);
    let mut line = std::iter::once("maestro").chain(path.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
    line.push_str(" --help");
    line
}
