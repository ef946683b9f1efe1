//! Rows of columns between spaces. A log is cut into lines, and these into columns, in one pass over its bytes, 64 at a time.

mod index;

use std::ops::Range;

use fearless_simd::dispatch;
pub use index::Index;
use index::WINDOW;
use memchr::memchr;

use super::fields;
use super::ledger::{Ledger, What};
use super::lines::{Line, MAX_LINE};

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

    /// Where a column stands that the row has, in [`Row::all`].
    #[inline]
    #[must_use]
    pub fn at(&self, index: usize) -> Range<usize> {
        // The mask saves looking whether the place is within bounds.
        let at = index & (MAX_COLUMNS - 1);
        let (before, end) = (self.befores.get(at).copied().unwrap_or_default(), self.ends.get(at).copied().unwrap_or_default());
        before.wrapping_add(1) as usize..end as usize
    }

    /// The text that the row stands in.
    #[inline]
    #[must_use]
    pub fn all(&self) -> &'a [u8] {
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

/// Whole lines of a log that stand one after the other and have one byte a unit.
#[derive(Debug)]
pub struct Lines<'a, 'i> {
    text: &'a [u8],
    /// Where the text stands in the log.
    offset: u64,
    next: Next,
    /// Up to where it has been looked at.
    upto: usize,
    index: &'i mut Index,
}

/// Where the next line begins.
#[derive(Debug, Clone, Copy)]
struct Next {
    /// The number of the line.
    number: u64,
    /// One byte before it in the text.
    before: u32,
    /// Which place that is.
    place: usize,
}

impl Next {
    fn begin(self) -> usize {
        self.before.wrapping_add(1) as usize
    }

    /// Cuts the line off that ends at a place, and goes on behind it; `None` if it is one over all bounds.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "what it gives stays in the processor's registers")]
    fn cut<'a, 'c>(
        &mut self,
        (text, offset): (&'a [u8], u64),
        places: &'c mut [u32],
        feed: usize,
    ) -> Option<(Line<'a>, Row<'a, 'c>)> {
        let begin = self.begin();
        let place_of_end = places.get_mut(feed)?;
        let end = *place_of_end;
        let line = text.get(begin..end as usize)?;
        if line.len() > MAX_LINE + 1 {
            return None;
        }
        let len = place(line.len() + 1);
        // The last column ends before a carriage return.
        let returns = usize::from(line.last() == Some(&b'\r'));
        *place_of_end = end - u32::from(returns > 0);
        let line = Line { text: line.get(..line.len() - returns)?, offset: offset + begin as u64, len, number: self.number };
        let ends = places.get_mut(self.place..)?.first_chunk_mut::<PLACES>()?;
        let [first, ..] = ends;
        *first = self.before;
        let columns = feed - self.place;
        *self = Self { number: self.number + 1, before: end, place: feed };
        Some((line, Row::new(text, ends, columns)))
    }
}

impl<'a, 'i> Lines<'a, 'i> {
    /// The lines of a text that ends with a line feed. It stands at byte `offset` of its log, and line `number` is its first.
    #[must_use]
    pub fn new(text: &'a [u8], offset: u64, number: u64, index: &'i mut Index) -> Self {
        index.begin();
        Self { text, offset, next: Next { number, before: u32::MAX, place: 0 }, upto: 0, index }
    }

    /// How many bytes have been passed, and the number of the line that comes then.
    #[must_use]
    pub fn passed(&self) -> (usize, u64) {
        (self.next.begin(), self.next.number)
    }

    /// The next line, cut at its spaces; `None` at the end, or before a line over all bounds.
    #[expect(clippy::should_implement_trait, reason = "a row lends what the next one writes over")]
    pub fn next(&mut self) -> Option<(Line<'a>, Row<'a, '_>)> {
        let Self { text, offset, next, index, .. } = self.look();
        let Index { places, feeds, fed, passed, .. } = &mut **index;
        let feed = *feeds.get(..*fed)?.get(*passed)? as usize;
        let cut = next.cut((text, *offset), places, feed)?;
        *passed += 1;
        Some(cut)
    }

