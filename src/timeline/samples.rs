//! Values that were sampled now and then: counters, pool tags.

mod block;

use std::ops::Range;

use crate::time::Time;
use block::{Block, step};

/// A block has so many samples when they come in order, and fewer than twice as many when they do not.
const FULL: usize = 256;

/// Samples in the order of their times, whatever order they came in. All are packed but those of the block last written to: neighbours
/// in a log are neighbours in time.
#[derive(Debug, Clone, Default)]
pub struct Samples {
    blocks: Vec<Block>,
    recent: usize,
}

impl PartialEq for Samples {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Samples {
    /// Adds a sample. Two at the same moment: the greater stays, so that order does not matter.
    pub fn add(&mut self, time: Time, value: f64) {
        let after = self.blocks.partition_point(|block| block.last < time);
        if after == self.blocks.len() && self.blocks.last().is_none_or(|last| last.count >= FULL) {
            self.blocks.push(Block::new(time, value));
            return self.go_on(after);
        }
        let at = after.min(self.blocks.len() - 1);
        self.go_on(at);
        let Some(block) = self.blocks.get_mut(at) else { return };
        block.add(time, value);
        if block.count >= 2 * FULL {
            let later = block.split();
            self.blocks.insert(at + 1, later);
            self.go_on(at + 1);
        }
    }

    /// Goes on with a block; the one before is packed.
    fn go_on(&mut self, next: usize) {
        if next != self.recent {
            if let Some(block) = self.blocks.get_mut(self.recent) {
                block.pack();
            }
            self.recent = next;
        }
    }

    /// Adds all samples of another.
    pub fn merge(&mut self, other: &Self) {
        for (time, value) in other.iter() {
            self.add(time, value);
        }
    }

    fn iter(&self) -> impl Iterator<Item = (Time, f64)> + '_ {
        self.blocks.iter().flat_map(Block::iter)
    }

    /// The last sample at or before a moment.
    #[must_use]
    pub fn at(&self, time: Time) -> Option<(Time, f64)> {
        let after = self.blocks.partition_point(|block| block.first <= time);
        self.blocks.get(after.checked_sub(1)?)?.iter().take_while(|(t, _)| *t <= time).last()
    }

    /// The samples of a stretch of time.
    #[must_use]
    pub fn within(&self, times: Range<Time>) -> Vec<(Time, f64)> {
        let from = self.blocks.partition_point(|block| block.last < times.start);
        let blocks = self.blocks.iter().skip(from).take_while(|block| block.first < times.end);
        blocks.flat_map(Block::iter).filter(|(time, _)| times.contains(time)).collect()
    }

    /// All samples at or before a moment.
    #[must_use]
    pub fn upto(&self, time: Time) -> Vec<(Time, f64)> {
        self.within(Time::MIN..time.plus(1))
    }

