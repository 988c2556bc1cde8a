//! `skill …`, and what coding agents call themselves: `hook` and `mcp`.

use super::{Lesson, lesson};

pub const LESSONS: &[Lesson] = &[
    lesson(
        "skill",
        &[
            ("What are sessions taught?", "maestro skill list"),
            ("Put the skills where coding agents look", "maestro skill install --target claude,agents"),
        ],
        &["skill show", "hook", "session spawn"],
    ),
    lesson(
        "skill list",
        &[("All", "maestro skill list"), ("What a worker gets", "maestro skill list --role worker")],
        &["skill show", "skill validate"],
    ),
    lesson(
        "skill show",
        &[
            ("One as an agent reads it", "maestro skill show maestro-worker"),
            ("Everything that an orchestrator reads", "maestro skill show --role orchestrator"),
        ],
        &["skill list", "help agents"],
    ),
    lesson(
        "skill validate",
        &[
            ("All that are found here", "maestro skill validate"),
            ("One's own", "maestro skill validate ./skills/review"),
        ],
        &["skill list", "skill install"],
    ),
    lesson(
        "skill install",
        &[
            ("For Claude Code, in this project", "maestro skill install --target claude --scope project"),
            ("One and what it stands on", "maestro skill install maestro-worker"),
        ],
        &["skill uninstall", "skill validate"],
    ),
    lesson(
        "skill uninstall",
        &[("What was installed and not changed since", "maestro skill uninstall --target claude --scope project")],
        &["skill install", "skill list"],
    ),
    lesson(
        "hook",
        &[
            ("As a hook of Claude Code", "maestro hook claude SessionStart"),
            ("The plugin by which OpenCode calls it", "maestro hook opencode plugin"),
        ],
        &["skill install", "mcp"],
    ),
    lesson("mcp", &[("As a server of an MCP client", "maestro mcp")], &["hook", "help agents"]),
];
