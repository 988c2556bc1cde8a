//! `help agents`: the whole surface on one page, for an agent's context. Made from the tree that parses.

use clap::{Arg, ArgAction, Command};

const BEFORE: &str = "\
Maestro for agents. Tasks t3, subtasks st1 (of a task), sessions s7, messages m4; of another project: web/t3.
In a session the task may be left out: it is the one you hold, else the last you took.

Your work, in this order:
  maestro task next --claim           take the best ready task; `null`: nothing is ready, stop
  maestro task get                    everything about it: steps, criteria, what it builds on, messages
  maestro task log \"...\"              progress, whenever something is worth knowing
  maestro subtask complete st1        each step when it is done
  maestro task complete --summary \"what, where, how checked\"
Stuck? maestro task block --reason \"the question\", then maestro wait: it returns with the answer.
Never poll: `wait` returns when something happens, or with exit 8 and the command that goes on waiting.

Rules: --json prints one document {\"success\",\"data\"|\"error\",\"details\",\"suggestion\"}; lists are
data.items with data.nextCursor for --cursor; --fields a,b and --limit keep answers small.
A refusal says what to do: run the first of details.commands, with your own words where it says what belongs
there. `-` as a text reads stdin. Nothing prompts.
Exit: 0 done, 1 defect, 2 usage, 3 not found, 4 conflict, 5 denied, 6 unavailable (try again), 7 refused
by the rules, 8 timed out. A report with \"queued\":true is kept and sent later: do not repeat it.

Commands (<> required, [] optional, `--x=` takes a value, `*` may be repeated; --help has examples):
";

/// The page.
pub fn text(tree: &Command) -> String {
    let mut text = BEFORE.to_owned();
    let commands = tree.get_subcommands().filter(|command| !command.is_hide_set());
    let (nouns, verbs): (Vec<_>, Vec<_>) = commands.partition(|command| command.has_subcommands());
    for verb in verbs {
        text.push_str(&line("", verb));
    }
    for noun in nouns {
        text.push_str(&format!("{}\n", noun.get_name()));
        for verb in noun.get_subcommands().filter(|verb| !verb.is_hide_set() && verb.get_name() != "help") {
            text.push_str(&line("  ", verb));
        }
    }
    let globals = tree.get_arguments().filter(|argument| argument.is_global_set()).map(option).collect::<Vec<_>>();
    text.push_str(&format!("everywhere {}", globals.join(" ")));
    text
}

/// `  log <TASK|MESSAGE> [MESSAGE]: Report progress on a task`
fn line(indent: &str, command: &Command) -> String {
    let mut words = vec![command.get_name().to_owned()];
    words.extend(command.get_positionals().map(place));
    let own = command.get_arguments().filter(|argument| !argument.is_positional() && !argument.is_hide_set());
    words.extend(own.filter(|argument| !argument.is_global_set()).map(option));
    let about = command.get_about().map(ToString::to_string).unwrap_or_default();
    format!("{indent}{}: {about}\n", words.join(" "))
}

fn place(argument: &Arg) -> String {
    let names: Vec<String> =
        argument.get_value_names().unwrap_or_default().iter().map(|name| name.to_string().to_lowercase()).collect();
    let many = if matches!(argument.get_action(), ArgAction::Append) && names.len() == 1 { "*" } else { "" };
    match (argument.is_required_set(), names.as_slice()) {
        (true, [before @ .., last]) if !before.is_empty() => format!("[{}] <{last}>", before.join("] [")),
        (true, _) => format!("<{}>{many}", names.join("> <")),
        (false, _) => format!("[{}]{many}", names.join("] [")),
    }
}

fn option(argument: &Arg) -> String {
    let value = if argument.get_action().takes_values() { "=" } else { "" };
    let many = if matches!(argument.get_action(), ArgAction::Append) { "*" } else { "" };
    let text = format!("--{}{value}{many}", argument.get_long().unwrap_or_default());
    if argument.is_required_set() { format!("<{text}>") } else { text }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_is_short_and_whole() {
        let tree = crate::help::tree();
        let page = super::text(&tree);
        assert!(page.lines().count() < 150, "{} lines", page.lines().count());
        for (path, _) in crate::help::leaves(&tree) {
            let verb = path.rsplit(' ').next().unwrap_or_default();
            let known = |line: &str| line.trim_start().split([' ', ':']).next() == Some(verb);
            assert!(page.lines().any(known), "{path} is missing");
        }
        assert!(page.lines().all(|line| line.chars().count() <= 240), "{page}");
    }
}
