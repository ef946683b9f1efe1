//! From bytes to lines: encodings, line ends, NULs and giant lines, the same for any split of the bytes.

use super::rows::{Index, Lines};
use crate::record::Position;

/// A line longer than this is not kept: it is counted as one malformed line. IIS writes at most 64 KiB (`maxLogLineLength`).
pub const MAX_LINE: usize = 65_536;
/// A run of NULs longer than this is a hole that a crash or a preallocation left, not part of a line.
const MAX_NULS: usize = 16;

/// One line of a log.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// The text without its line end. UTF-16 has become UTF-8; anything else is as it stands in the file.
    pub text: &'a [u8],
    /// Bytes from the start of the log to the line's first byte.
    pub offset: u64,
    /// Bytes that the line takes up in the log, line end included.
    pub len: u32,
    /// Its number, counted from 1.
    pub number: u64,
}

impl Line<'_> {
    /// Where the line stands in its log.
    #[must_use]
    #[inline]
    pub fn position(&self) -> Position {
        Position { offset: self.offset, len: self.len, line: self.number }
    }
}

/// What the framer finds.
#[derive(Debug, Clone, Copy)]
pub enum Framed<'a> {
    /// A line within the bounds.
    Line(Line<'a>),
    /// A line over [`MAX_LINE`]; its text is the beginning.
    Oversize(Line<'a>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    /// The first bytes have not been seen.
    Unknown,
    /// UTF-8 or a code page: one byte a unit.
    Bytes,
    /// UTF-16, little endian.
    Utf16Le,
    /// UTF-16, big endian.
    Utf16Be,
}

/// Cuts bytes into lines. Feed it any pieces in order; it hands out the same lines.
#[derive(Debug)]
pub struct Framer {
    encoding: Encoding,
    /// The beginning of a line whose end has not come, bounded.
    held: Vec<u8>,
    /// The first byte of a UTF-16 unit whose second has not come.
    half: Option<u8>,
    /// NULs read but not yet known to be text or a hole.
    nul_run: u64,
    /// Offset of the first byte of the current line.
    start: u64,
    /// Bytes taken in of the current line, kept or not.
    taken: u64,
    /// Bytes of text of the current line, kept or not.
    content: u64,
    number: u64,
    nul_bytes: u64,
    /// Bytes of the byte order mark.
    mark: u64,
}

impl Default for Framer {
    fn default() -> Self {
        Self::new()
    }
}

impl Framer {
    /// A framer at the start of a log.
    #[must_use]
    pub fn new() -> Self {
        Self {
            encoding: Encoding::Unknown,
            held: Vec::new(),
            half: None,
            nul_run: 0,
            start: 0,
            taken: 0,
            content: 0,
            number: 0,
            nul_bytes: 0,
            mark: 0,
        }
    }

    /// A framer that goes on in the middle of a log: at byte `offset`, before line `number` (counted from 1). `utf16` gives the
    /// encoding that the log's first bytes told: `Some(true)` for big endian.
    #[must_use]
    pub fn resume(offset: u64, number: u64, utf16: Option<bool>) -> Self {
        let encoding = match utf16 {
            None if offset == 0 => Encoding::Unknown,
            None => Encoding::Bytes,
            Some(false) => Encoding::Utf16Le,
            Some(true) => Encoding::Utf16Be,
        };
        Self { encoding, start: offset, number: number.saturating_sub(1), ..Self::new() }
    }

    /// `Some(big endian)` if the log is UTF-16.
    #[must_use]
    pub fn utf16(&self) -> Option<bool> {
        match self.encoding {
            Encoding::Utf16Le => Some(false),
            Encoding::Utf16Be => Some(true),
            Encoding::Unknown | Encoding::Bytes => None,
        }
    }

    /// Whether it has one byte a unit: each line feed ends a line.
    #[must_use]
    pub fn is_bytes(&self) -> bool {
        self.encoding == Encoding::Bytes
    }

    /// Where the next line begins: its offset and its number. A line that has no end yet is the next line.
    #[must_use]
    pub fn position(&self) -> (u64, u64) {
        (self.start, self.number + 1)
    }

    /// Bytes of a line that has no end yet.
    #[must_use]
    pub fn pending(&self) -> u64 {
        let first = if self.encoding == Encoding::Unknown { self.held.len() as u64 } else { 0 };
        self.taken + first
    }

    /// Bytes of the byte order mark.
    #[must_use]
    pub fn mark(&self) -> u64 {
        self.mark
    }

    /// NUL bytes skipped because they were a hole.
    #[must_use]
    pub fn nul_bytes(&self) -> u64 {
        self.nul_bytes
    }

    /// How many of the next bytes belong to the line that has begun; to the next, if none has and that is `wanted`.
    #[must_use]
    pub fn rest_of_line(&self, bytes: &[u8], wanted: bool) -> usize {
        if self.taken == 0 && !wanted { 0 } else { memchr::memchr(b'\n', bytes).map_or(bytes.len(), |end| end + 1) }
    }

    /// The whole lines at the beginning of the next bytes, if nothing in them needs a closer look: no line has begun, and there are no NULs.
    #[must_use]
    pub fn whole_lines<'a, 'i>(&self, bytes: &'a [u8], index: &'i mut Index) -> Option<Lines<'a, 'i>> {
        if !self.is_bytes() || self.taken > 0 {
            return None;
        }
        let text = bytes.get(..=memchr::memrchr(b'\n', bytes)?)?;
        memchr::memchr(0, text).is_none().then(|| Lines::new(text, self.start, self.number + 1, index))
    }

    /// Somebody else has taken so many bytes of whole lines; the line that comes has that number.
    pub fn pass(&mut self, bytes: usize, next: u64) {
        self.start += bytes as u64;
        self.number = next.saturating_sub(1);
    }

    /// Takes the next bytes and hands each line that they complete to `found`.
    pub fn feed(&mut self, bytes: &[u8], found: &mut impl FnMut(Framed<'_>)) {
        match self.encoding {
            Encoding::Bytes => self.feed_bytes(bytes, found),
            Encoding::Utf16Le | Encoding::Utf16Be => self.feed_utf16(bytes, found),
            Encoding::Unknown => self.feed_first(bytes, found),
        }
    }

    /// The log ends: hands out a last line without a line end, if there is one.
    pub fn finish(&mut self, found: &mut impl FnMut(Framed<'_>)) {
        if self.encoding == Encoding::Unknown {
            self.begin(Encoding::Bytes, 0, found);
        }
        self.settle_nuls(true, found);
        if self.content > 0 {
            self.hand_out_held(found);
        }
    }

    /// Holds the first bytes until they are, or cannot become, a byte order mark.
    fn feed_first(&mut self, bytes: &[u8], found: &mut impl FnMut(Framed<'_>)) {
        const MARKS: [(&[u8], Encoding); 3] =
            [(b"\xEF\xBB\xBF", Encoding::Bytes), (b"\xFF\xFE", Encoding::Utf16Le), (b"\xFE\xFF", Encoding::Utf16Be)];
        for (i, &byte) in bytes.iter().enumerate() {
            self.held.push(byte);
            let mark = MARKS.iter().find(|(mark, _)| self.held.starts_with(mark));
            if mark.is_none() && MARKS.iter().any(|(mark, _)| mark.starts_with(&self.held)) {
                continue;
            }
            let (mark, encoding) = mark.map_or((0, Encoding::Bytes), |(mark, encoding)| (mark.len(), *encoding));
            self.begin(encoding, mark, found);
            self.feed(bytes.get(i + 1..).unwrap_or_default(), found);
            return;
        }
    }

    /// The encoding is known: what was held so far, less the mark, is the beginning of the first line.
    fn begin(&mut self, encoding: Encoding, mark: usize, found: &mut impl FnMut(Framed<'_>)) {
        self.encoding = encoding;
        (self.start, self.mark) = (mark as u64, mark as u64);
        let held = std::mem::take(&mut self.held);
        self.feed(held.get(mark..).unwrap_or_default(), found);
    }

    fn feed_bytes(&mut self, mut bytes: &[u8], found: &mut impl FnMut(Framed<'_>)) {
        let has_nuls = memchr::memchr(0, bytes).is_some();
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(end + 1);
            // The common case does not copy: a whole line is handed out from where it lies.
            if self.taken == 0 && !(has_nuls && line.contains(&0)) {
                (self.taken, self.content) = (line.len() as u64, line.len() as u64);
                self.hand_out(line, found);
            } else {
                self.hold(line, found);
                self.hand_out_held(found);
            }
            bytes = rest;
        }
        self.hold(bytes, found);
    }

    fn feed_utf16(&mut self, bytes: &[u8], found: &mut impl FnMut(Framed<'_>)) {
        let line_feed = if self.encoding == Encoding::Utf16Le { [b'\n', 0] } else { [0, b'\n'] };
        for &byte in bytes {
            self.taken += 1;
            let Some(first) = self.half.take() else {
                self.half = Some(byte);
                continue;
            };
            self.content += 2;
            if self.held.len() <= MAX_LINE * 2 {
                self.held.extend([first, byte]);
            }
            if [first, byte] == line_feed {
                self.hand_out_held(found);
            }
        }
    }

    /// Keeps bytes of an unfinished line, at most a little more than a line may have, without the NULs of a hole.
    fn hold(&mut self, mut bytes: &[u8], found: &mut impl FnMut(Framed<'_>)) {
        while !bytes.is_empty() {
            let nuls = bytes.iter().take_while(|b| **b == 0).count();
            self.nul_run += nuls as u64;
            self.taken += nuls as u64;
            let (_, after) = bytes.split_at(nuls);
            let (text, rest) = after.split_at(memchr::memchr(0, after).unwrap_or(after.len()));
            if !text.is_empty() {
                self.settle_nuls(false, found);
                self.taken += text.len() as u64;
                self.keep(text);
            }
            bytes = rest;
        }
    }

    /// Decides what the NULs just read were: a few belong to the line, many are a hole. What stands before a hole is the beginning
    /// of a line that was never finished: what comes after the hole is another line.
    fn settle_nuls(&mut self, at_end: bool, found: &mut impl FnMut(Framed<'_>)) {
        let run = std::mem::take(&mut self.nul_run);
        if run == 0 {
            return;
        }
        if run > MAX_NULS as u64 || at_end {
            self.nul_bytes += run;
            self.taken -= run;
            if self.content > 0 && !at_end {
                self.hand_out_held(found);
            }
            if self.content == 0 {
                self.start += run;
            }
        } else {
            self.keep(&[0; MAX_NULS][..usize::try_from(run).unwrap_or(MAX_NULS)]);
        }
    }

    fn keep(&mut self, text: &[u8]) {
        self.content += text.len() as u64;
        let room = (MAX_LINE + 2).saturating_sub(self.held.len());
        self.held.extend_from_slice(text.get(..room).unwrap_or(text));
    }

    fn hand_out_held(&mut self, found: &mut impl FnMut(Framed<'_>)) {
        let mut held = std::mem::take(&mut self.held);
        if let Some(big_endian) = self.utf16() {
            self.hand_out(&decode_utf16(&held, big_endian), found);
        } else {
            self.hand_out(&held, found);
        }
        held.clear();
        self.held = held;
    }

    /// Hands out the current line; `text` still has its line end.
    fn hand_out(&mut self, text: &[u8], found: &mut impl FnMut(Framed<'_>)) {
        let unit = if self.utf16().is_some() { 2 } else { 1 };
        let oversize = self.content > (MAX_LINE as u64 + 2) * unit;
        self.number += 1;
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        let len = u32::try_from(self.taken).unwrap_or(u32::MAX);
        let line = Line { text, offset: self.start, len, number: self.number };
        self.start += self.taken;
        (self.taken, self.content) = (0, 0);
        if oversize {
            found(Framed::Oversize(Line { text: text.get(..MAX_LINE).unwrap_or(text), ..line }));
        } else {
            found(Framed::Line(line));
        }
    }
}

/// UTF-16 as UTF-8; what is no UTF-16 becomes U+FFFD.
pub(crate) fn decode_utf16(bytes: &[u8], big_endian: bool) -> Vec<u8> {
    let encoding = if big_endian { encoding_rs::UTF_16BE } else { encoding_rs::UTF_16LE };
    encoding.decode_without_bom_handling(bytes).0.into_owned().into_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(pieces: &[&[u8]]) -> Vec<(Vec<u8>, u64, u32, u64, bool)> {
        let mut framer = Framer::new();
        let mut out = Vec::new();
        let mut found = |framed: Framed<'_>| {
            let (line, oversize) = match framed {
                Framed::Line(line) => (line, false),
                Framed::Oversize(line) => (line, true),
            };
            out.push((line.text.to_vec(), line.offset, line.len, line.number, oversize));
        };
        for piece in pieces {
            framer.feed(piece, &mut found);
        }
        framer.finish(&mut found);
        out
    }

    #[test]
    fn line_ends_of_both_kinds_and_a_last_line_without_one() {
        let got = lines(&[b"a\r\nbc\n\nd"]);
        let texts: Vec<_> = got.iter().map(|l| (l.0.as_slice(), l.1, l.2, l.3)).collect();
        assert_eq!(texts, [(&b"a"[..], 0, 3, 1), (b"bc", 3, 3, 2), (b"", 6, 1, 3), (b"d", 7, 1, 4)]);
    }

    #[test]
    fn byte_order_marks_are_not_text() {
        assert_eq!(lines(&[b"\xEF\xBB\xBFa\n"]), [(b"a".to_vec(), 3, 2, 1, false)]);
        assert_eq!(lines(&[b"\xFF\xFEa\0\xE9\0\n\0"]), [("a\u{e9}".as_bytes().to_vec(), 2, 6, 1, false)]);
        assert_eq!(lines(&[b"\xFE\xFF\0a\0\n"]), [(b"a".to_vec(), 2, 4, 1, false)]);
        assert_eq!(lines(&[b"\xEF\xBBa\n"]), [(b"\xEF\xBBa".to_vec(), 0, 4, 1, false)]);
    }

    #[test]
    fn a_hole_of_nuls_is_no_text_and_a_few_nuls_are() {
        let mut bytes = b"a\n".to_vec();
        bytes.resize(70_002, 0);
        bytes.extend(b"b\0c\n");
        bytes.extend([0; 100]);
        assert_eq!(lines(&[&bytes]), [(b"a".to_vec(), 0, 2, 1, false), (b"b\0c".to_vec(), 70_002, 4, 2, false)]);
    }

    #[test]
    fn a_line_torn_by_a_hole_does_not_take_the_next_line_with_it() {
        let bytes = [b"a\nhalf", &[0; 17][..], b"b\n"].concat();
        let torn = [(b"a".to_vec(), 0, 2, 1, false), (b"half".to_vec(), 2, 4, 2, false), (b"b".to_vec(), 23, 2, 3, false)];
        for cut in 0..bytes.len() {
            let (first, second) = bytes.split_at(cut);
            assert_eq!(lines(&[first, second]), torn);
        }
    }

    #[test]
    fn a_giant_line_costs_one_line() {
        let mut bytes = vec![b'x'; 10_000_000];
        bytes.extend(b"\nnext\n");
        let got = lines(&[&bytes]);
        assert_eq!((got[0].0.len(), got[0].2, got[0].4), (MAX_LINE, 10_000_001, true));
        assert_eq!(got[1], (b"next".to_vec(), 10_000_001, 5, 2, false));
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_lines(
            bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(0u8), Just(0xFFu8), Just(0xFEu8), any::<u8>()], 0..200),
            cuts in proptest::collection::vec(0usize..200, 0..8),
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(bytes.len())).collect();
            cuts.extend([0, bytes.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|w| &bytes[w[0]..w[1]]).collect();
            prop_assert_eq!(lines(&pieces), lines(&[&bytes]));
        }
    }
}
