//! The only printer: one JSON document or text for people, on stdout; notes and errors on stderr.

use std::io::{self, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use maestro_wire::{ErrorBody, ErrorCode, Reply};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::terminal::harmless::{Allowed, Harmless};
use crate::terminal::tty;

pub const BOLD: Style = Style::new().bold();
pub const DIM: Style = Style::new().dimmed();
pub const GOOD: Style = AnsiColor::Green.on_default();
pub const WARN: Style = AnsiColor::Yellow.on_default();
pub const BAD: Style = AnsiColor::Red.on_default().bold();
pub const ACCENT: Style = AnsiColor::Cyan.on_default();

/// `text` in a style; colours are taken out again where they are not wanted.
pub fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

type Human = Box<dyn FnOnce() -> String>;

/// What a command has to say.
pub struct Output {
    data: Box<RawValue>,
    seq: Option<u64>,
    unchanged: bool,
    queued: bool,
    human: Human,
    printed: bool,
    exit: u8,
}

impl Output {
    /// Data for `--json` and text for people; the text is only made when it is wanted.
    pub fn new(data: &impl Serialize, human: impl FnOnce() -> String + 'static) -> Self {
        let data = serde_json::value::to_raw_value(data).unwrap_or_else(|_| RawValue::NULL.to_owned());
        Self { data, seq: None, unchanged: false, queued: false, human: Box::new(human), printed: false, exit: 0 }
    }

    /// The answer of the server, unchanged for `--json`.
    pub fn reply(reply: Reply, human: impl FnOnce(&str) -> String + 'static) -> Self {
        let data = reply.data.unwrap_or_else(|| RawValue::NULL.to_owned());
        let text = data.get().to_owned();
        Self {
            data,
            seq: reply.seq,
            unchanged: reply.unchanged,
            queued: false,
            human: Box::new(move || human(&text)),
            printed: false,
            exit: 0,
        }
    }

    /// Everything was printed on the way, as by `events --follow`.
    pub fn printed() -> Self {
        Self { printed: true, ..Self::new(&(), String::new) }
    }

    /// What prints by itself, until it is done or until somebody ends it by a signal.
    pub async fn of_printing(work: impl Future<Output = Result<(), ErrorBody>>) -> Result<Self, ErrorBody> {
        let printed = tty::until_signal(work).await;
        match printed.map_err(|error| internal(format!("signals cannot be heard: {error}")))? {
            Ok(done) => done.map(|()| Self::printed()),
            Err(signal) => Ok(Self::printed().ended_by(signal)),
        }
    }

    /// Somebody ended it by a signal: the exit code says so as shells do.
    #[must_use]
    fn ended_by(mut self, signal: i32) -> Self {
        self.exit = u8::try_from(128 + signal).unwrap_or(u8::MAX);
        self
    }

    /// The project's sequence that it reflects.
    #[must_use]
    pub fn at(mut self, seq: Option<u64>) -> Self {
        self.seq = seq;
        self
    }

    /// What was asked for was so already.
    #[must_use]
    pub fn unchanged(mut self, unchanged: bool) -> Self {
        self.unchanged = unchanged;
        self
    }

    /// As one document.
    pub fn document(self) -> String {
        let Self { data, seq, unchanged, queued, .. } = self;
        serde_json::to_string(&Document { success: true, data: &data, seq, unchanged, queued }).unwrap_or_default()
    }

    /// A report that waits for a server.
    #[must_use]
    pub fn queued(mut self) -> Self {
        self.queued = true;
        self
    }
}

#[derive(Serialize)]
struct Document<'a> {
    success: bool,
    data: &'a RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unchanged: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    queued: bool,
}

#[derive(Serialize)]
struct Failure<'a> {
    success: bool,
    #[serde(flatten)]
    error: &'a ErrorBody,
}

/// A failure as one document.
pub fn failure(error: &ErrorBody) -> String {
    serde_json::to_string(&Failure { success: false, error }).unwrap_or_default()
}

/// How to print.
#[derive(Clone, Copy, Debug, Default)]
pub struct Printer {
    pub json: bool,
    pub quiet: bool,
    pub no_color: bool,
}

impl Printer {
    /// Prints the answer; exit code 0, unless a signal ended it. Nobody listening is no failure.
    pub fn answer(self, output: Output) -> u8 {
        if output.printed {
            return output.exit;
        }
        if self.json {
            let Output { data, seq, unchanged, queued, .. } = output;
            let document = Document { success: true, data: &data, seq, unchanged, queued };
            return self.document(&document);
        }
        let unchanged = output.unchanged;
        let text = (output.human)();
        self.out(&text);
        if unchanged {
            self.note(&paint(DIM, "nothing changed: it was so already"));
        }
        0
    }

    /// Prints why not; answers the exit code.
    pub fn failure(self, error: &ErrorBody) -> u8 {
        if self.json {
            self.document(&Failure { success: false, error });
        } else {
            self.err(&describe(error));
        }
        error.code.exit_code()
    }

