//! The non-paged pool in use, against its maximum less what HTTP.sys wants to be left.

use super::{Bucket, LimitPane, Standing, columns_of, fitting, just_now, percent, turning_away};
use crate::counters;
use crate::diagnosis::megabytes;
use crate::engine::Moment;
use crate::forecast::Forecast;
use crate::formats::httperr::CONNECTIONS_REFUSED;
use crate::inventory::Topic;
use crate::pool::{Pool, rate};
use crate::time::Time;
use crate::timeline::POOL_USED;
use crate::timeline::in_flight::Point;
use crate::timeline::tally::{Tally, Trouble};
use crate::ui::state::Ui;
use crate::ui::theme::Role;

const TITLE: &str = "2 Pool";
/// A sample stands for so many seconds after it: counters are sampled every few seconds, listings every few minutes.
const FRESH: i64 = 90;
/// A listing stands for so many seconds after it.
const TAG_FRESH: i64 = 900;
/// Lines that are worth more than the height of the chart when the counter is silent: that, and the two limits.
const WEIGHTY: usize = 3;
/// Tags grow slowly: their history is shown over at least so many seconds.
const TAG_WINDOW: i64 = 1800;
/// The counters that it is made of.
const COUNTERS: &[&str] = &["Pool Nonpaged Bytes"];
const MB: f64 = 1_048_576.0;

pub(super) fn pane(ui: &Ui, moment: &Moment<'_>, columns: usize) -> LimitPane {
    let samples = moment.timeline.counter(POOL_USED);
    let silent = samples.and_then(|samples| counters::silent_since(samples, moment.at));
    let pool = of_now(moment, silent);
    let buckets = buckets(moment, ui.window, columns);
    let turned_away: u64 = buckets.iter().map(|b| b.turned_away).sum();
    #[expect(clippy::cast_precision_loss, reason = "bytes of a pool, far below 2^52")]
    let (max, cutoff) = (pool.max.as_ref().map(|m| m.value as f64), pool.cutoff.value as f64);
    let silent = silent.map(|since| (Role::Warn, format!("no value since {}", ui.zone.clock(since))));
    if pool.used.is_none() && silent.is_none() && turned_away == 0 {
        let first = samples.and_then(|samples| counters::first_after(samples, moment.at)).map(|time| ui.zone.clock(time));
        let cutoff = (Role::Dim, with_origin("cutoff", cutoff, &pool.cutoff.origin, columns));
        let Some(first) = first else {
            let lines = vec![(Role::Dim, String::from("no counter is read")), cutoff];
            return LimitPane::because(TITLE, lines, moment, (&[Topic::Counters, Topic::System], COUNTERS), columns);
        };
        // There is a counter: what was not found on the machine is no reason.
        let texts =
            ["no sample yet: the first is of", "no sample yet, first of", "no sample till"].map(|why| format!("{why} {first}"));
        let lines = vec![(Role::Dim, fitting(columns, texts)), cutoff];
        return LimitPane { weighty: lines.len(), ..LimitPane::empty(TITLE, lines, columns) };
    }
    let refused_now = refused(moment).map_or(0, |tally| tally.sum(just_now(moment)));
    let standing = match pool.available {
        _ if let Some(standing) = turning_away(&buckets, refused_now) => standing,
        Some(available) if available < cutoff * 2.0 => Standing::Near,
        Some(_) => Standing::Fine,
        None => Standing::Empty,
    };
    LimitPane {
        title: TITLE,
        standing,
        number: pool.used.map_or_else(|| String::from("?"), |(_, used)| format!("{:.0}", used / MB)),
        unit: String::from("MB non-paged pool in use"),
        // That the cutoff is near is worth more than the height of the chart, too.
        weighty: if silent.is_some() || is_near(&pool) { WEIGHTY } else { 0 },
        lines: lines(&pool, silent, (max, cutoff), turned_away, columns),
        buckets,
        // What must not be crossed is the maximum less the cutoff.
        limit: max.map(|m| (m - cutoff) / MB),
        cutoff: max.map(|m| m / MB),
        turned_away,
        cells: Vec::new(),
    }
}

/// The pool, without what an old sample does not tell: growth once the counter has fallen silent, and after a while the value itself.
fn of_now(moment: &Moment<'_>, silent: Option<Time>) -> Pool {
    let pool = Pool::of(moment);
    match silent {
        None => pool,
        Some(since) if moment.at.since(since) < FRESH * 1000 => Pool { forecast: Forecast::NotKnowable, ..pool },
        Some(_) => Pool { used: None, available: None, forecast: Forecast::NotKnowable, ..pool },
    }
}

