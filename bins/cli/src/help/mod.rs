//! Help that teaches: every command with examples and what else to look at, and texts for those who begin.
//!
//! The lessons hang on the same tree that parses the command line, so a command that is gone takes its lesson along:
//! a test compares them, and parses every example.

pub mod agents;
mod lesson;
pub mod reference;
pub mod started;

use std::ffi::OsString;

use clap::builder::StyledStr;
use clap::{Command, CommandFactory};
use serde_json::{Value, json};

use crate::cli::Cli;
use crate::output::{BOLD, DIM, paint};

pub use lesson::Lesson;

/// The whole tree with its lessons.
pub fn tree() -> Command {
    lesson::ALL.iter().copied().flatten().fold(Cli::command(), |tree, lesson| {
        let mut path = lesson.command.split(' ').filter(|word| !word.is_empty());
        attach(tree, &mut path, lesson)
    })
}

fn attach<'a>(command: Command, path: &mut impl Iterator<Item = &'a str>, lesson: &Lesson) -> Command {
    match path.next() {
        None => command.after_help(StyledStr::from(shown(lesson))),
        // All are looked at: to change one alone would put it last.
        Some(word) => {
            command.mut_subcommands(|below| if below.get_name() == word { attach(below, path, lesson) } else { below })
        }
    }
}

fn shown(lesson: &Lesson) -> String {
    let heading = BOLD.underline();
    let mut text = paint(heading, "Examples:");
    for (why, line) in lesson.examples {
        text.push_str(&format!("\n  {}\n  {line}", paint(DIM, format!("# {why}"))));
    }
    if !lesson.see.is_empty() {
        text.push_str(&format!("\n\n{}", paint(heading, "See also:")));
        // One a line: clap breaks a longer one where its heading ends.
        for command in lesson.see {
            text.push_str(&format!("\n  maestro {command}"));
        }
    }
    text
}

/// The whole tree without its lessons.
pub fn bare_tree() -> Command {
    Cli::command()
}

/// The tree with the lesson of one command only: to hang all of them takes longer than the help does otherwise.
pub fn tree_for(path: &[String]) -> Command {
    match of(&path.join(" ")) {
        Some(lesson) => attach(Cli::command(), &mut path.iter().map(String::as_str), lesson),
        None => Cli::command(),
    }
}

/// The words of a command without its flags.
pub fn named(words: &[String]) -> Vec<String> {
    let words = words.iter().filter(|word| !word.starts_with('-') && *word != "help");
    let words = words.flat_map(|word| crate::parse::split(word));
    let words: Vec<String> = words.collect();
    // Values of global flags may stand before the command.
    let known = |word: &String| {
        lesson::ALL.iter().copied().flatten().any(|lesson| lesson.command.split(' ').next() == Some(word))
    };
    let from = words.iter().position(known).unwrap_or(words.len());
    words[from..].to_vec()
}

/// The help that a line with `--help` in it asks for: as a document, and as text with colours.
pub fn asked(arguments: &[OsString]) -> (Value, String) {
    let path = path(&crate::start::spoken(arguments));
    let mut tree = tree_for(&path);
    let text = match tree.try_get_matches_from_mut(arguments) {
        Err(error) => error.render(),
        Ok(_) => tree.render_long_help(),
    };
    (document(&path, &text.to_string()), text.ansi().to_string())
}

/// The command that a line is about; every one has its lesson.
pub fn path(words: &[String]) -> Vec<String> {
    if words.iter().find(|word| !word.starts_with('-')).is_some_and(|word| word == "help") {
        return vec!["help".to_owned()];
    }
    let words = named(words);
    let lead = |most: &usize| of(&words[..*most].join(" ")).is_some();
    let most = (0..=words.len().min(2)).rev().find(lead).unwrap_or(0);
    words[..most].to_vec()
}

/// The lesson of a command.
pub fn of(command: &str) -> Option<&'static Lesson> {
    lesson::ALL.iter().copied().flatten().find(|lesson| lesson.command == command)
}

