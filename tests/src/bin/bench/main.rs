//! Figures of a release build, as ratios to the raw broker in the same run: `make bench`, or
//! `cargo run --release -p maestro-tests --bin bench -- [--quick] [name…]`.
//!
//! Each case starts a real nats-server with the product's own configuration and real server processes, measures the
//! product and the broker alternately, and writes `target/bench/<name>.json`; a table of all of them ends the run.

mod bridge;
mod case;
mod ledger;
mod load;
mod measure;
mod raw;
mod report;
mod session;
mod stack;
mod store;

use std::process::ExitCode;

use anyhow::bail;
use report::Report;

/// How much is measured.
#[derive(Clone, Copy)]
pub struct Scale {
    pub quick: bool,
}

impl Scale {
    /// `full`, or `quick` in a run that only shows that everything works.
    pub const fn pick(self, full: usize, quick: usize) -> usize {
        if self.quick { quick } else { full }
    }
}

fn main() -> ExitCode {
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::say(&format!("bench ends: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn start() -> anyhow::Result<()> {
    let mut quick = std::env::var_os("MAESTRO_BENCH_QUICK").is_some();
    let mut names = Vec::new();
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--quick" => quick = true,
            name if case::NAMES.contains(&name) => names.push(name.to_owned()),
            other => bail!("no case is named '{other}'; there are {}, and --quick", case::NAMES.join(", ")),
        }
    }
    if names.is_empty() {
        names = case::NAMES.iter().map(|name| (*name).to_owned()).collect();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut report = Report::new()?;
    for name in names {
        report::say(&format!("{name} …"));
        // A case that fails leaves the figures of the others.
        if let Err(error) = runtime.block_on(case::run(&name, Scale { quick }, &mut report)) {
            report.failed(&name, &error);
        }
    }
    report.finish()
}
