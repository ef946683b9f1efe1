//! `#Fields` directives and the columns of a row, shared by W3C and HTTPERR logs.

use memchr::memchr;
use wide::u8x16;

use crate::time::{Time, parse_clock, parse_date};

/// More columns than any log has; a row with more is malformed.
pub const MAX_COLUMNS: usize = 64;

/// Milliseconds of a day.
pub const MILLIS_PER_DAY: i64 = 86_400_000;
/// Bytes that are looked at together, as many as a mask has bits.
const BLOCK: usize = 64;
/// Spaces that are noted together.
const FEW: usize = 8;

/// Where the columns of a row begin and end. Whoever reads many rows keeps one for all of them: it is written over, not made anew.
#[derive(Debug, Clone)]
pub struct Cuts {
    /// Where columns begin, if these are not what stands between two spaces.
    from: [u32; MAX_COLUMNS],
    to: [u32; MAX_COLUMNS + FEW],
    len: usize,
    is_loose: bool,
}

impl Default for Cuts {
    fn default() -> Self {
        Self { from: [0; MAX_COLUMNS], to: [0; MAX_COLUMNS + FEW], len: 0, is_loose: false }
    }
}

/// A row cut into columns.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a, 'c> {
    text: &'a [u8],
    cuts: &'c Cuts,
}

/// A bit for each byte that is a space.
#[inline]
fn spaces(block: &[u8; BLOCK]) -> u64 {
    let (lanes, _) = block.as_chunks::<16>();
    let is_space = |lane: &[u8; 16]| u64::from(u8x16::from(*lane).simd_eq(u8x16::splat(b' ')).to_bitmask());
    lanes.iter().rev().fold(0, |mask, lane| mask << 16 | is_space(lane))
}

/// A place in a line, which is 64 KiB long at most.
#[inline]
fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl Cuts {
    /// Cuts at each single space: two spaces hold an empty column between them, as IIS means it.
    #[must_use]
    pub fn split<'a>(&mut self, text: &'a [u8]) -> Row<'a, '_> {
        (self.len, self.is_loose) = (0, false);
        let (blocks, rest) = text.as_chunks::<BLOCK>();
        let mut begin = 0;
        for block in blocks {
            self.note(spaces(block), begin);
            begin += BLOCK;
        }
        if let Some(last) = text.last_chunk::<BLOCK>() {
            // The bytes before the rest have been looked at.
            self.note(spaces(last).checked_shr(place(BLOCK - rest.len())).unwrap_or(0), begin);
        } else {
            let mut last = [0; BLOCK];
            last.iter_mut().zip(rest).for_each(|(to, byte)| *to = *byte);
            self.note(spaces(&last), begin);
        }
        self.push(text.len());
        Row { text, cuts: self }
    }

    /// Notes the spaces of some bytes that begin at `begin`. Most rows have few in 64 bytes: as many are noted as a few are, whether
    /// they are there or not, since nobody can foretell how many there are.
    #[inline]
    fn note(&mut self, mut spaces: u64, begin: usize) {
        let (begin, count) = (place(begin), spaces.count_ones() as usize);
        if let Some(room) = self.to.get_mut(self.len..).and_then(|to| to.first_chunk_mut::<FEW>()) {
            for to in room {
                *to = begin + spaces.trailing_zeros();
                spaces &= spaces.wrapping_sub(1);
            }
        }
        if count > FEW {
            for at in self.len + FEW..self.len + count {
                if let Some(to) = self.to.get_mut(at) {
                    *to = begin + spaces.trailing_zeros();
                }
                spaces &= spaces.wrapping_sub(1);
            }
        }
        self.len += count;
    }

    /// Cuts at runs of white space, and keeps quoted columns whole: for logs that pad (a second look at a row that does not fit).
    #[must_use]
    pub fn split_loosely<'a>(&mut self, text: &'a [u8]) -> Row<'a, '_> {
        (self.len, self.is_loose) = (0, true);
        let end = text.trim_ascii_end().len();
        let mut at = text.len() - text.trim_ascii_start().len();
        while let Some(rest) = text.get(at..end)
            && let Some(first) = rest.first()
        {
            if *first == b'"' {
                let body = rest.get(1..).unwrap_or_default();
                let close = closing_quote(body);
                self.push_loose(at + 1, at + 1 + close);
                at += close + 2;
            } else {
                let len = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
                self.push_loose(at, at + len);
                at += len;
            }
            let after = text.get(at..end).unwrap_or_default();
            at += after.len() - after.trim_ascii_start().len();
        }
        Row { text, cuts: self }
    }

    /// Cuts so that there are so many columns, if either way of cutting gives them.
    #[must_use]
    pub fn fitted<'a>(&mut self, text: &'a [u8], columns: usize) -> Row<'a, '_> {
        if self.split(text).len() != columns && self.split_loosely(text).len() != columns {
            _ = self.split(text);
        }
        Row { text, cuts: self }
    }

    fn push(&mut self, to: usize) {
        if let Some(slot) = self.to.get_mut(self.len) {
            *slot = place(to);
        }
        self.len += 1;
    }

    fn push_loose(&mut self, from: usize, to: usize) {
        if let Some(slot) = self.from.get_mut(self.len) {
            *slot = place(from);
        }
        self.push(to);
    }
}

