//! When it changed: of the series that a finding is about, the second from which on it was different for good, and the two stretches
//! of time that are worth comparing.
//!
//! The second is where a step fits best (least squares, two means). It counts where nearly all that comes after it is beyond nearly
//! all that was before, or where it is larger than noise makes one: the statistic of the best of all steps (Andrews, "Tests for
//! parameter instability and structural change with unknown change point", 1993) is beyond a bound, after what neighbouring seconds
//! share has been taken off. What wavers more slowly than the hour that is looked at cannot be told from a change. What rises slowly
//! is split again on its left, so that the time before is the time before it rose.

use std::ops::Range;

use super::{Finding, Subject};
use crate::engine::Moment;
use crate::time::Time;
use crate::timeline::in_flight::InFlight;
use crate::timeline::samples::Samples;
use crate::timeline::tally::NsRequest;
use crate::timeline::{App, POOL_USED};

/// Seconds that are looked at before a finding set in, and seconds that a window has at most.
const HOUR: i64 = 3600;
/// The same for the pool, which leaks for days before anybody is turned away. Its samples are known and need not be read again.
const DAY: i64 = 24 * HOUR;
/// Seconds that a window has at least, where there are so many.
const MINUTE: i64 = 60;
/// Seconds after a finding set in at which its cause may still seem to begin: rows tell of whole seconds.
const LATE: i64 = 5;

/// Values that each side of a step has at least.
const LEAST: usize = 10;
/// The bound for the statistic. One series of noise in a hundred is beyond 13, the table's last column; this is for certain.
const BOUND: f64 = 25.0;
/// Values that each side has at least to be told apart by their order.
const APART: usize = 30;
/// What rises slowly is split again as long as the part split off is so much of the first step.
const PART: f64 = 0.25;
/// And at most so often.
const ROUNDS: usize = 8;

/// Two stretches of time to compare, and why these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// From when on it was different; `None` where no change can be told from noise.
    pub at: Option<Time>,
    /// When the finding set in, if there is one.
    pub onset: Option<Time>,
    /// What was looked at, for people: `requests in flight`.
    pub series: &'static str,
    /// How it was.
    pub before: Range<Time>,
    /// How it is since.
    pub during: Range<Time>,
    /// There is less before it than there should be: the logs begin there.
    pub shortened: bool,
}

impl Change {
    /// The change that a finding came with: that of its last onset.
    #[must_use]
    pub fn of_finding(moment: &Moment<'_>, finding: &Finding) -> Self {
        let onset = finding.onsets.iter().rev().find(|onset| **onset <= moment.at).copied().unwrap_or(finding.first);
        let last = finding.last.min(moment.at).max(onset);
        let most = most(&finding.subject);
        // An end that is too near does not tell whether it stays so.
        let end = last.second().max(onset.second() + MINUTE).min(onset.second() + most).min(moment.at.second()) + 1;
        let begin = moment.timeline.span().map_or(onset, |(first, _)| first).second().max(onset.second() - most);
        let (series, values) = series(moment, &finding.subject, begin..end);
        let among = values.partition_point(|(time, _)| time.second() <= onset.second() + LATE);
        let is_wanted = match finding.subject {
            // What is used up was used more.
            Subject::App(_) | Subject::Ns | Subject::Pool | Subject::Tag(_) => |by: f64| by > 0.0,
            _ => |by: f64| by != 0.0,
        };
        let at = first_step(&values.iter().map(|(_, value)| *value).collect::<Vec<f64>>(), among, is_wanted);
        let at = at.and_then(|at| values.get(at)).map(|(time, _)| *time);
        let from = match at {
            Some(at) => at,
            // A leak that goes on all the time is seen best from its beginning.
            None if most == DAY => Time::from_second((begin + MINUTE).min(onset.second())),
            None => onset,
        };
        Self::around(moment, from, last, most, &Self { at, ..Self::none(Some(onset), series) })
    }

