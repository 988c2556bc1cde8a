//! What `up` says: one line a program, then where the dashboard is and what to type next.

use maestro_runtime::{Home, StackFile};
use serde::Serialize;

use super::dashboard;
use super::process::{PATIENCE, SPAWNER_GRACE};
use super::supervisor::Supervisor;
use crate::context::Context;
use crate::output::{ACCENT, BOLD, DIM, GOOD, Output, paint};

/// A running stack as `up --json` answers it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    pub home: String,
    /// It ran before this command.
    pub already_running: bool,
    #[serde(flatten)]
    pub stack: StackFile,
    /// With a one-time code in it.
    pub dashboard: Option<String>,
    /// Runnable next commands.
    pub commands: Vec<String>,
}

impl Facts {
    pub async fn new(ctx: &Context, home: &Home, stack: &StackFile, already_running: bool) -> Self {
        let listen = stack.bridge_url.as_deref().map(|url| url.trim_start_matches("http://").to_owned());
        let dashboard = match listen {
            Some(listen) => Some(dashboard::address(&listen, &stack.token_file).await),
            None => None,
        };
        let root = home.root().display().to_string();
        let usual = ctx.environment.user_home().is_some_and(|user| user.join(".maestro") == home.root());
        let flag = if usual { String::new() } else { format!(" --home {root}") };
        let commands = ["init", "status", "down"].map(|verb| format!("maestro {verb}{flag}")).to_vec();
        Self { home: root, already_running, stack: stack.clone(), dashboard, commands }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        if let Some(dashboard) = &self.dashboard {
            text.push_str(&format!("{} {}\n", paint(BOLD, "dashboard"), paint(ACCENT, dashboard)));
        }
        let next = self.commands.first().map(String::as_str).unwrap_or_default();
        text.push_str(&format!("{} {next}   in a repository: makes it a project", paint(DIM, "next:")));
        text
    }
}

/// Waits for an end; whoever has waited for a while is told what takes so long.
pub async fn patiently<T>(ctx: &Context, ending: impl Future<Output = T>) -> T {
    let mut ending = std::pin::pin!(ending);
    match tokio::time::timeout(PATIENCE, &mut ending).await {
        Ok(ended) => ended,
        Err(_) => {
            let most = SPAWNER_GRACE.as_secs();
            ctx.printer.note(&format!(
                "still stopping: agents end, their ends are reported and their recordings stored, for {most} s at most"
            ));
            ending.await
        }
    }
}

/// One program that serves.
pub fn program(ctx: &Context, name: &str, supervisor: &Supervisor, address: Option<&str>) {
    let Some(row) = supervisor.rows.get(name) else { return };
    if ctx.json() {
        return;
    }
    let address = address.or(row.served.listen.as_deref()).unwrap_or("");
    ctx.printer.out(&format!(
        "{} {name:<18} {:<8} {address:<26} pid {:<8} ready in {} ms",
        paint(GOOD, "✓"),
        row.served.version,
        row.served.pid,
        row.after.as_millis()
    ));
}

/// The whole stack serves. The answer of the command, though the command goes on.
pub fn healthy(ctx: &Context, facts: &Facts) {
    let text = format!("{}\n{}", facts.text(), paint(DIM, "Ctrl-C stops everything"));
    ctx.printer.answer(Output::new(facts, move || text));
}

/// The stack runs and this command ends.
pub async fn running(ctx: &Context, home: &Home, stack: &StackFile, already: bool) -> Output {
    let facts = Facts::new(ctx, home, stack, already).await;
    let programs: Vec<String> = stack
        .processes
        .iter()
        .map(|process| format!("{} {:<18} {:<8} pid {}", paint(GOOD, "✓"), process.name, process.version, process.pid))
        .collect();
    let head = if already { "running already" } else { "running" };
    let text = format!("{}\n{} {head}\n{}", programs.join("\n"), paint(BOLD, "stack"), facts.text());
    Output::new(&facts, move || text)
}
