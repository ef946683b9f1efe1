//! What is measured, against which thresholds.

use std::ops::Range;

use super::range::{Bounds, number};
use super::{Asked, Metric, State};
use crate::diagnosis::{megabytes, turned_away_within};
use crate::engine::Moment;
use crate::pool::Pool;
use crate::slots::SlotUse;
use crate::time::Time;
use crate::timeline::POOL_USED;
use crate::timeline::in_flight::InFlight;
use crate::timeline::tally::Trouble;

/// Applications that are told of, the fullest first.
const MOST_APPS: usize = 10;
/// Reasons for which clients were turned away that are named, the most frequent first.
const MOST_REASONS: usize = 4;
const MB: f64 = 1_048_576.0;

/// A value with its thresholds.
#[derive(Debug, Clone)]
pub(super) struct Measure {
    pub metric: Metric,
    /// What it is of, where there are several; the name of an application comes from a log.
    pub of: String,
    pub value: f64,
    /// `B`, `s`, or nothing.
    pub unit: &'static str,
    pub warning: Option<Bounds>,
    pub critical: Option<Bounds>,
    pub max: Option<f64>,
    /// What to say of it if it is an alarm.
    said: String,
}

impl Measure {
    /// Whether it is one.
    pub fn is_alarm(&self) -> bool {
        self.verdict().is_some()
    }

    /// The state that its thresholds give, if it is an alarm.
    pub fn verdict(&self) -> Option<(State, String)> {
        let alarms = |bounds: Option<Bounds>| bounds.is_some_and(|bounds| bounds.alarms(self.value));
        let state = match (alarms(self.critical), alarms(self.warning)) {
            (true, _) => State::Critical,
            (false, true) => State::Warning,
            (false, false) => return None,
        };
        Some((state, self.said.clone()))
    }
}

/// All but the clients turned away and the age.
pub(super) fn others(moment: &Moment<'_>, asked: &Asked, seconds: &Range<i64>) -> Vec<Measure> {
    let mut all = in_flight(moment, asked, seconds);
    all.extend(ns_slots(moment, asked, seconds));
    all.extend(pool(moment, asked, seconds));
    all
}

/// How old the newest record is.
#[expect(clippy::cast_precision_loss, reason = "seconds of some years")]
pub(super) fn age(asked: &Asked, age: i64) -> Measure {
    let (warning, critical) = asked.bounds(Metric::Age, (None, None));
    let said = format!("the newest record is {} old", super::span(age));
    Measure { metric: Metric::Age, of: String::new(), value: age as f64, unit: "s", warning, critical, max: None, said }
}

/// Clients turned away.
pub(super) struct Away {
    pub count: u64,
    pub measure: Measure,
}

/// What SEPM's own log tells of may be in a web log, too: the greater count is taken.
#[expect(clippy::cast_precision_loss, reason = "a count of clients")]
pub(super) fn turned_away(moment: &Moment<'_>, asked: &Asked, seconds: &Range<i64>) -> Away {
    let reasons = turned_away_within(moment, seconds);
    let sum: u64 = reasons.iter().map(|(_, count)| count).sum();
    let sepm = moment.timeline.count(&Trouble::Sepm503, seconds.clone());
    let count = sum.max(sepm);
    let (warning, critical) = asked.bounds(Metric::TurnedAway, (None, Some(Bounds::upto(0.0))));
    let mut named: Vec<String> = reasons
        .iter()
        .take(MOST_REASONS)
        .map(|(reason, count)| format!("{count} {reason}{}", whereabouts(moment, reason, seconds)))
        .collect();
    let others: u64 = reasons.iter().skip(MOST_REASONS).map(|(_, count)| count).sum();
    if others > 0 {
        named.push(format!("{others} for other reasons"));
    }
    if sepm > sum {
        // Of which clients the web logs tell, too, nobody knows.
        named = vec![format!("{sepm} by SEPM, as its own log says")];
    }
    let named = if named.is_empty() { String::new() } else { format!(": {}", named.join(", ")) };
    let said = format!("{count} turned away in {}{named}", super::span(asked.last));
    let (metric, of, value) = (Metric::TurnedAway, String::new(), count as f64);
    Away { count, measure: Measure { metric, of, value, unit: "", warning, critical, max: None, said } }
}

