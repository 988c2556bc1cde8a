//! `session …`: what concerns the place where a session works.

use super::{Lesson, lesson};

pub const LESSONS: &[Lesson] = &[
    lesson(
        "session diff",
        &[
            ("What it has done", "maestro session diff s7"),
            ("Only names and numbers", "maestro session diff s7 --stat"),
            ("One file of it", "maestro session diff s7 src/main.rs"),
        ],
        &["session merge", "session discard", "session logs"],
    ),
    lesson(
        "session merge",
        &[("Take its commits into the base branch", "maestro session merge s7")],
        &["session diff", "session prune", "task approve"],
    ),
    lesson(
        "session discard",
        &[
            ("Remove its worktree and branch, when nothing is lost by it", "maestro session discard s7"),
            ("Throw its work away", "maestro session discard s7 --force"),
        ],
        &["session diff", "session merge", "session prune"],
    ),
    lesson(
        "session prune",
        &[
            ("Remove what nobody needs any more", "maestro session prune"),
            ("Which are there, and why they stay", "maestro session prune --dry-run"),
        ],
        &["session diff", "session discard", "node list"],
    ),
];
