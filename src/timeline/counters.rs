//! Counters and pool tags: their samples, and the rows that prove them.

use std::collections::BTreeSet;

use super::samples::Samples;
use super::{TagHistory, Timeline};
use crate::record::{Origin, PoolTag, SourceId};
use crate::time::Time;

/// Memory is bounded: counters beyond so many are not kept.
const MOST_COUNTERS: usize = 4096;
/// Samples beyond this are none: 100 PB, or as many requests.
const MOST_SAMPLED: f64 = 1e17;

impl Timeline {
    pub(super) fn sample(&mut self, path: &str, time: Time, value: f64, source: SourceId) {
        // What no server has: a counter that failed and was written all the same.
        if !value.is_finite() || value.abs() > MOST_SAMPLED {
            return;
        }
        if let Some(logs) = self.counter_logs.get_mut(path) {
            logs.insert(source);
        } else if self.counter_logs.len() < MOST_COUNTERS {
            self.counter_logs.insert(path.into(), BTreeSet::from([source]));
        }
        if let Some(samples) = self.counters.get_mut(path) {
            samples.add(time, value);
        } else if self.counters.len() < MOST_COUNTERS {
            self.counters.entry(path.into()).or_default().add(time, value);
        }
    }

    /// Of every minute the row of the fullest pool is kept; of equals the smallest origin, so that order does not matter.
    pub(super) fn pool_row(&mut self, time: Time, value: f64, origin: Origin) {
        let row = (ordered(value), origin);
        let kept = self.pool_rows.entry(time.second().div_euclid(60)).or_insert(row);
        if (row.0, std::cmp::Reverse(row.1)) > (kept.0, std::cmp::Reverse(kept.1)) {
            *kept = row;
        }
    }

    pub(super) fn pool_tag(&mut self, time: Time, tag: &PoolTag<'_>, origin: Origin) {
        if !tag.nonpaged {
            return;
        }
        let history = self.tags.entry(tag.tag).or_default();
        #[expect(clippy::cast_precision_loss, reason = "bytes of a pool, far below 2^52")]
        let (bytes, outstanding) = (tag.bytes as f64, tag.allocs.wrapping_sub(tag.frees) as f64);
        history.bytes.add(time, bytes);
        history.outstanding.add(time, outstanding);
        if !tag.driver.is_empty() {
            let driver: Box<str> = String::from_utf8_lossy(tag.driver).into();
            history.driver = driver.max(std::mem::take(&mut history.driver));
        }
        history.proofs.entry(time).and_modify(|p| *p = origin.min(*p)).or_insert(origin);
    }

    /// The samples of a counter, by its path without host, in lower case.
    #[must_use]
    pub fn counter(&self, path: &str) -> Option<&Samples> {
        self.counters.get(path)
    }

    /// A row with a counter, of the minute that a second is in; `None` where there is none.
    #[must_use]
    pub fn counter_row(&self, path: &str, second: i64) -> Option<Origin> {
        let logs = self.counter_logs.get(path)?;
        logs.iter().find_map(|log| self.counter_rows.get(&(*log, second.div_euclid(60)))).copied()
    }

    /// The first row of counters of a log.
    #[must_use]
    pub fn first_counter_row(&self, source: SourceId) -> Option<Origin> {
        self.counter_rows.range((source, i64::MIN)..=(source, i64::MAX)).next().map(|(_, row)| *row)
    }

    /// The row at which the non-paged pool was fullest in the minute of a second; `None` where none tells of it.
    #[must_use]
    pub fn fullest_pool(&self, second: i64) -> Option<Origin> {
        self.pool_rows.get(&second.div_euclid(60)).map(|(_, row)| *row)
    }

    /// All counters.
    pub fn counters(&self) -> impl Iterator<Item = (&str, &Samples)> {
        self.counters.iter().map(|(path, samples)| (&**path, samples))
    }

    /// The counters whose paths begin so: those of one object, whatever its instances.
    pub fn counters_under(&self, object: &str) -> impl Iterator<Item = (&str, &Samples)> {
        let from = (std::ops::Bound::Included(object), std::ops::Bound::Unbounded);
        let all = self.counters.range::<str, _>(from).map(|(path, samples)| (&**path, samples));
        all.take_while(move |(path, _)| path.starts_with(object))
    }

    /// All pool tags.
    pub fn tags(&self) -> impl Iterator<Item = ([u8; 4], &TagHistory)> {
        self.tags.iter().map(|(tag, history)| (*tag, history))
    }

    /// One pool tag.
    #[must_use]
    pub fn tag(&self, tag: [u8; 4]) -> Option<&TagHistory> {
        self.tags.get(&tag)
    }
}

/// Whole bytes, to be compared.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bytes of a pool, never negative")]
fn ordered(value: f64) -> u64 {
    value.max(0.0) as u64
}
