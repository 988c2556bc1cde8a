//! `task …`: the verbs of working on one.

use super::{Lesson, lesson};

pub const LESSONS: &[Lesson] = &[
    lesson(
        "task next",
        &[
            ("Take the best ready task, in one step", "maestro task next --claim"),
            ("Only name it, of one kind", "maestro task next --label parser"),
        ],
        &["task start", "task list"],
    ),
    lesson(
        "task start",
        &[
            ("Claim it and begin", "maestro task start t3"),
            ("Not waiting for what it depends on", "maestro task start t3 --force"),
        ],
        &["task next", "task log", "task release"],
    ),
    lesson(
        "task log",
        &[
            ("On the task of this session", "maestro task log \"parsed the header\""),
            ("On another one of one's own", "maestro task log t3 \"half way\""),
            ("What a program says", "make test 2>&1 | tail -20 | maestro task log t3 -"),
        ],
        &["task comment", "update", "task complete"],
    ),
    lesson(
        "task comment",
        &[("On any task, whoever holds it", "maestro task comment t3 \"mind the BOM\"")],
        &["task log", "message send"],
    ),
    lesson(
        "task complete",
        &[
            ("What was done, where, how it was checked", "maestro task complete --summary \"src/parse.rs; 12 tests\""),
            ("Although steps are open", "maestro task complete t3 --force"),
        ],
        &["task submit", "subtask complete", "task next"],
    ),
    lesson(
        "task block",
        &[
            ("Say what stands in the way; the claim stays", "maestro task block --reason \"which dialect?\""),
            ("Then wait for the answer", "maestro wait t3"),
        ],
        &["task unblock", "wait", "message read"],
    ),
    lesson(
        "task unblock",
        &[("With an answer to whoever holds it", "maestro task unblock t3 \"ISO 8601\"")],
        &["task block", "message send", "task start"],
    ),
    lesson(
        "task release",
        &[("Give it back for somebody else", "maestro task release t3 --reason \"needs a Mac\"")],
        &["task start", "task block"],
    ),
    lesson(
        "task submit",
        &[("For somebody to look at before it counts", "maestro task submit --summary \"branch t3, see the tests\"")],
        &["task approve", "task complete"],
    ),
    lesson(
        "task approve",
        &[("It is good", "maestro task approve t3"), ("It is not: back to its worker", "maestro task start t3")],
        &["task submit", "task reopen", "task list"],
    ),
    lesson(
        "task reopen",
        &[("A case is missing", "maestro task reopen t3 --reason \"empty files fail\"")],
        &["task start", "task approve"],
    ),
    lesson(
        "task cancel",
        &[("Nobody needs it any more", "maestro task cancel t3 --reason \"bought one\"")],
        &["task delete", "task reopen"],
    ),
];
