//! Erlang's loss formula: of requests that come to N slots and are turned away where all are taken, which share is turned away.
//!
//! With an offered load of `a` erlangs (requests a second × seconds that each takes) and N slots the share is
//!
//! ```text
//!            a^N / N!
//! B(N, a) = ───────────────            1 / B(0) = 1,   1 / B(n) = 1 + n / a · 1 / B(n - 1)
//!            Σ a^k / k!  (k ≤ N)
//! ```
//!
//! A. K. Erlang, "Solution of some problems in the theory of probabilities of significance in automatic telephone exchanges" (1917);
//! the step from n - 1 to n, which never subtracts and so loses no digits, is in the *Teletraffic Engineering Handbook* (ITU-D study
//! group 2, question 16/2, the chapter on Erlang's loss system). Only the mean of the times taken matters, not how they are
//! distributed (B. A. Sevastyanov, 1957).

/// Standard deviations of a Poisson number that the steps begin under what decides. An estimate that they begin with is wrong by a
/// factor that shrinks by n / a at every step: over so many deviations by e^-50 and more.
const DEVIATIONS: f64 = 10.0;
/// No limit of IIS is greater than 2^32 - 1, which a load of so many erlangs passes by far.
const MOST_ERLANGS: f64 = 1e10;
/// Smaller shares are none: one request in so many has not been seen by any log.
const LEAST_SHARE: f64 = 1e-15;

/// The share of requests turned away, from 0 to 1, by `limit` slots of `per_second` requests a second that take `seconds` in the
/// mean; `None` if no request comes, none takes any time, or the numbers are none.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "beyond 2^52 slots one more makes no difference")]
pub fn share_turned_away(per_second: f64, seconds: f64, limit: u64) -> Option<f64> {
    let (erlangs, limit) = (erlangs(per_second, seconds)?, limit as f64);
    if erlangs >= MOST_ERLANGS {
        // One over the root of the load is the error, relative to the load.
        return Some((1.0 - limit / erlangs).max(0.0));
    }
    let mut steps = Steps::before(erlangs, limit);
    while steps.at < limit && steps.share() > 0.0 {
        steps.on();
    }
    Some(steps.share())
}

