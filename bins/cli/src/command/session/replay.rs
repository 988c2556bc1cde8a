//! `session replay`: a recording, played or saved.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use maestro_client::ObjectError;
use maestro_domain::SessionId;
use maestro_wire::{ErrorBody, ErrorCode};
use serde::Serialize;

use super::logs::nothing_kept;
use crate::cli::duration;
use crate::context::Context;
use crate::output::{Output, internal};
use crate::terminal::harmless::{Allowed, Harmless};
use crate::terminal::seat::{Seat, not_read};
use crate::terminal::tty;

const STORE: &str = "RECORDINGS";

/// Play an ended session's terminal, or save the recording for asciinema's player
#[derive(Args, Debug)]
pub struct ReplayArgs {
    /// Its id
    pub session: SessionId,
    /// An earlier start of the session
    #[arg(long)]
    pub epoch: Option<u32>,
    /// Save it (asciicast v2) and play nothing
    #[arg(long, short = 'o', value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// How many times as fast
    #[arg(long, default_value_t = 1.0, value_parser = speed)]
    pub speed: f64,
    /// Play what was printed as it was: it may ask this terminal, or reach its clipboard and title
    #[arg(long, conflicts_with = "output")]
    pub raw: bool,
    /// The longest pause
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration)]
    pub idle: Duration,
}

fn speed(text: &str) -> Result<f64, maestro_domain::InvalidValue> {
    let parsed = text.parse::<f64>().ok().filter(|speed| (0.1..=1000.0).contains(speed));
    parsed.ok_or_else(|| maestro_domain::InvalidValue {
        code: "invalid_value",
        message: format!("'{}' is no speed from 0.1 to 1000", text.escape_debug()),
    })
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Saved {
    session: SessionId,
    epoch: u32,
    file: PathBuf,
    bytes: usize,
}

pub async fn run(args: ReplayArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    if ctx.json() && args.output.is_none() {
        return Err(ErrorBody::new(ErrorCode::Usage, "playing is for people; with --json a recording is saved")
            .commands([format!("maestro session replay {} --output {}.cast", args.session, args.session)]));
    }
    let seat = Seat::of(ctx, args.session, args.epoch).await?;
    let recording = seat.client().objects(STORE).get(&seat.recording()).await.map_err(|error| match error {
        ObjectError::NotRead(error) => not_read(error),
        ObjectError::Damaged(_) | ObjectError::NotWritten(_) => internal(error.to_string()),
    })?;
    let Some(recording) = recording else { return Err(not_there(&seat)) };
    if let Some(file) = args.output {
        std::fs::write(&file, &recording).map_err(|error| {
            ErrorBody::new(ErrorCode::FileNotFound, format!("{}: {error}", file.display()))
                .suggest("name a file in a directory that is there")
        })?;
        let (bytes, shown) = (recording.len(), file.display().to_string());
        let saved = Saved { session: args.session, epoch: seat.epoch, file, bytes };
        return Ok(Output::new(&saved, move || format!("saved {bytes} bytes to {shown}")));
    }
    let _played = tty::shows_output().then_some(tty::Played);
    let recording = String::from_utf8_lossy(&recording);
    Output::of_printing(async {
        play(&recording, &args).await;
        Ok(())
    })
    .await
}

fn not_there(seat: &Seat) -> ErrorBody {
    let id = seat.session.id;
    if seat.epoch == seat.session.epoch && seat.session.status.kind().is_living() {
        return ErrorBody::new(ErrorCode::SessionState, format!("{id} is still running; it is kept when it ends"))
            .commands([format!("maestro session attach {id} --read-only"), format!("maestro session logs {id}")]);
    }
    nothing_kept(id)
}

async fn play(recording: &str, args: &ReplayArgs) {
    let mut before = 0.0;
    // Whatever is not a terminal obeys nothing.
    let mut filter = (!args.raw && tty::shows_output()).then(|| Harmless::new(Allowed::Drawing));
    for line in recording.lines().skip(1) {
        let Ok((at, kind, data)) = serde_json::from_str::<(f64, String, String)>(line) else { continue };
        let pause = Duration::from_secs_f64(((at - before) / args.speed).clamp(0.0, 3600.0)).min(args.idle);
        before = at;
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        if kind != "o" {
            continue;
        }
        let data = match &mut filter {
            Some(filter) => filter.take(&data),
            None => data,
        };
        if tty::write(data.as_bytes()).is_err() {
            return;
        }
    }
}
