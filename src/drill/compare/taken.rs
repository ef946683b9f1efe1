//! How long requests took, as a histogram: a percentile is within one part in 128 of the exact one, and memory does not grow with
//! their number.

use std::collections::BTreeMap;

/// A power of two is cut into so many parts; what is shorter than twice as many milliseconds is counted exactly.
const PARTS: u64 = 64;

/// How long requests took, in milliseconds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Taken {
    /// The least of a part → how many are in it.
    parts: BTreeMap<u64, u64>,
    count: u64,
    sum: u64,
    /// The longest, exactly.
    pub max: Option<u64>,
}

impl Taken {
    /// Adds one.
    pub fn add(&mut self, millis: u64) {
        *self.parts.entry(least(millis)).or_default() += 1;
        self.count += 1;
        self.sum = self.sum.saturating_add(millis);
        self.max = self.max.max(Some(millis));
    }

    /// The mean, in milliseconds; `None` where nothing tells.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "a mean to compare and to show")]
        let mean = self.sum as f64 / self.count as f64;
        (self.count > 0).then_some(mean)
    }

    /// The time that so many of a thousand do not exceed (nearest rank); `None` where nothing tells.
    #[must_use]
    pub fn permille(&self, permille: u64) -> Option<u64> {
        let rank = (self.count.saturating_mul(permille)).div_ceil(1000).max(1);
        let mut seen = 0;
        let part = self.parts.iter().find(|(_, count)| {
            seen += **count;
            seen >= rank
        });
        // The middle of the part; no more than there is.
        part.map(|(least, _)| (least + (width(*least) - 1) / 2).min(self.max.unwrap_or(u64::MAX)))
    }
}

/// How many milliseconds the part with a time in it is wide.
fn width(millis: u64) -> u64 {
    (millis / PARTS).checked_ilog2().map_or(1, |power| 1 << power)
}

fn least(millis: u64) -> u64 {
    millis / width(millis) * width(millis)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_percentile_is_within_one_part_in_128_of_the_exact_one(
            mut times in proptest::collection::vec(prop_oneof![0u64..500, 0u64..5_000_000, any::<u64>()], 1..300),
            permille in 0u64..=1000,
        ) {
            let mut taken = Taken::default();
            for millis in &times {
                taken.add(*millis);
            }
            times.sort_unstable();
            let rank = (times.len() * usize::try_from(permille).unwrap()).div_ceil(1000).max(1);
            let (exact, told) = (times[rank - 1], taken.permille(permille).unwrap());
            prop_assert!(told.abs_diff(exact) <= exact / 128, "{} instead of {}", told, exact);
            prop_assert_eq!(taken.max, times.last().copied());
        }
    }

    #[test]
    fn nothing_has_no_percentile() {
        assert_eq!((Taken::default().permille(500), Taken::default().max), (None, None));
    }
}
