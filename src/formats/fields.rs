//! `#Fields` directives and the columns of a row, shared by W3C and HTTPERR logs.

use memchr::{memchr, memchr_iter};

use crate::time::parse_date;

/// More columns than any log has; a row with more is malformed.
pub const MAX_COLUMNS: usize = 64;

/// A row cut into columns.
#[derive(Debug)]
pub struct Row<'a> {
    columns: [&'a [u8]; MAX_COLUMNS],
    len: usize,
}

impl<'a> Row<'a> {
    /// Cuts at each single space: two spaces hold an empty column between them, as IIS means it.
    #[must_use]
    pub fn split(text: &'a [u8]) -> Self {
        let mut row = Self { columns: [&[]; MAX_COLUMNS], len: 0 };
        let mut from = 0;
        for space in memchr_iter(b' ', text) {
            row.push(text.get(from..space).unwrap_or_default());
            from = space + 1;
        }
        row.push(text.get(from..).unwrap_or_default());
        row
    }

    /// Cuts at runs of white space, and keeps quoted columns whole: for logs that pad (a second look at a row that does not fit).
    #[must_use]
    pub fn split_loosely(text: &'a [u8]) -> Self {
        let mut row = Self { columns: [&[]; MAX_COLUMNS], len: 0 };
        let mut rest = text.trim_ascii();
        while let Some(first) = rest.first() {
            let (column, after) = if *first == b'"' {
                let body = rest.get(1..).unwrap_or_default();
                let end = closing_quote(body);
                (body.get(..end).unwrap_or_default(), body.get(end + 1..).unwrap_or_default())
            } else {
                rest.split_at(rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len()))
            };
            row.push(column);
            rest = after.trim_ascii_start();
        }
        row
    }

    /// Cuts so that it has so many columns, if either way of cutting gives them.
    #[must_use]
    pub fn fitted(text: &'a [u8], columns: usize) -> Self {
        let row = Self::split(text);
        if row.len() == columns {
            return row;
        }
        let loose = Self::split_loosely(text);
        if loose.len() == columns { loose } else { row }
    }

    fn push(&mut self, column: &'a [u8]) {
        if let Some(slot) = self.columns.get_mut(self.len) {
            *slot = column;
        }
        self.len += 1;
    }

    /// How many columns the row has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the row has no columns.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A column; empty if there is none.
    #[must_use]
    pub fn get(&self, index: usize) -> &'a [u8] {
        self.columns.get(index).copied().unwrap_or_default()
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

/// Reads dates, which rows of one day repeat.
#[derive(Debug, Default)]
pub struct Days {
    last: Option<([u8; 10], i64)>,
}

impl Days {
    /// Days since the epoch of `YYYY-MM-DD`; what is wrong with it otherwise.
    ///
    /// # Errors
    /// When it is no date.
    pub fn read(&mut self, text: &[u8]) -> Result<i64, &'static str> {
        if let Some((last, day)) = &self.last
            && text == last
        {
            return Ok(*day);
        }
        let day = parse_date(text).ok_or("the date is no date")?;
        self.last = text.try_into().ok().map(|text| (text, day));
        Ok(day)
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
    let mut value: u64 = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value.saturating_mul(10).saturating_add(u64::from(digit));
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
        let row = Row::split(b"a  b -");
        assert_eq!((row.len(), row.get(1), row.get(2), row.text(Some(3))), (4, &b""[..], &b"b"[..], &b""[..]));
    }

    #[test]
    fn quoted_columns_stay_whole_in_the_loose_reading() {
        let row = Row::split_loosely(b"a   \"b c\"  \" \"\"x\"\" y \" d\"e");
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
