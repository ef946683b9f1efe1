//! The requests that IIS executes, the longest first.

use super::{Cell, Column, ListRow, Listing, Look, Width, wrapped};
use crate::executing::Listed;
use crate::time::{Time, Zone};
use crate::ui::theme::Role;

/// From this width on there is room for the pool.
const WIDE: u16 = 110;
/// And from this one on for the site.
const WIDEST: u16 = 150;
/// Stages and modules that the summary names.
const MOST_PLACES: usize = 3;

/// What is known of the requests that IIS executes.
#[derive(Debug, Clone, PartialEq)]
pub enum Executing {
    /// IIS is asked.
    Asked,
    /// What it answered, and when.
    Listed(Time, Listed),
    /// Why it did not.
    Failed(String),
}

pub(super) fn all(look: &Look<'_>) -> Listing {
    let Executing::Listed(_, listed) = look.executing else { return told(look) };
    let is_known = |of: fn(&crate::executing::Request) -> bool| listed.requests.iter().any(of);
    let has_pool = look.width >= WIDE && is_known(|request| !request.pool.is_empty());
    let has_site = look.width >= WIDEST && is_known(|request| request.site.is_some());
    let has_stage = is_known(|request| !request.stage.is_empty());
    let mut columns = vec![
        Column::number("ms", 7),
        Column::text("verb", Width::Fixed(4)),
        Column { cut: crate::ui::listing::Cut::Middle, ..Column::text("URL", Width::Fill) },
        Column::text("client", Width::Fixed(15)),
    ];
    if has_stage {
        columns.push(Column::text("stage", Width::Fixed(if look.width < WIDE { 9 } else { 21 })));
        columns.push(Column::text("module", Width::Fixed(if look.width < WIDE { 9 } else { 18 })));
    }
    for (has, title) in [(has_pool, "pool"), (has_site, "site")] {
        if has {
            columns.push(Column::text(title, Width::Fixed(12)));
        }
    }
    let sites = &look.moment.limits.settings.sites;
    let rows = listed.requests.iter().take(look.rows).map(|request| {
        let mut cells = vec![
            Cell::count(request.millis),
            Cell::text(request.verb.clone()),
            Cell::text(request.url.clone()),
            Cell::text(request.client.clone()),
        ];
        if has_stage {
            cells.push(Cell::text(request.stage.clone()));
            cells.push(Cell::text(request.module.clone()));
        }
        if has_pool {
            cells.push(Cell::text(request.pool.clone()));
        }
        if has_site {
            let name = sites.iter().find(|site| Some(site.id) == request.site).map(|site| site.name.clone());
            cells.push(Cell::text(name.or_else(|| request.site.map(|id| id.to_string())).unwrap_or_default()));
        }
        ListRow::new(cells, None)
    });
    Listing { columns, rows: rows.collect(), note: listed.remark.clone(), is_text: false }
}

/// A text in the place of the list.
fn told(look: &Look<'_>) -> Listing {
    let (role, text) = match look.executing {
        Executing::Failed(why) => (Role::Warn, why.as_str()),
        _ => (Role::Dim, "asking IIS, for 10 s at most; Esc ends it"),
    };
    let width = usize::from(look.width).saturating_sub(4);
    let rows = wrapped(text, width).into_iter().map(|line| ListRow::new(vec![Cell::text(line)], None).role(role)).collect();
    Listing { columns: vec![Column::text("", Width::Fill)], rows, note: None, is_text: true }
}

/// How many there are and where, to stand above the list.
pub(in crate::ui) fn summary(executing: &Executing, zone: Zone) -> Vec<(Role, String)> {
    let Executing::Listed(at, listed) = executing else { return Vec::new() };
    let count = listed.requests.len();
    let what = match count {
        0 => String::from("IIS executes no request"),
        1 => String::from("IIS executes 1 request"),
        n => format!("IIS executes {n} requests"),
    };
    let mut lines = vec![(Role::Accent, format!(" {what}, as of {}; x asks again", zone.clock(*at)))];
    if count == 0 {
        lines.push((Role::Dim, format!(" Where the counters tell of some, IIS lacks {}", crate::executing::FEATURE)));
    }
    let places = listed.places();
    for (n, stage, module) in places.iter().take(MOST_PLACES).filter(|(_, stage, _)| !stage.is_empty()) {
        let module = if module.is_empty() { String::new() } else { format!(", module {module}") };
        lines.push((Role::Text, format!(" {n} in {stage}{module}")));
    }
    let more: usize = places.iter().skip(MOST_PLACES).map(|(n, _, _)| n).sum();
    if more > 0 {
        lines.push((Role::Dim, format!(" {more} elsewhere")));
    }
    lines
}
