//! `#Fields` directives and the columns of a row, shared by W3C and HTTPERR logs.

use memchr::memchr;
use wide::u8x16;

use crate::time::{Time, parse_clock, parse_date};

/// More columns than any log has; a row with more is malformed.
pub const MAX_COLUMNS: usize = 64;

/// Milliseconds of a day.
pub const MILLIS_PER_DAY: i64 = 86_400_000;
/// Bytes that are looked at together.
const LANE: usize = 16;

/// Where the columns of a row begin and end. Whoever reads many rows keeps one for all of them: it is written over, not made anew.
#[derive(Debug, Clone)]
pub struct Cuts {
    at: [(u32, u32); MAX_COLUMNS],
    len: usize,
}

impl Default for Cuts {
    fn default() -> Self {
        Self { at: [(0, 0); MAX_COLUMNS], len: 0 }
    }
}

/// A row cut into columns.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a, 'c> {
    text: &'a [u8],
    cuts: &'c Cuts,
}

impl Cuts {
    /// Cuts at each single space: two spaces hold an empty column between them, as IIS means it.
    #[must_use]
    pub fn split<'a>(&mut self, text: &'a [u8]) -> Row<'a, '_> {
        self.len = 0;
        let (lanes, rest) = text.as_chunks::<LANE>();
        let mut begin = 0;
        let mut from = 0;
        for lane in lanes {
            from = self.cut_lane(lane, begin, from);
            begin += LANE;
        }
        // NUL is no space.
        let mut last = [0; LANE];
        last.iter_mut().zip(rest).for_each(|(to, byte)| *to = *byte);
        from = self.cut_lane(&last, begin, from);
        self.push(from, text.len());
        Row { text, cuts: self }
    }

    /// Cuts at the spaces of some bytes that begin at `begin`; the column that goes on before them began at `from`. Gives where the
    /// column begins that goes on behind them.
    #[inline]
    fn cut_lane(&mut self, lane: &[u8; LANE], begin: usize, mut from: usize) -> usize {
        let mut spaces = u8x16::from(*lane).simd_eq(u8x16::splat(b' ')).to_bitmask();
        while spaces != 0 {
            let space = begin + spaces.trailing_zeros() as usize;
            self.push(from, space);
            from = space + 1;
            spaces &= spaces - 1;
        }
        from
    }

    /// Cuts at runs of white space, and keeps quoted columns whole: for logs that pad (a second look at a row that does not fit).
    #[must_use]
    pub fn split_loosely<'a>(&mut self, text: &'a [u8]) -> Row<'a, '_> {
        self.len = 0;
        let end = text.trim_ascii_end().len();
        let mut at = text.len() - text.trim_ascii_start().len();
        while let Some(rest) = text.get(at..end)
            && let Some(first) = rest.first()
        {
            if *first == b'"' {
                let body = rest.get(1..).unwrap_or_default();
                let close = closing_quote(body);
                self.push(at + 1, at + 1 + close);
                at += close + 2;
            } else {
                let len = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
                self.push(at, at + len);
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

    #[inline]
    fn push(&mut self, from: usize, to: usize) {
        // A line is 64 KiB long at most.
        let at = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        if let Some(slot) = self.at.get_mut(self.len) {
            *slot = (at(from), at(to));
        }
        self.len += 1;
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
        let cut = self.cuts.at.get(index).filter(|_| index < self.cuts.len);
        cut.and_then(|(from, to)| self.text.get(*from as usize..*to as usize)).unwrap_or_default()
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
    if text.is_empty() {
        return None;
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
    use super::*;

    #[test]
    fn two_spaces_hold_an_empty_column() {
        let mut cuts = Cuts::default();
        let row = cuts.split(b"a  b -");
        assert_eq!((row.len(), row.get(1), row.get(2), row.text(Some(3))), (4, &b""[..], &b"b"[..], &b""[..]));
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
