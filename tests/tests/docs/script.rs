//! A page's blocks as the steps that a reader takes.

use maestro_tests::markdown::{Block, Page, Piece};

/// What a step does.
#[derive(Debug, PartialEq, Eq)]
pub enum Kind {
    /// A block that must go through as a whole; what it prints is not compared.
    Script,
    /// A command, how it ends, and what it prints, if that is shown.
    Command { exit: i32, shown: Option<Vec<String>> },
    /// A file that the page shows.
    File { path: String },
}

#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    pub kind: Kind,
    pub text: String,
    /// Where it stands in the page, from 1.
    pub line: usize,
}

/// What a block is, by the words behind its fence.
#[derive(Debug, PartialEq, Eq)]
pub enum Role<'a> {
    Script,
    Console,
    /// Commands that cannot run here, and why.
    NotRun(&'a str),
    File(&'a str),
    /// Something to read, in this language.
    Shown(&'a str),
}

/// # Errors
/// What is wrong with the words.
pub fn role(block: &Block) -> Result<Role<'_>, String> {
    let Some(info) = block.info.as_deref() else { return Err("an indented block; use a fence".to_owned()) };
    let (language, rest) = info.split_once(' ').unwrap_or((info, ""));
    if let Some(path) = rest.strip_prefix("file=") {
        return Ok(Role::File(path));
    }
    match (language, rest.strip_prefix("norun: ")) {
        ("sh" | "console", Some(why)) => Ok(Role::NotRun(why)),
        ("sh", None) if rest.is_empty() => Ok(Role::Script),
        ("console", None) if rest.is_empty() => Ok(Role::Console),
        ("toml" | "json" | "text" | "dockerfile", None) if rest.is_empty() => Ok(Role::Shown(language)),
        _ => Err(format!("'{info}' is no kind of block that CONTRIBUTING.md knows")),
    }
}

/// The steps of a page, in its order. Comments that begin with `test:` are steps that no reader sees.
///
/// # Errors
/// What is wrong, with its line.
pub fn steps(page: &Page) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    for piece in &page.pieces {
        match piece {
            Piece::Comment { text, line } => {
                let inner = text.trim_start_matches("<!--").trim_end_matches("-->").trim();
                if let Some(commands) = inner.strip_prefix("test:") {
                    steps.push(Step { kind: Kind::Script, text: commands.trim().to_owned(), line: *line });
                }
            }
            Piece::Block(block) => {
                let role = role(block).map_err(|why| format!("line {}: {why}", block.line))?;
                let one = |kind| Step { kind, text: block.text.clone(), line: block.line };
                if matches!(role, Role::Script) && block.text.lines().any(|line| line.starts_with("$ ")) {
                    return Err(format!("line {}: prompts belong into a console block", block.line));
                }
                match role {
                    Role::Script => steps.push(one(Kind::Script)),
                    Role::File(path) => steps.push(one(Kind::File { path: path.to_owned() })),
                    Role::Console => steps.extend(commands(block)?),
                    Role::NotRun(_) | Role::Shown(_) => {}
                }
            }
        }
    }
    Ok(steps)
}

/// `$ command`, `> its next line`, and what it prints.
fn commands(block: &Block) -> Result<Vec<Step>, String> {
    let mut steps: Vec<Step> = Vec::new();
    for (at, line) in block.text.lines().enumerate() {
        let number = block.line + at;
        if let Some(command) = line.strip_prefix("$ ") {
            let kind = Kind::Command { exit: exit(command, number)?, shown: None };
            steps.push(Step { kind, text: command.to_owned(), line: number });
            continue;
        }
        let Some(Step { kind: Kind::Command { exit: code, shown }, text, .. }) = steps.last_mut() else {
            return Err(format!("line {number}: output before any command"));
        };
        match line.strip_prefix("> ") {
            Some(more) if shown.is_none() && text.ends_with('\\') => {
                *text = format!("{text}\n{more}");
                *code = exit(more, number)?;
            }
            _ => shown.get_or_insert_default().push(line.to_owned()),
        }
    }
    Ok(steps)
}

/// How a command ends: 0, or what the comment behind it says.
fn exit(command: &str, line: usize) -> Result<i32, String> {
    match command.rsplit_once("# exit ") {
        Some((_, code)) => code.trim().parse().map_err(|_| format!("line {line}: '{code}' is no exit code")),
        None => Ok(0),
    }
}

/// Whether what was printed is what is shown: `…` in a line is any text, a line of `…` alone any number of lines.
pub fn fits(shown: &[String], printed: &[&str]) -> bool {
    let Some((first, rest)) = shown.split_first() else { return printed.is_empty() };
    if first.trim() == "…" {
        return (0..=printed.len()).any(|skipped| fits(rest, &printed[skipped..]));
    }
    printed.split_first().is_some_and(|(line, others)| line_fits(first, line) && fits(rest, others))
}

fn line_fits(shown: &str, printed: &str) -> bool {
    let (shown, printed) = (shown.trim_end(), printed.trim_end());
    let mut parts = shown.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut left) = printed.strip_prefix(first) else { return false };
    let others: Vec<&str> = parts.collect();
    let Some((last, between)) = others.split_last() else { return left.is_empty() };
    for part in between {
        match left.find(part) {
            Some(at) => left = &left[at + part.len()..],
            None => return false,
        }
    }
    left.ends_with(last)
}

#[test]
fn blocks_become_steps() {
    let page = Page::read(
        "<!-- test: maestro init -->\n\n```sh\na\nb\n```\n\n```console\n$ c \\\n> d   # exit 7\nx…z\n…\n$ e\n```\n\n```sh norun: docker\nf\n```\n\n```toml file=~/g.toml\nh = 1\n```\n",
    );
    let step = |kind, text: &str, line| Step { kind, text: text.to_owned(), line };
    let shown = |lines: &[&str]| Some(lines.iter().map(|&line| line.to_owned()).collect());
    let wanted = [
        step(Kind::Script, "maestro init", 1),
        step(Kind::Script, "a\nb\n", 4),
        step(Kind::Command { exit: 7, shown: shown(&["x…z", "…"]) }, "c \\\nd   # exit 7", 9),
        step(Kind::Command { exit: 0, shown: None }, "e", 13),
        step(Kind::File { path: "~/g.toml".to_owned() }, "h = 1\n", 21),
    ];
    assert_eq!(steps(&page).unwrap(), wanted);
    assert!(steps(&Page::read("```ruby\nx\n```\n")).is_err());
    assert!(steps(&Page::read("```sh\n$ x\n```\n")).is_err(), "a prompt belongs into a console block");
}

#[test]
fn what_is_printed_is_compared() {
    let fits = |shown: &[&str], printed: &[&str]| {
        let shown: Vec<String> = shown.iter().map(|&line| line.to_owned()).collect();
        fits(&shown, printed)
    };
    assert!(fits(&["a…c", "…", "d"], &["a b c", "x", "y", "d"]));
    assert!(fits(&["…", "d"], &["d"]) && fits(&["…"], &[]) && fits(&["a…"], &["a"]));
    assert!(!fits(&["a"], &["a", "b"]) && !fits(&["a", "b"], &["a"]) && !fits(&["a…b…a"], &["aba x"]));
    assert!(!fits(&["ab…ba"], &["aba"]), "one character is not two");
    assert!(!fits(&[], &["a"]) && !fits(&["…", "d", "…"], &["a", "b"]));
}
