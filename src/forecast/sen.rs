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
