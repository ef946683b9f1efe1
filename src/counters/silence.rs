//! When a counter fell silent: its sampler has ended, or the counter has vanished.

use super::{EXECUTING, fold, instances, pool_of};
use crate::engine::Moment;
use crate::time::Time;
use crate::timeline::samples::Samples;

/// Milliseconds that any sample counts as of now.
const LEAST: i64 = 5000;
/// A sample counts as of now for so many times the distance of those before it: one may come late, and one may fail.
const DISTANCES: i64 = 3;

/// Milliseconds that a sample counts as of now. The lesser of the last two distances: a break in between is no rhythm.
fn lasts(samples: &Samples, time: Time) -> i64 {
    let before = |time: Time| samples.at(time.plus(-1)).map(|(before, _)| before);
    let Some(second) = before(time) else { return LEAST };
    let distance = before(second).map_or(i64::MAX, |third| second.since(third)).min(time.since(second));
    distance.saturating_mul(DISTANCES).max(LEAST)
}

/// The last sample by a moment, as long as it counts as of that moment.
pub(super) fn fresh(samples: &Samples, at: Time) -> Option<(Time, f64)> {
    samples.at(at).filter(|(time, _)| at.since(*time) <= lasts(samples, *time))
}

/// When the last sample by a moment was taken, where it counts no more as of that moment.
#[must_use]
pub fn silent_since(samples: &Samples, at: Time) -> Option<Time> {
    samples.at(at).map(|(time, _)| time).filter(|time| at.since(*time) > lasts(samples, *time))
}

/// The first sample after a moment. It is looked for in longer and longer stretches: a day of samples is not read for each frame.
#[must_use]
pub fn first_after(samples: &Samples, at: Time) -> Option<Time> {
    let until = [60_000, 3_600_000, 86_400_000].map(|millis| at.plus(millis)).into_iter().chain([Time::MAX]);
    until.into_iter().find_map(|until| samples.within(at.plus(1)..until).first().map(|(time, _)| *time))
}

/// When what a pool executes was last told since some moment, if it is told no more; of any pool where `pool` is `None`.
#[must_use]
pub fn pool_silent_since(moment: &Moment<'_>, pool: Option<&str>, since: Time) -> Option<Time> {
    let pool = pool.map(fold);
    let is_meant = |name: &str| pool_of(name).is_some_and(|name| pool.as_ref().is_none_or(|pool| fold(name) == *pool));
    let processes = instances(moment, EXECUTING).filter(|(name, _)| is_meant(name));
    let last = processes.filter_map(|(_, samples)| Some((samples, samples.at(moment.at)?.0))).max_by_key(|(_, time)| *time);
    last.and_then(|(samples, _)| silent_since(samples, moment.at)).filter(|time| *time >= since)
}
