//! The terminal that this command runs in.

use std::io::{self, Write};

use maestro_wire::TerminalSize;
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr};
use tokio::signal::unix::{SignalKind, signal};

/// Ends whatever a session's program switched on: the other screen, mouse, focus, pasting, ways of telling keys, updates
/// held back, inserting, a part of the screen that scrolls and rows that count from it, lines that are not wrapped, a drawing
/// character set, colours, a hidden cursor or one of another shape.
const PLAIN_AGAIN: &[u8] =
    b"\x1b[?1049l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?2004l\
      \x1b[=0u\x1b[>4;0m\x1b[?2026l\x1b[?1l\x1b>\x1b[4l\x1b[?6l\x1b[r\x1b[?7h\x0f\x1b(B\x1b[0m\x1b[0 q\x1b[?25h";
/// Ends the colours of text.
pub const NO_COLOURS: &str = "\x1b[0m";

/// Whether stdin and stdout are a terminal.
pub fn is_there() -> bool {
    isatty(io::stdin()) && isatty(io::stdout())
}

/// Whether what is printed goes to a terminal.
pub fn shows_output() -> bool {
    isatty(io::stdout())
}

/// Columns and rows; `None`: stdout is no terminal, or it does not know.
pub fn size() -> Option<TerminalSize> {
    let size = tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some(TerminalSize { cols: size.ws_col, rows: size.ws_row })
}

/// What a session's program draws is drawn here. Dropped, the terminal is plain again, and goes on below it.
pub struct Drawn;

impl Drop for Drawn {
    fn drop(&mut self) {
        let below = size().map_or(1, |size| size.rows);
        // A terminal that is gone needs nothing.
        let _ = write(PLAIN_AGAIN).and_then(|()| write(format!("\x1b[{below};1H\r\n").as_bytes()));
    }
}

/// What a program printed once goes by here. Dropped, the terminal is plain again, and goes on behind what it shows.
pub struct Played;

impl Drop for Played {
    fn drop(&mut self) {
        // The place of the cursor is kept over what moves it. A terminal that is gone needs nothing.
        let _ = write(b"\x1b7").and_then(|()| write(PLAIN_AGAIN)).and_then(|()| write(b"\x1b8\x1b(B\x1b[0m\r\n"));
    }
}

/// Works until it is done, or until somebody ends it by a signal: then with the number of that.
///
/// # Errors
/// When signals cannot be heard.
pub async fn until_signal<T>(work: impl Future<Output = T>) -> io::Result<Result<T, i32>> {
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    let mut hung_up = signal(SignalKind::hangup())?;
    Ok(tokio::select! {
        done = work => Ok(done),
        _ = interrupted.recv() => Err(SignalKind::interrupt().as_raw_value()),
        _ = terminated.recv() => Err(SignalKind::terminate().as_raw_value()),
        _ = hung_up.recv() => Err(SignalKind::hangup().as_raw_value()),
    })
}

/// Every key goes to the session, none to this terminal. Dropped, it is as before.
pub struct Raw {
    before: Option<Termios>,
    drawn: Option<Drawn>,
}

impl Raw {
    /// `keys`: typed keys are wanted.
    ///
    /// # Errors
    /// When stdin is no terminal.
    pub fn enter() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(io::stdin(), OptionalActions::Flush, &raw)?;
        Ok(Self { before: Some(before), drawn: Some(Drawn) })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        drop(self.drawn.take());
        if let Some(before) = self.before.take() {
            let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &before);
        }
    }
}

/// Bytes of a session's terminal for this one.
///
/// # Errors
/// When nobody reads any more.
pub fn write(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()
}
