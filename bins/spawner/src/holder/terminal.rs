//! One agent's terminal as the parts of a holder share it: its output is counted, kept, shown and recorded here.

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use maestro_wire::{ScreenView, TerminalAnswer, TerminalSize};
use tokio::sync::watch;

use super::record::{Read, Record};
use super::recording::Recording;
use super::screen::Screen;

/// The recording, beside the output.
pub(crate) const RECORDING: &str = "session.cast";
/// A recording is cut there.
const RECORDING_BYTES: u64 = 32 << 20;
/// For how long the size is kept for whoever typed last and types no more.
const CLAIM: Duration = Duration::from_secs(60);

/// The terminal. Never locked across a wait.
pub(super) struct Terminal {
    inner: Mutex<Inner>,
    /// Changes whenever there is something to publish.
    changed: watch::Sender<u64>,
}

struct Inner {
    record: Record,
    screen: Screen,
    recording: Option<Recording>,
    /// Whoever typed last, and when; the size follows them.
    typist: Option<(String, Instant)>,
    /// When the agent wrote last.
    wrote: Instant,
    code: Option<i32>,
}

impl Terminal {
    /// `plain`: the agent has pipes and no terminal.
    ///
    /// # Errors
    /// When the record cannot be made. Without a recording it goes on.
    pub(super) fn open(log: &std::path::Path, log_bytes: u64, size: TerminalSize, plain: bool) -> io::Result<Self> {
        let record = Record::open(log, log_bytes)?;
        let recording = if plain {
            None
        } else {
            Recording::open(&log.with_file_name(RECORDING), size, RECORDING_BYTES)
                .map_err(|error| tracing::warn!(cause = %error, "no recording"))
                .ok()
        };
        let screen = Screen::new(size, plain);
        let inner = Inner { record, screen, recording, typist: None, wrote: Instant::now(), code: None };
        Ok(Self { inner: Mutex::new(inner), changed: watch::Sender::new(0) })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what the agent wrote.
    pub(super) fn output(&self, bytes: &[u8]) {
        let mut inner = self.lock();
        inner.wrote = Instant::now();
        inner.record.write(bytes);
        inner.screen.process(bytes);
        if let Some(recording) = &mut inner.recording {
            recording.output(bytes);
        }
        drop(inner);
        self.changed.send_modify(|count| *count += 1);
    }

    /// For how long the agent has written nothing.
    pub(super) fn quiet(&self) -> Duration {
        self.lock().wrote.elapsed()
    }

    /// Tells that something changed; the value means nothing.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    pub(super) fn end(&self) -> u64 {
        self.lock().record.end()
    }

    pub(super) fn read(&self, from: u64, most: usize) -> Read {
        self.lock().record.read(from, most)
    }

    pub(super) fn size(&self) -> TerminalSize {
        self.lock().screen.size()
    }

    pub(super) fn view(&self) -> ScreenView {
        let inner = self.lock();
        inner.screen.view(inner.record.end())
    }

    pub(super) fn bracketed_paste(&self) -> bool {
        self.lock().screen.bracketed_paste()
    }

    /// Somebody types: the size follows them from now on. Whoever says no name sits before no terminal.
    pub(super) fn typed_by(&self, viewer: Option<&str>) {
        if let Some(viewer) = viewer {
            self.lock().typist = Some((viewer.to_owned(), Instant::now()));
        }
    }

    /// A viewer goes: the size is anybody's, if it was theirs.
    pub(super) fn left_by(&self, viewer: Option<&str>) {
        let typist = &mut self.lock().typist;
        if typist.as_ref().is_some_and(|(typist, _)| Some(typist.as_str()) == viewer) {
            *typist = None;
        }
    }

    /// Whether this viewer may set the size: nobody else typed a while ago or later.
    pub(super) fn may_resize(&self, viewer: Option<&str>) -> bool {
        let typist = &self.lock().typist;
        typist.as_ref().is_none_or(|(typist, at)| Some(typist.as_str()) == viewer || at.elapsed() >= CLAIM)
    }

    /// The terminal has this size now.
    pub(super) fn resized(&self, size: TerminalSize) {
        let mut inner = self.lock();
        inner.screen.resize(size);
        if let Some(recording) = &mut inner.recording {
            recording.resized(size);
        }
        drop(inner);
        self.changed.send_modify(|count| *count += 1);
    }

    pub(super) fn answer(&self, applied: bool) -> TerminalAnswer {
        let inner = self.lock();
        let TerminalSize { cols, rows } = inner.screen.size();
        TerminalAnswer { offset: inner.record.end(), cols, rows, applied }
    }

    /// The agent has ended; no output comes any more. Answers where the recording lies.
    pub(super) fn ended(&self, code: i32) -> Option<PathBuf> {
        let mut inner = self.lock();
        inner.code = Some(code);
        let recording = inner.recording.take();
        drop(inner);
        self.changed.send_modify(|count| *count += 1);
        recording.map(Recording::finish)
    }

    /// The exit code, once there is one.
    pub(super) fn code(&self) -> Option<i32> {
        self.lock().code
    }
}
