//! The median of the slopes between pairs of points, and the interval that it lies in.

use std::ops::Range;

use crate::time::Time;

/// Points that a line is laid through, at most.
const MOST_POINTS: i64 = 60;
/// Standard deviations within which 95 of 100 values of S lie.
pub(super) const SURE: f64 = 1.96;
/// Standard deviations beyond which the likeness of neighbours is no chance (one in twenty).
const ALIKE: f64 = 1.645;
/// What rounding does to a number, as a part of it.
const ROUNDING: f64 = 1e-9;
pub(super) const MINUTE: f64 = 60_000.0;

/// Change a minute: the interval with its middle.
#[derive(Clone, Copy)]
pub(super) struct Slopes {
    pub low: f64,
    pub mid: f64,
    pub high: f64,
}

impl Slopes {
    /// `None` where even all pairs together cannot be sure of anything.
    #[expect(clippy::cast_precision_loss, reason = "a count of pairs of sixty points")]
    pub(super) fn of(points: &[(f64, f64)]) -> Option<Self> {
        let mut all: Vec<f64> = Vec::with_capacity(points.len() * points.len() / 2);
        for (at, (minute, value)) in points.iter().enumerate() {
            let later = points.iter().skip(at + 1).filter(|(later, _)| later > minute);
            all.extend(later.map(|(later, then)| (then - value) / (later - minute)));
        }
        all.sort_unstable_by(f64::total_cmp);
        let pairs = all.len() as f64;
        let mid = middle(&all)?;
        let rest: Vec<f64> = points.iter().map(|(minute, value)| value - mid * minute).collect();
        let width = SURE * (variance(points) * inflation(&rest)).sqrt();
        if width >= pairs {
            return Some(Self { low: f64::NEG_INFINITY, mid, high: f64::INFINITY });
        }
        let (below, above) = (((pairs - width) / 2.0).floor(), f64::midpoint(pairs, width).ceil());
        Some(Self { low: nth(&all, below - 1.0)?, mid, high: nth(&all, above)? })
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a short list, held to be one")]
fn nth(sorted: &[f64], place: f64) -> Option<f64> {
    sorted.get((place.max(0.0) as usize).min(sorted.len().saturating_sub(1))).copied()
}

/// The variance of Kendall's S where there is no trend. Equal values take part of it away.
#[expect(clippy::cast_precision_loss, reason = "a count of points is small")]
fn variance(points: &[(f64, f64)]) -> f64 {
    let of = |count: usize| {
        let n = count as f64;
        n * (n - 1.0) * (2.0 * n + 5.0)
    };
    let mut values: Vec<f64> = points.iter().map(|(_, value)| *value).collect();
    values.sort_unstable_by(f64::total_cmp);
    let ties: f64 = values.chunk_by(|a, b| a.total_cmp(b).is_eq()).map(|equal| of(equal.len())).sum();
    ((of(points.len()) - ties) / 18.0).max(0.0)
}

/// By how much the variance is greater since neighbours are alike: 1 where they are not. The ranks are compared: an outlier is one.
#[expect(clippy::cast_precision_loss, reason = "a count of points is small")]
fn inflation(rest: &[f64]) -> f64 {
    let count = rest.len() as f64;
    let mut sorted = rest.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    // Equal ones share their ranks, also those that only the rounding of a number tells apart.
    let near = sorted.iter().fold(0.0, |most: f64, value| most.max(value.abs())) * ROUNDING;
    let rank = |value: &f64| {
        let (below, upto) = (sorted.partition_point(|v| *v < value - near), sorted.partition_point(|v| *v <= value + near));
        (below + upto) as f64 / 2.0 - count / 2.0
    };
    let ranks: Vec<f64> = rest.iter().map(rank).collect();
    let whole: f64 = ranks.iter().map(|rank| rank * rank).sum();
    let next: f64 = ranks.windows(2).map(|pair| pair.iter().product::<f64>()).sum();
    let alike = next / whole;
    if alike <= ALIKE / count.sqrt() || !alike.is_finite() {
        return 1.0;
    }
    let (mut sum, mut power, mut left) = (0.0, alike, count - 1.0);
    while left >= 1.0 {
        sum += left * power;
        power *= alike;
        left -= 1.0;
    }
    1.0 + 2.0 / count * sum
}

/// The medians of even stretches of time, which begin at the same moments whenever they are looked at.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of a day, far below 2^52")]
pub(super) fn thinned(samples: &[(Time, f64)], times: &Range<Time>) -> Vec<(f64, f64)> {
    const WIDTHS: [i64; 12] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600];
    let seconds = times.end.since(times.start) / 1000;
    let width = WIDTHS.into_iter().find(|width| seconds / width <= MOST_POINTS).unwrap_or(seconds / MOST_POINTS + 1);
    let bucket = |time: Time| time.second().div_euclid(width);
    let chunks = samples.chunk_by(|a, b| bucket(a.0) == bucket(b.0));
    let point = |chunk: &[(Time, f64)]| {
        let mut minutes: Vec<f64> = chunk.iter().map(|(time, _)| time.since(times.start) as f64 / MINUTE).collect();
        let mut values: Vec<f64> = chunk.iter().map(|(_, value)| *value).collect();
        (median(&mut minutes), median(&mut values))
    };
    chunks.map(point).collect()
}

pub(super) fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    middle(values).unwrap_or_default()
}

