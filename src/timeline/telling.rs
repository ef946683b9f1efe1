//! The most telling row of every minute: the one that took longest.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::record::Origin;

/// Rows of requests that took less (a second) say little of what holds a server up, and there may be many.
const LEAST: u64 = 1000;

/// The row of every minute that took longest, if any took a second. Rows are taken in in any order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Longest {
    /// Minute → milliseconds, the second in which it ended, and where it stands.
    rows: BTreeMap<i64, (u64, i64, Origin)>,
}

impl Longest {
    /// Takes a row into account that ended at `second` after `taken` milliseconds.
    pub fn add(&mut self, second: i64, taken: u64, origin: Origin) {
        if taken >= LEAST {
            self.keep(second.div_euclid(60), (taken, second, origin));
        }
    }

    fn keep(&mut self, minute: i64, row: (u64, i64, Origin)) {
        // Of equals, that with the smallest origin: the order of coming does not matter.
        let less = |a: &(u64, i64, Origin)| (std::cmp::Reverse(a.0), a.2);
        let kept = self.rows.entry(minute).or_insert(row);
        if less(&row) < less(kept) {
            *kept = row;
        }
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

    /// The milliseconds of the longest rows of the minutes, of those that ended in some seconds, and how many rows these are.
    #[must_use]
    pub fn sum(&self, seconds: &Range<i64>) -> (i64, u64) {
        let minutes = seconds.start.div_euclid(60)..=seconds.end.div_euclid(60);
        let rows = self.rows.range(minutes).map(|(_, row)| row).filter(|(_, second, _)| seconds.contains(second));
        rows.fold((0, 0), |(sum, count), (taken, ..)| (sum + i64::try_from(*taken).unwrap_or(0), count + 1))
    }
}
