//! `task …`: what a task is, and where it stands.

use super::{Lesson, lesson};

pub const LESSONS: &[Lesson] = &[
    lesson(
        "task",
        &[
            ("What is there?", "maestro task list"),
            ("Take the best ready one", "maestro task next --claim"),
            ("Everything about one", "maestro task get t3"),
        ],
        &["subtask", "status", "help agents"],
    ),
    lesson(
        "task create",
        &[
            (
                "With steps and a criterion",
                "maestro task create \"Write the parser\" --subtask lexer --accept \"tests pass\"",
            ),
            ("One that waits for others", "maestro task create \"Release\" --depends-on t1,t2 --priority high"),
            ("A long description from a file", "cat plan.md | maestro task create \"Plan\" --desc -"),
        ],
        &["task import", "template apply", "task depend", "subtask create"],
    ),
    lesson(
        "task list",
        &[
            ("What can be started now, the most urgent first", "maestro task list --ready --sort priority"),
            ("What is stuck or waits for a look", "maestro task list --status blocked,in_review"),
            ("Words in title or description; two fields of each", "maestro task list parser --fields id,title"),
            ("Twenty at a time; what shows the next stands below", "maestro task list --limit 20"),
        ],
        &["task get", "task graph", "task watch", "status"],
    ),
    lesson(
        "task get",
        &[
            ("Everything that a worker needs, in one answer", "maestro task get t3"),
            ("One's own task in a session, a part of it", "maestro task get --fields title,acceptance --json"),
        ],
        &["task list", "subtask list", "events"],
    ),
    lesson(
        "task update",
        &[
            ("Change what is given, keep the rest", "maestro task update t3 --priority critical --label parser"),
            ("A status by name: the verb that leads there runs", "maestro task update t3 --status in_progress"),
        ],
        &["task depend", "task log", "task get"],
    ),
    lesson(
        "task depend",
        &[
            ("t5 waits for t3 and t4", "maestro task depend t5 --on t3,t4"),
            ("And no longer for t3", "maestro task depend t5 --remove t3"),
        ],
        &["task graph", "task list", "task create"],
    ),
    lesson(
        "task delete",
        &[
            ("With its steps", "maestro task delete t3"),
            ("Although others depend on it", "maestro task delete t3 --force"),
        ],
        &["task cancel", "project archive"],
    ),
    lesson(
        "task watch",
        &[
            ("The board, drawn anew whenever something happens", "maestro task watch"),
            ("Two tasks until both are done, one JSON line a change", "maestro task watch t3 t4 --json"),
        ],
        &["wait", "events", "task list"],
    ),
    lesson(
        "task graph",
        &[
            ("What depends on what, as a tree", "maestro task graph"),
            ("What one task waits for", "maestro task graph t5"),
            ("A picture", "maestro task graph --format dot | dot -Tsvg"),
        ],
        &["task depend", "task list"],
    ),
    lesson(
        "task export",
        &[
            ("Every task, one JSON object a line", "maestro task export > tasks.jsonl"),
            ("A checklist for people", "maestro task export --format markdown > plan.md"),
        ],
        &["task import", "task list", "template save"],
    ),
    lesson(
        "task import",
        &[
            ("A checklist; once more, and only what is new is created", "maestro task import plan.md"),
            ("A plan in one step: tasks name each other by `key`", "cat plan.jsonl | maestro task import -"),
            ("What would be created?", "maestro task import plan.md --dry-run"),
        ],
        &["task export", "template apply", "task graph", "schema"],
    ),
];
