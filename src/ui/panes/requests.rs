//! Requests in flight in one application, against its `appConcurrentRequestLimit`: what the counters say, and what the log says.

mod counted;
mod heading;
mod refusals;

use std::ops::Range;

use super::edge::Known;
use super::{Bucket, LimitPane, Standing, columns_of, fitting, greatest, has, headroom, just_now, sum};
use crate::counters::{self, Load};
use crate::engine::Moment;
use crate::formats::Kind;
use crate::inventory::Topic;
use crate::limits::Limit;
use crate::timeline::App;
use crate::timeline::in_flight::Point;
use crate::ui::level::Pane;
use crate::ui::state::Ui;
use crate::ui::theme::Role;
use crate::ui::views::View;
use refusals::Refusals;

const TITLE: &str = "1 Requests";
/// The share of the limit from which on it is called near.
const NEAR: f64 = 0.8;
/// The counters that it is made of.
const COUNTERS: &[&str] = &["Active Requests", "CurrentQueueSize", "RejectedRequests", "Current Application Pool State"];

/// What is known of requests without the counters, and what they are measured against.
struct Measured {
    /// What they are of.
    name: String,
    limit: Limit,
    /// The limit with its origin, to be said.
    limit_line: (Role, String),
    /// What the log says of the last second that it tells of; `None` where it cannot tell.
    log: Option<Point>,
    /// Requests turned away with 503.2 just now.
    refused_now: u64,
    buckets: Vec<Bucket>,
    /// Clients turned away before any application saw them.
    refusals: Refusals,
    /// That they reach the limit, going by the log.
    heading: Option<(Role, String)>,
    /// Up to when the log tells, where that is not now.
    as_of: Option<(Role, String)>,
}

pub(super) fn pane(ui: &Ui, moment: &Moment<'_>, columns: usize) -> LimitPane {
    let loads = counters::loads(moment);
    let refusals = Refusals::of(moment, ui.window, columns, &loads);
    let Some((name, app)) = chosen(ui, moment, &loads) else {
        return match loads.iter().find(|load| load.executing.is_some()) {
            Some(load) => counted::pool(ui, moment, columns, load, &loads, refusals),
            None => empty(ui, moment, columns, &refusals),
        };
    };
    let load = counters::serving(&loads, &moment.limits.settings, name);
    let counted = load.filter(|load| load.executing.is_some());
    let known = if counted.is_some() { Known::any(moment) } else { known(moment, ui.window, app) };
    let limit = moment.limits.app(name);
    #[expect(clippy::cast_precision_loss, reason = "a limit on requests is small")]
    let most = limit.value as f64;
    let measured = Measured {
        heading: heading::logged(app, known.shown(), most, columns).filter(|_| app.timed && counted.is_none()),
        name: name.to_owned(),
        limit_line: limit_line(moment, &limit, columns),
        limit,
        log: app.timed.then(|| app.in_flight.at(known.shown())),
        refused_now: app.by_status.get(&(503, Some(2))).map_or(0, |s| sum(s, &just_now(moment))),
        buckets: buckets(moment, ui.window, columns, app, &known.seconds),
        refusals,
        as_of: known.as_of(ui, moment, columns),
    };
    match counted {
        Some(load) => counted::pane(ui, moment, measured, load, &loads),
        None => logged(ui, moment, measured, load, &loads),
    }
}

/// The name of the application that the pane shows.
pub(super) fn shown(ui: &Ui, moment: &Moment<'_>) -> Option<String> {
    chosen(ui, moment, &counters::loads(moment)).map(|(name, _)| name.to_owned())
}

fn known(moment: &Moment<'_>, window: i64, app: &App) -> Known {
    if app.timed { Known::of(moment, window, &[(&app.in_flight, &|seconds| app.ended(seconds))]) } else { Known::any(moment) }
}

/// `limit 5000 (default)`. What a damaged configuration may have said is not known, so neither is whether the default holds.
fn limit_line(moment: &Moment<'_>, limit: &Limit, columns: usize) -> (Role, String) {
    let is_configuration = |kind| matches!(kind, Kind::ApplicationHost | Kind::MetaBase);
    let is_damaged = moment.sources.values().any(|source| is_configuration(source.kind) && source.malformed > 0);
    let limits = moment.limits;
    if !is_damaged || limits.given.app_limit.is_some() || limits.found.app_limit.is_some() {
        return (Role::Limit, format!("limit {limit}"));
    }
    let whys = ["configuration damaged, see 5", "config damaged, see 5", "damaged, see 5", "damaged, 5", "see 5"];
    let texts = whys.map(|why| format!("limit {}? ({why})", limit.value));
    (Role::Warn, fitting(columns, texts))
}

fn empty(ui: &Ui, moment: &Moment<'_>, columns: usize, refusals: &Refusals) -> LimitPane {
    let why = if has(moment, Kind::W3c) { "no request by this moment" } else { "no W3C log is read" };
    let mut lines = refusals.lines(0, columns);
    lines.extend(silent(ui, moment, None, columns).into_iter().take(1));
    lines.push((Role::Dim, String::from(why)));
    let topics: &[Topic] = if has(moment, Kind::W3c) { &[] } else { &[Topic::Iis, Topic::Sepm, Topic::Counters] };
    let mut pane = LimitPane::because(TITLE, lines, moment, (topics, COUNTERS), columns);
    refusals.add_to(&mut pane.buckets, &[]);
    pane.turned_away = refusals.sum();
    pane.standing = refusals.standing(&pane.buckets, 0, 0).unwrap_or(Standing::Empty);
    pane
}

