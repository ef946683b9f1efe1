//! The non-paged pool as of a moment: used, maximum, available, where that is heading, and who holds it.

use crate::counters;
use crate::engine::Moment;
use crate::forecast::{Forecast, Trend};
use crate::limits::Limit;
use crate::time::Time;
use crate::timeline::POOL_USED;
use crate::timeline::samples::Samples;

/// Growth is measured over the last hour; where a listing is made too seldom for that, over the last day. In milliseconds.
const WINDOWS: [i64; 2] = [3_600_000, 86_400_000];
/// A series that has been silent for longer, and for longer than it usually is, is heading nowhere that anybody knows of.
const STALE: i64 = 5 * 60_000;
/// A tag that was in no listing for so many milliseconds before the last one is not known to hold anything.
const LISTED: i64 = 15 * 60_000;

/// The non-paged pool as of a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Pool {
    /// When it was last sampled, and the bytes in use then.
    pub used: Option<(Time, f64)>,
    /// What it can grow to.
    pub max: Option<Limit>,
    /// Available bytes under which HTTP.sys refuses connections.
    pub cutoff: Limit,
    /// Maximum less used.
    pub available: Option<f64>,
    /// Where the bytes in use are heading.
    pub forecast: Forecast,
    /// The tags that hold it, the greatest first.
    pub tags: Vec<Tag>,
}

/// What one pool tag holds as of a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Tag {
    /// Four bytes, space padded.
    pub tag: [u8; 4],
    /// When it was last listed.
    pub at: Time,
    /// Non-paged bytes.
    pub bytes: f64,
    /// The driver it belongs to; empty where nobody knows.
    pub driver: String,
    /// What it is used for; empty where nobody knows.
    pub what: String,
    /// How that was found: `pooltag.txt`, `built-in table`, `poolmon`, `searched drivers`; empty where nobody knows.
    pub how: &'static str,
}

impl Tag {
    /// The tag as text, without the padding.
    #[must_use]
    pub fn shown(&self) -> String {
        String::from_utf8_lossy(&self.tag).trim_end().to_owned()
    }

    /// Where its bytes are heading as of a moment. A line is laid through its history each time: not for each tag of each frame.
    #[must_use]
    pub fn forecast(&self, moment: &Moment<'_>) -> Forecast {
        moment.timeline.tag(self.tag).map_or(Forecast::NotKnowable, |history| heading(&history.bytes, moment.at))
    }
}

impl Pool {
    /// The pool as of a moment.
    #[must_use]
    pub fn of(moment: &Moment<'_>) -> Self {
        let samples = moment.timeline.counter(POOL_USED);
        let used = samples.and_then(|s| s.at(moment.at));
        let max = moment.limits.pool_max();
        #[expect(clippy::cast_precision_loss, reason = "bytes of a pool, far below 2^52")]
        let available = used.zip(max.as_ref()).map(|((_, used), max)| max.value as f64 - used);
        let forecast = samples.map_or(Forecast::NotKnowable, |samples| heading(samples, moment.at));
        Self { used, max, cutoff: moment.limits.pool_cutoff(), available, forecast, tags: tags(moment) }
    }

    /// Bytes in use from which on HTTP.sys refuses connections: the maximum less the cutoff.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "bytes of a pool, far below 2^52")]
    pub fn brink(&self) -> Option<f64> {
        self.max.as_ref().map(|max| max.value as f64 - self.cutoff.value as f64)
    }

    /// Which part of the pool's growth a tag's growth is: 0.93 for 4.1 of 4.4 MB a minute. `None` where the pool does not grow, or
    /// they were not watched over the same time.
    #[must_use]
    pub fn part_of_growth(&self, growth: &Trend) -> Option<f64> {
        let all = self.forecast.growth().filter(|_| growth.mid > 0.0)?;
        let apart = growth.from.since(all.from).abs().max(growth.until.since(all.until).abs());
        (apart * 2 <= all.until.since(all.from)).then_some(growth.mid / all.mid)
    }

    /// The growth of a tag against that of the pool: `+4.1 of +4.4 MB a minute: 93 % of the pool's growth`.
    #[must_use]
    pub fn growth_of(&self, growth: &Trend) -> String {
        match (self.part_of_growth(growth), self.forecast.growth()) {
            (Some(part), Some(all)) => {
                let (one, all) = (rate(growth), rate(all));
                let short =
                    one.split_once(' ').filter(|(_, unit)| all.ends_with(unit)).map_or(one.as_str(), |(number, _)| number);
                format!("{short} of {all}: {:.0} % of the pool's growth", part * 100.0)
            }
            _ => rate(growth),
        }
    }
}

/// `+4.1 MB a minute`.
#[must_use]
pub fn rate(trend: &Trend) -> String {
    format!("{}{} a minute", if trend.mid < 0.0 { '-' } else { '+' }, amount(trend.mid.abs()))
}

/// `0.6-0.7 MB a minute`: what the rate lies between.
#[must_use]
pub fn between(trend: &Trend) -> String {
    let (low, high) = (amount(trend.low), amount(trend.high));
    match low.split_once(' ') {
        _ if low == high => format!("{low} a minute"),
        Some((number, unit)) if high.ends_with(unit) && trend.low > 0.0 => format!("{number}-{high} a minute"),
        _ => format!("{low} to {high} a minute"),
    }
}

/// Bytes that a minute makes much of: a leak of some kilobytes is one, too.
fn amount(bytes: f64) -> String {
    match bytes.abs() / 1_048_576.0 {
        ..0.1 => format!("{:.0} KB", bytes / 1024.0),
        ..1.0 => format!("{:.2} MB", bytes / 1_048_576.0),
        megabytes => format!("{:.1} MB", megabytes.copysign(bytes)),
    }
}

/// Where a series is heading as of a moment.
fn heading(samples: &Samples, at: Time) -> Forecast {
    let Some((last, _)) = samples.at(at) else { return Forecast::NotKnowable };
    if at.since(last) > STALE && counters::silent_since(samples, at).is_some() {
        return Forecast::NotKnowable;
    }
    // Counted from the last sample: as long as no other comes, the answer stays the same.
    let over = |window: i64| Forecast::of(&samples.within(last.plus(-window)..last.plus(1)));
    WINDOWS.into_iter().map(over).find(|forecast| *forecast != Forecast::NotKnowable).unwrap_or(Forecast::NotKnowable)
}

/// The tags of the last listing, the greatest first.
fn tags(moment: &Moment<'_>) -> Vec<Tag> {
    let owner_of = moment.tag_owners();
    let held = moment.timeline.tags().filter_map(|(tag, history)| Some((tag, history, history.bytes.at(moment.at)?)));
    let mut held: Vec<_> = held.collect();
    let listed = held.iter().map(|(_, _, (at, _))| *at).max().unwrap_or(Time::MIN);
    held.retain(|(_, _, (at, _))| listed.since(*at) <= LISTED);
    let mut tags: Vec<Tag> = held
        .into_iter()
        .map(|(tag, history, (at, bytes))| {
            let owner = owner_of(tag, &history.driver);
            let how = owner.as_ref().map_or("", |owner| owner.how.as_str());
            let (driver, what) = owner.map(|owner| (owner.driver.to_string(), owner.purpose())).unwrap_or_default();
            Tag { tag, at, bytes, driver, what, how }
        })
        .collect();
    tags.sort_by(|a, b| b.bytes.total_cmp(&a.bytes).then(a.tag.cmp(&b.tag)));
    tags
}
