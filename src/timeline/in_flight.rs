//! Requests in flight, second by second, from rows that are written when a request ends.
//!
//! With logged second `S` and `T` ms taken, the true end lies in [S, S + 1 s). The **mean** takes the end at S + 500 ms and adds up
//! the milliseconds of each second that the request covers (Little's law, a second at a time). The **low** counts the seconds that
//! it covers for certain, the **high** those that it may touch. All three are difference arrays: a request costs a few additions,
//! however long it took.

use std::ops::Range;

use super::series::Series;

/// How many requests were in flight in one second.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Point {
    /// The mean over the second.
    pub mean: f64,
    /// At least so many at every moment of the second.
    pub low: i64,
    /// At most so many at any moment of the second.
    pub high: i64,
}

/// The second with the greatest mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Peak {
    /// The second, since the epoch; the first such.
    pub second: i64,
    /// What was in flight in it.
    pub point: Point,
}

/// Differences from second to second of what was in flight.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InFlight {
    /// Milliseconds covered.
    mean: Series<i64>,
    low: Series<i32>,
    high: Series<i32>,
}

/// Requests longer than this (about 31 years) are cut: no server ran that long.
const LONGEST: i64 = 1_000_000_000_000;

/// Takes the differences that requests make.
pub(super) trait Differences {
    /// From a second on so many milliseconds more are covered in each, so many requests more are in flight for certain, and so many
    /// more may be.
    fn differ(&mut self, at: i64, mean: i64, low: i32, high: i32);

    /// Adds the requests of one second that took a second at most.
    fn short(&mut self, second: i64, Short { none, some, millis, over }: Short) {
        // Those that took no time cover none, but may have touched their second.
        self.differ(second - 1, over, 0, some);
        self.differ(second, millis - 2 * over, 0, none);
        self.differ(second + 1, over - millis, 0, -some - none);
    }

    /// Adds a request logged at `second` that took `taken` milliseconds.
    #[inline]
    fn request(&mut self, second: i64, taken: u64) {
        let mut short = Short::default();
        if short.take(taken) { self.short(second, short) } else { self.long(second, taken) }
    }

    /// Adds a request that took longer than a second.
    fn long(&mut self, second: i64, taken: u64) {
        let taken = i64::try_from(taken).unwrap_or(LONGEST).min(LONGEST);
        // It covers the end of the second in which it began, whole seconds, and the first half of that in which it ended.
        let begin = second * 1000 + 500 - taken;
        let (first, head) = (begin.div_euclid(1000), 1000 - begin.rem_euclid(1000));
        self.differ(first, head, 0, 0);
        self.differ(first + 1, 1000 - head, 0, 0);
        self.differ((second * 1000 - taken).div_euclid(1000), 0, 0, 1);
        let certain = second + 1 - taken / 1000;
        let is_certain = i32::from(certain < second);
        if is_certain > 0 {
            self.differ(certain, 0, 1, 0);
        }
        self.differ(second, -500, -is_certain, 0);
        self.differ(second + 1, -500, 0, -1);
    }
}

/// Requests logged at one second that took a second at most: what they change lies in three seconds, whatever they took, so that they
/// are added up first.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Short {
    /// How many took no time, and how many some.
    none: i32,
    some: i32,
    /// What they took, and what of it they took before their second began.
    millis: i64,
    over: i64,
}

impl Short {
    /// Adds one; `false` if it took too long.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "nearly all rows of a busy log are such")]
    pub fn take(&mut self, taken: u64) -> bool {
        let Some(taken) = i64::try_from(taken).ok().filter(|taken| *taken <= 1000) else { return false };
        let is_none = i32::from(taken == 0);
        self.none += is_none;
        self.some += 1 - is_none;
        self.millis += taken;
        self.over += (taken - 500).max(0);
        true
    }

    /// How many there are.
    pub fn requests(&self) -> u32 {
        (self.none + self.some).unsigned_abs()
    }

    /// What they took.
    pub fn millis(&self) -> i64 {
        self.millis
    }
}

impl Differences for InFlight {
    fn differ(&mut self, at: i64, mean: i64, low: i32, high: i32) {
        if mean != 0 {
            self.mean.add(at, mean);
        }
        if low != 0 {
            self.low.add(at, low);
        }
        if high != 0 {
            self.high.add(at, high);
        }
    }
}

impl InFlight {
    /// Adds a request logged at `second` that took `taken` milliseconds.
    pub fn add(&mut self, second: i64, taken: u64) {
        self.request(second, taken);
    }

    /// The differences, of the mean in milliseconds, of the low, and of the high.
    pub(super) fn series(&mut self) -> (&mut Series<i64>, &mut Series<i32>, &mut Series<i32>) {
        (&mut self.mean, &mut self.low, &mut self.high)
    }

    /// Adds what another one holds.
    pub fn merge(&mut self, other: &Self) {
        self.mean.merge(&other.mean);
        self.low.merge(&other.low);
        self.high.merge(&other.high);
    }

