//! Pool tags, and the history of one of them.

use super::{Cell, Column, ListRow, Listing, Look, View, Width};
use crate::diagnosis::megabytes;
use crate::drill::matching::About;
use crate::forecast::Forecast;
use crate::pool::Pool;
use crate::time::Time;
use crate::timeline::POOL_USED;
use crate::ui::theme::Role;

/// The tags, the greatest first.
pub(super) fn tags(look: &Look<'_>) -> Listing {
    let pool = Pool::of(look.moment);
    let listed: f64 = pool.tags.iter().map(|t| t.bytes).sum();
    let used = pool.used.map_or(listed, |(_, used)| used.max(listed));
    let forecasts: Vec<Forecast> = pool.tags.iter().map(|tag| tag.forecast(look.moment)).collect();
    let part = |forecast: &Forecast| forecast.growth().and_then(|growth| pool.part_of_growth(growth));
    // Room is scarce: the column is there where it says something.
    let has_part = forecasts.iter().any(|forecast| part(forecast).is_some());
    let mut columns = vec![
        Column::text("tag", Width::Fixed(5)),
        Column::number("bytes", 10),
        Column::number("of pool", 9),
        Column::number("per minute", 12),
        Column::text("driver", Width::Fill),
        Column::text("found in", Width::Fill),
        Column::text("what for", Width::Fill),
    ];
    if has_part {
        columns.insert(4, Column::number("of growth", 9));
    }
    let of_growth = |text: String| has_part.then(|| Cell::text(text));
    let all = pool.used.map(|(time, bytes)| sampled(look, time, bytes, &pool.forecast, of_growth(String::new())));
    let tags = pool.tags.iter().zip(&forecasts).map(|(tag, forecast)| {
        let share = if used > 0.0 { tag.bytes / used * 100.0 } else { 0.0 };
        let part = part(forecast).map_or_else(String::new, |part| format!("{:.0} %", part * 100.0));
        let mut cells = vec![
            Cell::text(tag.shown()),
            Cell::number(tag.bytes, megabytes(tag.bytes)),
            Cell::number(share, format!("{share:.1} %")),
            per_minute(forecast),
            Cell::text(if tag.driver.is_empty() { "unknown" } else { &tag.driver }),
            Cell::text(tag.how),
            Cell::text(tag.what.clone()),
        ];
        if let Some(cell) = of_growth(part) {
            cells.insert(4, cell);
        }
        let row = ListRow::new(cells, Some(View::Tag(tag.tag)));
        if share > 25.0 { row.role(Role::Warn) } else { row }
    });
    let rows = all.into_iter().chain(tags).collect();
    let note = pool.tags.is_empty().then(|| String::from("no poolmon listing has been read: poolmon -b -n FILE writes one"));
    Listing { columns, rows, note, is_text: false }
}

/// How fast something grows: `?` where nobody can tell, `no trend` where it may as well shrink.
fn per_minute(forecast: &Forecast) -> Cell {
    match forecast {
        Forecast::NotKnowable => Cell { number: Some(f64::MIN), ..Cell::text("?") },
        Forecast::NoTrend => Cell { number: Some(0.0), ..Cell::text("no trend") },
        Forecast::Trend(trend) => Cell::number(trend.mid, change(trend.mid)),
    }
}

/// The pool as a whole, with the lines that tell of it behind it.
fn sampled(look: &Look<'_>, time: Time, bytes: f64, forecast: &Forecast, of_growth: Option<Cell>) -> ListRow {
    let mut cells = vec![
        Cell::text("all"),
        Cell::number(bytes, megabytes(bytes)),
        Cell::number(100.0, "100.0 %"),
        per_minute(forecast),
        Cell::text("(sampled)"),
        Cell::text(format!("at {}", look.zone.clock(time))),
        Cell::text("non-paged pool"),
    ];
    if let Some(cell) = of_growth {
        cells.insert(4, cell);
    }
    let lines = View::Lines { about: About::Counter(POOL_USED.into()), only: None };
    ListRow::new(cells, Some(lines)).role(Role::Accent)
}

/// One tag at each listing.
pub(super) fn history(look: &Look<'_>, tag: [u8; 4]) -> Listing {
    let columns = vec![
        Column::text("time", Width::Fixed(19)),
        Column::number("bytes", 10),
        Column::number("change", 10),
        Column::number("outstanding", 11),
        Column::text("driver", Width::Fill),
        Column::text("found in", Width::Fill),
    ];
    let Some(history) = look.moment.timeline.tag(tag) else {
        return Listing { columns, note: Some(String::from("the tag is in no listing yet")), ..Listing::default() };
    };
    let owner = look.moment.tag_owner(tag, &history.driver);
    let how = owner.as_ref().map_or("", |owner| owner.how.as_str());
    let driver = owner.map(|owner| owner.driver.into_owned()).filter(|driver| !driver.is_empty());
    let driver = driver.unwrap_or_else(|| String::from("unknown"));
    let mut before: Option<f64> = None;
    let mut rows: Vec<ListRow> = Vec::new();
    for (time, bytes) in &history.bytes.upto(look.moment.at) {
        let step = before.map(|b| bytes - b);
        before = Some(*bytes);
        let outstanding = history.outstanding.at(*time).map_or(0.0, |(_, n)| n);
        let cells = vec![
            Cell::text(look.zone.date_clock(*time)),
            Cell::number(*bytes, megabytes(*bytes)),
            step.map_or_else(|| Cell { number: Some(0.0), ..Cell::text("") }, |s| Cell::number(s, change(s))),
            Cell::number(outstanding, format!("{outstanding:.0}")),
            Cell::text(driver.clone()),
            Cell::text(how),
        ];
        let target = history.proofs.get(time).map(|origin| View::Record { origin: *origin, time: *time });
        rows.push(ListRow::new(cells, target));
    }
    rows.reverse();
    Listing { columns, rows, note: None, is_text: false }
}

/// `+1.2 MB` or `-0.1 MB`.
fn change(bytes: f64) -> String {
    format!("{}{}", if bytes > 0.0 { "+" } else { "" }, megabytes(bytes))
}
