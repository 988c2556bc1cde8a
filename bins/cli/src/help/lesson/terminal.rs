//! `session …`: what concerns a session's terminal.

use super::{Lesson, lesson};

pub const LESSONS: &[Lesson] = &[
    lesson(
        "session attach",
        &[
            ("Its terminal, here; Ctrl-] leaves it, the session goes on", "maestro session attach s7"),
            ("Only watch", "maestro session attach s7 --read-only"),
        ],
        &["session logs", "session send", "session replay"],
    ),
    lesson(
        "session logs",
        &[
            ("The last lines", "maestro session logs s7 --lines 50"),
            ("Go on with what comes", "maestro session logs s7 --follow"),
        ],
        &["session attach", "session info", "events"],
    ),
    lesson(
        "session send",
        &[("Type a line into its terminal", "maestro session send s7 \"run the tests again\"")],
        &["message send", "session answer", "session attach"],
    ),
    lesson(
        "session answer",
        &[
            ("Answer its question", "maestro session answer s7 \"use the old format\""),
            ("Allow what it asks for", "maestro session answer s7 --allow"),
        ],
        &["status", "session attach", "session send"],
    ),
    lesson(
        "session replay",
        &[
            ("Play its recording, twice as fast", "maestro session replay s7 --speed 2"),
            ("Save it for asciinema's player", "maestro session replay s7 --output s7.cast"),
        ],
        &["session logs", "session attach"],
    ),
];
