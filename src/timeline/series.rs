//! One number a second, for as many seconds as have one.

mod chunk;

use std::marker::PhantomData;
use std::ops::Range;

use chunk::{CHUNK, Chunk};

/// The same as seconds.
const SECONDS: i64 = CHUNK as i64;

/// A number that a [`Series`] can hold.
pub trait Number: Copy + Default + PartialEq + Into<i64> {
    /// The sum, or the greatest number there is: a log may claim any count.
    #[must_use]
    fn plus(self, other: Self) -> Self;
    /// The number of that value.
    #[must_use]
    fn of(value: i64) -> Self;
}

macro_rules! number {
    ($($type:ty),*) => {
        $(impl Number for $type {
            fn plus(self, other: Self) -> Self {
                self.saturating_add(other)
            }

            fn of(value: i64) -> Self {
                Self::try_from(value).unwrap_or_default()
            }
        })*
    };
}

number!(u32, i32, i64);

/// One number a second; zero where nothing was added. Memory grows with the seconds that have a number; where most have one, by one
/// to eight bytes a second, as the numbers need.
#[derive(Debug, Clone)]
pub struct Series<T> {
    chunks: Vec<Chunk>,
    number: PhantomData<T>,
    /// The chunk last written to: neighbours in a log are neighbours in time.
    recent: usize,
}

impl<T> Default for Series<T> {
    fn default() -> Self {
        Self { chunks: Vec::new(), number: PhantomData, recent: 0 }
    }
}

impl<T: Number> PartialEq for Series<T> {
    fn eq(&self, other: &Self) -> bool {
        self.nonzero(i64::MIN..i64::MAX).eq(other.nonzero(i64::MIN..i64::MAX))
    }
}

fn slot(second: i64) -> u16 {
    // The remainder is between 0 and SECONDS.
    u16::try_from(second.rem_euclid(SECONDS)).unwrap_or(0)
}

impl<T: Number> Series<T> {
    /// Adds to a second.
    pub fn add(&mut self, second: i64, amount: T) {
        if let Some(chunk) = self.chunk(second) {
            chunk.add(slot(second), amount);
        }
    }

    /// Adds to seconds that follow one another, to each its amount.
    pub fn add_each(&mut self, begin: i64, amounts: &[T]) {
        let (mut begin, mut rest) = (begin, amounts);
        while !rest.is_empty() {
            let slot = slot(begin);
            let (here, beyond) = rest.split_at(rest.len().min(usize::from(CHUNK - slot)));
            if here.iter().any(|amount| *amount != T::default())
                && let Some(chunk) = self.chunk(begin)
            {
                chunk.add_each(slot, here);
            }
            (begin, rest) = (begin + SECONDS - i64::from(slot), beyond);
        }
    }

    /// The chunk of a second, which is begun if need be.
    fn chunk(&mut self, second: i64) -> Option<&mut Chunk> {
        let index = second.div_euclid(SECONDS);
        if self.chunks.get(self.recent).is_none_or(|c| c.index != index) {
            self.recent = match self.chunks.binary_search_by_key(&index, |c| c.index) {
                Ok(at) => at,
                Err(at) => {
                    // Rows are in the order of time, but for a few: what came before is done with.
                    if let Some(before) = at.checked_sub(1).and_then(|at| self.chunks.get_mut(at)) {
                        before.pack();
                    }
                    let before = at.checked_sub(1).and_then(|at| self.chunks.get(at)).filter(|before| before.index + 1 == index);
                    self.chunks.insert(at, before.map_or_else(|| Chunk::new(index), Chunk::after));
                    at
                }
            };
        }
        self.chunks.get_mut(self.recent)
    }

    /// Adds another series to this one.
    pub fn merge(&mut self, other: &Self) {
        for chunk in &other.chunks {
            match self.chunks.binary_search_by_key(&chunk.index, |c| c.index) {
                Ok(at) => self.chunks.iter_mut().skip(at).take(1).for_each(|mine| mine.merge::<T>(chunk)),
                Err(at) => self.chunks.insert(at, chunk.clone()),
            }
        }
    }

