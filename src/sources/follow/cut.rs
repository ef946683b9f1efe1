//! How much of what was read may be handed on: whole lines, and never zeros that may still be filled.

use memchr::{memchr, memrchr};
use serde::{Deserialize, Serialize};

use super::proof::trim_zeros;
use crate::formats::lines::MAX_LINE;

/// So many zeros in a line may be text; more are a hole that a crash or a preallocation left.
pub(super) const MAX_NULS: usize = 16;

/// The width of a log's characters, told by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Encoding {
    /// The first two bytes have not been seen.
    #[default]
    Unknown,
    /// One byte a unit: UTF-8 or a code page.
    Bytes,
    /// UTF-16, little endian.
    Utf16Le,
    /// UTF-16, big endian.
    Utf16Be,
}

impl Encoding {
    /// What the first bytes of a log say.
    #[must_use]
    pub fn of(first: &[u8]) -> Self {
        match first {
            [0xFF, 0xFE, ..] => Self::Utf16Le,
            [0xFE, 0xFF, ..] => Self::Utf16Be,
            [] | [0xFE | 0xFF] => Self::Unknown,
            _ => Self::Bytes,
        }
    }

    /// `Some(big endian)` of UTF-16.
    #[must_use]
    pub fn utf16(self) -> Option<bool> {
        match self {
            Self::Utf16Le => Some(false),
            Self::Utf16Be => Some(true),
            Self::Unknown | Self::Bytes => None,
        }
    }
}

/// What to do with bytes that stand at the offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Hand on so many.
    Take(usize),
    /// There is no whole line yet.
    Wait,
    /// Zeros begin here, and no whole line before them. They may be filled yet, or may be the end of the file.
    Zeros(usize),
}

/// Decides about `fresh`, which stands at the offset.
#[must_use]
pub fn cut(fresh: &[u8], encoding: Encoding) -> Cut {
    match encoding {
        Encoding::Unknown => Cut::Wait,
        Encoding::Bytes => cut_bytes(fresh),
        Encoding::Utf16Le | Encoding::Utf16Be => cut_utf16(fresh, encoding),
    }
}

fn cut_bytes(fresh: &[u8]) -> Cut {
    let zeros = find_zeros(fresh);
    let text = fresh.get(..zeros.unwrap_or(fresh.len())).unwrap_or(fresh);
    match (memrchr(b'\n', text), zeros) {
        (Some(end), _) => Cut::Take(end + 1),
        (None, _) if text.len() >= MAX_LINE => Cut::Take(text.len()),
        (None, Some(at)) => Cut::Zeros(at),
        (None, None) => Cut::Wait,
    }
}

/// Where a run of zeros begins that is longer than a line may have, or that reaches the end of what was read.
fn find_zeros(bytes: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = memchr(0, bytes.get(from..)?) {
        let run = bytes.get(from + at..)?;
        let len = run.iter().take_while(|b| **b == 0).count();
        if len > MAX_NULS || len == run.len() {
            return Some(from + at);
        }
        from += at + len;
    }
    None
}

fn cut_utf16(fresh: &[u8], encoding: Encoding) -> Cut {
    let line_feed = if encoding == Encoding::Utf16Le { [b'\n', 0] } else { [0, b'\n'] };
    let (units, _) = fresh.as_chunks::<2>();
    if let Some(last) = units.iter().rposition(|unit| *unit == line_feed) {
        return Cut::Take((last + 1) * 2);
    }
    let text = trim_zeros(fresh).len();
    if text >= MAX_LINE * 2 { Cut::Take(text & !1) } else { Cut::Wait }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lines_are_taken() {
        assert_eq!(cut(b"a\r\nb\r\nhalf", Encoding::Bytes), Cut::Take(6));
        assert_eq!(cut(b"half", Encoding::Bytes), Cut::Wait);
        assert_eq!(cut(b"a\nb\n", Encoding::Unknown), Cut::Wait);
        assert_eq!(cut(&vec![b'x'; MAX_LINE], Encoding::Bytes), Cut::Take(MAX_LINE));
    }

    #[test]
    fn zeros_at_the_end_are_never_taken_and_a_few_in_a_line_are() {
        assert_eq!(cut(b"a\nb\0", Encoding::Bytes), Cut::Take(2));
        assert_eq!(cut(b"b\0c\n", Encoding::Bytes), Cut::Take(4));
        assert_eq!(cut(b"half\0\0", Encoding::Bytes), Cut::Zeros(4));
        let hole = [b"a\n", &[0; 17][..], b"b\n"].concat();
        assert_eq!(cut(&hole, Encoding::Bytes), Cut::Take(2));
        assert_eq!(cut(&hole[2..], Encoding::Bytes), Cut::Zeros(0));
    }

    #[test]
    fn utf16_is_cut_between_units() {
        assert_eq!(Encoding::of(b"\xFF"), Encoding::Unknown);
        let le: Vec<u8> = "\u{FEFF}a\n\u{0A41}b".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(cut(&le, Encoding::of(&le)), Cut::Take(6));
        let be: Vec<u8> = "\u{FEFF}a\n\u{0A00}\u{010A}".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(cut(&be, Encoding::of(&be)), Cut::Take(6));
        // A unit of which only the first byte is there yet.
        assert_eq!(cut(b"a\0\n", Encoding::Utf16Le), Cut::Wait);
    }
}
