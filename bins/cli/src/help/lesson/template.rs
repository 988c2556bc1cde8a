//! `template …`

use super::{Lesson, lesson};

pub const LESSONS: &[Lesson] = &[
    lesson(
        "template",
        &[
            ("Which are there?", "maestro template list"),
            ("Use one", "maestro template apply bugfix --set title=\"Login fails\""),
        ],
        &["task import", "task create"],
    ),
    lesson(
        "template list",
        &[("Built in, of this home, of this directory", "maestro template list")],
        &["template show", "template save"],
    ),
    lesson(
        "template show",
        &[
            ("Its parameters and tasks", "maestro template show feature"),
            ("The file itself", "maestro template show feature --source"),
        ],
        &["template apply", "template list"],
    ),
    lesson(
        "template apply",
        &[
            ("All its tasks in one step", "maestro template apply feature --set title=\"Search\""),
            ("What would be created?", "maestro template apply bugfix --set title=\"Crash\" --dry-run"),
        ],
        &["template show", "task import", "task graph"],
    ),
    lesson(
        "template save",
        &[("These tasks as a template of one's own", "maestro template save release t3 t4 t5")],
        &["template apply", "task export"],
    ),
];
