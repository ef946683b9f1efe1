//! Where requests are heading: said only where they grow towards their limit.

use crate::counters;
use crate::engine::Moment;
use crate::forecast::Forecast;
use crate::time::Time;
use crate::timeline::App;
use crate::ui::panes::fitting;
use crate::ui::theme::Role;

/// Growth is measured over so many seconds.
const WINDOW: i64 = 3600;

/// What the counter of a pool's worker processes says of the limit: `reaches the limit in 12-20 min`.
pub(super) fn executing(moment: &Moment<'_>, pool: &str, limit: f64, columns: usize) -> Option<(Role, String)> {
    let now = moment.at.second();
    line(&counters::executing_over(moment, pool, &(now - WINDOW..now + 1)), limit, ["reaches the limit", "limit"], columns)
}

/// The same of the pool's queue in HTTP.sys: `queue is full in 5-8 min`.
pub(super) fn queued(moment: &Moment<'_>, pool: &str, limit: f64, columns: usize) -> Option<(Role, String)> {
    let now = moment.at.second();
    line(&counters::queued_over(moment, pool, &(now - WINDOW..now + 1)), limit, ["kernel queue is full", "queue full"], columns)
}

/// The same of what the log says, up to the second that it tells of.
pub(super) fn logged(app: &App, upto: i64, limit: f64, columns: usize) -> Option<(Role, String)> {
    let from = (upto - WINDOW).max(app.first_ended()?);
    let points = app.in_flight.window(from..upto + 1);
    let samples: Vec<(Time, f64)> = (from..).zip(points).map(|(second, point)| (Time::from_second(second), point.mean)).collect();
    line(&samples, limit, ["reaches the limit", "limit"], columns)
}

fn line(samples: &[(Time, f64)], limit: f64, what: [&str; 2], columns: usize) -> Option<(Role, String)> {
    let forecast = Forecast::of(samples);
    let passage = forecast.growth()?.passes(limit).filter(|passage| passage.is_near() && passage.soonest > 0.0)?;
    Some((Role::Warn, fitting(columns, what.map(|what| format!("{what} {}", passage.said())))))
}
