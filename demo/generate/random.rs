//! A small seeded source of numbers, so that a recording is the same on every machine.

use std::ops::Range;

/// `SplitMix64`: one word of state, good enough to scatter clients and never in need of a dependency.
pub struct Random(u64);

impl Random {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number in the range; its start when the range is empty.
    pub fn between(&mut self, range: &Range<i64>) -> i64 {
        let width = (range.end - range.start).max(1);
        range.start + (self.next() >> 1).cast_signed() % width
    }

    pub fn one_in(&mut self, times: i64) -> bool {
        self.between(&(0..times)) == 0
    }

    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        let end = i64::try_from(items.len()).unwrap_or(i64::MAX);
        &items[usize::try_from(self.between(&(0..end))).unwrap_or(0)]
    }
}