    /// What was in flight in one second.
    #[must_use]
    pub fn at(&self, second: i64) -> Point {
        let upto = i64::MIN..second + 1;
        point(self.mean.sum(upto.clone()), self.low.sum(upto.clone()), self.high.sum(upto))
    }

    /// What was in flight in each of some seconds.
    #[must_use]
    pub fn window(&self, seconds: Range<i64>) -> Vec<Point> {
        let before = i64::MIN..seconds.start;
        let (mut mean, mut low, mut high) = (self.mean.sum(before.clone()), self.low.sum(before.clone()), self.high.sum(before));
        let steps =
            self.mean.values(seconds.clone()).into_iter().zip(self.low.values(seconds.clone())).zip(self.high.values(seconds));
        steps
            .map(|((by, lower), higher)| {
                mean += by;
                low += i64::from(lower);
                high += i64::from(higher);
                point(mean, low, high)
            })
            .collect()
    }

    /// The mean over some seconds; 0 for none.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a mean to show with a few digits")]
    pub fn mean(&self, seconds: Range<i64>) -> f64 {
        let first = seconds.start.saturating_add(1);
        let before = i128::from(self.mean.sum(i64::MIN..first)) * i128::from(seconds.end - seconds.start);
        // Each difference lasts until the end.
        let steps = self.mean.nonzero(first..seconds.end);
        let millis = before + steps.map(|(at, step)| i128::from(step) * i128::from(seconds.end - at)).sum::<i128>();
        if seconds.is_empty() { 0.0 } else { millis as f64 / 1000.0 / (seconds.end - seconds.start) as f64 }
    }

    /// The second before `end` with the greatest mean; `None` while nothing has been in flight. It goes through all that happened.
    #[must_use]
    pub fn peak(&self, end: i64) -> Option<Peak> {
        self.peak_within(i64::MIN..end)
    }

    /// The second of some with the greatest mean; `None` if nothing was in flight in them.
    #[must_use]
    pub fn peak_within(&self, seconds: Range<i64>) -> Option<Peak> {
        let first = seconds.start.saturating_add(1);
        let mut mean = self.mean.sum(i64::MIN..first);
        let mut best = (mean.max(0), (mean > 0 && !seconds.is_empty()).then_some(seconds.start));
        // The mean changes only where a difference is not zero.
        self.mean.each(first..seconds.end, |second, step| {
            mean += step;
            if mean > best.0 {
                best = (mean, Some(second));
            }
        });
        best.1.map(|second| Peak { second, point: self.at(second) })
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds in one second, far below 2^52")]
fn point(millis: i64, low: i64, high: i64) -> Point {
    Point { mean: millis as f64 / 1000.0, low, high }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The definitions, word by word.
    fn brute_force(requests: &[(i64, u64)], s: i64) -> Point {
        let mut sum = (0, 0, 0);
        for &(second, taken) in requests {
            let t = i64::try_from(taken).unwrap();
            let (begin, end) = (second * 1000 + 500 - t, second * 1000 + 500);
            sum.0 += (end.min(s * 1000 + 1000) - begin.max(s * 1000)).max(0);
            sum.1 += i64::from(second + 1 - t.div_euclid(1000) <= s && s < second);
            sum.2 += i64::from((1000 * second - t).div_euclid(1000) <= s && s <= second);
        }
        point(sum.0, sum.1, sum.2)
    }

    proptest! {
        #[test]
        fn the_difference_arrays_are_the_definitions(
            requests in proptest::collection::vec((0i64..40, prop_oneof![0u64..3000, 0u64..30_000]), 0..40),
        ) {
            let mut in_flight = InFlight::default();
            for (second, taken) in &requests {
                in_flight.add(*second, *taken);
            }
            let window = in_flight.window(-40..45);
            let (mut best, mut best_of_some): (Option<Peak>, Option<Peak>) = (None, None);
            for (s, got) in (-40..45).zip(window) {
                let want = brute_force(&requests, s);
                prop_assert_eq!(got, want);
                prop_assert_eq!(in_flight.at(s), want);
                if want.mean > best.map_or(0.0, |b| b.point.mean) {
                    best = Some(Peak { second: s, point: want });
                }
                if (10..20).contains(&s) && want.mean > best_of_some.map_or(0.0, |b| b.point.mean) {
                    best_of_some = Some(Peak { second: s, point: want });
                }
            }
            prop_assert_eq!(in_flight.peak(i64::MAX - 1), best);
            for seconds in [-40..45, 3..4, 7..31] {
                let points = in_flight.window(seconds.clone());
                let mean = points.iter().map(|p| p.mean).sum::<f64>() / f64::from(u32::try_from(points.len()).unwrap());
                prop_assert!((in_flight.mean(seconds) - mean).abs() < 1e-6);
            }
            prop_assert!(in_flight.mean(5..5).abs() < 1e-9);
            prop_assert_eq!(in_flight.peak_within(10..20), best_of_some);
            prop_assert_eq!(in_flight.peak_within(10..10), None);
        }
    }
}
