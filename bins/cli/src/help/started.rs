//! `help getting-started`: from nothing to a finished task.

use crate::output::{ACCENT, BOLD, paint};
use crate::view;

/// A step: what for, and what is typed.
type Step = (&'static str, &'static [&'static str]);

const STEPS: &[Step] = &[
    ("1. Start the programs; it prints the dashboard's address", &["maestro up --detach"]),
    ("2. In your repository, make a project. Every command below this directory is about it", &["maestro init"]),
    (
        "3. Write tasks down. Steps are subtasks; what waits for what is a dependency",
        &[
            "maestro task create \"Write the parser\" --subtask lexer --subtask grammar",
            "maestro task create \"Document the parser\" --depends-on t1",
            "maestro task graph",
        ],
    ),
    (
        "4. Work on one yourself",
        &[
            "maestro task next --claim",
            "maestro task log t1 \"the lexer reads everything\"",
            "maestro subtask complete t1 st1",
            "maestro subtask complete t1 st2",
            "maestro task complete t1 --summary \"src/parse.rs, 12 tests\"",
        ],
    ),
    (
        "5. Or let an agent do it, and look on. `shell` runs a command, the others need their program",
        &[
            "maestro agent doctor",
            "maestro session spawn --task t2 --agent shell --prompt 'maestro task start; maestro task complete'",
            "maestro wait t2",
            "maestro status",
            "maestro events --follow",
        ],
    ),
    (
        "6. With Claude Code where `maestro up` runs; codex, gemini and opencode likewise",
        &["maestro session spawn --agent claude --prompt 'Say what this repository is about'"],
    ),
    ("7. End the stack; everything is kept", &["maestro down"]),
];

/// The text, with colours.
pub fn text() -> String {
    let mut text = paint(BOLD, "Getting started");
    text.push('\n');
    for (what, lines) in STEPS {
        text.push_str(&format!("\n{what}\n\n"));
        for line in *lines {
            text.push_str(&format!("    {}\n", paint(ACCENT, broken(line))));
        }
    }
    text.push_str(
        "\nEvery refusal has a code and names the next command to type: `maestro errors show <code>` explains it. Every \
         command takes --json and then prints exactly one document. `maestro <command> --help` has examples; `maestro \
         help agents` is the whole surface on one page, made for an agent's context.",
    );
    view::wrapped(&text)
}

/// A long line goes on below with its last option, as a shell reads it.
fn broken(line: &str) -> String {
    const LONGEST: usize = 76;
    match line.rfind(" --").filter(|_| line.chars().count() > LONGEST) {
        Some(at) => format!("{} \\\n        {}", &line[..at], line[at..].trim_start()),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_line_can_be_typed() {
        for (_, lines) in super::STEPS {
            for line in *lines {
                crate::runnable::check(line).unwrap_or_else(|error| panic!("{line}: {error}"));
            }
        }
    }
}