    /// Hands out all that are left, and counts what becomes of their bytes.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "what it hands out stays in the processor's registers")]
    pub fn count(&mut self, mut each: impl FnMut(Line<'a>, Row<'a, '_>) -> What) -> Ledger {
        let mut ledger = Ledger::default();
        loop {
            let Self { text, offset, next, index, .. } = self.look();
            let Index { places, feeds, fed, passed, .. } = &mut **index;
            let some = feeds.get(*passed..*fed).unwrap_or_default();
            let mut at = *next;
            let cut = some.iter().map_while(|feed| {
                let (line, row) = at.cut((text, *offset), places, *feed as usize)?;
                ledger.count(each(line, row), line.len);
                Some(())
            });
            let done = cut.count();
            *next = at;
            *passed += done;
            if done < some.len() || some.is_empty() {
                return ledger;
            }
        }
    }

    /// Looks at what comes, up to a line feed at least, if all has been passed that was looked at.
    #[inline]
    fn look(&mut self) -> &mut Self {
        if self.index.passed == self.index.fed {
            self.look_on();
        }
        self
    }

    #[inline(never)]
    fn look_on(&mut self) {
        self.index.forget(self.next.place);
        self.next.place = 0;
        while self.index.fed == 0
            && let Some(rest) = self.text.get(self.upto..)
            && !rest.is_empty()
        {
            let window = rest.get(..WINDOW).unwrap_or(rest);
            let (begin, index) = (self.upto, &mut *self.index);
            dispatch!(index.level, simd => index.note(simd, window, begin));
            self.upto += window.len();
        }
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
        fn lines_are_cut_as_their_spaces_tell_however_many_there_are(text in "([ ab]{0,90}\r?\n|(abcdefg ){300}\n){0,9}") {
            let (mut index, mut one) = (Index::default(), Cuts::default());
            let mut lines = Lines::new(text.as_bytes(), 1000, 7, &mut index);
            let mut begin = 0;
            for (number, want) in (7..).zip(text.lines()) {
                let (line, many) = lines.next().unwrap();
                prop_assert_eq!((line.text, line.offset, line.number), (want.as_bytes(), 1000 + begin, number));
                begin += u64::from(line.len);
                let want: Vec<&[u8]> = want.as_bytes().split(|byte| *byte == b' ').collect();
                let few = want.len().min(MAX_COLUMNS);
                for row in [many, one.split(line.text)] {
                    prop_assert_eq!(row.len(), want.len());
                    prop_assert_eq!((0..few).map(|index| row.get(index)).collect::<Vec<_>>(), want.get(..few).unwrap());
                    prop_assert!((few..few + 99).all(|beyond| row.get(beyond).is_empty()));
                }
            }
            prop_assert!(lines.next().is_none());
            prop_assert_eq!(lines.passed().0, text.len());
        }
    }

    #[test]
    fn lines_end_before_one_over_all_bounds() {
        let text = format!("a\r\n{}\r\n{}\nb\n", "x".repeat(MAX_LINE), "x".repeat(MAX_LINE + 2));
        let mut index = Index::default();
        let mut lines = Lines::new(text.as_bytes(), 0, 1, &mut index);
        let lens: Vec<u32> = std::iter::from_fn(|| lines.next().map(|(line, _)| line.len)).collect();
        assert_eq!((lens, lines.passed()), (vec![3, 65_538], (65_541, 3)));
    }

    #[test]
    fn quoted_columns_stay_whole_in_the_loose_reading() {
        let mut cuts = Cuts::default();
        let row = cuts.split_loosely(b"a   \"b c\"  \" \"\"x\"\" y \" d\"e");
        assert_eq!(row.len(), 4);
        assert_eq!((row.get(1), row.get(2), row.get(3)), (&b"b c"[..], &b" \"\"x\"\" y "[..], &b"d\"e"[..]));
    }
}
