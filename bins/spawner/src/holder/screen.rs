//! What the terminal shows, so that a late viewer sees the right picture at once.

use std::num::NonZeroU16;
use std::panic::{AssertUnwindSafe, catch_unwind};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maestro_wire::{ScreenView, TerminalSize, with_carriage_returns};

use super::unfinished::Unfinished;

/// A title longer than this is cut; nobody shows it.
const TITLE: usize = 256;
/// A screen whose attributes take more than this is told without them, so that it fits into a message.
const LARGEST_STATE: usize = 512 * 1024;

/// The screen model.
pub(super) struct Screen {
    parser: vt100::Parser<Title>,
    unfinished: Unfinished,
    size: TerminalSize,
    /// Output of a pipe has no carriage returns.
    plain: bool,
}

#[derive(Default)]
struct Title(Option<String>);

impl vt100::Callbacks for Title {
    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        let text = String::from_utf8_lossy(title);
        self.0 = Some(text.chars().filter(|c| !c.is_control()).take(TITLE).collect());
    }
}

impl Screen {
    pub(super) fn new(size: TerminalSize, plain: bool) -> Self {
        Self { parser: parser(size, Title::default()), unfinished: Unfinished::default(), size, plain }
    }

    pub(super) fn size(&self) -> TerminalSize {
        self.size
    }

    /// Pasted text is to be marked as such.
    pub(super) fn bracketed_paste(&self) -> bool {
        self.parser.screen().bracketed_paste()
    }

    /// Takes output.
    pub(super) fn process(&mut self, bytes: &[u8]) {
        self.unfinished.take(bytes);
        let lines;
        let bytes = if self.plain {
            lines = with_carriage_returns(bytes);
            &lines
        } else {
            bytes
        };
        self.guarded(|parser| parser.process(bytes));
    }

    pub(super) fn resize(&mut self, size: TerminalSize) {
        self.size = size;
        let (rows, cols) = dimensions(size);
        self.guarded(|parser| parser.set_size(rows, cols));
    }

    /// The picture after `offset` bytes of output.
    pub(super) fn view(&self, offset: u64) -> ScreenView {
        let screen = self.parser.screen();
        let formatted = || {
            let mut state = String::new();
            if screen.alternate_screen() {
                state.push_str("\x1b[?1049h");
            }
            state.push_str(&screen.state_formatted());
            state.push_str(&self.margins());
            state
        };
        let text = catch_unwind(AssertUnwindSafe(|| screen.contents())).unwrap_or_default();
        let state = catch_unwind(AssertUnwindSafe(formatted)).ok().filter(|state| state.len() <= LARGEST_STATE);
        let state = state.unwrap_or_else(|| format!("\x1b[H\x1b[J{}", text.replace('\n', "\r\n")));
        let mut state = state.into_bytes();
        // Whoever goes on from here is in the middle of a sequence or a character as this terminal is.
        state.extend_from_slice(self.unfinished.bytes());
        ScreenView {
            offset,
            cols: self.size.cols,
            rows: self.size.rows,
            alternate: screen.alternate_screen(),
            title: self.parser.callbacks().0.clone(),
            state: STANDARD.encode(state),
            text,
            plain: self.plain,
        }
    }

    /// The part of the screen that scrolls, and whether rows count from its top: the model keeps both to itself, so a copy
    /// of it is asked where its cursor can go. Nothing for the whole screen.
    fn margins(&self) -> String {
        let screen = self.parser.screen();
        let (rows, cols) = dimensions(self.size);
        let reached = |keys: &[u8]| {
            let mut copy = vt100::Parser::new(rows, cols, 0);
            *copy.screen_mut() = screen.clone();
            copy.process(keys);
            copy.screen().cursor_position().0
        };
        let (first, last) = (reached(b"\x1b[?6h\x1b[H"), reached(b"\x1b[?6h\x1b[9999H"));
        if first == 0 && last + 1 >= rows.get() {
            return String::new();
        }
        let mut margins = format!("\x1b[{};{}r", first + 1, last + 1);
        // Setting them moves the cursor; without them it could not have been put back.
        if (reached(b"\x1b[H"), reached(b"\x1b[9999H")) == (first, last) {
            let (row, col) = screen.cursor_position();
            margins.push_str(&format!("\x1b[?6h\x1b[{};{}H", row.saturating_sub(first) + 1, col + 1));
        } else {
            margins.push_str(&screen.cursor_state_formatted());
        }
        margins.push_str(&screen.attributes_formatted());
        margins
    }

    /// Output is the agent's: a model that cannot cope with it begins anew and does not take the holder along.
    fn guarded(&mut self, work: impl FnOnce(&mut vt100::Parser<Title>)) {
        let parser_of = &mut self.parser;
        if catch_unwind(AssertUnwindSafe(|| work(parser_of))).is_err() {
            tracing::error!("the screen model broke on this output; it begins anew");
            let title = Title(self.parser.callbacks().0.clone());
            self.parser = parser(self.size, title);
        }
    }
}

fn parser(size: TerminalSize, title: Title) -> vt100::Parser<Title> {
    let (rows, cols) = dimensions(size);
    vt100::Parser::new_with_callbacks(rows, cols, 0, title)
}

