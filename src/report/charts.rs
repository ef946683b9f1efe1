//! What was measured over the whole time, in columns for a chart.

use std::collections::BTreeMap;
use std::ops::Range;

use super::pools;
use crate::counters::QUEUED;
use crate::diagnosis;
use crate::engine::Moment;
use crate::formats::Kind;
use crate::pool::Pool;
use crate::slots::{self, SlotUse};
use crate::time::Time;
use crate::timeline::in_flight::InFlight;
use crate::timeline::samples::Samples;
use crate::timeline::{App, POOL_USED};

/// Columns of a chart at most.
const MOST_COLUMNS: i64 = 600;
/// Charts of applications, and of their pools, at most: the ones that matter first.
const MOST_CHARTS: usize = 6;
/// Of its limit an application must have had so much in flight: what is below is a line on the ground.
const WORTH_A_CHART: f64 = 0.1;
/// A sample stands for so many milliseconds after it, as it does in the panes.
const FRESH: i64 = 90_000;
const MB: f64 = 1_048_576.0;

/// A value against its limit, over time.
#[derive(Debug, Clone)]
pub(super) struct Chart {
    /// What it is of.
    pub name: String,
    /// What is measured, with its unit.
    pub unit: &'static str,
    /// Lines that must not be crossed, each with its name.
    pub limits: Vec<(f64, &'static str)>,
    /// The oldest first; never empty.
    pub columns: Vec<Column>,
    /// The times of the first and the last column.
    pub span: (Time, Time),
}

/// What was so in a stretch of time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Column {
    /// The greatest value; `None` where it is not known.
    pub value: Option<f64>,
    /// Clients turned away.
    pub turned_away: u64,
    /// The recording has a gap here.
    pub missing: bool,
}

/// All charts of a report.
#[derive(Debug, Clone, Default)]
pub(super) struct Charts {
    pub apps: Vec<Chart>,
    pub pools: Vec<Chart>,
    pub pool: Option<Chart>,
    pub slots: Vec<Chart>,
    pub turned_away: Option<Chart>,
}

impl Charts {
    /// Those of a moment.
    pub fn of(moment: &Moment<'_>) -> Self {
        let Some(axis) = Axis::of(moment) else { return Self::default() };
        Self { apps: axis.apps(), pools: axis.pools(), pool: axis.pool(), slots: axis.slots(), turned_away: axis.turned_away() }
    }
}

/// The time that all charts are over.
struct Axis<'a> {
    moment: &'a Moment<'a>,
    seconds: Vec<Range<i64>>,
    missing: Vec<bool>,
    /// The seconds that the W3C logs tell of.
    logged: Range<i64>,
    span: (Time, Time),
}

impl<'a> Axis<'a> {
    fn of(moment: &'a Moment<'a>) -> Option<Self> {
        let (first, last) = moment.timeline.span()?;
        let (from, end) = (first.second(), last.min(moment.at).second() + 1);
        let count = (end - from).min(MOST_COLUMNS);
        if count < 1 {
            return None;
        }
        let at = |column: i64| from + column * (end - from) / count;
        let seconds: Vec<Range<i64>> = (0..count).map(|column| at(column)..at(column + 1)).collect();
        let missing = seconds.iter().map(|seconds| moment.gaps.iter().any(|gap| gap.covers(seconds))).collect();
        let spans = || moment.sources.values().filter(|source| source.kind == Kind::W3c).filter_map(|source| source.span);
        let begun = spans().map(|(from, _)| from.second()).min().unwrap_or(0);
        let logged = begun..spans().map(|(_, to)| to.second() + 1).max().unwrap_or(0);
        Some(Self { moment, seconds, missing, logged, span: (first, Time::from_second(end)) })
    }

