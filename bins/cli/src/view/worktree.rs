//! Worktrees and what was done in them.

use maestro_wire::{DiffView, FileChange, FileStatus, MergeOutcome, MergeView, RemovedView};

use crate::command::session::Pruned;
use crate::output::{ACCENT, BAD, BOLD, DIM, GOOD, WARN, paint};
use crate::terminal::harmless::Harmless;

use super::counted;

/// Names and contents are an agent's: they are shown as text, whatever they are.
pub fn diff(diff: &DiffView, stat: bool) -> String {
    let tree = &diff.worktree;
    let mut lines = vec![format!(
        "{} on {} from {}  {}",
        paint(BOLD, tree.session),
        paint(ACCENT, Harmless::text(&tree.branch)),
        Harmless::text(&tree.base),
        paint(DIM, Harmless::text(&tree.path))
    )];
    let state = [(tree.running, "an agent works there"), (tree.merged, "merged"), (tree.pushed, "pushed")];
    let state: Vec<&str> = state.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
    let commits = counted(tree.ahead, "commit", "commits");
    let dirty = counted(tree.dirty, "uncommitted file", "uncommitted files");
    lines.push(format!("{commits}, {dirty}{}", joined(&state)));
    for commit in &diff.commits {
        let id: String = commit.id.chars().take(9).collect();
        lines.push(format!("  {} {}", paint(WARN, id), Harmless::text(&commit.subject)));
    }
    for (title, files) in [("committed", &diff.files), ("not committed", &diff.uncommitted)] {
        if files.is_empty() {
            continue;
        }
        lines.push(format!("\n{}", paint(BOLD, title)));
        lines.extend(files.iter().map(numbers));
        if !stat {
            lines.extend(files.iter().filter_map(patch));
        }
    }
    if diff.truncated {
        lines.push(paint(WARN, "not all of it is shown: name a file, or look in the worktree"));
    }
    lines.join("\n")
}

fn joined(words: &[&str]) -> String {
    words.iter().map(|word| format!(", {word}")).collect()
}

fn numbers(file: &FileChange) -> String {
    let letter = match file.status {
        FileStatus::Added => "A",
        FileStatus::Modified => "M",
        FileStatus::Deleted => "D",
        FileStatus::Renamed => "R",
        FileStatus::Copied => "C",
        FileStatus::TypeChanged => "T",
        FileStatus::Unmerged => "U",
        FileStatus::Untracked => "?",
    };
    let name = Harmless::text(&file.path);
    let name = match &file.from {
        Some(from) => format!("{} -> {name}", Harmless::text(from)),
        None => name,
    };
    let lines = if file.binary {
        "binary".to_owned()
    } else {
        format!("{} {}", paint(GOOD, format!("+{}", file.added)), paint(BAD, format!("-{}", file.removed)))
    };
    format!("  {letter} {name}  {lines}")
}

fn patch(file: &FileChange) -> Option<String> {
    let patch = Harmless::text(file.patch.as_deref()?);
    let mut text = String::new();
    for line in patch.lines() {
        let style = match line.as_bytes().first() {
            Some(b'+') => GOOD,
            Some(b'-') => BAD,
            Some(b'@') => ACCENT,
            Some(b' ' | b'\\') | None => anstyle::Style::new(),
            Some(_) => DIM,
        };
        text.push_str(&format!("\n{}", paint(style, line)));
    }
    if file.truncated {
        text.push_str(&format!("\n{}", paint(WARN, "… the patch goes on")));
    }
    Some(text)
}

pub fn merged(view: &MergeView) -> String {
    let (branch, base) = (paint(ACCENT, Harmless::text(&view.branch)), Harmless::text(&view.base));
    let commit: String = view.commit.chars().take(9).collect();
    match view.outcome {
        MergeOutcome::Merged => format!("{}: {branch} merged into {base} {}", view.session, paint(DIM, commit)),
        MergeOutcome::Pushed => {
            let remote = view.remote.as_deref().map(Harmless::text).unwrap_or_default();
            format!("{}: {branch} pushed to {remote} {}", view.session, paint(DIM, commit))
        }
        MergeOutcome::Unchanged => format!("{}: {base} has everything of {branch}", view.session),
    }
}

pub fn removed(view: &RemovedView) -> String {
    let mut text = format!("{}: {} removed", view.session, Harmless::text(&view.path));
    if let Some(commit) = &view.commit {
        let back = format!("git branch {} {commit}", Harmless::text(&view.branch));
        text.push_str(&format!("\n  {} {back}", paint(DIM, "its commits come back with:")));
    }
    text
}

pub fn pruned(nodes: &[Pruned], dry_run: bool) -> String {
    let word = if dry_run { "would be removed" } else { "removed" };
    let mut lines = Vec::new();
    for node in nodes {
        if let Some(error) = &node.error {
            lines.push(format!("{}: {}", node.node, paint(BAD, error)));
        }
        for removed in &node.view.removed {
            lines.push(format!(
                "{} {}/{} {}",
                paint(GOOD, word),
                removed.project,
                removed.session,
                paint(DIM, Harmless::text(&removed.path))
            ));
        }
        for kept in &node.view.kept {
            lines.push(format!(
                "{} {}/{} {}: {}",
                paint(WARN, "kept"),
                kept.project,
                kept.session,
                paint(DIM, Harmless::text(&kept.path)),
                Harmless::text(&kept.reason)
            ));
        }
    }
    if lines.is_empty() { "no worktrees".to_owned() } else { lines.join("\n") }
}
