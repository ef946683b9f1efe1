//! `pool-tag-hog`: one pool tag holds most of a non-paged pool that is short, or grows until it will be.

use std::collections::BTreeMap;

use super::windows::Windows;
use super::{Finding, QUIET, Remedy, Rule, Severity, Subject, Verdict, megabytes, pool_low, pool_remedies};
use crate::engine::Moment;
use crate::forecast::{Forecast, Trend};
use crate::formats::httperr::CONNECTIONS_REFUSED;
use crate::pool::{Pool, Tag, between};
use crate::time::Time;
use crate::timeline::tally::Trouble;
use crate::timeline::{POOL_USED, TagHistory};

pub(super) const RULE: Rule = Rule {
    name: "pool-tag-hog",
    watches: "a pool tag that holds more than 25 % of a non-paged pool that is low, will be, or has had connections refused; or that \
              grows steadily, is a quarter of the pool's growth, and alone would pass the cutoff. Where nobody knows the maximum, 25 % \
              and more than twice the cutoff is worth knowing",
    check,
};

/// The part of the pool, or of its growth, from which on a tag counts as the one that holds it.
const PART: f64 = 0.25;
/// Tags whose growth is looked at: the greatest.
const MOST_TAGS: usize = 40;
/// Growth must have been watched for so many minutes.
const WATCHED: f64 = 10.0;
/// A listing tells of a moment so many milliseconds after it; else the first one after the moment does, or the last before it.
const LISTED: i64 = 15 * 60_000;
/// Lines that prove it, at most.
const MOST_EVIDENCE: usize = 10;

/// Why a tag is told of.
struct Hog {
    tag: Tag,
    severity: Severity,
    /// It holds so many bytes of so many in use,
    held: Option<(f64, f64)>,
    /// and grows.
    growth: Option<(Trend, String)>,
    /// The first moment that made it matter,
    begin: Time,
    /// and the last.
    last: Time,
}

fn check(moment: &Moment<'_>) -> Verdict {
    let pool = Pool::of(moment);
    if pool.tags.is_empty() {
        return Verdict::NotKnowable(
            "no listing of pool tags has been read: why503 makes them on the server, or poolmon -b -n FILE",
        );
    }
    let mut hogs: BTreeMap<[u8; 4], Hog> = BTreeMap::new();
    for hog in holding(moment, &pool).into_iter().chain(growing(moment, &pool)) {
        match hogs.get_mut(&hog.tag.tag) {
            Some(known) => {
                known.growth = hog.growth;
                known.severity = known.severity.min(hog.severity);
            }
            None => drop(hogs.insert(hog.tag.tag, hog)),
        }
    }
    let mut hogs: Vec<Hog> = hogs.into_values().collect();
    hogs.sort_by(|a, b| b.tag.bytes.total_cmp(&a.tag.bytes));
    let found: Vec<Finding> = hogs.iter().filter_map(|hog| finding(moment, hog)).collect();
    if found.is_empty() { Verdict::Fine } else { Verdict::Found(found) }
}

