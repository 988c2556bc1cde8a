//! Tasks in groups, as `task list`, `task watch` and `status` show them: the same columns under each other.

use comfy_table::{ColumnConstraint, Width};
use maestro_domain::{Priority, StatusKind};
use maestro_wire::{ProjectView, TaskRow};
use unicode_width::UnicodeWidthStr;

use crate::output::{ACCENT, BOLD, DIM, GOOD, paint};

use super::{age, bar, bare_table, cell, clipped, glyph, priority, status, task::holder};

/// A group of a board: its name, and what belongs to it.
type Group = (&'static str, fn(&TaskRow) -> bool);

/// First what somebody may have to do something about.
const GROUPS: [Group; 7] = [
    ("blocked", |row| row.status() == StatusKind::Blocked),
    ("in review", |row| row.status() == StatusKind::InReview),
    ("in progress", |row| row.status() == StatusKind::InProgress),
    ("ready", |row| row.ready),
    ("pending", |row| row.status() == StatusKind::Pending && !row.ready),
    ("completed", |row| row.status() == StatusKind::Completed),
    ("cancelled", |row| row.status() == StatusKind::Cancelled),
];

/// Tasks by status, and how far the whole is.
pub fn card(rows: &[TaskRow], whole: Option<&ProjectView>) -> String {
    let layout = Layout::of(&rows.iter().collect::<Vec<_>>());
    let mut blocks: Vec<String> = whole.map(headline).into_iter().collect();
    for (name, belongs) in GROUPS {
        let group: Vec<&TaskRow> = rows.iter().filter(|row| belongs(row)).collect();
        if !group.is_empty() {
            blocks.push(named(name, &group, &layout));
        }
    }
    blocks.join("\n\n")
}

/// One group with its name above it.
pub fn named(name: &str, group: &[&TaskRow], layout: &Layout) -> String {
    explained(name, group, layout, |_| Vec::new())
}

/// The same with lines below each task.
pub fn explained(name: &str, group: &[&TaskRow], layout: &Layout, below: impl Fn(&TaskRow) -> Vec<String>) -> String {
    let (sign, style) = match group.first() {
        Some(first) if !first.ready => (glyph(first.status()), status(first.status()).1),
        Some(_) | None => ("○", GOOD),
    };
    let table = layout.table(group);
    // A row is one line: titles have no line breaks, and what is too long is cut.
    let rows = table.lines().map(|line| format!("  {line}"));
    let explained = group.iter().map(|row| below(row)).chain(std::iter::repeat(Vec::new()));
    let lines: Vec<String> = rows.zip(explained).flat_map(|(row, below)| std::iter::once(row).chain(below)).collect();
    let title = format!("{} {} {}", paint(style, sign), paint(BOLD, name), paint(DIM, group.len()));
    format!("{title}\n{}", lines.join("\n"))
}

/// `web  Web shop  ▰▰▰▰▱▱▱▱▱▱ 40 %  12 of 30 completed`
pub fn headline(view: &ProjectView) -> String {
    const WIDE: u64 = 20;
    let count = |status: StatusKind| view.tasks.get(&status).copied().unwrap_or_default();
    let all = view.tasks.values().sum::<u64>().saturating_sub(count(StatusKind::Cancelled));
    let done = count(StatusKind::Completed);
    let title = super::project::line(view);
    if all == 0 {
        return title;
    }
    let full = usize::try_from((done * WIDE) / all).unwrap_or(0);
    let rest = usize::try_from(WIDE).unwrap_or(0).saturating_sub(full);
    let bar = format!("{}{}", paint(GOOD, "▰".repeat(full)), paint(DIM, "▱".repeat(rest)));
    format!("{title}  {bar} {} %  {}", done * 100 / all, paint(DIM, format!("{done} of {all} completed")))
}

/// Which columns the groups have, and how wide they are.
pub struct Layout {
    urgent: bool,
    stepped: bool,
    held: bool,
    /// Contents and the gap behind them; none without a terminal, where nothing has to be aligned with another table.
    widths: Option<Vec<u16>>,
}

/// Between columns.
const GAP: usize = 2;
/// A title is not cut below this.
const TITLE: usize = 20;

impl Layout {
    pub fn of(rows: &[&TaskRow]) -> Self {
        let mut layout = Self {
            urgent: rows.iter().any(|row| row.task.priority != Priority::Medium),
            stepped: rows.iter().any(|row| row.progress.total > 0),
            held: rows.iter().any(|row| !holder(&row.task).is_empty()),
            widths: None,
        };
        let terminal = bare_table().width().map(usize::from);
        layout.widths = terminal.map(|terminal| {
            let contents: Vec<Vec<String>> = rows.iter().map(|row| layout.texts(row)).collect();
            let columns = contents.first().map_or(0, Vec::len);
            let widest = |at: usize| contents.iter().map(|texts| texts[at].width()).max().unwrap_or(0) + GAP;
            let mut widths: Vec<usize> = (0..columns).map(widest).collect();
            let title = 1 + usize::from(layout.urgent);
            let others: usize = widths.iter().sum::<usize>() - widths.get(title).copied().unwrap_or(0);
            if let Some(width) = widths.get_mut(title) {
                // Two for the indentation.
                *width = (*width).min(terminal.saturating_sub(others + 2).max(TITLE));
            }
            widths.into_iter().map(|width| u16::try_from(width).unwrap_or(u16::MAX)).collect()
        });
        layout
    }

    fn texts(&self, row: &TaskRow) -> Vec<String> {
        let urgency = if row.task.priority == Priority::Medium { "" } else { priority(row.task.priority).0 };
        let mut texts = vec![row.task.id.to_string()];
        texts.extend(self.urgent.then(|| urgency.to_owned()));
        texts.push(row.task.title.to_string());
        texts.extend(self.stepped.then(|| bar(row.progress)));
        texts.extend(self.held.then(|| holder(&row.task)));
        texts.push(age(row.task.updated_at));
        texts
    }

    fn table(&self, group: &[&TaskRow]) -> String {
        let mut table = bare_table();
        for row in group {
            let mut styles = vec![BOLD];
            styles.extend(self.urgent.then(|| priority(row.task.priority).1));
            styles.push(anstyle::Style::new());
            styles.extend(self.stepped.then(anstyle::Style::new));
            styles.extend(self.held.then_some(ACCENT));
            styles.push(DIM);
            table.add_row(self.texts(row).into_iter().zip(styles).map(|(text, style)| cell(text, style)));
        }
        for (column, width) in table.column_iter_mut().zip(self.widths.iter().flatten()) {
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(*width)));
        }
        clipped(&mut table)
    }
}