/// The command that these words lead to, as far as they do, and its words.
pub fn find(tree: &Command, words: &[String]) -> (Command, Vec<String>) {
    let (mut at, mut path) = (tree.clone(), Vec::new());
    for word in words {
        let Some(next) = at.find_subcommand(word).cloned() else { break };
        path.push(next.get_name().to_owned());
        at = next;
    }
    (at, path)
}

/// The help of a command as a document.
pub fn document(path: &[String], text: &str) -> Value {
    let name = path.join(" ");
    let lesson = of(&name);
    let examples = lesson.map(|lesson| {
        lesson.examples.iter().map(|(why, line)| json!({"about": why, "command": line})).collect::<Vec<_>>()
    });
    let see = lesson.map(|lesson| lesson.see.iter().map(|command| format!("maestro {command}")).collect::<Vec<_>>());
    json!({"command": name, "text": text, "examples": examples.unwrap_or_default(), "seeAlso": see.unwrap_or_default()})
}

/// Every command that does something, with its words, in the order of the help.
#[cfg(test)]
pub fn leaves(tree: &Command) -> Vec<(String, Command)> {
    fn walk(command: &Command, path: &str, found: &mut Vec<(String, Command)>) {
        for below in command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help") {
            let path =
                if path.is_empty() { below.get_name().to_owned() } else { format!("{path} {}", below.get_name()) };
            if !below.has_subcommands() || !below.is_subcommand_required_set() {
                found.push((path.clone(), below.clone()));
            }
            walk(below, &path, found);
        }
    }
    let mut found = Vec::new();
    walk(tree, "", &mut found);
    if let Some(help) = tree.find_subcommand("help") {
        found.push(("help".to_owned(), help.clone()));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that a person can ask for help about.
    fn everything() -> Vec<(String, Command)> {
        fn walk(command: &Command, path: &str, found: &mut Vec<(String, Command)>) {
            found.push((path.to_owned(), command.clone()));
            for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
                walk(below, format!("{path} {}", below.get_name()).trim(), found);
            }
        }
        let mut found = Vec::new();
        walk(&tree(), "", &mut found);
        found
    }

    #[test]
    fn every_help_has_examples_and_names_related_commands() {
        let mut poor = Vec::new();
        for (path, mut command) in everything() {
            let text = command.render_long_help().to_string();
            if !text.contains("Examples:") || !text.contains("See also:") {
                poor.push(path);
            }
        }
        assert!(poor.is_empty(), "without a lesson (src/help/lesson): {poor:#?}");
    }

    #[test]
    fn every_lesson_is_of_a_command_and_every_example_can_be_typed() {
        let paths: Vec<String> = everything().into_iter().map(|(path, _)| path).collect();
        for lesson in lesson::ALL.iter().copied().flatten() {
            assert!(paths.iter().any(|path| path == lesson.command), "there is no command '{}'", lesson.command);
            for (why, line) in lesson.examples {
                crate::runnable::check(line).unwrap_or_else(|error| panic!("{}: {line}: {error}", lesson.command));
                assert!(line.chars().count() <= 76 && why.chars().count() <= 74, "80 columns: {line}");
            }
            for see in lesson.see {
                assert!(paths.iter().any(|path| path == see) || see.starts_with("help "), "see also: '{see}'");
                assert_ne!(*see, lesson.command, "a command does not lead to itself");
            }
        }
    }

    #[test]
    fn every_option_and_argument_is_explained() {
        let mut bare = Vec::new();
        for (path, command) in everything() {
            let arguments = command.get_arguments().filter(|argument| !argument.is_hide_set());
            let silent = arguments.filter(|argument| argument.get_help().is_none()).map(|argument| argument.get_id());
            bare.extend(silent.map(|id| format!("{path}: {id}")));
        }
        assert!(bare.is_empty(), "{bare:#?}");
    }
}
