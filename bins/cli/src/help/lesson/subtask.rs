//! `subtask …`

use super::{Lesson, lesson};

pub const LESSONS: &[Lesson] = &[
    lesson(
        "subtask",
        &[("The steps of a task", "maestro subtask list t3"), ("Tick one off", "maestro subtask complete t3 st1")],
        &["task get", "task create"],
    ),
    lesson(
        "subtask create",
        &[
            ("A step of this session's task", "maestro subtask create \"fuzz it\""),
            ("Of another one", "maestro subtask create t3 \"fuzz it\" --desc \"for an hour\""),
        ],
        &["subtask list", "subtask move", "task create"],
    ),
    lesson(
        "subtask list",
        &[
            ("With their ids", "maestro subtask list t3"),
            ("Only these", "maestro subtask list t3 --fields id,completed"),
        ],
        &["subtask complete", "task get"],
    ),
    lesson(
        "subtask update",
        &[("Another title", "maestro subtask update t3 st1 --title \"lexer and tokens\"")],
        &["subtask list", "subtask move"],
    ),
    lesson(
        "subtask complete",
        &[
            ("Of this session's task", "maestro subtask complete st1"),
            ("Of another one", "maestro subtask complete t3 st1"),
        ],
        &["subtask list", "subtask reopen", "task complete"],
    ),
    lesson(
        "subtask reopen",
        &[("It was not done", "maestro subtask reopen t3 st1")],
        &["subtask complete", "task reopen"],
    ),
    lesson("subtask delete", &[("Take it out", "maestro subtask delete t3 st2")], &["subtask list", "subtask move"]),
    lesson(
        "subtask move",
        &[("To the first place", "maestro subtask move t3 st4 1")],
        &["subtask list", "subtask update"],
    ),
];
