//! `session logs`: what a session's terminal printed, as far as it is kept.

use std::collections::VecDeque;
use std::time::Duration;

use clap::Args;
use maestro_client::{Piece, Splice, Spliced, Subscription};
use maestro_domain::SessionId;
use maestro_wire::{ErrorBody, ErrorCode};
use serde::Serialize;
use tokio::time::Instant;

use crate::command::wait;
use crate::context::Context;
use crate::output::Output;
use crate::terminal::seat::Seat;

/// What is looked through for the last lines.
const TAIL: usize = 4 << 20;
/// A holder that goes back after a break closes holes within this time.
const HOLE: Duration = Duration::from_secs(2);
/// How often it is looked whether a silent session is still held.
const LOOK: Duration = Duration::from_secs(10);

/// Show what a session's terminal printed
#[derive(Args, Debug)]
pub struct LogsArgs {
    /// Its id
    pub session: SessionId,
    /// Go on with what is printed from now on, until the session ends; in a session for 90 s unless --timeout says otherwise
    #[arg(long, short = 'f')]
    pub follow: bool,
    /// At most this many lines of what was printed before
    #[arg(long, short = 'n', default_value_t = 200)]
    pub lines: usize,
    /// Everything that is kept
    #[arg(long, conflicts_with = "lines")]
    pub all: bool,
    /// An earlier start of the session
    #[arg(long)]
    pub epoch: Option<u32>,
}

/// One line of `--json`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Chunk<'a> {
    offset: u64,
    #[serde(skip_serializing_if = "str::is_empty")]
    text: &'a str,
    /// So many bytes before it are not kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<i32>,
}

pub async fn run(args: LogsArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let seat = Seat::of(ctx, args.session, args.epoch).await?;
    // Before the stream is read, so that nothing falls between.
    let live = if args.follow { Some(seat.listen().await?) } else { None };
    let mut printer = Lines { ctx, splice: None, rest: Vec::new() };
    let Some(kept) = kept(&seat, &mut printer, args.all).await? else { return Ok(Output::printed()) };
    let Kept { tail, missing, end } = kept;
    let bytes: Vec<u8> = tail.into();
    let from = if args.all { 0 } else { start_of_last(&bytes, args.lines) };
    let offset = printer.next() - bytes.len() as u64 + from as u64;
    if !printer.print(offset, &bytes[from..], missing.filter(|_| args.all || from == 0)) {
        return Ok(Output::printed());
    }
    match (end, live) {
        (Some(code), _) => printer.finish(Some(code)),
        (None, Some(live)) => follow(&seat, live, printer, ctx).await?,
        (None, None) => printer.finish(None),
    }
    Ok(Output::printed())
}

/// What the stream has.
struct Kept {
    tail: VecDeque<u8>,
    missing: Option<u64>,
    end: Option<i32>,
}

/// Reads it; with `all` it is printed on the way. `None`: nobody reads any more.
async fn kept(seat: &Seat, printer: &mut Lines<'_>, all: bool) -> Result<Option<Kept>, ErrorBody> {
    let mut kept = Kept { tail: VecDeque::new(), missing: None, end: None };
    let mut seq = 1;
    loop {
        let batch = seat.kept(seq).await?;
        let Some((last, _)) = batch.last() else { return Ok(Some(kept)) };
        seq = last + 1;
        for (_, piece) in batch {
            let (bytes, gap) = printer.take(&piece);
            if gap.is_some() && kept.tail.is_empty() {
                kept.missing = gap;
            }
            if all {
                let offset = printer.next() - bytes.len() as u64;
                if !printer.print(offset, &bytes, gap) {
                    return Ok(None);
                }
                kept.missing = None;
            } else {
                kept.tail.extend(&bytes);
                let over = kept.tail.len().saturating_sub(TAIL);
                kept.tail.drain(..over);
            }
            kept.end = kept.end.or(piece.code);
        }
    }
}

async fn follow(seat: &Seat, mut live: Subscription, mut printer: Lines<'_>, ctx: &Context) -> Result<(), ErrorBody> {
    let in_session = ctx.actor()?.0.session().is_some();
    let bounded = ctx.globals.timeout.is_some() || in_session;
    let until = if bounded { Some(Instant::now() + wait::bound(ctx)?) } else { None };
    let mut hole: Option<Instant> = None;
    loop {
        let look = until.map_or(LOOK, |until| until.saturating_duration_since(Instant::now()).min(LOOK));
        let message = tokio::select! {
            message = live.next() => message,
            () = tokio::time::sleep(look) => {
                if until.is_some_and(|until| Instant::now() >= until) || !ctx.printer.is_heard() {
                    break;
                }
                if seat.is_held().await == Some(false) {
                    break;
                }
                continue;
            }
        };
        let Some(message) = message else { break };
        let Some(piece) = Piece::of(&message) else { continue };
        if printer.lacks(&piece) {
            // The holder goes back by itself after a break; what we missed ourselves lies in the stream.
            let since = *hole.get_or_insert_with(Instant::now);
            if since.elapsed() < HOLE {
                let mut seq = 1;
                while printer.lacks(&piece) {
                    let batch = seat.kept(seq).await?;
                    let Some((last, _)) = batch.last() else { break };
                    seq = last + 1;
                    for (_, kept) in &batch {
                        if !printer.lacks(kept) && !printer.show(kept) {
                            return Ok(());
                        }
                    }
                }
                if printer.lacks(&piece) {
                    continue;
                }
            }
        }
        hole = None;
        if !printer.show(&piece) {
            return Ok(());
        }
        if let Some(code) = piece.code {
            printer.finish(Some(code));
            return Ok(());
        }
    }
    printer.finish(None);
    Ok(())
}