fn dimensions(size: TerminalSize) -> (NonZeroU16, NonZeroU16) {
    let size = size.bounded();
    (NonZeroU16::new(size.rows).unwrap_or(NonZeroU16::MIN), NonZeroU16::new(size.cols).unwrap_or(NonZeroU16::MIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: TerminalSize = TerminalSize { cols: 40, rows: 10 };

    fn decoded(view: &ScreenView) -> Vec<u8> {
        STANDARD.decode(&view.state).unwrap()
    }

    /// A terminal that begins with the screen and goes on with the rest looks like one that saw everything.
    fn same(output: &[u8], cut: usize) {
        let mut whole = Screen::new(SIZE, false);
        whole.process(output);
        let mut early = Screen::new(SIZE, false);
        early.process(&output[..cut]);
        let mut late = Screen::new(SIZE, false);
        late.process(&decoded(&early.view(cut as u64)));
        late.process(&output[cut..]);
        let (whole, late) = (whole.parser.screen(), late.parser.screen());
        assert_eq!(late.contents(), whole.contents(), "cut at {cut}");
        assert_eq!(late.cursor_position(), whole.cursor_position(), "cut at {cut}");
        assert_eq!(late.alternate_screen(), whole.alternate_screen(), "cut at {cut}");
        assert_eq!(late.bracketed_paste(), whole.bracketed_paste(), "cut at {cut}");
        assert_eq!(late.contents_formatted(), whole.contents_formatted(), "cut at {cut}");
    }

    #[test]
    fn a_late_viewer_sees_the_same_wherever_it_comes_in() {
        let output = "plain \x1b[1;31mred\x1b[0m\r\nwide 中文 é ünï 🎼\r\n\x1b]0;a title\x07\x1b[?2004h\x1b[5;10Hthere\
            \x1b[?1049h\x1b[2J\x1b[3;3Hfull \x1b[38;5;200mscreen\x1b[K\x1b[?25l\x1bP+q544e\x1b\\after\x1b[1A\x1b[7mup";
        for cut in 0..output.len() {
            same(output.as_bytes(), cut);
        }
    }

    #[test]
    fn the_part_that_scrolls_is_told() {
        // A header that stays, as agents draw it, and rows that count from below it.
        let scrolled = "\x1b[2J\x1b[1;1Hheader\x1b[10;1Hfooter\x1b[3;8r\x1b[3;1Hone\r\n\x1b[1;32mtwo\r\nthree\r\nfour\r\nfive\r\nsix\r\nseven\r\n\
            eight\x1b[?6h\x1b[2;2Hupper\x1b[6;1H\r\nlower\n\n\x1bMx\x1b[?6l\x1b[1;1Hn\x1b[r\x1b[10;1H\n\n";
        for cut in 0..scrolled.len() {
            same(scrolled.as_bytes(), cut);
        }
        let alternate = "\x1b[?1049h\x1b[2;5r\x1b[5;1Ha\n\nb\n\nc\x1b[?1049l\x1b[1;1Hd";
        for cut in 0..alternate.len() {
            same(alternate.as_bytes(), cut);
        }
    }

    #[test]
    fn the_size_and_the_title_are_told() {
        let mut screen = Screen::new(SIZE, false);
        screen.process(b"\x1b]2;work\x1b\\hello");
        screen.resize(TerminalSize { cols: 20, rows: 5 });
        let view = screen.view(7);
        assert_eq!((view.cols, view.rows, view.offset), (20, 5, 7));
        assert_eq!(view.title.as_deref(), Some("work"));
        assert!(view.text.starts_with("hello"), "{:?}", view.text);
    }

    #[test]
    fn nothing_that_an_agent_writes_breaks_it() {
        use std::hash::{BuildHasher, Hasher, RandomState};
        let seed = RandomState::new();
        let mut state = seed.build_hasher().finish();
        let mut screen = Screen::new(SIZE, false);
        let pieces: [&[u8]; 12] = [
            b"\x1b[",
            b"9999;",
            b"H",
            b"\xff\xfe",
            "中".as_bytes(),
            b"\x1b[r",
            b"\x1b[?1049h",
            b"\x1b[?1049l",
            b"\x1b[99999L",
            b"\x1b[4;2r",
            b"\n",
            "\u{301}".as_bytes(),
        ];
        for round in 0..20_000_u32 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            screen.process(pieces[(state >> 33) as usize % pieces.len()]);
            if round % 97 == 0 {
                let size = TerminalSize { cols: (state >> 20) as u16 % 300, rows: (state >> 40) as u16 % 100 };
                screen.resize(size.bounded());
                let view = screen.view(0);
                assert!(!view.state.is_empty());
            }
        }
    }

    #[test]
    fn lines_of_a_pipe_begin_at_the_left() {
        let mut screen = Screen::new(SIZE, true);
        screen.process(b"one\ntwo\n");
        let view = screen.view(0);
        assert!(view.text.starts_with("one\ntwo") && view.plain);
        assert!(!Screen::new(SIZE, false).view(0).plain);
    }
}