impl<'a> Row<'a, '_> {
    /// How many columns the row has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.cuts.len
    }

    /// Whether the row has no columns.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.cuts.len == 0
    }

    /// A column; empty if there is none.
    #[must_use]
    #[inline]
    pub fn get(&self, index: usize) -> &'a [u8] {
        if index >= self.cuts.len.min(MAX_COLUMNS) {
            return &[];
        }
        let to = |index: usize| self.cuts.to.get(index).map_or(0, |to| *to as usize);
        let from = match index.checked_sub(1) {
            _ if self.cuts.is_loose => self.cuts.from.get(index).map_or(0, |from| *from as usize),
            Some(before) => to(before) + 1,
            None => 0,
        };
        self.text.get(from..to(index)).unwrap_or_default()
    }

    /// A column; empty if there is none or the log has `-`, which means that nothing was there.
    #[must_use]
    pub fn text(&self, index: Option<usize>) -> &'a [u8] {
        match index.map(|i| self.get(i)) {
            None | Some(b"-") => &[],
            Some(text) => text,
        }
    }
}

/// Reads dates and times, which the rows of one second repeat.
#[derive(Debug, Default)]
pub struct Days {
    day: Option<([u8; 10], i64)>,
    second: Option<([u8; 8], Time)>,
}

impl Days {
    /// Days since the epoch of `YYYY-MM-DD`; what is wrong with it otherwise.
    ///
    /// # Errors
    /// When it is no date.
    pub fn read(&mut self, text: &[u8]) -> Result<i64, &'static str> {
        if let Some((last, day)) = &self.day
            && text == last
        {
            return Ok(*day);
        }
        let day = parse_date(text).ok_or("the date is no date")?;
        self.day = text.try_into().ok().map(|text| (text, day));
        self.second = None;
        Ok(day)
    }

    /// The moment of a date and a time of day; what is wrong with them otherwise.
    ///
    /// # Errors
    /// When they are none.
    pub fn moment(&mut self, date: &[u8], clock: &[u8]) -> Result<Time, &'static str> {
        if let (Some((day, _)), Some((second, time))) = (&self.day, &self.second)
            && clock == second
            && date == day
        {
            return Ok(*time);
        }
        let millis = parse_clock(clock).ok_or("the time is no time")?;
        let time = Time::from_millis(self.read(date)? * MILLIS_PER_DAY + millis);
        self.second = clock.try_into().ok().map(|clock| (clock, time));
        Ok(time)
    }
}

