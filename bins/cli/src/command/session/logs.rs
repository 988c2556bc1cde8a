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
use crate::terminal::harmless::{Allowed, Harmless};
use crate::terminal::seat::Seat;
use crate::terminal::tty;

/// What is looked through for the last lines.
const TAIL: usize = 4 << 20;
/// A holder that goes back after a break closes holes within this time.
const HOLE: Duration = Duration::from_secs(2);
/// How often the stream is looked into for what is missing.
const MEND: Duration = Duration::from_millis(200);
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
    /// What was printed as it was, to a terminal or into a pipe: it may ask the terminal, or reach its clipboard and title
    #[arg(long)]
    pub raw: bool,
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
    let filter = if args.raw { None } else { Some(Harmless::new(Allowed::Colours)) };
    let _colours = Colours { ctx, wanted: filter.is_some() && !ctx.json() && tty::shows_output() };
    Output::of_printing(tell(&args, ctx, &seat, live, filter)).await
}

/// Colours of a program's text. Dropped, this terminal has its own again.
struct Colours<'a> {
    ctx: &'a Context,
    wanted: bool,
}

impl Drop for Colours<'_> {
    fn drop(&mut self) {
        if self.wanted {
            // Nobody reads any more.
            let _ = self.ctx.printer.raw(tty::NO_COLOURS);
        }
    }
}

async fn tell(
    args: &LogsArgs,
    ctx: &Context,
    seat: &Seat,
    live: Option<Subscription>,
    filter: Option<Harmless>,
) -> Result<(), ErrorBody> {
    let mut printer = Lines { ctx, splice: None, rest: Vec::new(), filter };
    let Some(kept) = kept(seat, &mut printer, args.all).await? else { return Ok(()) };
    let Kept { tail, missing, end, next } = kept;
    let bytes: Vec<u8> = tail.into();
    let from = if args.all { 0 } else { start_of_last(&bytes, args.lines) };
    let offset = printer.next() - bytes.len() as u64 + from as u64;
    if !printer.print(offset, &bytes[from..], missing.filter(|_| args.all || from == 0)) {
        return Ok(());
    }
    match (end, live) {
        (Some(code), _) => printer.finish(Some(code)),
        (None, Some(live)) => Follow { seat, printer, next, hole: None }.run(live, ctx).await?,
        (None, None) => printer.finish(None),
    }
    Ok(())
}

/// What the stream has.
struct Kept {
    tail: VecDeque<u8>,
    missing: Option<u64>,
    end: Option<i32>,
    /// The sequence of the stream behind it.
    next: u64,
}

/// Reads it; with `all` it is printed on the way. `None`: nobody reads any more.
async fn kept(seat: &Seat, printer: &mut Lines<'_>, all: bool) -> Result<Option<Kept>, ErrorBody> {
    let mut kept = Kept { tail: VecDeque::new(), missing: None, end: None, next: 1 };
    loop {
        let batch = seat.kept(kept.next).await?;
        let Some((last, _)) = batch.last() else { return Ok(Some(kept)) };
        kept.next = last + 1;
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

/// A part of the output has not come that others have passed.
struct Hole {
    since: Instant,
    /// The latest of what came behind it. What lies between is in the stream by then, this one perhaps not yet.
    behind: Piece,
}

struct Follow<'a> {
    seat: &'a Seat,
    printer: Lines<'a>,
    /// Where the stream is read on.
    next: u64,
    hole: Option<Hole>,
}

/// What became of a look at the stream, or of a piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shown {
    /// It goes on.
    More,
    /// The agent has ended with this code.
    End(i32),
    /// Nobody reads any more.
    Unheard,
}

