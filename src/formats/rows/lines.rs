//! A log cut into lines, and these into columns, in one pass over its bytes.

use fearless_simd::dispatch;

use super::index::{Index, WINDOW};
use super::{PLACES, Row, place};
use crate::formats::ledger::{Ledger, What};
use crate::formats::lines::{Line, MAX_LINE};

/// Whole lines of a log that stand one after the other and have one byte a unit.
#[derive(Debug)]
pub struct Lines<'a, 'i> {
    text: &'a [u8],
    /// Where the text stands in the log.
    offset: u64,
    next: Begin,
    /// Up to where it has been looked at.
    upto: usize,
    index: &'i mut Index,
}

/// Where the next line begins.
#[derive(Debug, Clone, Copy)]
struct Begin {
    /// The number of the line.
    number: u64,
    /// One byte before it in the text.
    before: u32,
    /// Which place that is.
    place: usize,
}

impl Begin {
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
        Self { text, offset, next: Begin { number, before: u32::MAX, place: 0 }, upto: 0, index }
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

    use super::super::{Cuts, MAX_COLUMNS};
    use super::*;

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

    /// A line: its number, offset, length, last column, and how many columns it has.
    type Told = (u64, u64, u32, Vec<u8>, usize);

    /// What is told of each line, and what is left.
    fn told(text: &[u8], together: bool) -> (Vec<Told>, (usize, u64)) {
        let mut index = Index::default();
        let mut lines = Lines::new(text, 1000, 7, &mut index);
        let mut told = Vec::new();
        let mut tell = |line: Line<'_>, row: Row<'_, '_>| {
            told.push((line.number, line.offset, line.len, row.get(row.len() - 1).to_vec(), row.len()));
            What::Record
        };
        if together {
            let len = |(_, _, len, ..): &Told| u64::from(*len);
            let ledger = lines.count(&mut tell);
            assert_eq!(ledger.total(), told.iter().map(len).sum::<u64>());
        } else {
            while let Some((line, row)) = lines.next() {
                tell(line, row);
            }
        }
        (told, lines.passed())
    }

    proptest! {
        #[test]
        fn lines_that_are_handed_out_together_are_those_that_come_one_by_one(
            text in "([ ab]{0,90}\r?\n|\r\n|(abcdefg ){300}\n){0,40}",
            giant in any::<bool>(),
            after in "([ ab]{0,9}\n){0,9}",
        ) {
            let text = if giant { text + &"x".repeat(MAX_LINE + 2) + "\n" + &after } else { text };
            prop_assert_eq!(told(text.as_bytes(), true), told(text.as_bytes(), false));
        }
    }
}