    /// The window that is looked at, and the one before it; where the logs begin in these, the halves of what there is.
    #[must_use]
    pub fn of_window(moment: &Moment<'_>, subject: &Subject, seconds: i64) -> Self {
        let first = moment.timeline.span().map_or(moment.at, |(first, _)| first.min(moment.at));
        let half = first.plus(moment.at.since(first) / 2);
        let from = moment.at.plus(-seconds * 1000).max(half);
        Self::around(moment, from, moment.at, most(subject), &Self::none(None, ""))
    }

    fn none(onset: Option<Time>, series: &'static str) -> Self {
        Self { at: None, onset, series, before: Time::MIN..Time::MIN, during: Time::MIN..Time::MIN, shortened: false }
    }

    /// With the stretches before and after a moment; what is after it ends with the second of `last`.
    fn around(moment: &Moment<'_>, from: Time, last: Time, most: i64, change: &Self) -> Self {
        let from = from.second();
        let end = (last.second() + 1).clamp(from + MINUTE, from + most);
        let first = moment.timeline.span().map_or(from, |(first, _)| first.second()).min(from);
        let begin = (from - (end - from)).max(first);
        let end = end.min(moment.at.second() + 1);
        // A second more or less is nobody's concern.
        let shortened = (from - begin) * 10 < (end - from) * 9;
        let time = Time::from_second;
        Self { before: time(begin)..time(from), during: time(from)..time(end), shortened, ..change.clone() }
    }
}

fn most(subject: &Subject) -> i64 {
    if matches!(subject, Subject::Pool | Subject::Tag(_)) { DAY } else { HOUR }
}

/// The series that a finding is about, by second or by sample, with its name.
fn series(moment: &Moment<'_>, subject: &Subject, seconds: Range<i64>) -> (&'static str, Vec<(Time, f64)>) {
    let in_flight = |of: &mut dyn Iterator<Item = &InFlight>| {
        let sum = of.fold(Vec::new(), |sum: Vec<f64>, in_flight| {
            let points = in_flight.window(seconds.clone()).into_iter().map(|point| point.mean);
            if sum.is_empty() { points.collect() } else { sum.iter().zip(points).map(|(a, b)| a + b).collect() }
        });
        ("requests in flight", by_second(&seconds, sum))
    };
    match subject {
        Subject::App(name) => match moment.timeline.app(name) {
            Some(app) if app.timed => in_flight(&mut std::iter::once(&app.in_flight)),
            Some(app) => ("requests a second", ended(&mut std::iter::once(app), &seconds)),
            None => ("requests", Vec::new()),
        },
        Subject::Ns => in_flight(&mut NsRequest::ALL.iter().filter_map(|request| Some(&moment.timeline.ns(*request)?.in_flight))),
        Subject::Pool => {
            ("growth of the pool", moment.timeline.counter(POOL_USED).map_or_else(Vec::new, |s| growth(s, &seconds)))
        }
        Subject::Tag(tag) => {
            ("growth of the tag", moment.timeline.tag(*tag).map_or_else(Vec::new, |t| growth(&t.bytes, &seconds)))
        }
        _ => ("requests a second", ended(&mut moment.timeline.apps().map(|(_, app)| app), &seconds)),
    }
}

fn by_second(seconds: &Range<i64>, values: Vec<f64>) -> Vec<(Time, f64)> {
    seconds.clone().map(Time::from_second).zip(values).collect()
}

/// Requests that ended in each second.
fn ended(apps: &mut dyn Iterator<Item = &App>, seconds: &Range<i64>) -> Vec<(Time, f64)> {
    let mut sums = vec![0.0; usize::try_from(seconds.end - seconds.start).unwrap_or(0)];
    for app in apps {
        for (second, count) in app.by_status.values().flat_map(|series| series.nonzero(seconds.clone())) {
            if let Some(sum) = usize::try_from(second - seconds.start).ok().and_then(|at| sums.get_mut(at)) {
                *sum += f64::from(count);
            }
        }
    }
    by_second(seconds, sums)
}