/// Prints output as it is on a terminal, without escape sequences into a pipe, and as JSON Lines.
struct Lines<'a> {
    ctx: &'a Context,
    /// From the first piece on.
    splice: Option<Splice>,
    /// The beginning of a character.
    rest: Vec<u8>,
}

impl Lines<'_> {
    fn next(&self) -> u64 {
        self.splice.map_or(0, |splice| splice.next())
    }

    fn lacks(&self, piece: &Piece) -> bool {
        let mut tried = self.splice.unwrap_or(Splice::at(0));
        matches!(tried.take(piece), Spliced::Missing { .. })
    }

    /// The bytes that a piece adds, and how many before them are missing.
    fn take(&mut self, piece: &Piece) -> (maestro_client::Bytes, Option<u64>) {
        let splice = self.splice.get_or_insert(Splice::at(0));
        match splice.take(piece) {
            Spliced::More(bytes) => (bytes, None),
            Spliced::Gap { from, to, bytes } => (bytes, Some(to - from)),
            Spliced::Missing { from, to } => {
                *splice = Splice::at(to + piece.bytes.len() as u64);
                (piece.bytes.clone(), Some(to - from))
            }
        }
    }

    fn show(&mut self, piece: &Piece) -> bool {
        let (bytes, missing) = self.take(piece);
        let offset = self.next() - bytes.len() as u64;
        self.print(offset, &bytes, missing)
    }

    /// False when nobody reads any more.
    fn print(&mut self, offset: u64, bytes: &[u8], missing: Option<u64>) -> bool {
        if let Some(missing) = missing.filter(|_| !self.ctx.json()) {
            self.ctx.printer.note(&format!("[{missing} bytes before this are not kept]"));
        }
        let offset = offset - self.rest.len() as u64;
        let joined = [std::mem::take(&mut self.rest).as_slice(), bytes].concat();
        let whole = whole_characters(&joined);
        self.rest = joined[whole..].to_vec();
        if whole == 0 && missing.is_none() {
            return true;
        }
        let text = String::from_utf8_lossy(&joined[..whole]);
        if self.ctx.json() {
            let chunk = Chunk { offset, text: &text, missing, code: None };
            self.ctx.printer.line(&chunk, String::new).is_ok()
        } else {
            self.ctx.printer.raw(&text).is_ok()
        }
    }

    fn finish(mut self, code: Option<i32>) {
        let rest = std::mem::take(&mut self.rest);
        let text = String::from_utf8_lossy(&rest).into_owned();
        if self.ctx.json() {
            if code.is_some() || !text.is_empty() {
                let chunk = Chunk { offset: self.next() - rest.len() as u64, text: &text, missing: None, code };
                let _ = self.ctx.printer.line(&chunk, String::new);
            }
            return;
        }
        let _ = self.ctx.printer.raw(&text);
        if let Some(code) = code {
            self.ctx.printer.note(&format!("[exited with code {code}]"));
        }
    }
}

/// Without the beginning of a character at the end. What is wrong and not just unfinished is shown as such.
fn whole_characters(bytes: &[u8]) -> usize {
    for (back, byte) in (1..=3).zip(bytes.iter().rev()) {
        let length = match byte {
            0x80..=0xbf => continue,
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 1,
        };
        return if length > back { bytes.len() - back } else { bytes.len() };
    }
    bytes.len()
}

/// Where the last `lines` lines begin.
fn start_of_last(bytes: &[u8], lines: usize) -> usize {
    let end = bytes.len() - usize::from(bytes.last() == Some(&b'\n'));
    let mut seen = 0;
    for (place, byte) in bytes[..end].iter().enumerate().rev() {
        if *byte == b'\n' {
            seen += 1;
            if seen == lines {
                return place + 1;
            }
        }
    }
    if lines == 0 { bytes.len() } else { 0 }
}

/// There is nothing to be shown of it.
pub fn nothing_kept(session: SessionId) -> ErrorBody {
    ErrorBody::new(ErrorCode::FileNotFound, format!("nothing is kept of {session}'s terminal"))
        .commands([format!("maestro session info {session}")])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_begin_behind_a_line_break() {
        let text = b"one\ntwo\nthree\n";
        assert_eq!(&text[start_of_last(text, 1)..], b"three\n");
        assert_eq!(&text[start_of_last(text, 2)..], b"two\nthree\n");
        assert_eq!(start_of_last(text, 9), 0);
        assert_eq!(start_of_last(text, 0), text.len());
        assert_eq!(&b"a\nb"[start_of_last(b"a\nb", 1)..], b"b");
        assert_eq!(start_of_last(b"", 3), 0);
    }

    #[test]
    fn characters_are_not_cut() {
        assert_eq!(whole_characters("aé".as_bytes()), 3);
        assert_eq!(whole_characters(&"aé".as_bytes()[..2]), 1);
        assert_eq!(whole_characters(b"a\xff"), 2);
        assert_eq!(whole_characters(b"\xff\xe4\xb8"), 1);
        assert_eq!(whole_characters(b""), 0);
    }
}
