//! The whole, and the commands without a noun that workers use.

use super::{Lesson, lesson};

pub const LESSONS: &[Lesson] = &[
    lesson(
        "",
        &[
            ("Begin: a stack, a project in this directory, a task", "maestro up --detach"),
            ("Then", "maestro init"),
            ("And", "maestro task create \"Write the parser\" --subtask lexer --priority high"),
            ("How does it stand, and what needs me?", "maestro status"),
            ("A worker's first command: the best ready task, taken in one step", "maestro task next --claim"),
        ],
        &["help getting-started", "help agents", "task", "session"],
    ),
    lesson(
        "help",
        &[
            ("From nothing to a finished task, in a few steps", "maestro help getting-started"),
            ("Everything that an agent needs, in one page", "maestro help agents"),
            ("One command", "maestro help task create"),
        ],
        &["errors", "schema"],
    ),
    lesson(
        "init",
        &[
            ("Make a project of this directory's name", "maestro init"),
            ("Or with a name, and the agent that its sessions run", "maestro init web --default-agent claude"),
        ],
        &["project create", "project use", "task create"],
    ),
    lesson(
        "status",
        &[
            ("What needs me, what runs, what is ready", "maestro status"),
            ("The same as data", "maestro status --json"),
            ("What runs, how full it is, what failed", "maestro status --system"),
        ],
        &["task list", "session list", "stats", "doctor"],
    ),
    lesson(
        "next",
        &[("What would be best to do now?", "maestro next"), ("Take it", "maestro next --claim")],
        &["task next", "task start"],
    ),
    lesson(
        "update",
        &[("Say what this session is doing", "maestro update \"reading the parser\"")],
        &["task log", "message send"],
    ),
    lesson(
        "wait",
        &[
            ("Until a task is done, blocked, in review, or somebody writes", "maestro wait t3"),
            ("Until all of them are, for a minute at most", "maestro wait t3 t4 s7 --all --timeout 1m"),
        ],
        &["session wait", "events", "message read"],
    ),
    lesson(
        "events",
        &[
            ("What happened last", "maestro events"),
            ("What happens, about one task, as JSON Lines", "maestro events --follow --about t3 --json"),
            ("What happened after a sequence that an answer named", "maestro events --since 42"),
        ],
        &["wait", "task watch", "task get"],
    ),
    lesson(
        "stats",
        &[
            ("Two weeks: created and completed a day, durations, rates", "maestro stats"),
            ("A month, as data", "maestro stats --days 30 --json"),
        ],
        &["status", "task list", "events"],
    ),
    lesson("whoami", &[("Who acts here, where, and who says so", "maestro whoami")], &["config list", "doctor"]),
];
