//! Rows of columns between spaces. A log is cut into lines, and these into columns, in one pass over its bytes, 64 at a time.

mod index;
mod lines;

use std::ops::Range;

pub use index::Index;
pub use lines::Lines;
use memchr::memchr;

use super::fields;

/// More columns than any log has; a row with more is malformed.
pub const MAX_COLUMNS: usize = 64;

/// Places of a row: those where its columns end, and one before them.
const PLACES: usize = MAX_COLUMNS + 1;
/// The places of a row that has none.
const NONE: [u32; MAX_COLUMNS] = [u32::MAX; MAX_COLUMNS];

/// A row cut into columns.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a, 'c> {
    text: &'a [u8],
    /// One byte before each column begins, and where it ends. What comes after them is nothing.
    befores: &'c [u32; MAX_COLUMNS],
    ends: &'c [u32; MAX_COLUMNS],
    len: usize,
}

/// What a [`Row`] is made of.
pub(super) type RowParts<'a, 'c> = (&'a [u8], &'c [u32; MAX_COLUMNS], &'c [u32; MAX_COLUMNS], usize);

impl<'a, 'c> Row<'a, 'c> {
    pub(super) fn parts(&self) -> RowParts<'a, 'c> {
        (self.text, self.befores, self.ends, self.len)
    }

    pub(super) fn of((text, befores, ends, len): RowParts<'a, 'c>) -> Self {
        Self { text, befores, ends, len }
    }

    /// A row whose columns stand one place apart.
    #[inline]
    fn new(text: &'a [u8], ends: &'c [u32; PLACES], len: usize) -> Self {
        Self { text, befores: ends.first_chunk().unwrap_or(&NONE), ends: ends.last_chunk().unwrap_or(&NONE), len }
    }

    /// How many columns the row has.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether the row has no columns.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// A column; empty if there is none, or it is one beyond [`MAX_COLUMNS`].
    #[must_use]
    #[inline]
    pub fn get(&self, index: usize) -> &'a [u8] {
        self.text.get(self.place(index)).unwrap_or_default()
    }

    /// Where a column stands.
    #[inline]
    fn place(&self, index: usize) -> Range<usize> {
        if index < self.len && index < MAX_COLUMNS { self.at(index) } else { 0..0 }
    }

    /// Where a column stands in [`Row::all`], of those that the row has.
    #[inline]
    pub(super) fn at(&self, index: usize) -> Range<usize> {
        debug_assert!(index < self.len.min(MAX_COLUMNS), "column {index} of {}", self.len);
        // The mask saves looking whether the place is within bounds.
        let at = index & (MAX_COLUMNS - 1);
        let (before, end) = (self.befores.get(at).copied().unwrap_or_default(), self.ends.get(at).copied().unwrap_or_default());
        before.wrapping_add(1) as usize..end as usize
    }

    /// The text that the row stands in.
    #[inline]
    pub(super) fn all(&self) -> &'a [u8] {
        self.text
    }

    /// A column; empty if there is none or the log has `-`, which means that nothing was there.
    #[must_use]
    #[inline]
    pub fn text(&self, index: Option<usize>) -> &'a [u8] {
        let text = index.map_or(&[][..], |index| self.get(index));
        // No processor can foretell which rows have one: it is counted, not asked.
        let is_none = usize::from(text.len() == 1) & usize::from(text.first() == Some(&b'-'));
        text.get(is_none..).unwrap_or_default()
    }

    /// A column as a decimal number, as [`fields::number`] reads it; `None` if there is none.
    #[must_use]
    #[inline]
    pub fn number(&self, index: Option<usize>) -> Option<u64> {
        fields::number_within(self.text, self.place(index?))
    }
}

/// Where the columns of one row begin and end. Whoever reads many rows keeps one for all of them: it is written over, not made anew.
#[derive(Debug, Clone)]
pub struct Cuts {
    /// Of columns that stand apart: one byte before each begins.
    befores: [u32; MAX_COLUMNS],
    /// One byte before the first column begins, and where each ends.
    ends: [u32; PLACES],
    len: usize,
    is_apart: bool,
}

impl Default for Cuts {
    fn default() -> Self {
        Self { befores: NONE, ends: [u32::MAX; PLACES], len: 0, is_apart: false }
    }
}

/// A place in a line or a piece of a log, which are 64 KiB and a few megabytes long at most.
#[inline]
fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl Cuts {
    /// Cuts at each single space: two spaces hold an empty column between them, as IIS means it.
    pub fn split<'a>(&mut self, text: &'a [u8]) -> Row<'a, '_> {
        (self.len, self.is_apart) = (0, false);
        self.ends[0] = u32::MAX;
        for end in memchr::memchr_iter(b' ', text).chain([text.len()]) {
            self.len += 1;
            if let Some(place_of) = self.ends.get_mut(self.len) {
                *place_of = place(end);
            }
        }
        self.row(text)
    }

    /// Cuts at runs of white space, and keeps quoted columns whole: for logs that pad.
    fn split_loosely<'a>(&mut self, text: &'a [u8]) -> Row<'a, '_> {
        (self.len, self.is_apart) = (0, true);
        let end = text.trim_ascii_end().len();
        let mut at = text.len() - text.trim_ascii_start().len();
        while let Some(rest) = text.get(at..end)
            && let Some(first) = rest.first()
        {
            let is_quoted = *first == b'"';
            let len = match rest.get(1..) {
                Some(body) if is_quoted => closing_quote(body),
                _ => rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len()),
            };
            let begin = at + usize::from(is_quoted);
            if let Some(before) = self.befores.get_mut(self.len) {
                *before = place(begin).wrapping_sub(1);
            }
            self.len += 1;
            if let Some(end) = self.ends.get_mut(self.len) {
                *end = place(begin + len);
            }
            at = begin + len + usize::from(is_quoted);
            let after = text.get(at..end).unwrap_or_default();
            at += after.len() - after.trim_ascii_start().len();
        }
        self.row(text)
    }

    /// Cuts so that there are so many columns, if either way of cutting gives them.
    pub fn cut<'a>(&mut self, text: &'a [u8], columns: usize) -> Row<'a, '_> {
        if self.split(text).len() != columns && self.split_loosely(text).len() != columns {
            _ = self.split(text);
        }
        self.row(text)
    }

    fn row<'a>(&self, text: &'a [u8]) -> Row<'a, '_> {
        let row = Row::new(text, &self.ends, self.len);
        if self.is_apart { Row { befores: &self.befores, ..row } } else { row }
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
}
