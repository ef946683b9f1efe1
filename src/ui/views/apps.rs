//! All applications with their limits.

use super::{Cell, Column, ListRow, Listing, Look, View, Width};
use crate::drill::matching::By;
use crate::time::Time;
use crate::ui::theme::Role;

/// Columns on a narrow screen.
const NARROW: usize = 6;

/// The applications, the one nearest to its limit first.
pub(super) fn all(look: &Look<'_>) -> Listing {
    let moment = look.moment;
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
    let mut rows: Vec<(f64, ListRow)> = Vec::new();
    for (name, app) in moment.timeline.apps() {
        let limit = moment.limits.app(name);
        let now = app.in_flight.at(moment.at.second());
        let peak = app.in_flight.peak_within(seconds.clone());
        let refused = app.by_status.get(&(503, Some(2))).map_or(0, |s| s.sum(seconds.clone()));
        let unknown = || Cell { number: Some(-1.0), ..Cell::text("?") };
        let cells = vec![
            Cell::text(name),
            if app.timed { Cell::number(now.mean, format!("{:.1}", now.mean)) } else { unknown() },
            Cell::count(limit.value),
            Cell::count(u64::try_from(refused).unwrap_or(0)),
            peak.map_or_else(unknown, |p| Cell::number(p.point.mean, format!("{:.1}", p.point.mean))),
            Cell::text(peak.map_or_else(|| String::from("-"), |p| look.zone.clock(Time::from_second(p.second)))),
            Cell::count(u64::try_from(app.ended.sum(seconds.clone())).unwrap_or(0)),
            Cell::text(limit.origin),
        ];
        let row = ListRow::new(cells, Some(View::AppGroups { app: name.to_owned(), by: By::Url }));
        let row = if refused > 0 { row.role(Role::Critical) } else { row };
        rows.push((now.mean, row));
    }
    rows.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut rows: Vec<ListRow> = rows.into_iter().map(|(_, row)| row).collect();
    if look.width < 100 {
        // The name is worth more than the last columns.
        columns.truncate(NARROW);
        for row in &mut rows {
            row.cells.truncate(NARROW);
        }
    }
    Listing { columns, rows, note: None, is_text: false }
}