    /// One line of a stream: the value under `--json`, else the text.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub fn line(self, value: &impl Serialize, human: impl FnOnce() -> String) -> io::Result<()> {
        let text = if self.json { serde_json::to_string(value).unwrap_or_default() } else { coloured(&human()) };
        self.write(AutoStream::new(io::stdout(), self.choice(&io::stdout())), &text)
    }

    /// Output of a terminal: as it is on one, without escape sequences elsewhere. No line break is added.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub fn raw(self, text: &str) -> io::Result<()> {
        let mut stream = AutoStream::new(io::stdout(), self.choice(&io::stdout()));
        stream.write_all(text.as_bytes())?;
        stream.flush()
    }

    /// Whether somebody still reads stdout: the other end of a pipe may be closed without a word.
    pub fn is_heard(self) -> bool {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let stdout = io::stdout();
        let mut watched = [PollFd::new(&stdout, PollFlags::empty())];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut watched, Some(&now)).is_err() || !watched[0].revents().contains(PollFlags::ERR)
    }

    /// A word on the side for people; silent with `--quiet`.
    pub fn note(self, text: &str) {
        if !self.quiet {
            self.err(text);
        }
    }

    /// What should be known even with `--quiet`.
    pub fn warn(self, text: &str) {
        self.err(&format!("{} {text}", paint(WARN, "warning:")));
    }

    /// Text on stdout, as help is.
    pub fn out(self, text: &str) {
        if !text.is_empty() {
            // A closed pipe ends the reading, not the command.
            let _ = self.write(AutoStream::new(io::stdout(), self.choice(&io::stdout())), &coloured(text));
        }
    }

    fn err(self, text: &str) {
        // Nobody to tell.
        let _ = self.write(AutoStream::new(io::stderr(), self.choice(&io::stderr())), &coloured(text));
    }

    fn document(self, document: &impl Serialize) -> u8 {
        let text = serde_json::to_string(document).unwrap_or_default();
        // As above.
        let _ = self.write(AutoStream::never(io::stdout()), &text);
        0
    }

    fn choice(self, stream: &impl anstream::stream::RawStream) -> ColorChoice {
        if self.no_color { ColorChoice::Never } else { AutoStream::choice(stream) }
    }

    fn write(self, mut stream: impl Write, text: &str) -> io::Result<()> {
        let end = if text.ends_with('\n') { "" } else { "\n" };
        stream.write_all(format!("{text}{end}").as_bytes())?;
        stream.flush()
    }
}

/// Text for people: our colours, and whatever files, agents and other hosts brought along without what reaches a terminal.
fn coloured(text: &str) -> String {
    Harmless::new(Allowed::Colours).take(text)
}

/// An error for people. What it quotes may be anybody's, an agent's file names too: nothing of it reaches the terminal but its
/// text.
fn describe(error: &ErrorBody) -> String {
    let message = Harmless::text(&error.message);
    let mut text = format!("{}: {message}", paint(BAD, format!("error[{}]", error.code)));
    let commands: Vec<&str> = error
        .details
        .get("commands")
        .and_then(|commands| commands.as_array())
        .map(|commands| commands.iter().filter_map(|command| command.as_str()).take(3).collect())
        .unwrap_or_default();
    if let Some(suggestion) = error.suggestion.as_deref().filter(|s| !commands.contains(s)) {
        let word = if suggestion.starts_with("maestro ") { "try:" } else { "hint:" };
        text.push_str(&format!("\n  {} {}", paint(DIM, word), Harmless::text(suggestion)));
    }
    for command in commands {
        text.push_str(&format!("\n  {} {}", paint(DIM, "try:"), paint(ACCENT, Harmless::text(command))));
    }
    // What was only typed wrong needs no explanation.
    if error.code.exit_code() != ErrorCode::Usage.exit_code() {
        text.push_str(&format!("\n  {}", paint(DIM, format!("why: maestro errors show {}", error.code))));
    }
    text
}

/// An error of this program's own.
pub fn internal(what: impl std::fmt::Display) -> ErrorBody {
    ErrorBody::new(ErrorCode::Internal, what.to_string()).commands(["maestro doctor"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_stay_and_titles_and_clipboards_do_not() {
        let text =
            format!("{} \x1b]52;c;cm0=\x07\x1b]0;title\x1b\\\u{9d}0;x\u{9c}\x1b[2J\tprüfen\nend\n", paint(GOOD, "ok"));
        assert_eq!(coloured(&text), format!("{} \tprüfen\nend\n", paint(GOOD, "ok")));
    }

    #[test]
    fn an_error_brings_no_escape_sequence_of_anybodys_along() {
        let title = "\x1b]0;owned\x07";
        let error = ErrorBody::new(ErrorCode::UnmergedWork, format!("s1 has uncommitted files: a{title}b"))
            .suggest(format!("remove a{title}b"))
            .commands([format!("rm a{title}b")]);
        let text = describe(&error);
        assert!(text.contains("files: ab") && text.contains("rm ab") && !text.contains("owned"), "{text:?}");
        assert!(!text.contains('\x07') && !text.contains("\x1b]"), "{text:?}");
    }
}
