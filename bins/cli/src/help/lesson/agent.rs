//! `agent …` and `node …`: what sessions run, and where.

use super::{Lesson, lesson};

pub const LESSONS: &[Lesson] = &[
    lesson(
        "agent",
        &[("What can sessions run?", "maestro agent list"), ("Does it work here?", "maestro agent doctor")],
        &["node", "session spawn"],
    ),
    lesson("agent list", &[("Built in and one's own", "maestro agent list")], &["agent show", "agent doctor"]),
    lesson("agent show", &[("A profile to copy from", "maestro agent show claude")], &["agent list", "agent doctor"]),
    lesson(
        "agent doctor",
        &[("Found, in which version, logged in?", "maestro agent doctor")],
        &["agent list", "doctor"],
    ),
    lesson("node", &[("Which hosts run sessions?", "maestro node list")], &["agent", "session list"]),
    lesson("node list", &[("All that are there", "maestro node list")], &["node info", "agent list"]),
    lesson(
        "node drain",
        &[
            ("Before a host is taken away", "maestro node drain laptop"),
            ("It takes sessions again", "maestro node drain laptop --undo"),
        ],
        &["node list", "session list"],
    ),
    lesson(
        "node invite",
        &[
            ("The line that lets another host run sessions", "maestro node invite build-7"),
            ("A forwarded port instead of ssh", "maestro node invite build-7 --address vpn.example.org:7372"),
        ],
        &["node list", "up"],
    ),
    lesson("node info", &[("One, with what it can run", "maestro node info laptop")], &["node list", "session list"]),
];
