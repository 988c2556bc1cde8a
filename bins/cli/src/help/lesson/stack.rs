//! The stack: starting, ending, looking inside.

use super::{Lesson, lesson};

pub const LESSONS: &[Lesson] = &[
    lesson(
        "up",
        &[
            ("In the foreground; Ctrl-C ends everything", "maestro up"),
            ("In the background", "maestro up --detach"),
            ("A second one beside it", "maestro up --home /tmp/other --ephemeral-ports"),
            ("Behind a proxy that browsers know by this name", "maestro up --allow-host maestro.example.org"),
        ],
        &["down", "logs", "doctor"],
    ),
    lesson(
        "down",
        &[
            ("The stack of this home; its sessions can be resumed", "maestro down"),
            ("Its sessions go on meanwhile", "maestro down --keep-sessions"),
        ],
        &["up", "session resume", "doctor"],
    ),
    lesson(
        "logs",
        &[
            ("All programs, and go on", "maestro logs --follow"),
            ("One of them", "maestro logs maestro-server --lines 100"),
        ],
        &["doctor", "events"],
    ),
    lesson(
        "doctor",
        &[("Is everything well, and if not what to do", "maestro doctor")],
        &["logs", "config list", "up"],
    ),
    lesson(
        "backup",
        &[
            ("Into a directory, under a name of its own", "maestro backup /var/backups"),
            ("Into a file, for a script", "maestro backup before-upgrade.tar --json"),
        ],
        &["restore", "doctor", "project purge"],
    ),
    lesson(
        "restore",
        &[
            ("Into a home that holds nothing yet", "maestro restore before-upgrade.tar --home /tmp/other"),
            ("The newest of a directory, over what is there", "maestro restore /var/backups --replace"),
        ],
        &["backup", "down", "up", "session resume"],
    ),
];
