//! The only printer of the benchmark: progress on stderr, the table on stdout, one JSON file a case.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

/// One line of the table.
pub struct Row {
    pub what: String,
    pub measured: String,
    pub raw: String,
    /// What is compared with the target: a ratio, or a figure with its unit.
    pub compared: String,
    pub target: String,
    pub met: bool,
}

pub struct Report {
    directory: PathBuf,
    rows: Vec<Row>,
    failures: usize,
}

/// A line of progress.
#[expect(clippy::print_stderr, reason = "the one place that tells how the run goes")]
pub fn say(text: &str) {
    eprintln!("{text}");
}

/// `target/bench` of this checkout.
pub fn directory() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target/bench"))
}

impl Report {
    pub fn new() -> anyhow::Result<Self> {
        let directory = directory();
        fs::create_dir_all(&directory)?;
        Ok(Self { directory, rows: Vec::new(), failures: 0 })
    }

    pub fn row(&mut self, row: Row) {
        say(&format!(
            "  {}: {} (raw {}; {} of {}) {}",
            row.what,
            row.measured,
            row.raw,
            row.compared,
            row.target,
            if row.met { "met" } else { "NOT MET" }
        ));
        self.rows.push(row);
    }

    /// Everything that a case saw, for whoever wants more than the table.
    pub fn details(&self, name: &str, details: &Value) -> anyhow::Result<()> {
        let path = self.directory.join(format!("{name}.json"));
        let text = serde_json::to_string_pretty(&json!({ "case": name, "details": details }))?;
        Ok(fs::write(path, text + "\n")?)
    }

    pub fn failed(&mut self, name: &str, error: &anyhow::Error) {
        say(&format!("  {name} failed: {error:#}"));
        self.failures += 1;
    }

    #[expect(clippy::print_stdout, reason = "the table is what this program is for")]
    pub fn finish(self) -> anyhow::Result<()> {
        let head = Row {
            what: "what".into(),
            measured: "measured".into(),
            raw: "raw".into(),
            compared: "ratio".into(),
            target: "target".into(),
            met: true,
        };
        let columns = |row: &Row| {
            [row.what.clone(), row.measured.clone(), row.raw.clone(), row.compared.clone(), row.target.clone()]
        };
        let mut widths = columns(&head).map(|cell| cell.chars().count());
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(columns(row)) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let line = |row: &Row, last: &str| {
            let cells = columns(row);
            let padded: Vec<String> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
            println!("| {} | {last:4} |", padded.join(" | "));
        };
        line(&head, "met?");
        println!("|{}|------|", widths.map(|width| "-".repeat(width + 2)).join("|"));
        for row in &self.rows {
            line(row, if row.met { "yes" } else { "NO" });
        }
        let table: Vec<Value> = self
            .rows
            .iter()
            .map(|row| {
                json!({
                    "what": row.what, "measured": row.measured, "raw": row.raw,
                    "compared": row.compared, "target": row.target, "met": row.met,
                })
            })
            .collect();
        fs::write(self.directory.join("table.json"), serde_json::to_string_pretty(&table)? + "\n")?;
        anyhow::ensure!(self.failures == 0, "{} of the cases failed", self.failures);
        Ok(())
    }
}
