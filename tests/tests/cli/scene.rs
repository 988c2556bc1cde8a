//! A project with something of everything in it.

use maestro_tests::cluster::{Cli, Cluster};

pub struct Scene {
    pub cli: Cli,
    // Ends after its command line.
    pub cluster: Cluster,
}

/// Every line is a command that must succeed.
const MADE_OF: &[&[&str]] = &[
    &["project", "create", "web", "--title", "Web shop", "--overview", "Sells things"],
    &[
        "task",
        "create",
        "Write the parser",
        "--subtask",
        "lexer",
        "--subtask",
        "grammar",
        "--priority",
        "high",
        "--accept",
        "all tests pass",
        "--desc",
        "Of *every* header.",
        "--notes",
        "see RFC 9110",
        "--label",
        "core",
    ],
    &["task", "create", "Document the parser", "--depends-on", "t1"],
    &["task", "create", "A title that is as long as titles become when people put everything into it, and then some"],
    &["task", "create", "Fix the login", "--priority", "critical"],
    &["task", "create", "Draw the logo"],
    &["task", "create", "Read the spec"],
    &["task", "start", "t1"],
    &["task", "log", "t1", "half way"],
    &["subtask", "complete", "t1", "st1"],
    &["task", "start", "t4"],
    &["task", "block", "t4", "--reason", "which provider?"],
    &["task", "start", "t5"],
    &["task", "submit", "t5", "--summary", "two drafts"],
    &["task", "start", "t6"],
    &["task", "complete", "t6", "--summary", "read"],
    &["message", "send", "ann", "mind the BOM", "--task", "t1"],
    &["session", "spawn", "--task", "t3", "--name", "Worker", "--pool", "none", "--agent", "shell", "--", "true"],
];

impl Scene {
    pub fn new() -> Self {
        let cluster = Cluster::start(1);
        let cli = cluster.cli("ann");
        for words in MADE_OF {
            let mut all = vec!["--timeout", "20s"];
            all.extend(*words);
            let said = cli.run(&all);
            assert_eq!(said.code, 0, "{words:?}: {said:?}");
        }
        Self { cli, cluster }
    }
}
