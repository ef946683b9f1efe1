//! Requests in flight in one application, against its `appConcurrentRequestLimit`: what the counters say, and what the log says.

mod counted;

use std::ops::Range;

use super::{
    Bucket, LimitPane, Standing, as_of, columns_of, fitting, greatest, has, headroom, just_now, known_seconds, sum, turning_away,
};
use crate::counters::{self, Load};
use crate::engine::Moment;
use crate::formats::Kind;
use crate::inventory::Topic;
use crate::limits::Limit;
use crate::timeline::App;
use crate::timeline::in_flight::Point;
use crate::ui::cursor::Mode;
use crate::ui::level::Pane;
use crate::ui::state::Ui;
use crate::ui::theme::Role;
use crate::ui::views::View;

const TITLE: &str = "1 Requests";
/// The share of the limit from which on it is called near.
const NEAR: f64 = 0.8;

/// What is known of requests without the counters, and what they are measured against.
struct Measured {
    /// What they are of.
    name: String,
    limit: Limit,
    /// What the log says of the last second that it tells of; `None` where it cannot tell.
    log: Option<Point>,
    /// Requests turned away with 503.2 just now.
    refused_now: u64,
    buckets: Vec<Bucket>,
    /// Up to when the log tells, where that is not now.
    as_of: Option<String>,
}

pub(super) fn pane(ui: &Ui, moment: &Moment<'_>, columns: usize) -> LimitPane {
    let loads = counters::loads(moment);
    let Some((name, app)) = chosen(ui, moment, &loads) else {
        return match loads.iter().find(|load| load.executing.is_some()) {
            Some(load) => counted::pool(ui, moment, columns, load, &loads),
            None => empty(moment, columns),
        };
    };
    let known = known_seconds(moment);
    let measured = Measured {
        name: name.to_owned(),
        limit: moment.limits.app(name),
        log: app.timed.then(|| app.in_flight.at(known.end - 1)),
        refused_now: app.by_status.get(&(503, Some(2))).map_or(0, |s| sum(s, &just_now(moment))),
        buckets: buckets(moment, ui.window, columns, app, &known),
        as_of: as_of(ui, known.end - 1, moment),
    };
    match counters::serving(&loads, &moment.limits.settings, name).filter(|load| load.executing.is_some()) {
        Some(load) => counted::pane(ui, moment, measured, load, &loads),
        None => logged(ui, measured, &loads, columns),
    }
}

fn empty(moment: &Moment<'_>, columns: usize) -> LimitPane {
    let why = if has(moment, Kind::W3c) { "no request by this moment" } else { "no W3C log is read" };
    let lines = vec![(Role::Dim, String::from(why))];
    let topics: &[Topic] = if has(moment, Kind::W3c) { &[] } else { &[Topic::Iis, Topic::Sepm, Topic::Counters] };
    LimitPane::because(TITLE, lines, moment, topics, columns)
}

/// What the log says, where no counter tells more.
fn logged(ui: &Ui, measured: Measured, loads: &[Load], columns: usize) -> LimitPane {
    let Measured { name, limit, log, refused_now, buckets, as_of } = measured;
    let turned_away: u64 = buckets.iter().map(|b| b.turned_away).sum();
    #[expect(clippy::cast_precision_loss, reason = "a limit on requests is small")]
    let most = limit.value as f64;
    let standing = match log {
        _ if let Some(standing) = turning_away(&buckets, refused_now) => standing,
        Some(now) if now.mean >= most * NEAR => Standing::Near,
        Some(_) => Standing::Fine,
        None => Standing::Empty,
    };
    let mut lines = vec![(Role::Accent, name), (Role::Limit, format!("limit {limit}"))];
    lines.push(match log {
        Some(now) => (Role::Text, headroom(most - now.mean, most)),
        None => (Role::Warn, "the log lacks time-taken".into()),
    });
    if turned_away > 0 {
        lines.push((Role::Critical, format!("{turned_away} turned away (503.2)")));
    }
    if let Some((load, executing)) = loads.iter().find_map(|load| Some((load, load.executing?))) {
        // Which pool serves the application is not known.
        let of = |what: &str| format!("{what} {} executes {executing}", load.pool);
        lines.push((Role::Dim, fitting(columns, [of("counter: pool"), of("pool")])));
    } else if ui.cursor.mode == Mode::Live {
        lines.push((Role::Dim, "requests still running are in no log".into()));
    }
    lines.extend(as_of.map(|text| (Role::Warn, text)));
    LimitPane {
        title: TITLE,
        standing,
        number: log.map_or_else(|| String::from("?"), |now| format!("{:.0}", now.mean)),
        unit: log.map_or_else(|| String::from("in flight"), |now| format!("in flight {}-{}", now.low, now.high)),
        lines,
        buckets,
        limit: Some(most),
        cutoff: None,
        turned_away,
        cells: Vec::new(),
        weighty: 0,
    }
}

/// The application selected in the list behind the pane; without a choice the one nearest to its limit in the window.
fn chosen<'a>(ui: &Ui, moment: &Moment<'a>, loads: &[Load]) -> Option<(&'a str, &'a App)> {
    if let Some(View::AppGroups { app, .. }) = ui.chosen(Pane::Requests, moment)
        && let Some((name, app)) = moment.timeline.apps().find(|(name, _)| *name == app)
    {
        return Some((name, app));
    }
    let seconds = moment.at.second() - ui.window..moment.at.second() + 1;
    let known = known_seconds(moment);
    #[expect(clippy::cast_precision_loss, reason = "only to compare")]
    let weight = |name: &str, app: &App| {
        let refused = app.by_status.get(&(503, Some(2))).map_or(0, |s| s.sum(seconds.clone()));
        let load = counters::serving(loads, &moment.limits.settings, name).filter(|load| !load.is_shared());
        let counted = load.and_then(|load| load.executing).map_or(0.0, |executing| executing as f64);
        let logged = app.in_flight.at(known.end - 1).mean;
        let share = logged.max(counted) / moment.limits.app(name).value.max(1) as f64;
        (refused, share, app.ended.sum(i64::MIN..seconds.end))
    };
    let seen = moment.timeline.apps().filter(|(_, app)| app.ended.first().is_some_and(|f| f < seconds.end));
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
        })
        .collect()
}
