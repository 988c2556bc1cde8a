//! `session …`

use super::{Lesson, lesson};

pub const LESSONS: &[Lesson] = &[
    lesson(
        "session",
        &[
            ("Who is at work?", "maestro session list"),
            ("Let an agent do a task", "maestro session spawn --task t3 --agent claude"),
        ],
        &["wait", "message send", "status"],
    ),
    lesson(
        "session spawn",
        &[
            ("A worker for a task", "maestro session spawn --task t3 --agent claude"),
            ("Any program as an agent", "maestro session spawn --task t3 --agent shell -- make test"),
            ("One that breaks work down and spawns others", "maestro session spawn --role orchestrator"),
            ("Install what it needs first", "maestro session spawn --task t3 --initial-command \"npm ci\""),
        ],
        &["session list", "wait", "session stop", "task create"],
    ),
    lesson(
        "session list",
        &[
            ("The living ones", "maestro session list"),
            ("Those that wait for somebody", "maestro session list --status needs_input"),
            ("Ended ones too, ids and names", "maestro session list --all --fields id,name,status"),
        ],
        &["session info", "session spawn", "status"],
    ),
    lesson(
        "session info",
        &[("One session", "maestro session info s7"), ("In a session: this one", "maestro session info")],
        &["session list", "session stop", "events"],
    ),
    lesson(
        "session manifest",
        &[
            ("Everything that it was given", "maestro session manifest s7"),
            ("Its tasks and its skill", "maestro session manifest s7 --fields tasks,skill"),
        ],
        &["session prompt", "session info", "skill show"],
    ),
    lesson(
        "session prompt",
        &[
            ("What its agent read first", "maestro session prompt s7"),
            ("In a session: once more", "maestro session prompt"),
        ],
        &["session manifest", "session logs", "skill show"],
    ),
    lesson(
        "session stop",
        &[("Ask it to end", "maestro session stop s7")],
        &["session wait", "session list", "task release"],
    ),
    lesson(
        "session wait",
        &[
            ("Until it ends or asks something", "maestro session wait s7"),
            ("Until both have ended, ten minutes at most", "maestro session wait s7 s8 --all --timeout 10m"),
        ],
        &["wait", "session info"],
    ),
];