    /// The same, one after the other.
    pub fn until(&self, time: Time) -> impl Iterator<Item = (Time, f64)> + '_ {
        self.iter().take_while(move |(at, _)| *at <= time)
    }

    /// How much a counter that only grows has grown over a stretch of time, since the last sample before it. One that falls has begun
    /// anew. Of long stretches whole blocks are passed over.
    #[must_use]
    pub fn grown(&self, times: &Range<Time>) -> f64 {
        let from = self.blocks.partition_point(|block| block.last < times.start);
        let mut before = self.at(times.start.plus(-1)).map(|(_, value)| value);
        let mut grown = 0.0;
        for block in self.blocks.iter().skip(from).take_while(|block| block.first < times.end) {
            let whole = times.start <= block.first && block.last < times.end;
            if let Some(rise) = block.rise.filter(|_| whole) {
                grown += before.map_or(0.0, |before| step(before, rise.first)) + rise.grown;
                before = Some(rise.last);
                continue;
            }
            for (_, value) in block.iter().filter(|(time, _)| times.contains(time)) {
                grown += before.map_or(0.0, |before| step(before, value));
                before = Some(value);
            }
        }
        grown
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn however_they_are_kept_and_in_whatever_order_they_came_the_samples_are_the_same(
            runs in proptest::collection::vec((-50_000i64..2_000_000, 1i64..2000, 0usize..700, any::<f64>(), -2i64..3), 0..8),
            cut in 0i64..2_000_000,
        ) {
            let (mut samples, mut halves, mut plain) = (Samples::default(), [Samples::default(), Samples::default()], BTreeMap::new());
            for (half, (begin, step, count, value, slope)) in runs.iter().enumerate() {
                for at in 0..i64::try_from(*count).unwrap() {
                    let time = Time::from_millis(begin + step * at + at * at % 3);
                    #[expect(clippy::cast_precision_loss, reason = "small")]
                    let value = if slope == &2 || !value.is_finite() { (at / 20) as f64 * 1e6 } else { value + (slope * at) as f64 };
                    samples.add(time, value);
                    halves[half % 2].add(time, value);
                    plain.entry(time).and_modify(|v: &mut f64| *v = v.max(value)).or_insert(value);
                }
            }
            let wanted: Vec<(Time, f64)> = plain.iter().map(|(t, v)| (*t, *v)).collect();
            prop_assert_eq!(&samples.upto(Time::MAX.plus(-1)), &wanted);
            let [mut one, mut other] = halves;
            let second = one.clone();
            one.merge(&other);
            other.merge(&second);
            prop_assert_eq!(&one, &samples);
            prop_assert_eq!(&other, &samples);
            let cut = Time::from_millis(cut);
            prop_assert_eq!(samples.at(cut), plain.range(..=cut).next_back().map(|(t, v)| (*t, *v)));
            let stretch: Vec<(Time, f64)> = plain.range(cut..cut.plus(300_000)).map(|(t, v)| (*t, *v)).collect();
            prop_assert_eq!(samples.within(cut..cut.plus(300_000)), stretch);
            let long = cut..cut.plus(1_000_000);
            let counted = plain.range(..cut).next_back().into_iter().chain(plain.range(long.clone())).map(|(_, value)| *value);
            let counted: Vec<f64> = counted.collect();
            let steps = counted.windows(2).map(|pair| step(pair[0], pair[1])).sum::<f64>();
            // Large numbers that cancel out leave what they were rounded by.
            let scale = counted.windows(2).map(|pair| step(pair[0], pair[1]).abs()).fold(1.0, f64::max);
            let grown = samples.grown(&long);
            prop_assert!(!steps.is_finite() || (grown - steps).abs() <= scale * 1e-6, "{} and {}", grown, steps);
            prop_assert!(samples.blocks.iter().all(|block| block.count == block.iter().count() && block.count < 2 * FULL));
        }
    }

    /// Bytes a sample of a day, sampled each second and a few milliseconds late.
    #[expect(clippy::cast_precision_loss, reason = "a day has few seconds")]
    fn bytes_a_sample(value: impl Fn(i64) -> f64) -> f64 {
        let mut samples = Samples::default();
        for second in 0..86_400 {
            samples.add(Time::from_millis(1_700_000_000_000 + second * 1000 + second * 7919 % 16), value(second));
        }
        let blocks = samples.blocks.capacity() * size_of::<Block>();
        (blocks + samples.blocks.iter().map(Block::size).sum::<usize>()) as f64 / 86_400.0
    }

    #[test]
    #[expect(clippy::cast_precision_loss, reason = "a day has few seconds")]
    fn a_day_of_a_counter_takes_a_few_bytes_a_second() {
        let idle = bytes_a_sample(|_| 3.0);
        let queue = bytes_a_sample(|second| (second * second % 40) as f64);
        let pool = bytes_a_sample(|second| 1e8 + (second * 4096 + second * second % 977 * 512) as f64);
        let rate = bytes_a_sample(|second| (second * 31 % 1000) as f64 / 7.0);
        println!("idle {idle:.1}, queue {queue:.1}, pool {pool:.1}, rate {rate:.1}");
        assert!(idle < 3.0 && queue < 5.0 && pool < 8.0 && rate < 12.0, "idle {idle}, queue {queue}, pool {pool}, rate {rate}");
    }

    #[test]
    fn order_does_not_matter() {
        let mut samples = Samples::default();
        for (t, v) in [(120, 30.0), (0, 10.0), (60, 20.0), (60, 5.0)] {
            samples.add(Time::from_second(t), v);
        }
        assert_eq!(samples.at(Time::from_second(119)), Some((Time::from_second(60), 20.0)));
        assert_eq!(samples.at(Time::from_second(-1)), None);
    }
}
