//! Parsing with only the branch of the tree that was named: building the whole tree takes longer than the question
//! to the server. What the branch does not hold is parsed with the whole tree.

use std::ffi::OsString;

use clap::{Args, Command, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::cli::{Cli, Globals, Top};
use crate::parse::first_word;

/// The command line; `arguments` begins with the program's name.
pub fn parse(arguments: &[OsString]) -> Result<Cli, clap::Error> {
    match first_word(arguments).map(|(_, word)| word) {
        Some("task") => noun("task", Top::Task, arguments),
        Some("subtask") => noun("subtask", Top::Subtask, arguments),
        Some("session") => noun("session", Top::Session, arguments),
        Some("message") => noun("message", Top::Message, arguments),
        Some("project") => noun("project", Top::Project, arguments),
        Some("skill") => noun("skill", Top::Skill, arguments),
        Some("errors") => noun("errors", Top::Errors, arguments),
        Some("template") => noun("template", Top::Template, arguments),
        Some("help") => leaf("help", Top::Help, arguments),
        Some("schema") => leaf("schema", Top::Schema, arguments),
        Some("stats") => leaf("stats", Top::Stats, arguments),
        Some("status") => leaf("status", Top::Status, arguments),
        Some("next") => leaf("next", Top::Next, arguments),
        Some("update") => leaf("update", Top::Update, arguments),
        Some("wait") => leaf("wait", Top::Wait, arguments),
        Some("events") => leaf("events", Top::Events, arguments),
        Some("hook") => leaf("hook", Top::Hook, arguments),
        Some("whoami") => leaf("whoami", Top::Whoami, arguments),
        // What the whole help says is made by whoever shows it; to make it here too takes as long again.
        None if arguments[1..].iter().any(|word| word == "--help" || word == "-h") => {
            Err(clap::Error::new(clap::error::ErrorKind::DisplayHelp))
        }
        Some(_) | None => Cli::try_parse_from(arguments),
    }
}

fn noun<C: Subcommand>(word: &'static str, top: fn(C) -> Top, arguments: &[OsString]) -> Result<Cli, clap::Error> {
    let branch = C::augment_subcommands(Command::new(word)).subcommand_required(true).arg_required_else_help(true);
    with(branch, C::from_arg_matches, top, arguments)
}

fn leaf<A: Args>(word: &'static str, top: fn(A) -> Top, arguments: &[OsString]) -> Result<Cli, clap::Error> {
    with(A::augment_args(Command::new(word)), A::from_arg_matches, top, arguments)
}

fn with<T>(
    branch: Command,
    read: impl Fn(&clap::ArgMatches) -> Result<T, clap::Error>,
    top: fn(T) -> Top,
    arguments: &[OsString],
) -> Result<Cli, clap::Error> {
    let trunk = Command::new("maestro").version(env!("CARGO_PKG_VERSION")).max_term_width(110);
    let trunk = trunk.disable_help_subcommand(true);
    let matches = Globals::augment_args(trunk).subcommand(branch).try_get_matches_from(arguments)?;
    match matches.subcommand() {
        Some((_, below)) => Ok(Cli { globals: Globals::from_arg_matches(&matches)?, command: top(read(below)?) }),
        None => Cli::command().try_get_matches_from(arguments).and_then(|all| Cli::from_arg_matches(&all)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every line means, and says, the same with the branch as with the whole tree.
    #[test]
    fn a_branch_parses_as_the_tree_does() {
        let lines: &[&[&str]] = &[
            &["--json", "-p", "web", "task", "get", "t3", "--timeout", "2s"],
            &["task", "create", "x", "--desc", "- a", "--subtask", "b", "--quiet"],
            &["subtask", "complete", "t1", "st2"],
            &["session", "spawn", "--agent", "shell", "--", "sh", "-c", "true"],
            &["message", "send", "s3", "hello"],
            &["project", "list", "--json"],
            &["errors", "show", "internal"],
            &["skill", "list", "--role", "worker"],
            &["skill", "instal"],
            &["hook", "claude", "Stop"],
            &["hook"],
            &["status"],
            &["next", "--claim"],
            &["update", "half way"],
            &["wait", "t1", "--all"],
            &["events", "-f"],
            &["whoami"],
            &["config", "list"],
            &["template", "apply", "x", "--set", "a=b"],
            &["help", "task", "log"],
            &["schema", "view.task"],
            &["stats", "--days", "3"],
            &["help", "--hlep"],
            &["task"],
            &["task", "lst"],
            &["task", "get", "x1"],
            &["task", "--help"],
            &["task", "get", "--help"],
            &["wait"],
            &["wait", "--help"],
            &["session", "spawn", "--tsk", "t1"],
            &["--version"],
            &[],
        ];
        for line in lines {
            let arguments: Vec<OsString> =
                std::iter::once("maestro").chain(line.iter().copied()).map(Into::into).collect();
            match (parse(&arguments), Cli::try_parse_from(&arguments)) {
                (Ok(branch), Ok(tree)) => assert_eq!(format!("{branch:?}"), format!("{tree:?}"), "{line:?}"),
                (Err(branch), Err(tree)) => {
                    assert_eq!(branch.kind(), tree.kind(), "{line:?}");
                    assert_eq!(branch.render().to_string(), tree.render().to_string(), "{line:?}");
                }
                (branch, tree) => panic!("{line:?}: {branch:?} and {tree:?}"),
            }
        }
    }
}
