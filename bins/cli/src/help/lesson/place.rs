//! Settings, codes, shapes, and what shells and manuals want.

use super::{Lesson, lesson};

pub const LESSONS: &[Lesson] = &[
    lesson(
        "config",
        &[("What holds here, and who says so", "maestro config list"), ("Change it", "maestro config set retries 5")],
        &["whoami", "doctor"],
    ),
    lesson("config get", &[("One value", "maestro config get server")], &["config list", "config set"]),
    lesson(
        "config set",
        &[
            ("The project of every directory that names none", "maestro config set defaultProject web"),
            ("The default again", "maestro config set retries --unset"),
        ],
        &["config list", "project use"],
    ),
    lesson("config list", &[("Every value and its origin", "maestro config list")], &["config set", "whoami"]),
    lesson(
        "errors",
        &[("What does a code mean?", "maestro errors show already_claimed"), ("All of them", "maestro errors list")],
        &["help agents", "schema", "doctor"],
    ),
    lesson("errors list", &[("Codes, exit codes, meanings", "maestro errors list")], &["errors show", "schema"]),
    lesson(
        "errors show",
        &[("What is, why, and what to do", "maestro errors show dependencies_open")],
        &["errors list", "doctor"],
    ),
    lesson(
        "schema",
        &[
            ("Which shapes are there?", "maestro schema"),
            ("The shape of a task in a list", "maestro schema view.task-row"),
            ("Of what `task import` reads", "maestro schema command.task.import"),
        ],
        &["errors list", "help agents"],
    ),
    lesson(
        "completions",
        &[
            ("For this shell only", "source <(maestro completions bash)"),
            ("For fish, for ever", "maestro completions fish > ~/.config/fish/completions/maestro.fish"),
        ],
        &["man", "help"],
    ),
    lesson(
        "man",
        &[
            ("Read it", "maestro man | man -l -"),
            ("The page of one command", "maestro man task create > maestro-task-create.1"),
        ],
        &["help", "completions"],
    ),
];
