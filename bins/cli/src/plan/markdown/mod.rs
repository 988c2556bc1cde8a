//! Plans as checklists.
//!
//! `- [ ] Title` is a task, `- [x]` a completed one; one that is indented is a step of the task above. Indented text
//! without a box is the description, of a step when it is indented as far as the step's text. A comment behind the title
//! carries what a list cannot show: `<!-- key=t3 after=t1,t2 priority=high labels=ui,core -->`; a comment of its own says
//! that criteria, notes or the summary follow. Headings and other text are left alone.
//!
//! What is written is read back the same, to the last blank: a line that would mean something else begins with `\`.

mod read;
mod write;

pub use read::read;
pub use write::write;

/// How far what belongs to a task is indented, and to a step.
const TASK: &str = "  ";
const STEP: &str = "    ";

/// Texts of a task that have a heading of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Section {
    Acceptance,
    Notes,
    Summary,
}

impl Section {
    const ALL: [Self; 3] = [Self::Acceptance, Self::Notes, Self::Summary];

    const fn heading(self) -> &'static str {
        match self {
            Self::Acceptance => "<!-- acceptance -->",
            Self::Notes => "<!-- notes -->",
            Self::Summary => "<!-- summary -->",
        }
    }

    fn of(line: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| line.trim() == section.heading())
    }
}

/// Whether it is ticked, and what stands behind the box.
fn item(line: &str) -> Option<(bool, &str)> {
    let rest = line.trim_start().strip_prefix(['-', '*', '+'])?.trim_start();
    let (mark, rest) = rest.strip_prefix('[')?.split_once(']')?;
    match mark {
        " " | "" => Some((false, rest.trim())),
        "x" | "X" => Some((true, rest.trim())),
        _ => None,
    }
}

/// A line that means more than its text, or whose end would be lost.
fn means_more(line: &str) -> bool {
    item(line).is_some() || Section::of(line).is_some() || line.is_empty()
}

/// The line with `\` before it when it, or it without such signs, means more.
fn escaped(line: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    let (indent, text) = line.split_at(indent);
    if means_more(text.trim_start_matches('\\')) { format!("{indent}\\{text}") } else { line.to_owned() }
}

fn unescaped(line: &str) -> String {
    let indent = line.len() - line.trim_start().len();
    let (indent, text) = line.split_at(indent);
    match text.strip_prefix('\\') {
        Some(rest) if means_more(rest.trim_start_matches('\\')) => format!("{indent}{rest}"),
        Some(_) | None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use maestro_domain::{Priority, StatusKind};
    use maestro_wire::ErrorCode;

    use super::super::{Plan, Step, WholeStep};
    use super::*;

    const LIST: &str = "# Plan\n\nSome words.\n\n- [ ] Write the parser <!-- key=parser priority=high labels=core -->\n  All of it,\n  with tests.\n  - [x] lexer\n  - [ ] grammar\n* [X] Read the spec\n- [ ] Release <!-- after=parser -->\n";

    #[test]
    fn boxes_are_tasks_and_indented_ones_are_steps() {
        for list in [LIST.to_owned(), LIST.replace('\n', "\r\n")] {
            let plans = read(&list).unwrap();
            assert_eq!(plans.len(), 3);
            assert_eq!(plans[0].description.as_deref(), Some("All of it,\nwith tests."));
            assert_eq!((plans[0].subtasks.len(), plans[0].priority), (2, Priority::High));
            assert_eq!(plans[1].status, Some(StatusKind::Completed));
            assert_eq!(plans[2].depends_on, ["parser"]);
        }
        assert_eq!(read("- [ ] x <!-- wen=now -->").unwrap_err().code, ErrorCode::UnknownField);
        assert_eq!(read("- [ ] x <!-- priority=soon -->").unwrap_err().code, ErrorCode::InvalidPriority);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let plans = read(LIST).unwrap();
        let written: Vec<String> = plans.iter().map(write).collect();
        assert_eq!(read(&written.join("\n")).unwrap(), plans);
    }

    /// Texts that look like something else, wherever a text may stand.
    #[test]
    fn no_text_is_lost_whatever_it_looks_like() {
        let odd = [
            "one",
            "one\ntwo",
            "\n\nbegins and ends with nothing\n\n",
            "a\n\n\nb",
            "- [ ] a box\n  - [x] another\n\\- [ ] escaped\n\\\\- [ ] twice",
            "<!-- notes -->\n\\<!-- summary -->\n  <!-- acceptance -->",
            "```\n    fn main() {\n\tindented\n    }\n```",
            "two blanks at the end  \nof a line \n ",
            "a\r\nb\r\n",
            "# Heading\n- item\n* item\n1. one",
            "\\",
            "\\\\\n\\",
            " ",
            "\t- [ ] x",
            "é 漢字 🦀",
        ];
        for (at, text) in odd.into_iter().enumerate() {
            let other = odd[(at + 1) % odd.len()].to_owned();
            let plan = Plan {
                key: Some("t1".to_owned()),
                title: "Title <!-- x -->".to_owned(),
                description: Some(text.to_owned()),
                acceptance: vec![
                    "[ ] a box".to_owned(),
                    "\\[x] escaped".to_owned(),
                    "- more <!-- notes -->".to_owned(),
                ],
                technical_notes: Some(other.clone()),
                summary: Some(text.to_owned()),
                status: Some(StatusKind::Completed),
                subtasks: vec![
                    Step::Whole(WholeStep {
                        title: "[x] lexer <!-- done -->".to_owned(),
                        description: Some(text.to_owned()),
                        completed: true,
                    }),
                    Step::Whole(WholeStep { title: "grammar".to_owned(), description: Some(other), completed: false }),
                    Step::Whole(WholeStep { title: "bare".to_owned(), ..WholeStep::default() }),
                ],
                ..Plan::default()
            };
            let next = Plan { title: "Next".to_owned(), ..Plan::default() };
            let written = format!("{}\n{}\n", write(&plan), write(&next));
            assert_eq!(read(&written).unwrap(), [plan, next], "{written}");
        }
    }
}
