//! A session's terminal output as viewers take it: pieces by byte offset, joined without holes or repetitions.

use bytes::Bytes;
use maestro_wire::{TerminalSize, header};

use crate::follow::Delivered;
use crate::header::Headers;
use crate::message::Message;
use crate::read::Stored;

/// One message of output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Where its first byte stands.
    pub offset: u64,
    /// The bytes from here to `offset` are not to be had any more.
    pub gap: Option<u64>,
    /// The terminal's size when it was sent.
    pub size: Option<TerminalSize>,
    /// The last one of the epoch: the agent's exit code.
    pub code: Option<i32>,
    pub bytes: Bytes,
}

impl Piece {
    /// `None`: it is no output of a holder.
    pub fn of(message: &Message) -> Option<Self> {
        Self::read(|name| message.header(name), message.payload())
    }

    /// The same from the stream.
    pub fn stored(stored: &Stored) -> Option<Self> {
        let headers: &Headers = &stored.headers;
        Self::read(|name| headers.get(name), &stored.payload)
    }

    /// The same as a follower brings it.
    pub fn delivered(delivered: &Delivered) -> Option<Self> {
        Self::read(|name| delivered.header(name), delivered.payload())
    }

    /// The offset behind its last byte.
    pub fn end(&self) -> u64 {
        self.offset + self.bytes.len() as u64
    }

    fn read<'a>(value: impl Fn(&str) -> Option<&'a str>, payload: &Bytes) -> Option<Self> {
        let number = |name: &str| value(name).and_then(|text| text.parse::<u64>().ok());
        Some(Self {
            offset: number(header::OFFSET)?,
            gap: number(header::GAP),
            size: value(header::SIZE).and_then(|text| text.parse().ok()),
            code: value(header::END).and_then(|text| text.parse().ok()),
            bytes: payload.clone(),
        })
    }
}

/// Joins pieces that overlap or arrive twice; tells where something is missing.
#[derive(Clone, Copy, Debug)]
pub struct Splice {
    next: u64,
}

/// What a piece adds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spliced {
    /// These bytes, perhaps none.
    More(Bytes),
    /// What lies between is gone for good; these bytes follow.
    Gap { from: u64, to: u64, bytes: Bytes },
    /// Something lies between that was not seen; the piece is not taken.
    Missing { from: u64, to: u64 },
}

impl Splice {
    /// From this offset on.
    #[must_use]
    pub const fn at(next: u64) -> Self {
        Self { next }
    }

    /// The offset that comes next.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Takes a piece.
    pub fn take(&mut self, piece: &Piece) -> Spliced {
        let end = piece.end();
        if piece.offset > self.next {
            let from = self.next;
            if piece.gap.is_none_or(|gap| gap > from) {
                return Spliced::Missing { from, to: piece.offset };
            }
            self.next = end;
            return Spliced::Gap { from, to: piece.offset, bytes: piece.bytes.clone() };
        }
        if end <= self.next {
            return Spliced::More(Bytes::new());
        }
        let known = usize::try_from(self.next - piece.offset).unwrap_or(piece.bytes.len());
        self.next = end;
        Spliced::More(piece.bytes.slice(known.min(piece.bytes.len())..))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(offset: u64, gap: Option<u64>, text: &'static str) -> Piece {
        Piece { offset, gap, size: None, code: None, bytes: Bytes::from_static(text.as_bytes()) }
    }

    #[test]
    fn pieces_that_overlap_are_joined_and_holes_are_told() {
        let mut splice = Splice::at(0);
        assert_eq!(splice.take(&piece(0, None, "abc")), Spliced::More("abc".into()));
        assert_eq!(splice.take(&piece(1, None, "bc")), Spliced::More(Bytes::new()));
        assert_eq!(splice.take(&piece(1, None, "bcde")), Spliced::More("de".into()));
        assert_eq!(splice.take(&piece(9, None, "x")), Spliced::Missing { from: 5, to: 9 });
        assert_eq!(splice.next(), 5, "what does not fit is not taken");
        assert_eq!(splice.take(&piece(9, Some(7), "x")), Spliced::Missing { from: 5, to: 9 });
        assert_eq!(splice.take(&piece(9, Some(5), "x")), Spliced::Gap { from: 5, to: 9, bytes: "x".into() });
        assert_eq!(splice.take(&piece(10, None, "y")), Spliced::More("y".into()));
    }
}
