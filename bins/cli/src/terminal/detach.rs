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

/// What is typed, with the keys taken out.
#[derive(Debug)]
pub struct Watch {
    keys: Vec<u8>,
    matched: usize,
}

impl Watch {
    pub fn new(keys: Keys) -> Self {
        Self { keys: keys.0, matched: 0 }
    }

    /// What the session gets, and whether the keys were typed. The beginning of them is held back.
    pub fn take(&mut self, typed: &[u8]) -> (Vec<u8>, bool) {
        let mut passed = Vec::with_capacity(typed.len());
        for byte in typed {
            if self.keys.get(self.matched) != Some(byte) {
                passed.extend_from_slice(&self.keys[..self.matched]);
                self.matched = 0;
            }
            if self.keys.get(self.matched) == Some(byte) {
                self.matched += 1;
                if self.matched == self.keys.len() {
                    return (passed, true);
                }
            } else {
                passed.push(*byte);
            }
        }
        (passed, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_and_taken_out() {
        let watch = |keys: &str| Watch::new(keys.parse().unwrap());
        assert_eq!(watch("ctrl-]").take(b"ab\x1dcd"), (b"ab".to_vec(), true));
        let mut two = watch("ctrl-p, ctrl-q");
        assert_eq!(two.take(b"a\x10"), (b"a".to_vec(), false));
        assert_eq!(two.take(b"b\x10\x10"), (b"\x10b\x10".to_vec(), false), "the last one may still be the first key");
        assert_eq!(two.take(b"\x11"), (Vec::new(), true));
        for bad in ["", "ctrl-", "ctrl-1", "ctrl-a,", "enter", "a,b,c,d,e"] {
            assert!(bad.parse::<Keys>().is_err(), "{bad}");
        }
    }
}