/// The fewest slots that turn away less than `share` (above 0 and below 1) of `per_second` requests a second that take `seconds` in the
/// mean; `None` if no request comes, none takes any time, the numbers are none, or no limit of IIS would do.
#[must_use]
pub fn smallest_limit(per_second: f64, seconds: f64, share: f64) -> Option<u64> {
    let erlangs = erlangs(per_second, seconds).filter(|erlangs| *erlangs < MOST_ERLANGS)?;
    if !(share > 0.0 && share < 1.0) {
        return None;
    }
    // More than the slots take cannot be let in: with fewer than this, more are turned away.
    let least = erlangs * (1.0 - share);
    let mut steps = Steps::before(erlangs, least);
    while steps.at <= least || steps.share() >= share {
        steps.on();
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a whole number under 2^34")]
    Some(steps.at as u64)
}

/// Erlangs offered: `None` where nothing is, or nobody knows.
pub(super) fn erlangs(per_second: f64, seconds: f64) -> Option<f64> {
    let erlangs = per_second * seconds;
    (seconds > 0.0 && erlangs > 0.0 && erlangs.is_finite()).then_some(erlangs)
}

/// A walk from a number of slots to the next.
struct Steps {
    erlangs: f64,
    /// Whole.
    at: f64,
    /// One over the share.
    inverse: f64,
}

impl Steps {
    /// Far enough under a number of slots that the walk is exact when it gets there.
    fn before(erlangs: f64, slots: f64) -> Self {
        let at = (slots.min(erlangs) - DEVIATIONS * erlangs.sqrt()).floor();
        if at <= 0.0 {
            return Self { erlangs, at: 0.0, inverse: 1.0 };
        }
        // What slots that are all taken all the time turn away.
        Self { erlangs, at, inverse: erlangs / (erlangs - at) }
    }

    fn on(&mut self) {
        self.at += 1.0;
        self.inverse = 1.0 + self.at / self.erlangs * self.inverse;
    }

    fn share(&self) -> f64 {
        let share = 1.0 / self.inverse;
        if share < LEAST_SHARE { 0.0 } else { share }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The formula as Erlang wrote it, each term from the one before, with no care for speed.
    fn by_summation(slots: u32, erlangs: f64) -> f64 {
        let (mut term, mut sum) = (1.0, 1.0);
        for k in 1..=slots {
            term *= erlangs / f64::from(k);
            sum += term;
        }
        term / sum
    }

    fn share(erlangs: f64, slots: u64) -> f64 {
        share_turned_away(erlangs, 1.0, slots).unwrap()
    }

    /// Values that tables of the formula have: slots, erlangs, per cent turned away.
    const TABLE: [(u32, f64, f64); 8] = [
        (1, 1.0, 50.0),
        (2, 1.0, 20.0),
        (5, 1.361, 1.0),
        (10, 4.461, 1.0),
        (10, 5.084, 2.0),
        (20, 12.03, 1.0),
        (50, 37.90, 1.0),
        (100, 84.06, 1.0),
    ];

    #[test]
    fn the_values_are_those_of_the_tables_and_of_the_sum() {
        for (slots, erlangs, percent) in TABLE {
            let (got, sum) = (share(erlangs, slots.into()) * 100.0, by_summation(slots, erlangs) * 100.0);
            assert!((got - percent).abs() < 0.005, "B({slots}, {erlangs}) is {got} %, the table has {percent} %");
            assert!((got - sum).abs() < 1e-12, "B({slots}, {erlangs}) is {got} %, the sum is {sum} %");
        }
    }

    #[test]
    fn a_walk_that_begins_late_comes_to_the_same_as_one_from_the_first_slot() {
        for (erlangs, slots) in [(6500.0, 5000), (5000.0, 5000), (4800.5, 5000), (150_000.25, 100_000), (101_000.0, 100_000)] {
            let mut steps = Steps { erlangs, at: 0.0, inverse: 1.0 };
            for _ in 0..slots {
                steps.on();
            }
            let (late, whole) = (share(erlangs, slots), steps.share());
            assert!((late - whole).abs() <= whole * 1e-9, "{late} and {whole} with {erlangs} erlangs and {slots} slots");
        }
    }

    #[test]
    fn the_smallest_limit_is_the_first_that_turns_away_less() {
        for erlangs in [0.001, 0.5, 1.0, 7.3, 59.4, 300.0, 4999.9, 60_000.0] {
            for wanted in [0.5, 0.01, 0.001] {
                let limit = smallest_limit(erlangs, 1.0, wanted).unwrap();
                assert!(share(erlangs, limit) < wanted, "{limit} slots for {erlangs}");
                assert!(limit == 0 || share(erlangs, limit - 1) >= wanted, "{limit} slots for {erlangs}: fewer would do");
            }
        }
        assert_eq!(smallest_limit(37.90, 1.0, 0.0101), Some(50));
    }

    #[test]
    fn where_nothing_comes_or_nobody_knows_there_is_no_number() {
        assert_eq!((erlangs(-1.0, -1.0), erlangs(0.5, -1.0), erlangs(2.0, 1.5)), (None, None, Some(3.0)));
        for (per_second, seconds) in [(0.0, 1.0), (1.0, 0.0), (-1.0, 1.0), (-1.0, -1.0), (f64::NAN, 1.0), (1.0, f64::INFINITY)] {
            assert_eq!(share_turned_away(per_second, seconds, 50), None, "{per_second} × {seconds}");
            assert_eq!(smallest_limit(per_second, seconds, 0.001), None, "{per_second} × {seconds}");
        }
        assert_eq!(smallest_limit(1.0, 1.0, 0.0), None);
        assert_eq!(smallest_limit(1.0, 1.0, f64::NAN), None);
        assert_eq!(smallest_limit(1e11, 1.0, 0.001), None);
        assert_eq!(share_turned_away(1.0, 1.0, 0), Some(1.0));
    }

    #[test]
    fn a_limit_as_great_as_iis_allows_costs_no_walk_of_as_many_steps() {
        assert_eq!(share_turned_away(1e4, 1.0, u32::MAX.into()), Some(0.0));
        assert_eq!(share_turned_away(1e4, 1.0, u64::MAX), Some(0.0));
        let crowded = share_turned_away(5e9, 1.0, u32::MAX.into()).unwrap();
        assert!((crowded - (1.0 - 4_294_967_295.0 / 5e9)).abs() < 1e-6, "{crowded}");
        let beyond = share_turned_away(2e10, 1.0, u32::MAX.into()).unwrap();
        assert!((beyond - (1.0 - 4_294_967_295.0 / 2e10)).abs() < 1e-6, "{beyond}");
        assert_eq!(share_turned_away(1e300, 1.0, 5000), Some(1.0));
    }

    proptest! {
        #[test]
        fn a_share_falls_with_more_slots_and_rises_with_more_load(
            erlangs in prop_oneof![1e-6f64..10.0, 10.0f64..1000.0, 1000.0f64..50_000.0],
            more in 1e-3f64..2.0,
            slots in prop_oneof![0u64..20, 20u64..2000, 2000u64..100_000],
            step in 1u64..500,
        ) {
            let b = share(erlangs, slots);
            prop_assert!((0.0..=1.0).contains(&b));
            // Rounding of the last digits is all that may go the other way.
            prop_assert!(share(erlangs, slots + step) <= b * (1.0 + 1e-9));
            prop_assert!(share(erlangs * (1.0 + more), slots) >= b * (1.0 - 1e-9));
            prop_assert!(erlangs * (1.0 - b) <= erlangs.min(1e-9 + f64::from(u32::try_from(slots).unwrap())) * (1.0 + 1e-9));
        }
    }
}
