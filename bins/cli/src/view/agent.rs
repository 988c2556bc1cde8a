//! Agent profiles.

use crate::command::agent::{doctor::Check, list::Row};
use crate::output::{BAD, BOLD, DIM, GOOD, WARN, paint};

use super::{cell, rendered, table};

pub fn list(rows: &[Row]) -> String {
    let mut table = table(&["agent", "node", "version", "logged in", "program", ""]);
    for Row { node, agent } in rows {
        let logged_in = match agent.logged_in {
            Some(true) => ("yes", GOOD),
            Some(false) => ("no", WARN),
            None => ("", DIM),
        };
        table.add_row([
            cell(&agent.name, BOLD),
            cell(node, DIM),
            cell(agent.version.as_deref().unwrap_or_default(), anstyle::Style::new()),
            cell(if agent.program.is_some() { logged_in.0 } else { "" }, logged_in.1),
            cell(agent.program.as_deref().unwrap_or("not found"), if agent.program.is_some() { DIM } else { WARN }),
            cell(if agent.file.is_some() { "own profile" } else { "" }, DIM),
        ]);
    }
    rendered(&mut table)
}

pub fn checks(checks: &[Check], mistakes: &[String]) -> String {
    let mut lines: Vec<String> = checks
        .iter()
        .map(|check| {
            let mark = if check.ok { paint(GOOD, "ok  ") } else { paint(WARN, "no  ") };
            let hint =
                check.hint.as_ref().map(|hint| format!("\n       {} {hint}", paint(DIM, "hint:"))).unwrap_or_default();
            format!(
                "{mark} {} {} {}{hint}",
                paint(BOLD, &check.agent),
                paint(DIM, format!("on {}:", check.node)),
                check.message
            )
        })
        .collect();
    lines.extend(mistakes.iter().map(|mistake| format!("{} {mistake}", paint(BAD, "bad "))));
    lines.join("\n")
}
