//! `pool-low`: HTTP.sys still lets clients in, or did, but the non-paged pool is nearly down to where it will not (KB 820729, KB 934878).

use super::windows::Windows;
use super::{Finding, QUIET, Remedy, Rule, Severity, Subject, Verdict, megabytes, pool_remedies};
use crate::engine::Moment;
use crate::forecast::{Forecast, Passage, Trend};
use crate::formats::Kind;
use crate::formats::httperr::CONNECTIONS_REFUSED;
use crate::pool::Tag;
use crate::pool::{Pool, between, rate};
use crate::record::Origin;
use crate::time::Time;
use crate::timeline::POOL_USED;
use crate::timeline::samples::Samples;
use crate::timeline::tally::Trouble;

pub(super) const RULE: Rule = Rule {
    name: "pool-low",
    watches: "available non-paged pool under twice the cutoff of HTTP.sys, or growth that has been steady for ten minutes and passes the \
              cutoff within four times as long as it was watched (a day at most)",
    check,
};

/// Growth must have been watched for so many minutes to alarm anybody: what starts up grows, too.
const WATCHED: f64 = 10.0;
/// Lines that prove it, at most.
const MOST_EVIDENCE: usize = 10;
/// Milliseconds of a day.
const DAY: i64 = 86_400_000;

fn check(moment: &Moment<'_>) -> Verdict {
    let Some(samples) = moment.timeline.counter(POOL_USED).filter(|samples| samples.at(moment.at).is_some()) else {
        return Verdict::NotKnowable(r"no counter tells how much non-paged pool is in use (\Memory\Pool Nonpaged Bytes)");
    };
    let pool = Pool::of(moment);
    if pool.max.is_none() {
        return Verdict::NotKnowable("what the non-paged pool can grow to is not known (--pool-max)");
    }
    let found = match (Low::of(moment, &pool), nearing(&pool)) {
        (Some(low), _) => low_now(moment, &pool, &low),
        (None, Some((trend, passage))) => coming(moment, &pool, samples, &trend, &passage),
        (None, None) => return Verdict::Fine,
    };
    Verdict::Found(vec![found])
}

/// When less than twice the cutoff was available.
pub(super) struct Low {
    pub first: Time,
    /// When it was seen last.
    pub last: Time,
    onsets: Vec<Time>,
    /// When most was in use, and how much.
    most: (Time, f64),
}

impl Low {
    /// `None` if it never was by a moment, or nobody knows how much there is.
    pub fn of(moment: &Moment<'_>, pool: &Pool) -> Option<Self> {
        #[expect(clippy::cast_precision_loss, reason = "bytes of a pool, far below 2^52")]
        let line = pool.brink()? - pool.cutoff.value as f64;
        let mut low: Option<Self> = None;
        for (time, used) in moment.timeline.counter(POOL_USED)?.until(moment.at).filter(|(_, used)| *used > line) {
            let low = low.get_or_insert_with(|| Self { first: time, last: time, onsets: vec![time], most: (time, used) });
            if time.since(low.last) > QUIET * 1000 {
                low.onsets.push(time);
            }
            low.last = time;
            if used > low.most.1 {
                low.most = (time, used);
            }
        }
        low
    }
}

/// The growth of the pool that passes the cutoff soon enough to alarm somebody.
pub(super) fn nearing(pool: &Pool) -> Option<(Trend, Passage)> {
    let trend = pool.forecast.growth().filter(|trend| trend.minutes() >= WATCHED)?;
    let passage = trend.passes(pool.brink()?)?;
    passage.is_near().then_some((*trend, passage))
}

fn low_now(moment: &Moment<'_>, pool: &Pool, low: &Low) -> Finding {
    let (max, cutoff) = (max(pool), cutoff(pool));
    let left = max - low.most.1;
    let word = if left < cutoff { "used up" } else { "low" };
    let times = match low.onsets.len() {
        1 => format!("since {}", low.first),
        times => format!("{times} times since {}", low.first),
    };
    let mut detail = format!(
        "Most was in use at {}: {} of {} ({}). Less than twice the cutoff was available {times}, last at {}.",
        low.most.0,
        megabytes(low.most.1),
        megabytes(max),
        origin(pool),
        low.last
    );
    detail.push_str(&heading(pool));
    let times = [low.first, low.most.0, low.last].into_iter().chain(low.onsets.iter().copied());
    Finding {
        title: format!(
            "Non-paged pool is {word}: {} of {} left, HTTP.sys refuses connections under {}",
            megabytes(left),
            megabytes(max),
            megabytes(cutoff)
        ),
        detail,
        first: low.first,
        last: low.last,
        count: low.onsets.len() as u64,
        onsets: low.onsets.clone(),
        evidence: rows(moment, times),
        // Whoever held the pool then: it may have given it back since.
        remedies: pool_remedies::remedies(moment, &Pool::of(&Moment { at: low.most.0, ..*moment })),
        ..finding(moment, pool)
    }
}

