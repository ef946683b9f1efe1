//! What the requests of a second ended with.

use std::collections::BTreeMap;

/// A status and its substatus.
pub type Status = (u16, Option<u16>);

/// How often each status was seen. Each has one place, which the first of those that share it has: to look there is foreseen, to search
/// is not.
#[derive(Debug, Clone)]
pub struct Statuses {
    places: [(Key, u32); Self::PLACES],
    /// A bit for each place that has counted something.
    held: u64,
    others: BTreeMap<Status, u32>,
}

/// A status and its substatus in one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key(u64);

impl Key {
    #[inline]
    fn of((status, substatus): Status) -> Self {
        Self(u64::from(status) | substatus.map_or(0, |substatus| u64::from(substatus) + 1) << 16)
    }

    fn status(self) -> Status {
        let low = |bits: u64| u16::try_from(bits & 0xFFFF).unwrap_or(0);
        (low(self.0), (self.0 >> 16).checked_sub(1).map(low))
    }

    /// Those that IIS gives often do not meet.
    #[expect(clippy::cast_possible_truncation, reason = "its last bits count")]
    #[inline]
    fn place(self) -> usize {
        (self.0 ^ (self.0 >> 16).wrapping_mul(37)) as usize % Statuses::PLACES
    }
}

impl Default for Statuses {
    fn default() -> Self {
        Self { places: [(Key(0), 0); Self::PLACES], held: 0, others: BTreeMap::new() }
    }
}

impl Statuses {
    /// As many as a mask has bits.
    const PLACES: usize = 64;

    /// One more of a status.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "nearly all rows of a busy log are such")]
    pub fn count(&mut self, status: Status) {
        let key = Key::of(status);
        let at = key.place();
        let Some((known, count)) = self.places.get_mut(at) else { return };
        if *count == 0 {
            (*known, self.held) = (key, self.held | 1 << at);
        } else if *known != key {
            return self.count_other(status);
        }
        *count = count.saturating_add(1);
    }

    #[cold]
    #[inline(never)]
    fn count_other(&mut self, status: Status) {
        let count = self.others.entry(status).or_default();
        *count = count.saturating_add(1);
    }

    /// Hands out what was counted, and begins anew.
    pub fn drain(&mut self, mut each: impl FnMut(Status, u32)) {
        let mut held = std::mem::take(&mut self.held);
        while held != 0 {
            if let Some((key, count)) = self.places.get_mut(held.trailing_zeros() as usize) {
                each(key.status(), std::mem::take(count));
            }
            held &= held - 1;
        }
        while let Some((status, count)) = self.others.pop_first() {
            each(status, count);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_status_is_counted_whichever_share_a_place(
            seconds in proptest::collection::vec(proptest::collection::vec((0u16..6, 0u16..3, proptest::option::of(0u16..3)), 0..60), 1..4),
        ) {
            let mut statuses = Statuses::default();
            for second in seconds {
                let mut want: BTreeMap<Status, u32> = BTreeMap::new();
                for (place, round, substatus) in second {
                    // Statuses that lie one round of places apart meet.
                    let status = (200 + place + round * 64, substatus);
                    statuses.count(status);
                    *want.entry(status).or_default() += 1;
                }
                let mut got = BTreeMap::new();
                statuses.drain(|status, count| *got.entry(status).or_default() += count);
                prop_assert_eq!(got, want);
            }
        }
    }
}