    /// The value of a second.
    #[must_use]
    pub fn get(&self, second: i64) -> T {
        let index = second.div_euclid(SECONDS);
        self.chunks
            .binary_search_by_key(&index, |c| c.index)
            .ok()
            .and_then(|at| self.chunks.get(at))
            .map_or_else(T::default, |c| T::of(c.get(slot(second))))
    }

    /// The value of each of some seconds.
    #[must_use]
    pub fn values(&self, seconds: Range<i64>) -> Vec<T> {
        let mut values = vec![T::default(); usize::try_from(seconds.end.saturating_sub(seconds.start)).unwrap_or(0)];
        self.each(seconds.clone(), |second, value| {
            if let Some(place) = usize::try_from(second - seconds.start).ok().and_then(|at| values.get_mut(at)) {
                *place = T::of(value);
            }
        });
        values
    }

    /// The sum over seconds.
    #[must_use]
    pub fn sum(&self, seconds: Range<i64>) -> i64 {
        self.overlapping(&seconds)
            .map(|chunk| {
                let begin = chunk.index * SECONDS;
                if seconds.start <= begin && begin + SECONDS <= seconds.end {
                    return chunk.total;
                }
                chunk.sum(&seconds)
            })
            .sum()
    }

    /// Seconds whose value is not zero, in order.
    pub fn nonzero(&self, seconds: Range<i64>) -> impl Iterator<Item = (i64, T)> + '_ {
        let range = seconds.clone();
        let all = self.overlapping(&seconds).flat_map(move |chunk| chunk.cut(&range));
        all.filter(|(_, v)| *v != 0).map(|(second, v)| (second, T::of(v)))
    }

    /// Tells what [`Series::nonzero`] gives, and perhaps some zeros: for whoever goes through many.
    pub(super) fn each(&self, seconds: Range<i64>, mut tell: impl FnMut(i64, i64)) {
        self.overlapping(&seconds).for_each(|chunk| chunk.each_within(&seconds, &mut tell));
    }

    /// The first second that is not zero.
    #[must_use]
    pub fn first(&self) -> Option<i64> {
        self.nonzero(i64::MIN..i64::MAX).next().map(|(s, _)| s)
    }

    /// The last second before `end` that is not zero.
    #[must_use]
    pub fn last_before(&self, end: i64) -> Option<i64> {
        self.chunks.iter().rev().find_map(|chunk| chunk.cut(&(i64::MIN..end)).filter(|(_, v)| *v != 0).last()).map(|(s, _)| s)
    }

    fn overlapping(&self, seconds: &Range<i64>) -> impl Iterator<Item = &Chunk> + use<'_, T> {
        let from = self.chunks.partition_point(|c| c.index < seconds.start.div_euclid(SECONDS));
        let end = seconds.end;
        self.chunks.iter().skip(from).take_while(move |c| c.index.saturating_mul(SECONDS) < end)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn however_it_is_kept_it_is_one_number_a_second(
            span in prop_oneof![Just(1100i64), Just(2100)],
            adds in proptest::collection::vec(
                (0i64..2100, prop_oneof![9 => -3i64..3, 2 => -200i64..200, 1 => -40_000i64..40_000, 1 => any::<i32>().prop_map(i64::from)]),
                0..3000,
            ),
            from in 0i64..2100,
        ) {
            let adds: Vec<(i64, i64)> = adds.into_iter().map(|(second, amount)| (second % span, amount)).collect();
            let (mut series, mut plain) = (Series::<i64>::default(), vec![0; 2100]);
            for (second, amount) in &adds {
                series.add(*second, *amount);
                plain[usize::try_from(*second).unwrap()] += amount;
            }
            let wanted: Vec<(i64, i64)> = (0..).zip(plain.iter().copied()).filter(|(s, v)| *s >= from && *v != 0).collect();
            prop_assert_eq!(series.sum(from..i64::MAX), wanted.iter().map(|(_, v)| v).sum::<i64>());
            prop_assert_eq!(series.nonzero(from..i64::MAX).collect::<Vec<_>>(), wanted.clone());
            prop_assert_eq!(series.last_before(2100).filter(|s| *s >= from), wanted.last().map(|(s, _)| *s));
            prop_assert!((0..).zip(&plain).all(|(second, value)| series.get(second) == *value));
            prop_assert_eq!(series.values(from..2100), plain.get(usize::try_from(from).unwrap()..).unwrap());
            let (mut one, mut other) = (Series::<i64>::default(), Series::<i64>::default());
            for (at, (second, amount)) in adds.iter().enumerate() {
                if at % 3 == 0 { one.add(*second, *amount) } else { other.add(*second, *amount) }
            }
            one.merge(&other);
            prop_assert_eq!((one.sum(from..i64::MAX), &one), (series.sum(from..i64::MAX), &series));
        }
    }

    proptest! {
        #[test]
        fn many_seconds_at_once_are_added_as_one_by_one(
            adds in proptest::collection::vec(
                (
                    0i64..2100,
                    prop_oneof![3 => Just(1i64), 1 => Just(100), 1 => Just(30_000), 1 => Just(1 << 40)],
                    proptest::collection::vec(prop_oneof![1 => Just(0i64), 2 => -3i64..3], 0..130),
                ),
                0..40,
            ),
            in_order in any::<bool>(),
        ) {
            let mut adds = adds;
            if in_order {
                adds.sort_by_key(|(begin, ..)| *begin);
            }
            let (mut series, mut one_by_one) = (Series::<i64>::default(), Series::<i64>::default());
            for (begin, times, amounts) in adds {
                let amounts: Vec<i64> = amounts.iter().map(|amount| amount * times).collect();
                series.add_each(begin, &amounts);
                (begin..).zip(amounts).for_each(|(second, amount)| one_by_one.add(second, amount));
            }
            prop_assert_eq!((&series, series.sum(0..1024), series.sum(0..5000)), (&one_by_one, one_by_one.sum(0..1024), one_by_one.sum(0..5000)));
            prop_assert_eq!(series.values(0..2300), one_by_one.values(0..2300));
        }
    }

    #[test]
    fn a_count_beyond_all_counts_stays_the_greatest_in_any_order() {
        let of = |amounts: &[u32]| {
            let mut series = Series::<u32>::default();
            for amount in amounts {
                series.add(7, *amount);
            }
            series
        };
        let (mut one, other) = (of(&[u32::MAX, 3]), of(&[5, u32::MAX, u32::MAX]));
        assert_eq!((one.get(7), one.sum(0..1024), other.sum(7..8)), (u32::MAX, i64::from(u32::MAX), i64::from(u32::MAX)));
        one.merge(&other);
        assert_eq!((&one, one.sum(0..1024)), (&other, i64::from(u32::MAX)));
        // The same of many seconds at once, whether few seconds of a chunk have a number or all.
        for others in [0, 1024] {
            let mut series = Series::<u32>::default();
            series.add_each(0, &vec![1; others]);
            (0..3).for_each(|_| series.add_each(6, &[2, u32::MAX, 3]));
            let rest = i64::try_from(others.saturating_sub(3)).unwrap();
            let most = [6 + series.get(0), u32::MAX, 9 + series.get(0)];
            assert_eq!((series.get(6), series.get(7), series.get(8)), (most[0], most[1], most[2]));
            assert_eq!(series.sum(0..1024), most.into_iter().map(i64::from).sum::<i64>() + rest);
        }
    }

    #[test]
    fn sums_and_edges_over_chunks_and_ages() {
        let mut series = Series::<u32>::default();
        for second in [-1, 0, 1023, 1024, 5000, 253_402_300_799] {
            series.add(second, 2);
        }
        series.add(0, 1);
        assert_eq!(series.sum(0..1024), 5);
        assert_eq!(series.sum(0..1025), 7);
        assert_eq!(series.sum(i64::MIN..i64::MAX), 13);
        assert_eq!((series.first(), series.last_before(5000), series.get(0)), (Some(-1), Some(1024), 3));
    }
}
