//! Where a series is heading: how fast it grows, how sure that is, and when it passes a limit.
//!
//! The slope is the median of the slopes between all pairs of points (Theil 1950), its interval the one that Kendall's S allows with
//! its variance (Sen, *Estimates of the regression coefficient based on Kendall's tau*, JASA 63, 1968). Neither minds an outlier, and
//! neither supposes a distribution.
//!
//! Samples of each second say much the same as their neighbours: taken one by one they would make anything certain. So they are
//! thinned to the medians of about sixty stretches of time, which also bounds the cost; and where what the line leaves
//! over is still alike from one point to the next, the variance is raised as for fewer points (Hamed and Rao, *A modified
//! Mann-Kendall trend test for autocorrelated data*, J. Hydrology 204, 1998; with the first lag only). That is what keeps a step, a
//! plateau and a wandering value from passing for a trend.

mod sen;
#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::time::Time;
use sen::{MINUTE, SURE, Slopes, median, thinned};

/// Nothing is said of fewer points than this.
const LEAST_POINTS: usize = 8;
/// Nothing is said of less time than this, in milliseconds.
const LEAST_SPAN: i64 = 5 * 60_000;
/// Points of which the last third must have so many to gainsay the whole.
const LEAST_RECENT: usize = 5;
/// A change over all that was watched that is a lesser part of the value than this does not matter.
const WEAK: f64 = 0.005;
/// Minutes of a day.
const DAY: f64 = 1440.0;
/// Nobody can look ahead for more than so many times as long as was watched.
const AHEAD: f64 = 4.0;

/// What can be said of where a series is heading.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Forecast {
    /// There are too few points, over too little time, or they are too old.
    NotKnowable,
    /// It may as well rise as fall, it changes its course, or the change is too small to matter.
    NoTrend,
    /// It grows or shrinks steadily.
    Trend(Trend),
}

/// A steady change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trend {
    /// How much it changes in a minute: not less than this (95 %),
    pub low: f64,
    /// most likely this,
    pub mid: f64,
    /// and not more than this.
    pub high: f64,
    /// Since when it has been steady, or how far was looked.
    pub from: Time,
    /// The last sample.
    pub until: Time,
    /// Where it stands then, going by the last few points.
    pub level: f64,
    /// By how much the points lie beside the line: not more than this (95 %).
    pub scatter: f64,
}

/// When a trend passes a limit, in minutes from its last sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Passage {
    /// Not before.
    pub soonest: f64,
    /// Most likely then.
    pub likely: f64,
    /// Not after.
    pub latest: f64,
    /// How many minutes ahead anything can be said, going by how long was watched; a day at most.
    pub horizon: f64,
}

impl Forecast {
    /// Looks at the samples, in whatever order.
    #[must_use]
    pub fn of(samples: &[(Time, f64)]) -> Self {
        let mut samples: Vec<(Time, f64)> = samples.iter().copied().filter(|(_, value)| value.is_finite()).collect();
        samples.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let mut rest = samples.as_slice();
        let mut answer = Self::NotKnowable;
        // The latest stretch that tells for itself: a leak that has just set in, or growth that has slowed down.
        while let Some(line) = Line::through(rest) {
            if let Some(trend) = line.trend() {
                return if trend.is_weak() { Self::NoTrend } else { Self::Trend(trend) };
            }
            answer = Self::NoTrend;
            let Range { start, end } = line.recent();
            let (before, recent) = rest.split_at(rest.partition_point(|(time, _)| *time < start));
            // What comes and goes has been there before: only where it has never been can be the way to somewhere.
            if end.since(start) < LEAST_SPAN || !is_new(before, recent) {
                break;
            }
            rest = recent;
        }
        answer
    }

    /// The trend, if there is one that can be told.
    #[must_use]
    pub fn trend(&self) -> Option<&Trend> {
        match self {
            Self::Trend(trend) => Some(trend),
            _ => None,
        }
    }

    /// The trend, if it is one of growth.
    #[must_use]
    pub fn growth(&self) -> Option<&Trend> {
        self.trend().filter(|trend| trend.mid > 0.0)
    }
}

impl Trend {
    /// When a growing value passes a limit above it; `None` for one that shrinks. One that has passed it passes it at once.
    #[must_use]
    pub fn passes(&self, limit: f64) -> Option<Passage> {
        if self.low <= 0.0 {
            return None;
        }
        let left = |scatter: f64| (limit - self.level + scatter).max(0.0);
        Some(Passage {
            soonest: left(-self.scatter) / self.high,
            likely: left(0.0) / self.mid,
            latest: left(self.scatter) / self.low,
            horizon: (self.minutes() * AHEAD).min(DAY),
        })
    }

    fn is_weak(&self) -> bool {
        (self.mid * self.minutes()).abs() < WEAK * self.level.abs()
    }

    /// For how many minutes it was watched.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a day, far below 2^52")]
    pub fn minutes(&self) -> f64 {
        self.until.since(self.from) as f64 / MINUTE
    }
}

impl Passage {
    /// It is near enough for anybody to say so.
    #[must_use]
    pub fn is_near(&self) -> bool {
        self.likely <= self.horizon
    }

