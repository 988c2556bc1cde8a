//! `message …`

use super::{Lesson, lesson};

pub const LESSONS: &[Lesson] = &[
    lesson(
        "message",
        &[
            ("What was written to me?", "maestro message read"),
            ("Write to a session", "maestro message send s7 \"use UTF-8\""),
        ],
        &["wait", "task comment"],
    ),
    lesson(
        "message send",
        &[
            ("About a task", "maestro message send s7 \"rebase first\" --task t3"),
            ("An answer to what the session asked", "maestro message send s7 \"yes, delete it\" --answer"),
        ],
        &["message read", "task comment", "task unblock"],
    ),
    lesson(
        "message list",
        &[("They stay unread", "maestro message list"), ("Senders only", "maestro message list --fields id,from")],
        &["message read", "wait"],
    ),
    lesson(
        "message read",
        &[("All that are unread", "maestro message read"), ("One of them", "maestro message read m4")],
        &["message list", "message send"],
    ),
];