/// Where a quoted column ends: at the quote that white space or the end follows. Advanced Logging doubles inner quotes.
fn closing_quote(body: &[u8]) -> usize {
    let mut at = 0;
    while let Some(quote) = memchr(b'"', body.get(at..).unwrap_or_default()).map(|i| at + i) {
        match body.get(quote + 1) {
            Some(b'"') => at = quote + 2,
            Some(next) if !next.is_ascii_whitespace() => at = quote + 1,
            _ => return quote,
        }
    }
    body.len()
}

/// The value of a directive: `directive(b"#Fields: date", b"#fields:")` is `date`. The name compares without case.
#[must_use]
pub fn directive<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let head = line.get(..name.len())?;
    head.eq_ignore_ascii_case(name).then(|| line.get(name.len()..).unwrap_or_default().trim_ascii())
}

/// The names in a `#Fields` value.
pub fn names(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(u8::is_ascii_whitespace).filter(|name| !name.is_empty())
}

/// The position of a field by any of its names, without case.
#[must_use]
pub fn find(names: &[&[u8]], wanted: &[&str]) -> Option<usize> {
    names.iter().position(|name| wanted.iter().any(|w| name.eq_ignore_ascii_case(w.as_bytes())))
}

/// A decimal number; `None` for anything else. Saturates instead of overflowing.
#[must_use]
pub fn number(text: &[u8]) -> Option<u64> {
    match text {
        [] => return None,
        [digit @ b'0'..=b'9'] => return Some(u64::from(digit - b'0')),
        _ => {}
    }
    // Nineteen digits fit without a look.
    let is_short = text.len() <= 19;
    let mut value: u64 = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        let digit = u64::from(digit);
        value =
            if is_short { value.wrapping_mul(10).wrapping_add(digit) } else { value.saturating_mul(10).saturating_add(digit) };
    }
    Some(value)
}

/// An HTTP status: three digits.
#[must_use]
pub fn status(text: &[u8]) -> Option<u16> {
    match text {
        [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
            Some(u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0'))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn two_spaces_hold_an_empty_column() {
        let mut cuts = Cuts::default();
        let row = cuts.split(b"a  b -");
        assert_eq!((row.len(), row.get(1), row.get(2), row.text(Some(3))), (4, &b""[..], &b"b"[..], &b""[..]));
    }

    proptest! {
        #[test]
        fn a_row_is_cut_as_its_spaces_tell_however_many_there_are(text in "[ ab]{0,200}") {
            let mut cuts = Cuts::default();
            let row = cuts.split(text.as_bytes());
            let want: Vec<&[u8]> = text.as_bytes().split(|byte| *byte == b' ').collect();
            prop_assert_eq!(row.len(), want.len());
            let got: Vec<&[u8]> = (0..want.len().min(MAX_COLUMNS)).map(|index| row.get(index)).collect();
            prop_assert_eq!(got, want.get(..want.len().min(MAX_COLUMNS)).unwrap());
            prop_assert!((want.len()..want.len() + 99).all(|beyond| row.get(beyond).is_empty()));
        }
    }

    #[test]
    fn quoted_columns_stay_whole_in_the_loose_reading() {
        let mut cuts = Cuts::default();
        let row = cuts.split_loosely(b"a   \"b c\"  \" \"\"x\"\" y \" d\"e");
        assert_eq!(row.len(), 4);
        assert_eq!((row.get(1), row.get(2), row.get(3)), (&b"b c"[..], &b" \"\"x\"\" y "[..], &b"d\"e"[..]));
    }

    #[test]
    fn numbers_saturate_and_refuse_what_is_none() {
        assert_eq!(number(b"214784354254"), Some(214_784_354_254));
        assert_eq!(number(b"99999999999999999999999"), Some(u64::MAX));
        assert_eq!(number(b"-1"), None);
        assert_eq!(status(b"503"), Some(503));
        assert_eq!(status(b"0"), None);
    }
}