/// When the pool was short, or connections were refused, or it could be told that they will be: first and last.
fn trouble(moment: &Moment<'_>, pool: &Pool) -> Option<(Time, Time)> {
    let is_refused = |t: &Trouble| matches!(t, Trouble::HttpErr { phrase, .. } if **phrase == *CONNECTIONS_REFUSED);
    let refused = moment.timeline.troubles().filter(|(trouble, _)| is_refused(trouble));
    let seen =
        refused.filter_map(|(_, tally)| Some((tally.counts().first()?, tally.counts().last_before(moment.at.second() + 1)?)));
    let seen = seen.map(|(first, last)| (Time::from_second(first), Time::from_second(last)));
    let low = pool_low::Low::of(moment, pool).map(|low| (low.first, low.last));
    let samples = moment.timeline.counter(POOL_USED);
    let nearing =
        pool_low::nearing(pool).zip(samples).map(|((trend, _), samples)| (pool_low::since(samples, &trend), trend.until));
    seen.chain(low).chain(nearing).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

/// The tags that hold more than a quarter of the pool when it matters.
fn holding(moment: &Moment<'_>, now: &Pool) -> Vec<Hog> {
    let trouble = trouble(moment, now);
    let severity = if trouble.is_some() { Severity::Warning } else { Severity::Info };
    if trouble.is_none() && now.max.is_some() {
        return Vec::new();
    }
    let at = trouble.map_or(moment.at, |(_, last)| listing_of(moment, last));
    let pool = Pool::of(&Moment { at, ..*moment });
    let all = in_use(moment, &pool);
    #[expect(clippy::cast_precision_loss, reason = "bytes of a pool, far below 2^52")]
    let floor = if trouble.is_some() { 0.0 } else { 2.0 * pool.cutoff.value as f64 };
    let hogs = pool.tags.into_iter().filter(|tag| tag.bytes > PART * all && tag.bytes > floor);
    hogs.map(|tag| {
        let (begin, last) = trouble.map_or((Time::MIN, tag.at), |(first, last)| (first, last.max(tag.at)));
        Hog { held: Some((tag.bytes, all)), severity, growth: None, begin, last, tag }
    })
    .collect()
}

/// Which moment to ask for the tags of a troubled one: itself, if a listing is of then; else the next listing after it.
fn listing_of(moment: &Moment<'_>, trouble: Time) -> Time {
    let listed = |at: Time| moment.timeline.tags().filter_map(|(_, history)| history.bytes.at(at)).map(|(time, _)| time).max();
    if listed(trouble).is_some_and(|time| trouble.since(time) <= LISTED) {
        return trouble;
    }
    let later = trouble.plus(1)..moment.at.plus(1);
    let next = moment.timeline.tags().filter_map(|(_, history)| history.proofs.range(later.clone()).next());
    next.map(|(time, _)| *time).min().unwrap_or(trouble)
}

/// The bytes that the tags are parts of: what was sampled when they were listed, else what is listed.
fn in_use(moment: &Moment<'_>, pool: &Pool) -> f64 {
    let listed: f64 = pool.tags.iter().map(|tag| tag.bytes).sum();
    let at = pool.tags.iter().map(|tag| tag.at).max();
    let sampled = at.zip(moment.timeline.counter(POOL_USED)).and_then(|(at, samples)| {
        let near = samples.within(at.plus(-LISTED)..at.plus(LISTED).min(moment.at).plus(1));
        near.into_iter().min_by_key(|(time, _)| time.since(at).abs())
    });
    sampled.map_or(listed, |(_, used)| used.max(listed))
}

/// The tags that grow so fast that it matters.
fn growing(moment: &Moment<'_>, pool: &Pool) -> Vec<Hog> {
    if pool.forecast == Forecast::NoTrend {
        return Vec::new();
    }
    let hog = |tag: &Tag| {
        let trend = *tag.forecast(moment).growth().filter(|trend| trend.minutes() >= WATCHED)?;
        if pool.part_of_growth(&trend).is_some_and(|part| part < PART) {
            return None;
        }
        // What the tag may still take: what is left of the pool, or as much as HTTP.sys wants to be left where nobody knows that.
        #[expect(clippy::cast_precision_loss, reason = "bytes of a pool, far below 2^52")]
        let room = pool.brink().zip(pool.used).map_or(pool.cutoff.value as f64, |(brink, (_, used))| (brink - used).max(0.0));
        let passage = trend.passes(trend.level + room)?;
        let growth = Some((trend, pool.growth_of(&trend)));
        passage.is_near().then(|| Hog {
            severity: Severity::Warning,
            held: None,
            growth,
            begin: Time::MIN,
            last: trend.until,
            tag: tag.clone(),
        })
    };
    pool.tags.iter().take(MOST_TAGS).filter_map(hog).collect()
}

fn finding(moment: &Moment<'_>, hog: &Hog) -> Option<Finding> {
    let history = moment.timeline.tag(hog.tag.tag)?;
    let tag = hog.tag.shown();
    let name = if hog.tag.driver.is_empty() { tag } else { format!("{tag} ({})", hog.tag.driver) };
    let held = hog
        .held
        .map(|(bytes, all)| format!("holds {} of {} in use ({:.0} %)", megabytes(bytes), megabytes(all), bytes / all * 100.0));
    let grows = hog.growth.as_ref().map(|(_, growth)| format!("grows: {growth}"));
    let told: Vec<String> = held.into_iter().chain(grows).collect();
    let Seen { first, count, onsets } = Seen::of(moment, hog, history);
    let windows = Windows::of(moment);
    Some(Finding {
        rule: RULE.name,
        severity: hog.severity,
        title: format!("Pool tag {name} {}", told.join(" and ")),
        detail: detail(moment, hog, history),
        first,
        last: hog.last,
        count,
        onsets,
        evidence: evidence(history, hog.last),
        rules_out: rules_out(hog),
        remedies: pool_remedies::owner(&hog.tag, &windows),
        verify: Some(
            Remedy::new(format!("It has helped if {} no longer grows from one listing to the next.", hog.tag.shown()))
                .by("poolmon -b"),
        ),
        sources: &["Windows Driver Kit: PoolMon", "KB 820729"],
        subject: Subject::Tag(hog.tag.tag),
    })
}

fn detail(moment: &Moment<'_>, hog: &Hog, history: &TagHistory) -> String {
    let Tag { driver, what, how, at, .. } = &hog.tag;
    let owner = match (driver.is_empty(), what.is_empty()) {
        (true, _) => String::from("No table that was read names its driver; pooltag.txt has those of Windows"),
        (false, true) => format!("It belongs to {driver} ({how})"),
        (false, false) => format!("It belongs to {driver}: {what} ({how})"),
    };
    let held = format!("{} as of {at}", megabytes(hog.tag.bytes));
    let allocations = history.outstanding.at(*at).map_or_else(String::new, |(_, count)| format!(" in {count:.0} allocations"));
    let growth = hog.growth.as_ref().map_or_else(String::new, |(trend, _)| {
        format!(" It grows by {} (95 % sure; watched for {:.0} min).", between(trend), trend.minutes())
    });
    let unknown = match moment.limits.pool_max() {
        None => " Whether that is much depends on what the pool can grow to, which is not known (--pool-max).",
        Some(_) => "",
    };
    format!("{owner}. It holds {held}{allocations}.{growth}{unknown}")
}

/// Since when, and how often, it was seen to hold so much.
struct Seen {
    first: Time,
    count: u64,
    onsets: Vec<Time>,
}

impl Seen {
    fn of(moment: &Moment<'_>, hog: &Hog, history: &TagHistory) -> Self {
        if hog.held.is_none() {
            let first = hog.growth.as_ref().map_or(hog.last, |(trend, _)| pool_low::since(&history.bytes, trend));
            return Self { first, count: 1, onsets: vec![first] };
        }
        let used =
            moment.timeline.counter(POOL_USED).map(|samples| samples.until(hog.last).collect::<Vec<_>>()).unwrap_or_default();
        let of_then = |at: Time| used.get(used.partition_point(|(time, _)| *time <= at).checked_sub(1)?).map(|(_, used)| *used);
        let all = hog.held.map_or(0.0, |(_, all)| all);
        // What it held when it began to matter, the listing before that tells.
        let begin =
            history.bytes.at(hog.begin).map(|(at, _)| at).filter(|at| hog.begin.since(*at) <= LISTED).unwrap_or(hog.begin);
        let listed = history.bytes.within(begin..hog.last.plus(1)).into_iter();
        let much = listed.filter(|(at, bytes)| *bytes > PART * of_then(*at).unwrap_or(all));
        let much: Vec<Time> = much.map(|(at, _)| at.max(hog.begin)).collect();
        let mut onsets: Vec<Time> = much.first().copied().into_iter().collect();
        // Listings are made now and then: it has set in anew only where one between them tells otherwise.
        let quiet = |pair: &[Time]| {
            let between = pair.first().copied().unwrap_or(Time::MIN).plus(1)..pair.last().copied().unwrap_or(Time::MIN);
            between.end.since(between.start) > QUIET * 1000 && !history.bytes.within(between).is_empty()
        };
        onsets.extend(much.windows(2).filter(|pair| quiet(pair)).filter_map(|pair| pair.last().copied()));
        Self { first: much.first().copied().unwrap_or(hog.tag.at), count: (much.len() as u64).max(1), onsets }
    }
}

/// Its lines in the first listing and in the last, and some between.
fn evidence(history: &TagHistory, last: Time) -> Vec<crate::record::Origin> {
    let all: Vec<_> = history.proofs.range(..=last).map(|(_, origin)| *origin).collect();
    if all.len() <= MOST_EVIDENCE {
        return all;
    }
    let some = (0..MOST_EVIDENCE).map(|at| at * (all.len() - 1) / (MOST_EVIDENCE - 1));
    some.filter_map(|at| all.get(at).copied()).collect()
}

fn rules_out(hog: &Hog) -> Vec<String> {
    let mut out = Vec::new();
    if let Some((bytes, all)) = hog.held {
        out.push(format!("All other tags together: they hold {}.", megabytes((all - bytes).max(0.0))));
    }
    if let Some((trend, _)) = &hog.growth {
        out.push(format!("A load that comes and goes: it has not shrunk in {:.0} min, nor grown more slowly.", trend.minutes()));
    }
    out
}
