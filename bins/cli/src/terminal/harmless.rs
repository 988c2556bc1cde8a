//! What a program printed, made fit for somebody else's terminal: nothing that asks it questions (its answers would be
//! typed), reaches its clipboard or title, or changes how keys are told.

/// A sequence longer than this draws nothing.
const LONGEST: usize = 64;

/// What may pass beside the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// Nothing: line breaks and tabs.
    Text,
    /// Colours.
    Colours,
    /// Whatever draws.
    Drawing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Within {
    Text,
    Escape,
    Control,
    /// OSC, DCS and the like, until BEL or ST.
    String,
    StringEscape,
}

/// The filter; sequences may come in pieces.
#[derive(Debug)]
pub struct Harmless {
    allowed: Allowed,
    within: Within,
    sequence: String,
}

impl Harmless {
    pub fn new(allowed: Allowed) -> Self {
        Self { allowed, within: Within::Text, sequence: String::new() }
    }

    /// The text alone, at once.
    pub fn text(text: &str) -> String {
        Self::new(Allowed::Text).take(text)
    }

    /// What of it may pass.
    pub fn take(&mut self, text: &str) -> String {
        let mut passed = String::with_capacity(text.len());
        for char in text.chars() {
            self.step(char, &mut passed);
        }
        passed
    }

    fn step(&mut self, char: char, passed: &mut String) {
        match (self.within, char) {
            (_, '\x18' | '\x1a') => self.within = Within::Text,
            (Within::String | Within::StringEscape, '\x1b') => self.within = Within::StringEscape,
            (Within::String, '\x07' | '\u{9c}') | (Within::StringEscape, '\\') => self.within = Within::Text,
            (Within::String, _) => {}
            (_, '\x1b') => self.begin(Within::Escape),
            // The same as one character: some terminals obey it.
            (_, '\u{9b}') => {
                self.begin(Within::Control);
                self.sequence.push_str("\x1b[");
            }
            (_, '\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}') => self.within = Within::String,
            (Within::Text, char) => {
                let plain = matches!(char, '\n' | '\t' | '\r') || (char == '\x08' && self.allowed != Allowed::Text);
                if plain || !char.is_control() {
                    passed.push(char);
                }
            }
            // Another sequence ended the string.
            (Within::StringEscape, char) => {
                self.begin(Within::Escape);
                self.step(char, passed);
            }
            (Within::Escape, '[') if self.sequence.len() == 1 => {
                self.sequence.push('[');
                self.within = Within::Control;
            }
            (Within::Escape, ']' | 'P' | 'X' | '^' | '_') if self.sequence.len() == 1 => self.within = Within::String,
            (Within::Escape | Within::Control, char) if char.is_control() => {}
            (Within::Escape, ' '..='/') | (Within::Control, ' '..='?') => {
                if self.sequence.len() < LONGEST {
                    self.sequence.push(char);
                } else {
                    self.sequence.clear();
                }
            }
            (Within::Escape | Within::Control, char) => {
                if !self.sequence.is_empty() {
                    self.sequence.push(char);
                }
                if self.passes() {
                    passed.push_str(&self.sequence);
                }
                self.within = Within::Text;
            }
        }
    }

    fn begin(&mut self, within: Within) {
        self.within = within;
        self.sequence.clear();
        if within == Within::Escape {
            self.sequence.push('\x1b');
        }
    }

    /// Whether the whole sequence may.
    fn passes(&self) -> bool {
        let Some(inner) = self.sequence.strip_prefix("\x1b[") else {
            // Save, restore, up, down, next line; character sets.
            let draws = matches!(self.sequence.as_str(), "\x1b7" | "\x1b8" | "\x1bM" | "\x1bD" | "\x1bE")
                || (self.sequence.len() == 3 && matches!(self.sequence.as_bytes()[1], b'(' | b')'));
            return draws && self.allowed == Allowed::Drawing;
        };
        let Some(last) = inner.chars().next_back() else { return false };
        let numbers = &inner[..inner.len() - last.len_utf8()];
        let plain = numbers.chars().all(|char| char.is_ascii_digit() || char == ';' || char == ':');
        match self.allowed {
            Allowed::Text => false,
            Allowed::Colours => plain && last == 'm',
            // What has scrolled away is this terminal's own.
            Allowed::Drawing if plain && last == 'J' => !numbers.split([';', ':']).any(|n| n.parse() == Ok(3)),
            Allowed::Drawing if plain => "ABCDEFGHKLMPSTXZ@`abdefmrsu".contains(last),
            // The cursor, wrapping, the other screen, drawing held back.
            Allowed::Drawing => {
                let modes = numbers.strip_prefix('?').filter(|_| last == 'h' || last == 'l');
                let known = |mode: &str| ["6", "7", "12", "25", "47", "1047", "1048", "1049", "2026"].contains(&mode);
                modes.is_some_and(|modes| modes.split(';').all(known))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Clipboard, title, its report, device attributes, cursor report, mode request, keyboard protocol, mouse, pasting,
    /// printing, a colour query, a terminal's program of its own.
    const HARMFUL: &str = "\x1b]52;c;aGk=\x07\x1b]0;title\x1b\\\x1b[21t\x1b[c\x1b[>c\x1b[6n\x1b[?6n\x1b[?2026$p\x1b[>1u\x1b[=5u\x1b[?u\
        \x1b[?1000h\x1b[?2004h\x1b[?25;1000h\x1b[5i\x1b]4;1;?\x07\x1bP$qm\x1b\\\x1b_Ga=q\x1b\\\x1b[>0q\x1bZ\x1bc\u{9b}c\u{9d}52;c;x\u{9c}\x07\x05\x0e";

    #[test]
    fn what_asks_or_reaches_out_never_passes_whole_or_in_pieces() {
        for allowed in [Allowed::Text, Allowed::Colours, Allowed::Drawing] {
            assert_eq!(Harmless::new(allowed).take(&format!("a{HARMFUL}b")), "ab", "{allowed:?}");
            let mut filter = Harmless::new(allowed);
            let passed: String = format!("a{HARMFUL}b").chars().map(|char| filter.take(&char.to_string())).collect();
            assert_eq!(passed, "ab", "{allowed:?}");
        }
        let long = format!("a\x1b[{}mb", "1;".repeat(2000));
        assert_eq!(Harmless::new(Allowed::Drawing).take(&long), "ab");
        assert_eq!(Harmless::new(Allowed::Drawing).take("a\x1b[3J\x1b[2;03Jb\x1b[J\x1b[2J"), "ab\x1b[J\x1b[2J");
    }

    #[test]
    fn what_draws_passes_where_it_may() {
        let drawing =
            "\x1b[?1049h\x1b[2J\x1b[3;4H\x1b[31mred\x1b[0m\x1b(0q\x1b(B\x1b7\x1b[2;5r\x1b8\x1b[?25l é中🎼\r\n\t";
        assert_eq!(Harmless::new(Allowed::Drawing).take(drawing), drawing);
        assert_eq!(Harmless::new(Allowed::Colours).take(drawing), "\x1b[31mred\x1b[0mq é中🎼\r\n\t");
        assert_eq!(Harmless::text(drawing), "redq é中🎼\r\n\t");
        assert_eq!(Harmless::new(Allowed::Drawing).take("a\x1b[3\x1b[1mb\x1b]0;t\x1b[1mc"), "a\x1b[1mb\x1b[1mc");
    }
}
