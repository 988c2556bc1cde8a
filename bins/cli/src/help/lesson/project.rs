//! `project …`

use super::{Lesson, lesson};

pub const LESSONS: &[Lesson] = &[
    lesson(
        "project",
        &[
            ("Which projects are there?", "maestro project list"),
            ("Work in one of them here", "maestro project use web"),
        ],
        &["init", "status"],
    ),
    lesson(
        "project create",
        &[
            ("A project without a directory of its own", "maestro project create web --title \"Web shop\""),
            ("Its overview from a file", "cat README.md | maestro project create api --overview -"),
        ],
        &["init", "project use", "project update"],
    ),
    lesson(
        "project list",
        &[("All that are not archived", "maestro project list"), ("Ids only", "maestro project list --fields id")],
        &["project get", "project use"],
    ),
    lesson(
        "project get",
        &[("The one of this place", "maestro project get"), ("Another one", "maestro project get web")],
        &["project update", "status", "stats"],
    ),
    lesson(
        "project update",
        &[
            ("What it is to reach", "maestro project update --goals \"Ship 1.0\""),
            ("The agent that its sessions run", "maestro project update web --default-agent codex"),
        ],
        &["project get", "project archive"],
    ),
    lesson(
        "project use",
        &[
            ("Commands in this directory and below are about this project", "maestro project use web"),
            ("Commands everywhere, unless a directory says otherwise", "maestro project use web --default"),
        ],
        &["init", "project list", "whoami"],
    ),
    lesson(
        "project archive",
        &[("Put it away", "maestro project archive web"), ("Bring it back", "maestro project archive web --restore")],
        &["project list", "project purge"],
    ),
    lesson(
        "project purge",
        &[("Delete it with its history: the id is repeated", "maestro project purge web --confirm web")],
        &["project archive", "task export"],
    ),
];