    /// `in 40-70 min`, `in 3-5 h`, `in 40 min or later`, `not within a day`, `within a minute`.
    #[must_use]
    pub fn said(&self) -> String {
        if self.soonest > DAY {
            return String::from("not within a day");
        }
        if self.latest < 1.0 {
            return String::from("within a minute");
        }
        let (soonest, is_hours) = (rounded(self.soonest), self.soonest >= 120.0);
        if self.latest > DAY {
            return if is_hours { format!("in {} h or later", hours(soonest)) } else { format!("in {soonest:.0} min or later") };
        }
        let latest = rounded(self.latest).max(soonest);
        match (is_hours, self.latest >= 120.0) {
            (true, _) if hours(soonest) == hours(latest) => format!("in {} h", hours(latest)),
            (true, _) => format!("in {}-{} h", hours(soonest), hours(latest)),
            (false, true) => format!("in {soonest:.0} min to {} h", hours(latest)),
            (false, false) if soonest >= latest => format!("in {latest:.0} min"),
            (false, false) => format!("in {soonest:.0}-{latest:.0} min"),
        }
    }
}

/// Minutes, as precise as anybody can mean them.
fn rounded(minutes: f64) -> f64 {
    let step = match minutes {
        ..15.0 => 1.0,
        ..60.0 => 5.0,
        ..120.0 => 10.0,
        ..600.0 => 30.0,
        _ => 60.0,
    };
    (minutes / step).round() * step
}

fn hours(minutes: f64) -> String {
    let hours = minutes / 60.0;
    if hours.fract() == 0.0 { format!("{hours:.0}") } else { format!("{hours:.1}") }
}

/// The last value of a stretch lies beyond all that were there before it.
fn is_new(before: &[(Time, f64)], recent: &[(Time, f64)]) -> bool {
    let values = |samples: &[(Time, f64)]| samples.iter().map(|(_, value)| *value).collect::<Vec<f64>>();
    let mut last = values(recent.get(recent.len().saturating_sub(LEAST_RECENT)..).unwrap_or_default());
    let last = median(&mut last);
    let before = values(before);
    before.iter().all(|value| *value < last) || before.iter().all(|value| *value > last)
}

/// The points of a stretch, thinned, and what pairs of them say.
struct Line {
    /// Minutes since the first sample, and the value.
    points: Vec<(f64, f64)>,
    times: Range<Time>,
    slopes: Slopes,
}

impl Line {
    /// `None` where there is too little to lay a line through.
    fn through(samples: &[(Time, f64)]) -> Option<Self> {
        let times = samples.first()?.0..samples.last()?.0;
        let points = thinned(samples, &times);
        if points.len() < LEAST_POINTS || times.end.since(times.start) < LEAST_SPAN {
            return None;
        }
        let slopes = Slopes::of(&points)?;
        Some(Self { points, times, slopes })
    }

    /// The trend, where the interval has no nought in it, and the last points go on like those before them.
    fn trend(&self) -> Option<Trend> {
        let Slopes { low, mid, high } = self.slopes;
        let Range { start: from, end: until } = self.times;
        let goes_on = (low > 0.0 || high < 0.0) && !self.has_turned() && !self.has_jumped();
        goes_on.then(|| Trend { low, mid, high, from, until, level: self.level(), scatter: SURE * self.deviation() })
    }

    /// The last third of the time.
    fn recent(&self) -> Range<Time> {
        let Range { start, end } = self.times;
        end.plus(-end.since(start) / 3)..end
    }

    /// The last third, looked at alone, is at odds with the whole: it grows less than half as fast, or more than twice.
    fn has_turned(&self) -> bool {
        let (Some((first, _)), Some((last, _))) = (self.points.first(), self.points.last()) else { return false };
        let from = last - (last - first) / 3.0;
        let recent: Vec<(f64, f64)> = self.points.iter().copied().filter(|(minute, _)| *minute >= from).collect();
        let Some(recent) = Slopes::of(&recent).filter(|_| recent.len() >= LEAST_RECENT) else { return false };
        let (low, high) = (recent.low / self.slopes.mid, recent.high / self.slopes.mid);
        low.max(high) < 0.5 || low.min(high) > 2.0
    }

    /// The last points have left the line: what is there now is something else.
    fn has_jumped(&self) -> bool {
        let mut rest = self.left_over();
        let mut last: Vec<f64> = rest.iter().rev().take(3).copied().collect();
        let minutes = self.points.last().map_or(0.0, |(minute, _)| *minute);
        let off = (median(&mut last) - median(&mut rest)).abs();
        off > 4.0 * self.deviation() && off > (self.slopes.mid * minutes).abs() / 10.0
    }

    /// The standard deviation of the points from the line, were it noise: 1.4826 times the median deviation.
    fn deviation(&self) -> f64 {
        let mut rest = self.left_over();
        let middle = median(&mut rest);
        let mut off: Vec<f64> = rest.iter().map(|value| (value - middle).abs()).collect();
        median(&mut off) * 1.4826
    }

    fn left_over(&self) -> Vec<f64> {
        self.points.iter().map(|(minute, value)| value - self.slopes.mid * minute).collect()
    }

    /// Where the last points lie, moved along the line to the last of them.
    fn level(&self) -> f64 {
        let end = self.points.last().map_or(0.0, |(minute, _)| *minute);
        let mut last: Vec<f64> =
            self.points.iter().rev().take(3).map(|(minute, value)| value + self.slopes.mid * (end - minute)).collect();
        median(&mut last)
    }
}