/// That the counters of a pool, or of any pool, were there in the window and have stopped.
fn silent(ui: &Ui, moment: &Moment<'_>, pool: Option<&str>, columns: usize) -> Vec<(Role, String)> {
    let from = moment.at.plus(-ui.window * 1000);
    let Some(since) = counters::pool_silent_since(moment, pool, from) else { return Vec::new() };
    let since = ui.zone.clock(since);
    let texts = [format!("counter: no value since {since}"), format!("no counter since {since}")];
    let number = ["the number is the log's estimate", "number: log's estimate"].map(String::from);
    vec![(Role::Warn, fitting(columns, texts)), (Role::Warn, fitting(columns, number))]
}

/// What the log says, where no counter tells more.
fn logged(ui: &Ui, moment: &Moment<'_>, measured: Measured, load: Option<&Load>, loads: &[Load]) -> LimitPane {
    let Measured { name, limit, limit_line, log, refused_now, mut buckets, refusals, heading, as_of } = measured;
    let columns = buckets.len();
    let refused: u64 = buckets.iter().map(|b| b.turned_away).sum();
    let rejected = load.map_or_else(Vec::new, |load| rejected(moment, ui.window, columns, load));
    refusals.add_to(&mut buckets, &rejected);
    let rejected: u64 = rejected.iter().sum();
    #[expect(clippy::cast_precision_loss, reason = "a limit on requests is small")]
    let most = limit.value as f64;
    let standing = match log {
        _ if let Some(standing) = refusals.standing(&buckets, refused_now, load.map_or(0, |load| load.rejected)) => standing,
        Some(now) if now.mean >= most * NEAR => Standing::Near,
        Some(_) => Standing::Fine,
        None => Standing::Empty,
    };
    let pool = counters::pool_of_app(&moment.limits.settings, &name);
    // Which pool serves the application is not known: as long as any pool is counted, none has stopped for all that is known.
    let silent = if pool.is_some() || loads.is_empty() { silent(ui, moment, pool, columns) } else { Vec::new() };
    let mut lines = vec![(Role::Accent, name), limit_line];
    lines.extend(refusals.lines(rejected, columns));
    lines.extend(silent);
    let weighty = if lines.len() > 2 { lines.len() } else { 0 };
    lines.push(match log {
        Some(now) => (Role::Text, headroom(most - now.mean, most)),
        None => (Role::Warn, "the log lacks time-taken".into()),
    });
    lines.extend(heading);
    if refused > 0 {
        lines.push((Role::Critical, format!("{refused} turned away (503.2)")));
    }
    lines.extend(as_of);
    if let Some((load, executing)) = loads.iter().find_map(|load| Some((load, load.executing?))) {
        // Which pool serves the application is not known.
        let of = |what: &str| format!("{what} {} executes {executing}", load.pool);
        lines.push((Role::Dim, fitting(columns, [of("counter: pool"), of("pool")])));
    }
    LimitPane {
        title: TITLE,
        standing,
        number: log.map_or_else(|| String::from("?"), |now| format!("{:.0}", now.mean)),
        unit: log.map_or_else(|| String::from("in flight"), |now| format!("in flight {}-{}", now.low, now.high)),
        lines,
        buckets,
        limit: Some(most),
        cutoff: None,
        turned_away: refused + rejected.max(refusals.sum()),
        cells: Vec::new(),
        weighty,
    }
}

/// What a pool's counter of rejected requests tells, by the chart's columns.
fn rejected(moment: &Moment<'_>, window: i64, columns: usize, load: &Load) -> Vec<u64> {
    let columns = columns_of(moment, window, columns);
    columns.iter().map(|seconds| counters::rejected_within(moment, &load.pool, seconds)).collect()
}

/// The application selected in the list behind the pane; without a choice the one nearest to its limit in the window.
fn chosen<'a>(ui: &Ui, moment: &Moment<'a>, loads: &[Load]) -> Option<(&'a str, &'a App)> {
    if let Some(View::AppGroups { app, .. }) = ui.chosen(Pane::Requests, moment)
        && let Some((name, app)) = moment.timeline.apps().find(|(name, _)| *name == app)
    {
        return Some((name, app));
    }
    let seconds = moment.at.second() - ui.window..moment.at.second() + 1;
    #[expect(clippy::cast_precision_loss, reason = "only to compare")]
    let weight = |name: &str, app: &App| {
        let refused = app.by_status.get(&(503, Some(2))).map_or(0, |s| s.sum(seconds.clone()));
        let load = counters::serving(loads, &moment.limits.settings, name).filter(|load| !load.is_shared());
        let counted = load.and_then(|load| load.executing).map_or(0.0, |executing| executing as f64);
        let logged = app.in_flight.at(known(moment, ui.window, app).shown()).mean;
        let share = logged.max(counted) / moment.limits.app(name).value.max(1) as f64;
        (refused, share, app.ended(&(i64::MIN..seconds.end)))
    };
    let seen = moment.timeline.apps().filter(|(_, app)| app.first_ended().is_some_and(|f| f < seconds.end));
    seen.map(|(name, app)| (weight(name, app), (name, app)))
        .max_by(|(a, _), (b, _)| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)))
        .map(|(_, chosen)| chosen)
}

fn buckets(moment: &Moment<'_>, window: i64, columns: usize, app: &App, known: &Range<i64>) -> Vec<Bucket> {
    let seconds = columns_of(moment, window, columns);
    let from = seconds.first().map_or(0, |r| r.start);
    let points = app.in_flight.window(from..moment.at.second() + 1);
    let refused = app.by_status.get(&(503, Some(2)));
    seconds
        .iter()
        .map(|column| Bucket {
            value: greatest(&points, from, column, known).filter(|_| app.timed),
            turned_away: refused.map_or(0, |s| sum(s, column)),
            is_marked: false,
        })
        .collect()
}
