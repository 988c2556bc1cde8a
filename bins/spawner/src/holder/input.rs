//! What is typed into the agent's terminal: in order, by one writer, never more than a bound ahead of the agent.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use maestro_wire::TerminalSize;
use pty_process::OwnedWritePty;
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;

use super::agent;
use super::terminal::Terminal;

/// Pieces of input that wait for an agent that does not read.
const WAITING: usize = 64;
/// Between a pasted prompt and the key that submits it: agents take both at once for more pasted text.
const BEFORE_ENTER: Duration = Duration::from_millis(150);

#[derive(Debug)]
enum Item {
    Bytes(Vec<u8>),
    Pause(Duration),
    Size(TerminalSize),
}

/// The keyboard of one terminal. Clones type into the same one.
#[derive(Clone)]
pub(super) struct Keyboard {
    items: mpsc::Sender<Item>,
    terminal: Arc<Terminal>,
    /// When a viewer typed last.
    touched: Moment,
    /// When anybody gave it a prompt.
    prompted: Moment,
}

/// When something happened last, if ever.
#[derive(Clone, Default)]
struct Moment(Arc<Mutex<Option<Instant>>>);

impl Moment {
    fn is_now(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn is_past(&self, pause: Duration) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_none_or(|at| at.elapsed() >= pause)
    }
}

/// The agent does not read what was typed before.
#[derive(Debug)]
pub(super) struct NotRead;

impl Keyboard {
    /// The keyboard, and what does the typing; that runs until the last keyboard is gone or the terminal is closed.
    pub(super) fn of(terminal: &Arc<Terminal>, pty: OwnedWritePty) -> (Self, impl Future<Output = ()> + use<>) {
        let (items, waiting) = mpsc::channel(WAITING);
        let keyboard =
            Self { items, terminal: terminal.clone(), touched: Moment::default(), prompted: Moment::default() };
        (keyboard, write(terminal.clone(), pty, waiting))
    }

    /// A viewer is at the keyboard.
    pub(super) fn somebody_types(&self) {
        self.touched.is_now();
    }

    /// Whether no viewer has typed for this long: their half line is not to be mixed with something else.
    pub(super) fn untouched_for(&self, pause: Duration) -> bool {
        self.touched.is_past(pause)
    }

    /// Whether nobody at all has typed for this long, neither a viewer nor whoever gave it a prompt.
    pub(super) fn unused_for(&self, pause: Duration) -> bool {
        self.touched.is_past(pause) && self.prompted.is_past(pause)
    }

    /// Types the bytes as they are.
    pub(super) fn keys(&self, bytes: Vec<u8>) -> Result<(), NotRead> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.items.try_send(Item::Bytes(bytes)).map_err(|_| NotRead)
    }

    /// Types a text as one prompt and submits it: pasted where the program knows pasting, and Enter by itself.
    pub(super) fn prompt(&self, text: &[u8]) -> Result<(), NotRead> {
        let room = self.items.try_reserve_many(3).map_err(|_| NotRead)?;
        let pasted = paste(text, self.terminal.bracketed_paste());
        for (place, item) in room.zip([Item::Bytes(pasted), Item::Pause(BEFORE_ENTER), Item::Bytes(b"\r".to_vec())]) {
            place.send(item);
        }
        self.prompted.is_now();
        Ok(())
    }

    pub(super) fn resize(&self, size: TerminalSize) -> Result<(), NotRead> {
        self.items.try_send(Item::Size(size)).map_err(|_| NotRead)
    }
}

/// Control characters would be keys; a paste is text.
fn paste(text: &[u8], bracketed: bool) -> Vec<u8> {
    let kept = |byte: &u8| *byte >= 0x20 && *byte != 0x7f || matches!(byte, b'\n' | b'\t');
    let mut text: Vec<u8> = text.iter().copied().filter(kept).collect();
    while text.last() == Some(&b'\n') {
        text.pop();
    }
    if bracketed {
        return [b"\x1b[200~".as_slice(), &text, b"\x1b[201~"].concat();
    }
    // Without brackets a line break would submit the first line.
    text.iter_mut().filter(|byte| **byte == b'\n').for_each(|byte| *byte = b' ');
    text
}

async fn write(terminal: Arc<Terminal>, mut pty: OwnedWritePty, mut waiting: mpsc::Receiver<Item>) {
    while let Some(item) = waiting.recv().await {
        match item {
            Item::Bytes(bytes) => {
                if let Err(error) = pty.write_all(&bytes).await {
                    tracing::debug!(cause = %error, "the terminal is closed");
                    return;
                }
            }
            Item::Pause(pause) => tokio::time::sleep(pause).await,
            Item::Size(size) => match pty.resize(agent::of(size)) {
                Ok(()) => terminal.resized(size),
                Err(error) => tracing::debug!(cause = %error, "not resized"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paste_is_text_and_cannot_end_itself() {
        assert_eq!(paste(b"a\nb\x1b[201~c\r\n\n", true), b"\x1b[200~a\nb[201~c\x1b[201~");
        assert_eq!(paste("zwei\nZeilen ü".as_bytes(), false), "zwei Zeilen ü".as_bytes());
    }
}