/// Bytes a second from each sample to the next: a leak is no step of the pool, but one of its growth.
fn growth(samples: &Samples, seconds: &Range<i64>) -> Vec<(Time, f64)> {
    let samples = samples.within(Time::from_second(seconds.start)..Time::from_second(seconds.end));
    let step = |pair: &[(Time, f64)]| match pair {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds between two samples")]
        [(from, before), (to, after)] => Some((*from, (after - before) * 1000.0 / to.since(*from).max(1) as f64)),
        _ => None,
    };
    samples.windows(2).filter_map(step).collect()
}

/// Where what ends in the best step began to rise, or to fall.
fn first_step(values: &[f64], among: usize, is_wanted: fn(f64) -> bool) -> Option<usize> {
    let step = best_step(values, among, is_wanted)?;
    let (mut at, whole) = (step.at, step.by);
    for _ in 1..ROUNDS {
        let earlier = values.get(..at).and_then(|left| best_step(left, left.len(), is_wanted));
        match earlier.filter(|step| step.by / whole >= PART) {
            Some(step) => at = step.at,
            None => break,
        }
    }
    Some(at)
}

/// A step that is more than noise.
#[derive(Debug, Clone, Copy)]
struct Step {
    /// The first value after it.
    at: usize,
    /// The mean after it less that before it.
    by: f64,
}

/// The step that fits best, its first value among the first `among`, of those of a wanted difference; `None` if noise would make one as large. It goes through the
/// values three times, however many places there are for a step.
#[expect(clippy::cast_precision_loss, reason = "a day has few seconds")]
fn best_step(values: &[f64], among: usize, is_wanted: fn(f64) -> bool) -> Option<Step> {
    let n = values.len();
    let total: f64 = values.iter().sum();
    let mean = total / n.max(1) as f64;
    let spread: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    // By how much two means fit better than one: left * right / n * (difference)^2.
    let (mut sum, mut best): (f64, Option<(f64, Step)>) = (0.0, None);
    for (value, at) in values.iter().zip(1..=n.saturating_sub(LEAST).min(among)) {
        sum += value;
        if at < LEAST {
            continue;
        }
        let (left, right) = (at as f64, (n - at) as f64);
        let by = (total - sum) / right - sum / left;
        let gain = left * right / n as f64 * by * by;
        if is_wanted(by) && best.is_none_or(|(most, _)| gain > most) {
            best = Some((gain, Step { at, by }));
        }
    }
    let (gain, step) = best.filter(|_| spread > 0.0)?;
    let rest = (spread - gain).max(spread * 1e-12);
    let noise = rest / (n as f64 - 2.0);
    let shared = shared(values, step, rest);
    let is_beyond = gain / noise * (1.0 - shared) / (1.0 + shared) > BOUND && step.by.abs() >= noise.sqrt();
    (is_beyond || is_apart(values, step)).then_some(step)
}

/// Whether nine of ten values after a step are beyond 19 of 20 before it.
fn is_apart(values: &[f64], step: Step) -> bool {
    let (left, right) = values.split_at(step.at.min(values.len()));
    if left.len().min(right.len()) < APART {
        return false;
    }
    let up = step.by.signum();
    let mut before: Vec<f64> = left.iter().map(|value| value * up).collect();
    before.sort_unstable_by(f64::total_cmp);
    let bound = before.get(before.len() * 19 / 20).copied().unwrap_or(f64::MAX);
    right.iter().filter(|value| **value * up > bound).count() * 10 >= right.len() * 9
}

/// What neighbouring values share beyond a step, from 0 to nearly 1: a queue is what it was a second ago, give or take.
fn shared(values: &[f64], step: Step, rest: f64) -> f64 {
    let (left, right) = values.split_at(step.at.min(values.len()));
    #[expect(clippy::cast_precision_loss, reason = "a day has few seconds")]
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len().max(1) as f64;
    let (low, high) = (mean(left), mean(right));
    let left = left.windows(2).map(|pair| (pair[0] - low) * (pair[1] - low)).sum::<f64>();
    let right = right.windows(2).map(|pair| (pair[0] - high) * (pair[1] - high)).sum::<f64>();
    ((left + right) / rest.max(f64::MIN_POSITIVE)).clamp(0.0, 0.999)
}

#[cfg(test)]
mod tests;