fn middle(sorted: &[f64]) -> Option<f64> {
    let half = sorted.len() / 2;
    let upper = *sorted.get(half)?;
    if sorted.len() % 2 == 1 { Some(upper) } else { sorted.get(half.checked_sub(1)?).map(|lower| f64::midpoint(*lower, upper)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten points whose neighbours are not alike.
    const POINTS: [f64; 10] = [3.0, 14.0, 1.5, 9.2, 26.5, 5.3, 35.8, 9.7, 93.2, 38.4];

    fn points() -> Vec<(f64, f64)> {
        (0_u8..).map(f64::from).zip(POINTS).collect()
    }

    #[test]
    fn the_variance_of_s_is_that_of_the_textbooks() {
        // n (n - 1) (2 n + 5) / 18, less the same of each group of equal ones (Kendall, "Rank Correlation Methods").
        assert!((variance(&points()) - 125.0).abs() < 1e-9);
        let mut tied = points();
        tied[0].1 = 9.2;
        tied[9].1 = 9.2;
        assert!((variance(&tied) - (10.0 * 9.0 * 25.0 - 3.0 * 2.0 * 11.0) / 18.0).abs() < 1e-9);
    }

    #[test]
    fn the_interval_is_cut_off_the_ordered_slopes_by_the_width_of_s() {
        let mut all: Vec<f64> = Vec::new();
        for (x, y) in points() {
            all.extend(points().iter().filter(|(later, _)| *later > x).map(|(later, then)| (then - y) / (later - x)));
        }
        all.sort_unstable_by(f64::total_cmp);
        // Of 45 slopes the width leaves out (45 - 1.96 * sqrt(125)) / 2 = 11.5 on either side.
        let slopes = Slopes::of(&points()).unwrap_or(Slopes { low: 0.0, mid: 0.0, high: 0.0 });
        for (told, want) in [(slopes.low, all[10]), (slopes.mid, all[22]), (slopes.high, all[34])] {
            assert!((told - want).abs() < 1e-12, "{told} is not {want}");
        }
    }

    #[test]
    fn neighbours_that_are_alike_widen_it_as_their_sums_tell() {
        assert!((inflation(&POINTS) - 1.0).abs() < 1e-12, "these are not");
        // Of ranks that rise and fall once, each with the next: r = sum of products / sum of squares, then 1 + 2/n * sum (n - k) r^k.
        let rest = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0];
        let ranks: Vec<f64> = (0_u8..10).map(|at| f64::from(at) - 4.5).collect();
        let whole: f64 = ranks.iter().map(|rank| rank * rank).sum();
        let alike = ranks.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / whole;
        let sum: f64 = (1_i32..10).map(|k| (10.0 - f64::from(k)) * alike.powi(k)).sum();
        assert!((inflation(&rest) - (1.0 + 0.2 * sum)).abs() < 1e-9, "{}", inflation(&rest));
    }

    #[test]
    fn a_long_watch_is_thinned_to_as_many_points_as_a_short_one() {
        for (every, minutes) in [(1, 9), (1, 119), (5, 400), (60, 3000), (600, 9000), (3600, 60_000)] {
            let samples: Vec<(Time, f64)> = (0..minutes * 60 / every).map(|at| (Time::from_second(at * every), 1.0)).collect();
            let times = Time::MIN.max(Time::from_second(0))..Time::from_second(minutes * 60);
            let points = thinned(&samples, &times);
            assert!((25..=62).contains(&points.len()), "{} points of {minutes} min", points.len());
            let wide: Vec<f64> = points.windows(2).map(|pair| pair[1].0 - pair[0].0).collect();
            let even = wide.get(1..wide.len() - 1).is_some_and(|all| all.iter().all(|wide| (wide - all[0]).abs() < 1e-9));
            assert!(even || every > 60, "{wide:?}");
        }
    }
}
