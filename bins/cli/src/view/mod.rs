//! What people see: entities as text. Only shapes text; nothing here asks or prints.

pub mod agent;
pub mod board;
pub mod event;
pub mod graph;
pub mod message;
pub mod node;
pub mod overview;
pub mod project;
pub mod session;
pub mod system;
pub mod task;
pub mod worktree;

use anstyle::Style;
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};
use maestro_domain::{Priority, Progress, SessionStatusKind, StatusKind, Timestamp};
use serde::de::DeserializeOwned;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::output::{ACCENT, BAD, BOLD, DIM, GOOD, WARN, paint};
use crate::usage;

/// Shows an answer in its type; one that has another shape is shown as it is.
pub fn of<T: DeserializeOwned>(data: &str, show: impl FnOnce(T) -> String) -> String {
    serde_json::from_str::<T>(data).map_or_else(|_| data.to_owned(), show)
}

/// `3m ago`; short and rough.
pub fn age(at: Timestamp) -> String {
    match crate::report::now().millis_since(at) / 1000 {
        seconds if seconds < 5 => "now".to_owned(),
        seconds => format!("{} ago", span(seconds)),
    }
}

/// A length of time in its greatest unit.
pub fn span(seconds: i64) -> String {
    match seconds {
        ..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// Glyph, word and style of a task's status.
pub const fn status(status: StatusKind) -> (&'static str, Style) {
    match status {
        StatusKind::Pending => ("○ pending", DIM),
        StatusKind::InProgress => ("◐ in progress", ACCENT),
        StatusKind::InReview => ("◎ in review", WARN),
        StatusKind::Blocked => ("■ blocked", BAD),
        StatusKind::Completed => ("● completed", GOOD),
        StatusKind::Cancelled => ("× cancelled", DIM),
    }
}

/// The first sign of it.
pub fn glyph(kind: StatusKind) -> &'static str {
    status(kind).0.split(' ').next().unwrap_or_default()
}

/// The same of a session.
pub const fn session_status(status: SessionStatusKind) -> (&'static str, Style) {
    match status {
        SessionStatusKind::Requested => ("○ requested", DIM),
        SessionStatusKind::Starting => ("◔ starting", ACCENT),
        SessionStatusKind::Active => ("● active", GOOD),
        SessionStatusKind::NeedsInput => ("? needs input", WARN),
        SessionStatusKind::Exited => ("· exited", DIM),
        SessionStatusKind::Failed => ("× failed", BAD),
        SessionStatusKind::Stopped => ("■ stopped", DIM),
        SessionStatusKind::Lost => ("! lost", BAD),
    }
}

pub const fn priority(priority: Priority) -> (&'static str, Style) {
    match priority {
        Priority::Critical => ("critical", BAD),
        Priority::High => ("high", WARN),
        Priority::Medium => ("medium", Style::new()),
        Priority::Low => ("low", DIM),
    }
}

/// `▰▰▱▱ 2/4`; empty without subtasks.
pub fn bar(progress: Progress) -> String {
    let Progress { completed, total } = progress;
    if total == 0 {
        return String::new();
    }
    let full = (completed * 5 / total).min(5) as usize;
    format!("{}{} {completed}/{total}", "▰".repeat(full), "▱".repeat(5 - full))
}

/// A table without lines; columns are aligned and long text is cut to the terminal.
pub fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).enforce_styling();
    table.set_header(
        header
            .iter()
            .map(|name| comfy_table::Cell::new(name.to_uppercase()).add_attribute(comfy_table::Attribute::Dim)),
    );
    table
}

/// The same without names above the columns.
pub fn bare_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic).enforce_styling();
    table
}

/// A cell in one of our styles.
pub fn cell(text: impl ToString, style: Style) -> comfy_table::Cell {
    use comfy_table::{Attribute, Cell, Color};
    let cell = Cell::new(text);
    let color = [(GOOD, Color::DarkGreen), (WARN, Color::DarkYellow), (BAD, Color::DarkRed), (ACCENT, Color::DarkCyan)];
    match color.into_iter().find(|(ours, _)| *ours == style) {
        Some((_, color)) => cell.fg(color),
        None if style == DIM => cell.add_attribute(Attribute::Dim),
        None if style == BOLD => cell.add_attribute(Attribute::Bold),
        None => cell,
    }
}

/// Only these columns become narrower where the terminal is too narrow for all.
pub fn give_way(table: &mut Table, columns: &[usize]) {
    for (at, column) in table.column_iter_mut().enumerate() {
        if !columns.contains(&at) {
            column.set_constraint(ColumnConstraint::ContentWidth);
        }
    }
}

/// No column becomes narrower than its longest word: paths and addresses are copied.
pub fn whole_words(table: &mut Table) {
    const GAP: usize = 2;
    let mut longest = Vec::new();
    for row in table.row_iter() {
        for (at, cell) in row.cell_iter().enumerate() {
            let width = cell.content().split_whitespace().map(UnicodeWidthStr::width).max().unwrap_or(0) + GAP;
            match longest.get_mut(at) {
                Some(most) => *most = width.max(*most),
                None => longest.push(width),
            }
        }
    }
    for (column, width) in table.column_iter_mut().zip(longest) {
        let width = Width::Fixed(u16::try_from(width).unwrap_or(u16::MAX));
        column.set_constraint(ColumnConstraint::LowerBoundary(width));
    }
}

