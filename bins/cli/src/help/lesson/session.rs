//! `session …`

use super::{Lesson, lesson};

pub const LESSONS: &[Lesson] = &[
    lesson(
        "run",
        &[
            ("A task and an agent for it", "maestro run \"fix the login bug\" --agent claude"),
            ("And its terminal, here", "maestro run \"fix the login bug\" --attach"),
        ],
        &["session spawn", "session attach", "wait"],
    ),
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
            ("Only on a host with a label", "maestro session spawn --task t3 --label gpu"),
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
        &[("Ask it to end", "maestro session stop s7"), ("All of the project", "maestro session stop --all")],
        &["session resume", "session wait", "task release"],
    ),
    lesson(
        "session resume",
        &[
            ("Go on with one that has ended", "maestro session resume s7"),
            ("All that were stopped when the stack went down", "maestro session resume --all"),
        ],
        &["session restart", "session list", "up"],
    ),
    lesson(
        "session restart",
        &[("Once more from the beginning", "maestro session restart s7")],
        &["session resume", "session stop", "session attach"],
    ),
    lesson(
        "session wait",
        &[
            ("Until it ends or asks something", "maestro session wait s7"),
            ("Until both have ended, ten minutes at most", "maestro session wait s7 s8 --all --timeout 10m"),
            ("In a script: go on only when its command did its work", "maestro session wait s7 --exit-status"),
        ],
        &["wait", "session info"],
    ),
];
