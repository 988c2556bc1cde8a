//! `maestro backup` and `maestro restore`: the stack of this home, with the passwords of this home. The work is the
//! server's, since nobody else may write events: `maestro-server backup` and `maestro-server restore`.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use maestro_runtime::{Credentials, Home};
use maestro_wire::{BackupView, ErrorBody, ErrorCode, RestoreView};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::process::Command;

use super::alone::{Alone, still_running};
use super::args::{BackupArgs, RestoreArgs};
use super::binary::Binaries;
use super::broker::{self, address};
use super::program::without_inherited;
use super::running;
use super::stack::SERVER;
use crate::context::Context;
use crate::output::{DIM, Output, WARN, internal, paint};
use crate::view::counted;

/// Sessions that are named one by one.
const NAMED: usize = 10;

pub async fn backup(arguments: BackupArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let home = ctx.home()?;
    let binaries = Binaries::new(&ctx.environment)?;
    let Some(credentials) = known(&home)? else {
        let text =
            format!("there is no stack in {}, and so no passwords to read its streams with", home.root().display());
        return Err(ErrorBody::new(ErrorCode::StackNotRunning, text).suggest(
            "name its home with --home; a stack of containers is backed up by its server: `maestro-server backup`",
        ));
    };
    let work = Work { binaries: &binaries, credentials: &credentials, verb: "backup", path: &arguments.path };
    let view: BackupView = match running::healthy(&home) {
        Some(stack) => {
            let port = stack.nats_url.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or_default();
            work.carry_out(port, &[]).await?
        }
        None => {
            let alone = Alone::left_or_start(&home, &binaries, &credentials).await?;
            let done = work.carry_out(alone.port, &[]).await;
            alone.end().await;
            done?
        }
    };
    let told = view.clone();
    Ok(Output::new(&view, move || {
        let rows = told.streams.iter().map(|(name, stream)| format!("\n  {name:<16} {:>9} messages", stream.messages));
        format!(
            "{} ({} KiB)\n  {} up to sequence {} of ledger {}{}",
            told.file,
            told.bytes.div_ceil(1024),
            counted(told.projects, "project", "projects"),
            told.seq,
            told.ledger,
            rows.collect::<String>()
        )
    }))
}

pub async fn restore(arguments: RestoreArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let home = ctx.home()?;
    if running::supervisor(&home).is_some() {
        return Err(still_running(&home));
    }
    let binaries = Binaries::new(&ctx.environment)?;
    // Nothing is made in the home for a file that is not there.
    if !arguments.path.exists() {
        return Err(ErrorBody::new(ErrorCode::FileNotFound, format!("`{}` is not there", arguments.path.display()))
            .suggest("name the file that `maestro backup` wrote, or its directory"));
    }
    home.create().map_err(|error| {
        ErrorBody::new(ErrorCode::StartFailed, format!("the home cannot be used: {error}"))
            .suggest("name a directory of yours with --home")
    })?;
    let credentials = broker::credentials(&home)?;
    let alone = Alone::start(&home, &binaries, &credentials).await?;
    let flags: &[&str] = if arguments.replace { &["--replace"] } else { &[] };
    let work = Work { binaries: &binaries, credentials: &credentials, verb: "restore", path: &arguments.path };
    let done = work.carry_out(alone.port, flags).await;
    alone.end().await;
    let view: RestoreView = done?;
    let told = view.clone();
    let home = ctx.globals.home.as_ref().map(|home| format!(" --home {}", home.display())).unwrap_or_default();
    Ok(Output::new(&view, move || {
        let mut text = format!(
            "restored {} as of {}; ledger {}\n  {} maestro up{home}",
            counted(told.projects, "project", "projects"),
            told.created_at,
            told.ledger,
            paint(DIM, "try:")
        );
        if !told.lost.is_empty() {
            let few: Vec<&str> = told.lost.iter().take(NAMED).map(String::as_str).collect();
            let more = if told.lost.len() > NAMED { ", …" } else { "" };
            text.push_str(&format!(
                "\n{} lived then, now lost: {}{more}\n  {} maestro session resume SESSION goes on with one",
                paint(WARN, counted(told.lost.len(), "session", "sessions")),
                few.join(", "),
                paint(DIM, "then:")
            ));
        }
        text
    }))
}

/// The passwords of this home, if there are any.
fn known(home: &Home) -> Result<Option<Credentials>, ErrorBody> {
    Credentials::read(&home.credentials())
        .map_err(|error| ErrorBody::new(ErrorCode::InvalidConfig, error.to_string()).suggest(error.hint()))
}

/// One run of the server's program for one of the two.
struct Work<'a> {
    binaries: &'a Binaries,
    credentials: &'a Credentials,
    verb: &'static str,
    path: &'a Path,
}

impl Work<'_> {
    /// Over the broker at this port. What it says to people goes to stderr only when it fails without a document.
    async fn carry_out<T: DeserializeOwned>(&self, port: u16, flags: &[&str]) -> Result<T, ErrorBody> {
        let path: PathBuf = std::path::absolute(self.path)
            .map_err(|error| ErrorBody::new(ErrorCode::FileNotFound, format!("`{}`: {error}", self.path.display())))?;
        let mut command = Command::new(self.binaries.program(SERVER)?);
        without_inherited(&mut command);
        let url = |user| address(self.credentials, user, port);
        let output = command
            .arg(self.verb)
            .arg(&path)
            .args(flags)
            .env("MAESTRO_CORE_URL", url("core"))
            .env("MAESTRO_WORK_URL", url("core-work"))
            .env("MAESTRO_SPAWNER_URL", url("spawner"))
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .map_err(|error| internal(format!("{SERVER} could not be started: {error}")))?;
        let document: Value = match serde_json::from_slice(&output.stdout) {
            Ok(document) => document,
            Err(_) => {
                let said = String::from_utf8_lossy(&output.stderr);
                let last = said.lines().last().unwrap_or_default().to_owned();
                return Err(internal(format!("{SERVER} {} ended with {}: {last}", self.verb, output.status)));
            }
        };
        let odd = |error: serde_json::Error| internal(format!("{SERVER} {} answered: {error}", self.verb));
        if document["success"] == true {
            serde_json::from_value(document["data"].clone()).map_err(odd)
        } else {
            Err(serde_json::from_value(document).map_err(odd)?)
        }
    }
}