impl Follow<'_> {
    async fn run(mut self, mut live: Subscription, ctx: &Context) -> Result<(), ErrorBody> {
        let in_session = ctx.actor()?.0.session().is_some();
        let bounded = ctx.globals.timeout.is_some() || in_session;
        let until = if bounded { Some(Instant::now() + wait::bound(ctx)?) } else { None };
        let mut shown = Shown::More;
        while shown == Shown::More {
            let look = if self.hole.is_some() { MEND } else { LOOK };
            let look = until.map_or(look, |until| until.saturating_duration_since(Instant::now()).min(look));
            let message = tokio::select! {
                message = live.next() => message,
                () = tokio::time::sleep(look) => {
                    if until.is_some_and(|until| Instant::now() >= until) || !ctx.printer.is_heard() {
                        break;
                    }
                    if self.hole.is_none() && self.seat.is_held().await == Some(false) {
                        break;
                    }
                    shown = self.mend(false).await?;
                    continue;
                }
            };
            let Some(message) = message else { break };
            let Some(piece) = Piece::of(&message) else { continue };
            shown = self.take(piece).await?;
        }
        if shown == Shown::More {
            // The last pieces may be in the stream alone.
            shown = self.mend(true).await?;
        }
        match shown {
            Shown::More => self.printer.finish(None),
            Shown::End(code) => self.printer.finish(Some(code)),
            Shown::Unheard => {}
        }
        Ok(())
    }

    async fn take(&mut self, piece: Piece) -> Result<Shown, ErrorBody> {
        if !self.printer.lacks(&piece) {
            return Ok(self.show(&piece));
        }
        // The holder goes back by itself after a break; what we missed ourselves lies in the stream.
        let since = self.hole.as_ref().map_or_else(Instant::now, |hole| hole.since);
        self.hole = Some(Hole { since, behind: piece });
        self.mend(false).await
    }

    /// Looks into the stream for what is missing. What does not come within the bound, or `at_once`, is told as missing.
    async fn mend(&mut self, at_once: bool) -> Result<Shown, ErrorBody> {
        let given_up = at_once || self.hole.as_ref().is_some_and(|hole| hole.since.elapsed() >= HOLE);
        if self.hole.is_none() && !at_once {
            return Ok(Shown::More);
        }
        let (mut seq, mut passed_over) = (self.next, false);
        loop {
            let batch = self.seat.kept(seq).await?;
            let Some((last, _)) = batch.last() else { break };
            seq = last + 1;
            for (place, piece) in &batch {
                if !given_up && self.printer.lacks(piece) {
                    passed_over = true;
                    continue;
                }
                match self.show(piece) {
                    Shown::More => {}
                    over => return Ok(over),
                }
                // What was passed over is looked at again.
                if !passed_over {
                    self.next = place + 1;
                }
            }
        }
        let Some(hole) = self.hole.take() else { return Ok(Shown::More) };
        if !given_up && self.printer.lacks(&hole.behind) {
            self.hole = Some(hole);
            return Ok(Shown::More);
        }
        Ok(self.show(&hole.behind))
    }

    fn show(&mut self, piece: &Piece) -> Shown {
        match (self.printer.show(piece), piece.code) {
            (false, _) => Shown::Unheard,
            (true, Some(code)) => Shown::End(code),
            (true, None) => Shown::More,
        }
    }
}

/// Prints output as text with its colours, without them into a pipe, and as JSON Lines.
struct Lines<'a> {
    ctx: &'a Context,
    /// From the first piece on.
    splice: Option<Splice>,
    /// The beginning of a character.
    rest: Vec<u8>,
    /// For people: nothing of a program's reaches their terminal but its text. None: raw.
    filter: Option<Harmless>,
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
            match &self.filter {
                Some(_) => self.say(&text),
                None => tty::write(&joined[..whole]).is_ok(),
            }
        }
    }

    fn say(&mut self, text: &str) -> bool {
        match &mut self.filter {
            Some(filter) => self.ctx.printer.raw(&filter.take(text)).is_ok(),
            None => tty::write(text.as_bytes()).is_ok(),
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
        self.say(&text);
        if self.filter.is_some() && tty::shows_output() {
            let _ = self.ctx.printer.raw(tty::NO_COLOURS);
        }
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
