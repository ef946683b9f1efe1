//! The most telling row of every minute: the one that took longest.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::record::Origin;

/// Rows of requests that took less (a second) say little of what holds a server up, and there may be many.
pub(super) const LEAST: u64 = 1000;

/// The row of every minute that took longest, if any took a second. Rows are taken in in any order.
#[derive(Debug, Clone, Default)]
pub struct Longest {
    /// Minute → milliseconds, the second in which it ended, and where it stands.
    rows: BTreeMap<i64, (u64, i64, Origin)>,
    /// The minute of the last row that was kept, and its milliseconds: most rows that come then took less.
    recent: (i64, u64),
}

impl PartialEq for Longest {
    fn eq(&self, other: &Self) -> bool {
        self.rows == other.rows
    }
}

impl Longest {
    /// Takes a row into account that ended at `second` after `taken` milliseconds.
    pub fn add(&mut self, second: i64, taken: u64, origin: Origin) {
        if taken < LEAST {
            return;
        }
        let minute = second.div_euclid(60);
        if self.recent.0 != minute || self.recent.1 <= taken {
            self.recent = (minute, self.keep(minute, (taken, second, origin)));
        }
    }

    /// Keeps a row if it took longer than that of its minute; gives how long that took which is kept.
    fn keep(&mut self, minute: i64, row: (u64, i64, Origin)) -> u64 {
        // Of equals, that with the smallest origin: the order of coming does not matter.
        let less = |a: &(u64, i64, Origin)| (std::cmp::Reverse(a.0), a.2);
        let kept = self.rows.entry(minute).or_insert(row);
        if less(&row) < less(kept) {
            *kept = row;
        }
        kept.0
    }

    /// Adds what another one holds.
    pub fn merge(&mut self, other: &Self) {
        for (minute, row) in &other.rows {
            self.keep(*minute, *row);
        }
    }

    /// Up to `most` rows that ended in some seconds, the longest first.
    #[must_use]
    pub fn within(&self, seconds: &Range<i64>, most: usize) -> Vec<Origin> {
        let minutes = seconds.start.div_euclid(60)..=seconds.end.div_euclid(60);
        let mut rows: Vec<(u64, i64, Origin)> =
            self.rows.range(minutes).map(|(_, row)| *row).filter(|(_, second, _)| seconds.contains(second)).collect();
        rows.sort_by_key(|(taken, _, origin)| (std::cmp::Reverse(*taken), *origin));
        rows.into_iter().take(most).map(|(_, _, origin)| origin).collect()
    }

    /// Up to `most` rows of requests that were in flight in a second and ended before `end`, the longest first.
    #[must_use]
    pub fn in_flight_at(&self, second: i64, end: i64, most: usize) -> Vec<Origin> {
        let ended = second..end;
        let begun =
            |taken: u64, last: i64| last.saturating_mul(1000).saturating_sub(super::parts::in_time(taken)) < (second + 1) * 1000;
        let minutes = second.div_euclid(60)..=end.div_euclid(60);
        let rows = self.rows.range(minutes).map(|(_, row)| *row);
        let mut rows: Vec<_> = rows.filter(|(taken, last, _)| ended.contains(last) && begun(*taken, *last)).collect();
        rows.sort_by_key(|(taken, _, origin)| (std::cmp::Reverse(*taken), *origin));
        rows.into_iter().take(most).map(|(_, _, origin)| origin).collect()
    }

    /// The milliseconds of the longest rows of the minutes, of those that ended in some seconds, and how many rows these are.
    #[must_use]
    pub fn sum(&self, seconds: &Range<i64>) -> (i64, u64) {
        let minutes = seconds.start.div_euclid(60)..=seconds.end.div_euclid(60);
        let rows = self.rows.range(minutes).map(|(_, row)| row).filter(|(_, second, _)| seconds.contains(second));
        rows.fold((0, 0), |(sum, count), (taken, ..)| (sum + super::parts::in_time(*taken), count + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Position, SourceId};

    fn origin(line: u64) -> Origin {
        Origin { source: SourceId(0), position: Position { offset: line * 100, len: 100, line } }
    }

    #[test]
    fn the_longest_row_of_each_minute_is_kept_in_any_order() {
        // (second, milliseconds, line)
        let rows = [(10, 5000, 1), (59, 90_000, 2), (20, 90_000, 3), (61, 999, 4), (130, 2000, 5), (140, 1000, 6)];
        let of = |rows: &[(i64, u64, u64)]| {
            let mut longest = Longest::default();
            for (second, taken, line) in rows {
                longest.add(*second, *taken, origin(*line));
            }
            longest
        };
        let all = of(&rows);
        // Of equals the one that stands first; what took less than a second tells nothing.
        assert_eq!(all.within(&(0..200), 9), [origin(2), origin(5)]);
        assert_eq!(all.within(&(60..200), 9), [origin(5)]);
        assert_eq!(all.within(&(0..200), 1), [origin(2)]);
        assert_eq!(all.sum(&(0..200)), (92_000, 2));
        // The row of 90 s that ended in second 59 began before second 10, that of 2 s in second 130 only later.
        assert_eq!((all.in_flight_at(10, 200, 9), all.in_flight_at(129, 200, 9)), (vec![origin(2)], vec![origin(5)]));
        let backwards: Vec<_> = rows.iter().rev().copied().collect();
        let (mut halves, rest) = (of(&rows[3..]), of(&rows[..3]));
        halves.merge(&rest);
        assert_eq!((of(&backwards), halves), (all.clone(), all));
    }
}
