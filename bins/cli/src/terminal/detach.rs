//! The keys that end watching: they never reach the session.

use maestro_domain::InvalidValue;

/// `ctrl-]`, `ctrl-p,ctrl-q`, `ctrl-a,d`: one key after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keys(Vec<u8>);

impl std::str::FromStr for Keys {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let key = |name: &str| match name.strip_prefix("ctrl-").map(str::as_bytes) {
            Some([letter @ b'a'..=b'z']) => Some(letter - b'a' + 1),
            Some([mark @ (b'[' | b'\\' | b']' | b'^' | b'_')]) => Some(mark - b'[' + 0x1b),
            Some(_) => None,
            None => match name.as_bytes() {
                [letter] if letter.is_ascii_graphic() => Some(*letter),
                _ => None,
            },
        };
        let keys: Option<Vec<u8>> = text.split(',').map(|name| key(name.trim())).collect();
        keys.filter(|keys| keys.len() <= 4).map(Self).ok_or_else(|| InvalidValue {
            code: "invalid_value",
            message: format!(
                "'{}' are no keys, as in ctrl-] or ctrl-p,ctrl-q",
                text.chars().take(40).collect::<String>().escape_debug()
            ),
        })
    }
}

/// What one piece of the typed bytes is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Typed {
    /// A key that a single byte stands for, however the terminal tells it.
    Key(u8),
    /// A key let go, or Shift, Ctrl and the like alone: neither continues nor breaks a sequence of keys.
    Aside,
    Other,
}

/// What is typed, with the keys taken out. A program in the session may have asked the terminal to tell keys in another
/// way; they are known in each: as a byte, by the kitty keyboard protocol (`CSI 93;5u`), by xterm's modifyOtherKeys
/// (`CSI 27;5;93~`).
#[derive(Debug)]
pub struct Watch {
    keys: Vec<u8>,
    matched: usize,
    /// Typed, and perhaps the beginning of the keys.
    held: Vec<u8>,
    /// The beginning of a sequence.
    begun: Vec<u8>,
}

impl Watch {
    pub fn new(keys: Keys) -> Self {
        Self { keys: keys.0, matched: 0, held: Vec::new(), begun: Vec::new() }
    }

    /// What the session gets, and whether the keys were typed. The beginning of them is held back.
    pub fn take(&mut self, typed: &[u8]) -> (Vec<u8>, bool) {
        let all = [std::mem::take(&mut self.begun).as_slice(), typed].concat();
        let mut passed = Vec::with_capacity(all.len());
        let mut rest = all.as_slice();
        while !rest.is_empty() {
            let length = match sequence(rest) {
                Some(length) => length,
                None => {
                    self.begun = rest.to_vec();
                    break;
                }
            };
            let (piece, after) = rest.split_at(length);
            rest = after;
            if self.step(piece, &mut passed) {
                return (passed, true);
            }
        }
        (passed, false)
    }

    /// Whether these were the last of the keys.
    fn step(&mut self, piece: &[u8], passed: &mut Vec<u8>) -> bool {
        let typed = read(piece);
        if typed == Typed::Aside && self.matched > 0 {
            self.held.extend_from_slice(piece);
            return false;
        }
        let is = |at: usize| matches!(typed, Typed::Key(key) if self.keys.get(at) == Some(&key));
        if !is(self.matched) {
            passed.append(&mut self.held);
            let first = is(0);
            self.matched = 0;
            if !first {
                passed.extend_from_slice(piece);
                return false;
            }
        }
        self.held.extend_from_slice(piece);
        self.matched += 1;
        self.matched == self.keys.len()
    }
}

/// How long the first piece is: a byte, or a whole `CSI` with numbers. `None`: such a one has begun. A lone escape, or one
/// with `[`, is a key that somebody may have pressed.
fn sequence(bytes: &[u8]) -> Option<usize> {
    /// No key is told in more.
    const LONGEST: usize = 40;
    match bytes {
        [0x1b, b'[', digit, ..] if digit.is_ascii_digit() => {
            let end = bytes[2..].iter().position(|byte| !(byte.is_ascii_digit() || *byte == b';' || *byte == b':'));
            match end {
                Some(end) => Some(end + 3),
                None if bytes.len() < LONGEST => None,
                None => Some(1),
            }
        }
        _ => Some(1),
    }
}

