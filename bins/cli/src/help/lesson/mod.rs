//! The lessons, one file a noun: examples of a command and what else to look at.

mod agent;
mod message;
mod place;
mod project;
mod session;
mod skill;
mod stack;
mod subtask;
mod task;
mod template;
mod terminal;
mod top;
mod work;
mod worktree;

/// What the help of one command adds to its options.
#[derive(Debug)]
pub struct Lesson {
    /// Its words, as in `task create`; empty for the whole.
    pub command: &'static str,
    /// What for, and the line to type.
    pub examples: &'static [(&'static str, &'static str)],
    /// Related commands, in the same words.
    pub see: &'static [&'static str],
}

const fn lesson(
    command: &'static str,
    examples: &'static [(&'static str, &'static str)],
    see: &'static [&'static str],
) -> Lesson {
    Lesson { command, examples, see }
}

pub const ALL: &[&[Lesson]] = &[
    top::LESSONS,
    project::LESSONS,
    task::LESSONS,
    work::LESSONS,
    subtask::LESSONS,
    session::LESSONS,
    message::LESSONS,
    agent::LESSONS,
    template::LESSONS,
    terminal::LESSONS,
    worktree::LESSONS,
    skill::LESSONS,
    place::LESSONS,
    stack::LESSONS,
];
