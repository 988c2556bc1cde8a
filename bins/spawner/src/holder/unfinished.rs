//! Where output may be cut: what of it is the beginning of an escape sequence or of a character.

/// A sequence longer than this is none: titles and clipboards end earlier, or nobody needs their rest.
const LONGEST: usize = 16 * 1024;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Within {
    #[default]
    Nothing,
    /// So many bytes of a character are still to come.
    Character(u8),
    /// Behind ESC, and perhaps intermediate bytes.
    Escape,
    /// `ESC [` and parameters.
    Control,
    /// OSC, DCS, SOS, PM, APC: until BEL or ST.
    Text,
    /// ESC within such a text: `\` ends it.
    TextEscape,
}

/// Follows output as a terminal's parser does, as far as that is needed to know what is not finished.
#[derive(Debug, Default)]
pub(super) struct Unfinished {
    within: Within,
    bytes: Vec<u8>,
}

impl Unfinished {
    /// What was begun and not finished.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn take(&mut self, bytes: &[u8]) {
        for byte in bytes {
            if self.within == Within::Nothing && byte.is_ascii() && *byte != 0x1b {
                continue;
            }
            let before = self.within;
            self.within = step(before, *byte);
            let begins_anew = before == Within::Nothing
                || (*byte == 0x1b && !matches!(before, Within::Text | Within::TextEscape))
                || matches!((before, self.within), (Within::Character(_), Within::Character(_)) if *byte & 0xc0 != 0x80);
            if begins_anew {
                self.bytes.clear();
            }
            if self.within == Within::Nothing || self.bytes.len() >= LONGEST {
                self.bytes.clear();
                self.within = Within::Nothing;
            } else {
                self.bytes.push(*byte);
            }
        }
    }
}

fn step(within: Within, byte: u8) -> Within {
    match (within, byte) {
        // CAN and SUB end whatever it is.
        (_, 0x18 | 0x1a) => Within::Nothing,
        (Within::Text | Within::TextEscape, 0x1b) => Within::TextEscape,
        (_, 0x1b) => Within::Escape,
        (Within::Character(more), 0x80..=0xbf) if more > 1 => Within::Character(more - 1),
        (Within::Nothing | Within::Character(_), 0xc2..=0xdf) => Within::Character(1),
        (Within::Nothing | Within::Character(_), 0xe0..=0xef) => Within::Character(2),
        (Within::Nothing | Within::Character(_), 0xf0..=0xf4) => Within::Character(3),
        (Within::Nothing | Within::Character(_), _) => Within::Nothing,
        (Within::Escape, b'[') => Within::Control,
        (Within::Escape, b']' | b'P' | b'X' | b'^' | b'_') => Within::Text,
        // Intermediate bytes; control characters in between are obeyed and change nothing.
        (Within::Escape, 0x00..=0x2f) => Within::Escape,
        (Within::Escape, _) => Within::Nothing,
        (Within::Control, 0x40..=0x7e) => Within::Nothing,
        (Within::Control, _) => Within::Control,
        (Within::Text, 0x07) | (Within::TextEscape, b'\\') => Within::Nothing,
        (Within::Text, _) => Within::Text,
        // Any other byte behind ESC ended the text and is a sequence of its own.
        (Within::TextEscape, byte) => step(Within::Escape, byte),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(text: &[u8]) -> Vec<u8> {
        let mut unfinished = Unfinished::default();
        unfinished.take(text);
        unfinished.bytes().to_vec()
    }

    #[test]
    fn only_what_is_begun_is_left() {
        for finished in ["", "abc", "\x1b[31m", "\x1b]0;t\x07", "\x1b]0;t\x1b\\", "é中🎼", "\x1b(B", "\x1bP1q\x1b\\x"]
        {
            assert!(left(finished.as_bytes()).is_empty(), "{finished:?}");
        }
        for begun in ["\x1b", "\x1b[", "\x1b[3", "\x1b[31;", "\x1b]0;tit", "\x1b]0;t\x1b", "\x1b(", "\x1bPq"] {
            assert_eq!(left(format!("abc{begun}").as_bytes()), begun.as_bytes(), "{begun:?}");
        }
        assert_eq!(left(&"中".as_bytes()[..2]), &"中".as_bytes()[..2]);
        assert_eq!(left(b"\xe4\xb8\x1b[1"), b"\x1b[1");
        assert_eq!(left(b"\x1b[1\x1b[2"), b"\x1b[2");
        assert!(left(b"\x1b[1\x18").is_empty());
        assert!(left(&[b"\x1b]".as_slice(), &[b'x'; 20_000]].concat()).len() <= LONGEST);
    }
}
