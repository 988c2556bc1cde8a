//! The terminal that this command runs in.

use std::io::{self, Write};

use maestro_wire::TerminalSize;
use rustix::termios::{OptionalActions, Termios, isatty, tcgetattr, tcgetwinsize, tcsetattr};

/// Ends whatever a session's program switched on: the other screen, mouse, focus, pasting, ways of telling keys, updates
/// held back, colours, a hidden cursor.
pub const PLAIN_AGAIN: &[u8] =
    b"\x1b[?1049l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1004l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?2004l\
      \x1b[=0u\x1b[>4;0m\x1b[?2026l\x1b[?1l\x1b>\x1b[r\x1b[0m\x1b[?25h";

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

/// Every key goes to the session, none to this terminal. Dropped, it is as before.
pub struct Raw {
    before: Option<Termios>,
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
        Ok(Self { before: Some(before) })
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let below = size().map_or(1, |size| size.rows);
        // A terminal that is gone needs nothing.
        let _ = write(PLAIN_AGAIN).and_then(|()| write(format!("\x1b[{below};1H\r\n").as_bytes()));
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
