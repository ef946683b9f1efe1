//! All applications with their limits.

use super::{Cell, Column, ListRow, Listing, Look, View, Width};
use crate::counters::{self, Load};
use crate::drill::matching::By;
use crate::engine::Moment;
use crate::time::Time;
use crate::ui::theme::Role;

/// Columns on a narrow screen.
const NARROW: usize = 6;

/// The applications, the one nearest to its limit first.
pub(super) fn all(look: &Look<'_>) -> Listing {
    let moment = look.moment;
    let loads = counters::loads(moment);
    let seconds = look.times().start.second()..moment.at.second() + 1;
    // What is last is left out first on a narrow screen.
    let mut columns = vec![
        Column::path("application", Width::Fill),
        Column::number("in flight", 9),
        Column::number("limit", 6),
        Column::number("503.2", 6),
        Column::number("peak", 7),
        Column::text("at", Width::Fixed(8)),
        Column::number("ended", 7),
        Column::text("limit from", Width::Fixed(22)),
    ];
    if !loads.is_empty() {
        columns.splice(1..1, [Column::number("executing", 9), Column::number("queued", 6)]);
    }
    let mut rows: Vec<(f64, ListRow)> = Vec::new();
    for (name, app) in moment.timeline.apps() {
        let limit = moment.limits.app(name);
        let now = app.in_flight.at(moment.at.second());
        let peak = app.in_flight.peak_within(seconds.clone());
        let refused = app.by_status.get(&(503, Some(2))).map_or(0, |s| s.sum(seconds.clone()));
        let unknown = || Cell { number: Some(-1.0), ..Cell::text("?") };
        let mut cells = vec![
            Cell::text(name),
            if app.timed { Cell::number(now.mean, format!("{:.1}", now.mean)) } else { unknown() },
            Cell::count(limit.value),
            Cell::count(u64::try_from(refused).unwrap_or(0)),
            peak.map_or_else(unknown, |p| Cell::number(p.point.mean, format!("{:.1}", p.point.mean))),
            Cell::text(peak.map_or_else(|| String::from("-"), |p| look.zone.clock(Time::from_second(p.second)))),
            Cell::count(u64::try_from(app.ended(&seconds)).unwrap_or(0)),
            Cell::text(limit.origin),
        ];
        let load = counters::serving(&loads, &moment.limits.settings, name);
        if !loads.is_empty() {
            cells.splice(1..1, counted(load));
        }
        let row = ListRow::new(cells, Some(View::AppGroups { app: name.to_owned(), by: By::Url }));
        let row = if refused > 0 { row.role(Role::Critical) } else { row };
        let executing = load.filter(|load| !load.is_shared()).and_then(|load| load.executing);
        #[expect(clippy::cast_precision_loss, reason = "only to sort by")]
        rows.push((executing.map_or(now.mean, |executing| now.mean.max(executing as f64)), row));
    }
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut rows: Vec<ListRow> = rows.into_iter().map(|(_, row)| row).collect();
    rows.extend(unlogged(moment, &loads, columns.len()));
    if look.width < 100 {
        // The name is worth more than the last columns.
        columns.truncate(NARROW);
        for row in &mut rows {
            row.cells.truncate(NARROW);
        }
    }
    let shared = loads.iter().any(|load| load.is_shared() && load.executing.is_some());
    let note = match () {
        () if shared => Some("executing, queued: the pool's counters (<= at most: shared); in flight: the log"),
        () if !loads.is_empty() => Some("executing, queued: the pool's counters; in flight: estimated from the log"),
        () => None,
    };
    Listing { columns, rows, note: note.map(String::from), is_text: false }
}

/// What the counters tell of the pool of an application.
fn counted(load: Option<&Load>) -> [Cell; 2] {
    let unknown = || Cell { number: Some(-1.0), ..Cell::text("-") };
    let Some(load) = load else { return [unknown(), unknown()] };
    let at_most = if load.is_shared() { "<=" } else { "" };
    #[expect(clippy::cast_precision_loss, reason = "only to sort by")]
    let cell = |value: Option<u64>| value.map_or_else(unknown, |n| Cell::number(n as f64, format!("{at_most}{n}")));
    [cell(load.executing), cell(load.queued)]
}

/// Pools of which no log tells: a quiet or a fresh server has no rows yet.
fn unlogged(moment: &Moment<'_>, loads: &[Load], columns: usize) -> Vec<ListRow> {
    let logged = |load: &Load| {
        let pool = |app| counters::pool_of_app(&moment.limits.settings, app);
        moment.timeline.apps().any(|(app, _)| pool(app).is_some_and(|pool| pool.eq_ignore_ascii_case(&load.pool)))
    };
    let rows = loads.iter().filter(|load| load.executing.is_some() && !logged(load)).map(|load| {
        let least = load.apps.iter().map(|app| moment.limits.app(app)).min_by_key(|limit| limit.value);
        let limit = least.unwrap_or_else(|| moment.limits.app(""));
        let mut cells = vec![Cell::text(format!("pool {}", load.pool))];
        // No other application has a part of what it is the row of.
        cells.extend(counted(Some(&Load { apps: Vec::new(), ..load.clone() })));
        cells.extend([Cell { number: Some(-1.0), ..Cell::text("?") }, Cell::count(limit.value)]);
        cells.resize_with(columns - 1, || Cell { number: Some(-1.0), ..Cell::text("-") });
        cells.push(Cell::text(limit.origin));
        ListRow::new(cells, None)
    });
    rows.collect()
}
