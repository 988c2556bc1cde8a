//! What viewers and a session's holder say to each other: sizes, screens, and what became of input.
//!
//! Output is no JSON: bytes with the headers `Maestro-Offset`, `Maestro-Size` and, where they apply, `Maestro-Gap` and
//! `Maestro-End` (see [`crate::header`]). After a break the holder goes back to what the stream surely has, so pieces may
//! overlap: the same offset always means the same byte.

use std::fmt;
use std::str::FromStr;

use maestro_domain::InvalidValue;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The size of a terminal in characters. As text: `120x40`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TerminalSize {
    pub cols: u16,
    pub rows: u16,
}

impl TerminalSize {
    /// What a session gets that nobody looks at.
    pub const DEFAULT: Self = Self { cols: 120, rows: 40 };

    /// The nearest size that a screen is kept for: 10 to 500 columns, 2 to 300 rows.
    #[must_use]
    pub fn bounded(self) -> Self {
        Self { cols: self.cols.clamp(10, 500), rows: self.rows.clamp(2, 300) }
    }
}

impl fmt::Display for TerminalSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.cols, self.rows)
    }
}

impl FromStr for TerminalSize {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let parsed = text.split_once('x').and_then(|(cols, rows)| Some((cols.parse().ok()?, rows.parse().ok()?)));
        match parsed {
            Some((cols, rows)) if cols > 0 && rows > 0 => Ok(Self { cols, rows }),
            _ => Err(InvalidValue {
                code: "invalid_value",
                message: format!(
                    "'{}' is not a terminal's size, as in 120x40",
                    text.chars().take(40).collect::<String>().escape_debug()
                ),
            }),
        }
    }
}

/// The screen as it is at one offset of the output. Writing `state` to a cleared terminal of this size and then the
/// output from `offset` on gives the right picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScreenView {
    /// How many bytes of output the screen reflects.
    pub offset: u64,
    pub cols: u16,
    pub rows: u16,
    /// A full-screen program has the terminal.
    pub alternate: bool,
    /// As the program set it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Bytes for a terminal, in base64.
    pub state: String,
    /// The visible text, a line a row, without attributes.
    pub text: String,
    /// The agent has pipes and no terminal: lines of its output end with a line feed alone, and whoever shows it on a terminal
    /// goes back to the left before each.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub plain: bool,
}

/// Lines that end with a line feed alone, as a terminal has them: it goes back to the left before each.
#[must_use]
pub fn with_carriage_returns(bytes: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(bytes.len() + bytes.len() / 16);
    for byte in bytes {
        if *byte == b'\n' {
            lines.push(b'\r');
        }
        lines.push(*byte);
    }
    lines
}

/// What became of `in` and `resize`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TerminalAnswer {
    /// How many bytes of output there are so far.
    pub offset: u64,
    /// The terminal's size now.
    pub cols: u16,
    pub rows: u16,
    /// `false`: the size stays, because somebody else typed last.
    pub applied: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_reads_what_it_writes_and_stays_within_bounds() {
        let size: TerminalSize = "120x40".parse().unwrap_or(TerminalSize { cols: 1, rows: 1 });
        assert_eq!(size, TerminalSize::DEFAULT);
        assert_eq!(size.to_string(), "120x40");
        for bad in ["", "x", "120", "0x4", "-1x4", "70000x4", "1x2x3"] {
            assert!(bad.parse::<TerminalSize>().is_err(), "{bad}");
        }
        assert_eq!(TerminalSize { cols: 1, rows: 65535 }.bounded(), TerminalSize { cols: 10, rows: 300 });
    }
}