fn read(piece: &[u8]) -> Typed {
    let Some((last, inner)) = piece.strip_prefix(b"\x1b[").and_then(<[u8]>::split_last) else {
        return if let [byte] = piece { Typed::Key(*byte) } else { Typed::Other };
    };
    let Ok(inner) = std::str::from_utf8(inner) else { return Typed::Other };
    let fields: Vec<&str> = inner.split(';').collect();
    // The first of `key:shifted:base` is the key, the second of `modifiers:event` what happened to it.
    let (key, modifiers) = match (last, fields.as_slice()) {
        (b'u', [key]) => (*key, "1"),
        (b'u', [key, modifiers, ..]) => (*key, *modifiers),
        (b'~', ["27", modifiers, key]) => (*key, *modifiers),
        _ => return Typed::Other,
    };
    let (modifiers, event) = modifiers.split_once(':').unwrap_or((modifiers, "1"));
    let Ok(code) = key.split(':').next().unwrap_or_default().parse::<u32>() else { return Typed::Other };
    // From here on: Shift, Ctrl, Alt and the like themselves.
    if event == "3" || (57_441..=57_454).contains(&code) || matches!(code, 57_358 | 57_360) {
        return Typed::Aside;
    }
    const LOCKS: u32 = 64 | 128;
    let held = modifiers.parse::<u32>().unwrap_or(1).saturating_sub(1) & !LOCKS;
    let Ok(byte) = u8::try_from(code) else { return Typed::Other };
    match (held, byte) {
        (0, byte) if byte.is_ascii_graphic() || byte == 0x1b => Typed::Key(byte),
        (4, b'a'..=b'z') => Typed::Key(byte - b'a' + 1),
        (4, b'A'..=b'Z' | b'['..=b'_') => Typed::Key(byte - b'@'),
        _ => Typed::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watch(keys: &str) -> Watch {
        Watch::new(keys.parse().unwrap())
    }

    #[test]
    fn keys_are_read_and_taken_out() {
        assert_eq!(watch("ctrl-]").take(b"ab\x1dcd"), (b"ab".to_vec(), true));
        let mut two = watch("ctrl-p, ctrl-q");
        assert_eq!(two.take(b"a\x10"), (b"a".to_vec(), false));
        assert_eq!(two.take(b"b\x10\x10"), (b"\x10b\x10".to_vec(), false), "the last one may still be the first key");
        assert_eq!(two.take(b"\x11"), (Vec::new(), true));
        for bad in ["", "ctrl-", "ctrl-1", "ctrl-a,", "enter", "a,b,c,d,e"] {
            assert!(bad.parse::<Keys>().is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_are_known_however_the_terminal_tells_them() {
        for told in [
            "\x1d",
            "\x1b[93;5u",
            "\x1b[93;5:1u",
            "\x1b[93;5:2u",
            "\x1b[93:125;5u",
            "\x1b[93;133u",
            "\x1b[93;69u",
            "\x1b[93;5;93u",
            "\x1b[27;5;93~",
        ] {
            assert_eq!(watch("ctrl-]").take(format!("a{told}b").as_bytes()), (b"a".to_vec(), true), "{told:?}");
            let mut pieces = watch("ctrl-]");
            let bytes = told.as_bytes();
            // A lone escape is a key; whatever is longer may come in halves.
            for cut in 3..bytes.len() {
                let mut halves = watch("ctrl-]");
                assert_eq!(halves.take(&bytes[..cut]), (Vec::new(), false), "{told:?} {cut}");
                assert_eq!(halves.take(&bytes[cut..]), (Vec::new(), true), "{told:?} {cut}");
            }
            assert!(pieces.take(bytes).1);
        }
        for other in [
            "\x1b[93;5:3u",
            "\x1b[93u",
            "\x1b[93;6u",
            "\x1b[93;1u",
            "\x1b",
            "\x1b[A",
            "\x1b[1;5A",
            "\x1b[3~",
            "\x1b[200~x",
        ] {
            assert_eq!(watch("ctrl-]").take(other.as_bytes()), (other.as_bytes().to_vec(), false), "{other:?}");
        }
    }

    #[test]
    fn letting_a_key_go_does_not_break_the_row() {
        let mut two = watch("ctrl-a,d");
        let typed = "\x1b[97;5u\x1b[97;5:3u\x1b[57442;5:3u\x1b[100u";
        assert_eq!(two.take(typed.as_bytes()), (Vec::new(), true));
        let mut other = watch("ctrl-a,d");
        let typed = "\x1b[97;5u\x1b[97;5:3u\x1b[101u";
        assert_eq!(other.take(typed.as_bytes()), (typed.as_bytes().to_vec(), false), "nothing of it is lost");
    }
}