/// The table as text without white space at the ends of lines.
pub fn rendered(table: &mut Table) -> String {
    table.style_text_only();
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    table.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>().join("\n")
}

/// The same with one line a row: on a terminal long text is cut.
pub fn clipped(table: &mut Table) -> String {
    if table.is_tty() {
        for row in table.row_iter_mut() {
            row.max_height(1);
        }
    }
    rendered(table)
}

/// A line that says that more is there: the caller's own, with the cursor of the next page.
pub fn more(words: &[String], cursor: Option<&String>) -> String {
    cursor.map_or_else(String::new, |cursor| {
        let mut words = usage::without(words, "--cursor");
        words.extend(["--cursor".to_owned(), cursor.clone()]);
        dim_line(&format!("more: {}", usage::line(&words)))
    })
}

/// A line on the side, below a block.
pub fn dim_line(text: &str) -> String {
    format!("\n{}", paint(DIM, text))
}

/// `1 task`, `2 tasks`.
pub fn counted(count: impl TryInto<u64>, one: &str, many: &str) -> String {
    match count.try_into().unwrap_or_default() {
        1 => format!("1 {one}"),
        count => format!("{count} {many}"),
    }
}

/// A heading above a block.
pub fn heading(text: &str, count: usize) -> String {
    format!("{} {}", paint(BOLD, text), paint(DIM, count))
}

/// Lines cut to the terminal's width; without a terminal as they are.
pub fn fitted(text: &str) -> String {
    match bare_table().width().map(usize::from) {
        Some(width) => text.lines().map(|line| cut(line, width)).collect::<Vec<_>>().join("\n"),
        None => text.to_owned(),
    }
}

/// A line of at most this many columns; colours take no room and end with it.
fn cut(line: &str, width: usize) -> String {
    let (mut out, mut room, mut in_colour) = (String::new(), width, false);
    let mut signs = line.chars();
    while let Some(sign) = signs.next() {
        if in_colour || sign == '\u{1b}' {
            in_colour = !sign.is_ascii_alphabetic();
            out.push(sign);
            continue;
        }
        let wide = sign.width().unwrap_or(0);
        // The last column is for the dots, unless nothing else wants it.
        if wide > 0 && (wide > room || (wide == room && !is_last(signs.clone()))) {
            return format!("{out}…\u{1b}[0m");
        }
        room = room.saturating_sub(wide);
        out.push(sign);
    }
    out
}

/// Nothing but colours follows.
fn is_last(mut signs: impl Iterator<Item = char>) -> bool {
    while let Some(sign) = signs.next() {
        if sign != '\u{1b}' {
            return false;
        }
        signs.by_ref().find(char::is_ascii_alphabetic);
    }
    true
}

/// Paragraphs broken to the terminal's width; without a terminal as they are. Indented lines are left alone.
pub fn wrapped(text: &str) -> String {
    let Some(width) = bare_table().width().map(usize::from) else { return text.to_owned() };
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines() {
        if line.starts_with(' ') {
            lines.push(line.to_owned());
            continue;
        }
        let mut at = String::new();
        for word in line.split(' ') {
            if !at.is_empty() && at.width() + 1 + word.width() > width {
                lines.push(std::mem::take(&mut at));
            }
            if !at.is_empty() {
                at.push(' ');
            }
            at.push_str(word);
        }
        lines.push(at);
    }
    lines.join("\n")
}

/// A block of text under a name.
pub fn block(name: &str, text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("  {line}")).collect();
    format!("\n\n{}\n{}", paint(BOLD, name), lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_and_spans_are_short() {
        assert_eq!(bar(Progress { completed: 2, total: 4 }), "▰▰▱▱▱ 2/4");
        assert_eq!(bar(Progress { completed: 0, total: 0 }), "");
        assert_eq!([span(59), span(60), span(7_200), span(200_000)], ["59s", "1m", "2h", "2d"]);
    }

    #[test]
    fn a_line_is_cut_by_what_is_seen_of_it() {
        assert_eq!(cut("abcd", 4), "abcd");
        assert_eq!(cut("abcde", 4), "abc…\u{1b}[0m");
        assert_eq!([cut("日本", 4), cut("日本語", 4)], ["日本".to_owned(), "日…\u{1b}[0m".to_owned()]);
        let painted = paint(BOLD, "abcd");
        assert_eq!(cut(&painted, 4), painted);
        assert_eq!(cut(&format!("{painted}e"), 4), "\u{1b}[1mabc…\u{1b}[0m");
    }

    #[test]
    fn the_next_page_is_asked_for_as_this_one_was() {
        let of = |line: &str| {
            let words: Vec<String> = line.split(' ').map(ToOwned::to_owned).collect();
            anstream::adapter::strip_str(&more(&words, Some(&"NTA".to_owned()))).to_string()
        };
        let told = "\nmore: maestro task list --sort priority --limit 2 --cursor NTA";
        assert_eq!(of("task list --sort priority --limit 2"), told);
        assert_eq!(of("task list --cursor=MTA --sort priority --limit 2"), told);
        assert_eq!(more(&[], None), "");
    }

    #[test]
    fn what_has_another_shape_is_shown_as_it_is() {
        assert_eq!(of::<Vec<u8>>("{\"a\":1}", |_| String::new()), "{\"a\":1}");
    }
}