fn coming(moment: &Moment<'_>, pool: &Pool, samples: &Samples, trend: &Trend, passage: &Passage) -> Finding {
    let (used_at, used) = samples.at(moment.at).unwrap_or((trend.until, trend.level));
    let first = since(samples, trend);
    // Who fills it is whoever grows, not whoever holds most.
    let growth = |tag: &Tag| tag.forecast(moment).growth().map(|trend| trend.mid);
    let fastest = pool.tags.iter().filter_map(|tag| Some((growth(tag)?, tag))).max_by(|a, b| a.0.total_cmp(&b.0));
    let tag = fastest.map(|(_, tag)| tag).or(pool.tags.first());
    let detail = format!(
        "In use at {used_at}: {} of {} ({}); HTTP.sys refuses connections while less than {} ({}) are available.{}",
        megabytes(used),
        megabytes(max(pool)),
        origin(pool),
        megabytes(cutoff(pool)),
        pool.cutoff.origin,
        heading(pool)
    );
    Finding {
        title: format!(
            "Non-paged pool passes the cutoff of HTTP.sys {}: {}, {} left before it",
            passage.said(),
            rate(trend),
            megabytes((max(pool) - cutoff(pool) - used).max(0.0))
        ),
        detail,
        first,
        last: used_at,
        onsets: vec![first],
        evidence: rows(moment, [first, trend.from, used_at]),
        remedies: pool_remedies::remedies_for(moment, pool, tag),
        ..finding(moment, pool)
    }
}

fn finding(moment: &Moment<'_>, pool: &Pool) -> Finding {
    Finding {
        rule: RULE.name,
        severity: Severity::Warning,
        title: String::new(),
        detail: String::new(),
        first: moment.at,
        last: moment.at,
        count: 1,
        onsets: Vec::new(),
        evidence: Vec::new(),
        rules_out: rules_out(moment, pool),
        remedies: pool_remedies::remedies(moment, pool),
        verify: Some(verify(pool)),
        sources: &["KB 820729", "KB 934878", "Memory Limits for Windows and Windows Server Releases"],
        subject: Subject::Pool,
    }
}

/// How to see that the pool has recovered.
pub(super) fn verify(pool: &Pool) -> Remedy {
    let enough = pool.max.as_ref().map_or_else(String::new, |_| {
        format!(" stays under {}, so that twice the cutoff is left,", megabytes(max(pool) - 2.0 * cutoff(pool)))
    });
    Remedy::new(format!("It has helped if the pool in use{enough} and no longer grows.")).by(pool_remedies::TYPEPERF)
}

/// Where it is heading, as a sentence.
fn heading(pool: &Pool) -> String {
    match &pool.forecast {
        Forecast::NotKnowable => String::new(),
        Forecast::NoTrend => String::from(" It has no trend now."),
        Forecast::Trend(trend) => {
            let passage = pool.brink().and_then(|brink| trend.passes(brink));
            let passes =
                passage.filter(|p| p.soonest > 0.0).map_or_else(String::new, |p| format!(", passes the cutoff {}", p.said()));
            let (rate, between, minutes) = (rate(trend), between(trend), trend.minutes());
            format!(" As of {}: {rate} (95 % sure: {between}; watched for {minutes:.0} min){passes}.", trend.until)
        }
    }
}

/// Since when a value grows that grows now: when it last was as low as it has been in the day before.
pub(super) fn since(samples: &Samples, trend: &Trend) -> Time {
    let day = samples.within(trend.until.plus(-DAY)..trend.until.plus(1));
    let least = day.iter().map(|(_, value)| *value).fold(f64::MAX, f64::min);
    let low = day.iter().rev().find(|(_, value)| *value <= least + trend.scatter);
    low.map_or(trend.from, |(time, _)| *time)
}

/// The rows of counters at some moments, or the listings where those tell the pool.
pub(super) fn rows(moment: &Moment<'_>, times: impl IntoIterator<Item = Time>) -> Vec<Origin> {
    let listing = |time: Time| {
        let lines = moment.timeline.tags().filter_map(|(_, history)| history.proofs.get(&time));
        lines.min().copied()
    };
    let row = |time: Time| moment.timeline.fullest_pool(time.second()).or_else(|| listing(time));
    let mut seen = std::collections::BTreeSet::new();
    times.into_iter().filter_map(row).filter(|origin| seen.insert(*origin)).take(MOST_EVIDENCE).collect()
}

/// What it cannot be, going by the same logs and by the machine.
fn rules_out(moment: &Moment<'_>, pool: &Pool) -> Vec<String> {
    let mut out = Vec::new();
    let is_refused = |t: &Trouble| matches!(t, Trouble::HttpErr { phrase, .. } if **phrase == *CONNECTIONS_REFUSED);
    let end = moment.at.second() + 1;
    let mut refused = moment.timeline.troubles().filter(|(trouble, _)| is_refused(trouble));
    if moment.sources.values().any(|source| source.kind == Kind::HttpErr) && !refused.any(|(_, t)| t.sum(i64::MIN..end) > 0) {
        out.push(String::from("Refused connections: HTTPERR has none so far."));
    }
    if let Some((trend, _)) = nearing(pool) {
        let minutes = trend.minutes();
        out.push(format!("A peak that passes: it has grown steadily for {minutes:.0} min, in the last third as in the rest."));
    }
    out.extend(no_switch(moment));
    out
}

/// That it is not /3GB which makes the pool small, where the machine tells.
pub(super) fn no_switch(moment: &Moment<'_>) -> Option<String> {
    let windows = Windows::of(moment);
    let name = windows.name.filter(|_| windows.three_gb.is_none())?;
    Some(if windows.is_64 {
        format!("/3GB: {name} has no such switch.")
    } else {
        format!("/3GB: it is not set on this machine ({name}).")
    })
}

#[expect(clippy::cast_precision_loss, reason = "bytes of a pool, far below 2^52")]
fn max(pool: &Pool) -> f64 {
    pool.max.as_ref().map_or(0.0, |max| max.value as f64)
}

#[expect(clippy::cast_precision_loss, reason = "bytes of a pool, far below 2^52")]
fn cutoff(pool: &Pool) -> f64 {
    pool.cutoff.value as f64
}

fn origin(pool: &Pool) -> &str {
    pool.max.as_ref().map_or("", |max| max.origin.as_str())
}