/// One tag: what it holds, and how that came about.
pub(super) fn tag_pane(tag: [u8; 4], ui: &Ui, moment: &Moment<'_>, columns: usize) -> LimitPane {
    let pool = Pool::of(moment);
    let Some(found) = pool.tags.iter().find(|t| t.tag == tag) else {
        return LimitPane::empty("Tag", vec![(Role::Dim, String::from("in no listing yet"))], columns);
    };
    let bytes = moment.timeline.tag(tag).map(|history| &history.bytes);
    let buckets = columns_of(moment, ui.window.max(TAG_WINDOW), columns).into_iter().map(|column| {
        let last = Time::from_second(column.end).plus(-1).min(moment.at);
        let listed = bytes.and_then(|s| s.at(last)).filter(|(t, _)| column.start - t.second() <= TAG_FRESH);
        Bucket { value: listed.map(|(_, bytes)| Point { mean: bytes / MB, ..Point::default() }), ..Bucket::default() }
    });
    let driver = if found.driver.is_empty() { "driver unknown" } else { &found.driver };
    let mut lines = vec![(Role::Accent, format!("{} {driver}", found.shown())), (Role::Text, found.what.clone())];
    if let Some((_, used)) = pool.used {
        lines.push((Role::Text, format!("{:.1} % of the {} in use", percent(found.bytes, used), megabytes(used))));
    }
    if let Some(trend) = found.forecast(moment).trend() {
        lines.push((Role::Text, fitting(columns, [pool.growth_of(trend), rate(trend)])));
    }
    let share = pool.used.map_or(0.0, |(_, used)| percent(found.bytes, used));
    LimitPane {
        // One tag with a quarter of the pool is what leaks look like.
        standing: if share > 25.0 { Standing::Near } else { Standing::Fine },
        number: format!("{:.0}", found.bytes / MB),
        unit: String::from("MB non-paged"),
        buckets: buckets.collect(),
        ..LimitPane::empty("Tag", lines, 0)
    }
}

/// `max 6144.0 MB (computed: 75 % of RAM)`; where that is too long, the origin has only the words before its colon.
fn with_origin(what: &str, bytes: f64, origin: &str, columns: usize) -> String {
    let whole = format!("{what} {} ({origin})", megabytes(bytes));
    let Some((short, _)) = origin.split_once(':') else { return whole };
    let short = format!("{what} {} ({short})", megabytes(bytes));
    // What does not fit at all is cut where it is drawn, and the longer form shows as much.
    if whole.chars().count() > columns && short.chars().count() <= columns { short } else { whole }
}

fn lines(
    pool: &Pool,
    silent: Option<(Role, String)>,
    (max, cutoff): (Option<f64>, f64),
    turned_away: u64,
    columns: usize,
) -> Vec<(Role, String)> {
    let mut lines: Vec<(Role, String)> = silent.into_iter().collect();
    let first = lines.len();
    match (max, &pool.max) {
        (Some(max), Some(limit)) => lines.push((Role::Cutoff, with_origin("max", max, &limit.origin, columns))),
        _ => lines.push((Role::Warn, String::from("max unknown (--pool-max)"))),
    }
    lines.push((Role::Limit, with_origin("cutoff", cutoff, &pool.cutoff.origin, columns)));
    if let (Some(available), Some(max)) = (pool.available, max) {
        let role = if available < cutoff { Role::Critical } else { Role::Text };
        let usable = available - cutoff;
        lines.push((role, format!("{} left, {:.1} %", megabytes(available), percent(available, max))));
        let word = if usable < 0.0 { "too little" } else { "before refusing" };
        lines.push((role, format!("{} {word}", megabytes(usable.abs()))));
    }
    if turned_away > 0 {
        lines.insert((first + 2).min(lines.len()), (Role::Critical, format!("{turned_away} connections refused")));
    }
    let heading = heading(pool, columns);
    let place = if is_near(pool) { (first + 2).min(lines.len()) } else { lines.len() };
    if let Some(heading) = heading {
        lines.insert(place, heading);
    }
    if let Some(tag) = pool.tags.first() {
        let driver = if tag.driver.is_empty() { "driver unknown" } else { &tag.driver };
        lines.push((Role::Accent, format!("{} {} {driver}", tag.shown(), megabytes(tag.bytes))));
    }
    lines
}

/// It passes the cutoff soon, going by its trend.
fn is_near(pool: &Pool) -> bool {
    let passage = pool.brink().and_then(|brink| pool.forecast.growth()?.passes(brink));
    passage.is_some_and(|passage| passage.is_near() && passage.latest > 0.0)
}

/// How fast it grows, and when it passes the cutoff.
fn heading(pool: &Pool, columns: usize) -> Option<(Role, String)> {
    let trend = match pool.forecast {
        Forecast::NotKnowable => return None,
        Forecast::NoTrend => return Some((Role::Dim, String::from("no trend"))),
        Forecast::Trend(trend) => trend,
    };
    let passage = pool.brink().and_then(|brink| trend.passes(brink)).filter(|passage| passage.latest > 0.0);
    let Some(passage) = passage else { return Some((Role::Dim, rate(&trend))) };
    let (rate, said) = (rate(&trend), passage.said());
    let short = rate.replace(" a minute", "/min");
    let texts = [format!("{rate}: passes the cutoff {said}"), format!("{short}: cutoff {said}"), format!("cutoff {said}")];
    Some((if passage.is_near() { Role::Warn } else { Role::Dim }, fitting(columns, texts)))
}

fn refused<'a>(moment: &Moment<'a>) -> Option<&'a Tally> {
    let is_refused = |t: &Trouble| matches!(t, Trouble::HttpErr { phrase, .. } if **phrase == *CONNECTIONS_REFUSED);
    moment.timeline.troubles().find(|(t, _)| is_refused(t)).map(|(_, tally)| tally)
}

fn buckets(moment: &Moment<'_>, window: i64, columns: usize) -> Vec<Bucket> {
    let samples = moment.timeline.counter(POOL_USED);
    columns_of(moment, window, columns)
        .into_iter()
        .map(|column| {
            let last = Time::from_second(column.end).plus(-1).min(moment.at);
            let fresh = samples.and_then(|s| s.at(last)).filter(|(t, _)| column.start - t.second() <= FRESH);
            let value = fresh.map(|(_, used)| Point { mean: used / MB, ..Point::default() });
            Bucket { value, turned_away: refused(moment).map_or(0, |tally| tally.sum(column)), is_marked: false }
        })
        .collect()
}