/// ` at Symantec Web Server/secars`: the application that most of those are of that were turned away by a status.
fn whereabouts(moment: &Moment<'_>, reason: &str, seconds: &Range<i64>) -> String {
    let Some(substatus) = reason.strip_prefix("503").map(|rest| rest.strip_prefix('.').and_then(|n| n.parse().ok())) else {
        return String::new();
    };
    let of_status = moment.timeline.troubles().filter_map(|(trouble, tally)| match trouble {
        Trouble::Http503 { app, substatus: of } if *of == substatus => Some((tally.sum(seconds.clone()), app)),
        _ => None,
    });
    of_status.max_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(a.1))).map_or_else(String::new, |(_, app)| format!(" at {app}"))
}

#[expect(clippy::cast_precision_loss, reason = "limits on requests are small")]
fn in_flight(moment: &Moment<'_>, asked: &Asked, seconds: &Range<i64>) -> Vec<Measure> {
    let usual = (Some(Bounds::upto(80.0)), Some(Bounds::upto(100.0)));
    let (warning, critical) = asked.bounds(Metric::InFlight, usual);
    let mut all: Vec<Measure> = (moment.timeline.apps())
        .filter(|(_, app)| app.timed && app.ended(seconds) > 0)
        .map(|(name, app)| {
            let limit = moment.limits.app(name);
            let most = limit.value as f64;
            let value = app.in_flight.peak_within(seconds.clone()).map_or(0.0, |peak| peak.point.mean);
            let scale = |bounds: Bounds| bounds.scaled(most.max(1.0) / 100.0);
            Measure {
                metric: Metric::InFlight,
                of: name.to_owned(),
                value,
                unit: "",
                warning: warning.map(scale),
                critical: critical.map(scale),
                max: Some(most),
                said: format!("{} in flight at {name}, limit {limit}", number(value)),
            }
        })
        .collect();
    let share = |measure: &Measure| measure.value / measure.max.unwrap_or(1.0).max(1.0);
    all.sort_by(|a, b| share(b).total_cmp(&share(a)).then(a.of.cmp(&b.of)));
    all.truncate(MOST_APPS);
    all
}

#[expect(clippy::cast_precision_loss, reason = "counts of slots are small")]
fn ns_slots(moment: &Moment<'_>, asked: &Asked, seconds: &Range<i64>) -> Vec<Measure> {
    let usual = (Some(Bounds::upto(80.0)), Some(Bounds::upto(100.0)));
    let (warning, critical) = asked.bounds(Metric::NsSlots, usual);
    let measure = |slots: SlotUse| {
        let mut sum = InFlight::default();
        for series in slots.types.iter().filter_map(|t| moment.timeline.ns(t.request)) {
            sum.merge(&series.in_flight);
        }
        let of = match slots.slots {
            crate::record::Slots::Config => "config",
            crate::record::Slots::PackageInfo => "package-info",
        };
        let value = sum.peak_within(seconds.clone()).map_or(0.0, |peak| peak.point.mean);
        let most = slots.limit.value as f64;
        let scale = |bounds: Bounds| bounds.scaled(most.max(1.0) / 100.0);
        Measure {
            metric: Metric::NsSlots,
            of: of.to_owned(),
            value,
            unit: "",
            warning: warning.map(scale),
            critical: critical.map(scale),
            max: Some(most),
            said: format!("{} {of} slots taken, limit {}", number(value), slots.limit),
        }
    };
    SlotUse::all(moment).into_iter().map(measure).collect()
}

/// What was left at least in the window; nothing where no sample is of it, or the maximum is not known.
#[expect(clippy::cast_precision_loss, reason = "bytes of a pool, far below 2^52")]
fn pool(moment: &Moment<'_>, asked: &Asked, seconds: &Range<i64>) -> Option<Measure> {
    let pool = Pool::of(moment);
    let (max, cutoff) = (pool.max?.value as f64, pool.cutoff.value as f64);
    let samples = moment.timeline.counter(POOL_USED)?.within(Time::from_second(seconds.start)..Time::from_second(seconds.end));
    let used = samples.into_iter().map(|(_, used)| used).reduce(f64::max)?;
    let usual = (Some(Bounds::at_least(2.0 * cutoff / MB)), Some(Bounds::at_least(cutoff / MB)));
    let (warning, critical) = asked.bounds(Metric::PoolAvailable, usual);
    let scale = |bounds: Bounds| bounds.scaled(MB);
    Some(Measure {
        metric: Metric::PoolAvailable,
        of: String::new(),
        value: max - used,
        unit: "B",
        warning: warning.map(scale),
        critical: critical.map(scale),
        max: Some(max),
        said: format!(
            "{} of non-paged pool left, HTTP.sys refuses connections under {}",
            megabytes(max - used),
            megabytes(cutoff)
        ),
    })
}