    fn chart(
        &self,
        (name, unit): (String, &'static str),
        limits: Vec<(f64, &'static str)>,
        measure: impl Fn(&Range<i64>) -> (Option<f64>, u64),
    ) -> Chart {
        let column = |(seconds, missing): (&Range<i64>, &bool)| {
            let (value, turned_away) = measure(seconds);
            Column { value: value.filter(|value| value.is_finite() && !missing), turned_away, missing: *missing }
        };
        Chart { name, unit, limits, columns: self.seconds.iter().zip(&self.missing).map(column).collect(), span: self.span }
    }

    /// The most that was in flight, as far as the logs tell.
    fn most(&self, in_flight: &InFlight, seconds: &Range<i64>) -> Option<f64> {
        let known = seconds.start.max(self.logged.start)..seconds.end.min(self.logged.end);
        (!known.is_empty()).then(|| in_flight.peak_within(known).map_or(0.0, |peak| peak.point.mean))
    }

    #[expect(clippy::cast_precision_loss, reason = "limits on requests are small")]
    fn apps(&self) -> Vec<Chart> {
        let end = self.moment.at.second() + 1;
        let refused = |app: &App, seconds: Range<i64>| app.by_status.get(&(503, Some(2))).map_or(0, |s| s.sum(seconds));
        let mut apps: Vec<(i64, f64, &str, &App, f64)> = (self.moment.timeline.apps())
            .filter(|(_, app)| app.timed)
            .map(|(name, app)| {
                let limit = self.moment.limits.app(name).value as f64;
                let peak = app.in_flight.peak(end).map_or(0.0, |peak| peak.point.mean);
                (refused(app, i64::MIN..end), peak / limit.max(1.0), name, app, limit)
            })
            .collect();
        apps.sort_by(|a, b| b.0.cmp(&a.0).then(b.1.total_cmp(&a.1)).then(a.2.cmp(b.2)));
        let chart = |(_, _, name, app, limit): (i64, f64, &str, &App, f64)| {
            self.chart((name.to_owned(), "requests in flight"), vec![(limit, "limit")], |seconds| {
                (self.most(&app.in_flight, seconds), u64::try_from(refused(app, seconds.clone())).unwrap_or(0))
            })
        };
        let (first, others) = (apps.first().copied(), apps.into_iter().skip(1));
        let near = others.filter(|(refused, share, ..)| *refused > 0 || *share >= WORTH_A_CHART);
        first.into_iter().chain(near).take(MOST_CHARTS).map(chart).collect()
    }

    /// What counters say of pools: how many wait, where that has a limit, else how many are executed.
    #[expect(clippy::cast_precision_loss, reason = "limits on requests are small")]
    fn pools(&self) -> Vec<Chart> {
        let executing = pools::executing(self.moment);
        let mut charts = Vec::new();
        for row in pools::of(self.moment).into_iter().take(MOST_CHARTS) {
            let key = row.pool.to_lowercase();
            if let Some(samples) = executing.get(key.as_str()) {
                let what = (row.pool.clone(), "requests executing (counter)");
                charts.push(self.chart(what, Vec::new(), |seconds| (greatest(samples, seconds), 0)));
            }
            let (before, after) = QUEUED;
            if let Some((queue, limit)) =
                self.moment.timeline.counter(&format!("{before}{key}{after}")).zip(row.queued.and_then(|queued| queued.limit))
            {
                let what = (row.pool, "requests waiting (counter)");
                let limits = vec![(limit.value as f64, "queue length")];
                charts.push(self.chart(what, limits, |seconds| {
                    let most = sampled(queue, seconds);
                    (most, crate::counters::rejected_within(self.moment, &key, seconds))
                }));
            }
        }
        charts
    }

    #[expect(clippy::cast_precision_loss, reason = "bytes of a pool, far below 2^52")]
    fn pool(&self) -> Option<Chart> {
        let samples = self.moment.timeline.counter(POOL_USED)?;
        let pool = Pool::of(self.moment);
        let cutoff = pool.cutoff.value as f64 / MB;
        let limits = pool.max.map_or_else(Vec::new, |max| {
            let max = max.value as f64 / MB;
            vec![(max - cutoff, "HTTP.sys refuses connections"), (max, "maximum")]
        });
        Some(self.chart((String::from("Non-paged pool"), "MB in use"), limits, |seconds| {
            let within = sampled(samples, seconds);
            (within.map(|value| value / MB), diagnosis::refused_within(self.moment, seconds))
        }))
    }

    #[expect(clippy::cast_precision_loss, reason = "counts of slots are small")]
    fn slots(&self) -> Vec<Chart> {
        let chart = |slots: SlotUse| {
            let requests: Vec<_> = slots.types.iter().map(|t| t.request).collect();
            let mut sum = InFlight::default();
            requests.iter().filter_map(|r| self.moment.timeline.ns(*r)).for_each(|series| sum.merge(&series.in_flight));
            let names = requests.iter().map(|request| request.name()).collect::<Vec<_>>().join(" and ");
            self.chart((names, "slots taken"), vec![(slots.limit.value as f64, "limit")], |seconds| {
                let refused = requests.iter().map(|r| slots::turned_away(self.moment, *r, seconds)).sum();
                (self.most(&sum, seconds), refused)
            })
        };
        SlotUse::all(self.moment).into_iter().map(chart).collect()
    }

    fn turned_away(&self) -> Option<Chart> {
        let chart = self.chart((String::from("Turned away"), "clients, for any reason"), Vec::new(), |seconds| {
            let count: u64 = diagnosis::turned_away_within(self.moment, seconds).iter().map(|(_, count)| count).sum();
            #[expect(clippy::cast_precision_loss, reason = "a count of clients")]
            let value = count as f64;
            (Some(value), count)
        });
        chart.columns.iter().any(|column| column.turned_away > 0).then_some(chart)
    }
}

/// The greatest sample of some seconds, or the last before them while it still stands.
fn sampled(samples: &Samples, seconds: &Range<i64>) -> Option<f64> {
    let (from, to) = (Time::from_second(seconds.start), Time::from_second(seconds.end));
    let within = samples.within(from..to).into_iter().map(|(_, value)| value).reduce(f64::max);
    let before = || samples.at(from).filter(|(time, _)| from.since(*time) <= FRESH).map(|(_, value)| value);
    within.or_else(before)
}

/// The same of samples that were added up.
fn greatest(samples: &BTreeMap<Time, f64>, seconds: &Range<i64>) -> Option<f64> {
    let (from, to) = (Time::from_second(seconds.start), Time::from_second(seconds.end));
    let within = samples.range(from..to).map(|(_, value)| *value).reduce(f64::max);
    let before = || samples.range(from.plus(-FRESH)..from).next_back().map(|(_, value)| *value);
    within.or_else(before)
}
