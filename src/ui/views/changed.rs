//! What changed: two stretches of time side by side, and who explains how much of it.

mod pool;
mod propose;
mod told;

use super::{Ask, Cell, Column, ListRow, Listing, Look, MOST_ROWS, Reply, View, Width, waiting};
use crate::diagnosis::Subject;
use crate::diagnosis::change::Change;
use crate::drill::compare::{Comparison, Group, Load};
use crate::drill::matching::About;
use crate::ui::listing::Cut;
use crate::ui::theme::Role;
pub(in crate::ui::views) use propose::about;
pub(in crate::ui) use propose::propose;
pub(in crate::ui) use told::summary;

/// From this width on there is room for the rates.
const WIDE: u16 = 110;

/// What is compared with what.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed {
    /// What it is about.
    pub subject: Subject,
    /// Its requests; `None` for the pool, whose samples are known.
    pub about: Option<About>,
    /// When, and why then.
    pub change: Change,
    /// Rules that found something about a log of it: these tell why less is known than could be.
    pub of_logs: Vec<&'static str>,
}

impl Changed {
    /// What must be read again for it.
    pub(super) fn ask(&self) -> Option<Ask> {
        let (before, during) = (self.change.before.clone(), self.change.during.clone());
        self.about.clone().map(|about| Ask::Compare { about, before, during })
    }
}

/// The groups, or the pool tags: what explains most first.
pub(super) fn listing(look: &Look<'_>, changed: &Changed) -> Listing {
    let Some(about) = &changed.about else { return pool::listing(look, &changed.change) };
    let is_timed = !matches!(look.reply, Some(Reply::Compared(told)) if !told.is_timed());
    let of = if is_timed { "requests in flight of" } else { "requests a second of" };
    let mut columns = vec![
        Column::text("kind", Width::Fixed(10)),
        Column { cut: Cut::Middle, ..Column::text(of, Width::Fill) },
        Column::number("before", 8),
        Column::number("during", 8),
        Column::number("change", 8),
        Column::number("explains", 8),
    ];
    let is_wide = is_timed && look.width >= WIDE;
    if is_wide {
        columns.extend([("/s before", 9), ("/s during", 9), ("s before", 9), ("s during", 9)].map(|(t, w)| Column::number(t, w)));
    }
    let Some(Reply::Compared(told)) = look.reply else { return waiting(columns) };
    let row = |group: &Group| {
        let (before, during) = (&group.before, &group.during);
        let mut cells = vec![
            Cell::text(group.by.name()),
            Cell::bytes(&group.key),
            number(told.amount(before)),
            number(told.amount(during)),
            signed(told.change(group)),
            share(told.share(group)),
        ];
        if is_wide {
            let each = |load: &Load| load.seconds_each().map_or_else(none, number);
            cells.extend([number(before.rate), number(during.rate), each(before), each(during)]);
        }
        let only = Some((group.by, group.key.clone()));
        let lines = View::LinesWithin { about: about.clone(), only, times: changed.change.during.clone() };
        let row = ListRow::new(cells, Some(lines));
        if told.share(group).is_some_and(|share| share < 0.0) { row.role(Role::Dim) } else { row }
    };
    let rows = told.groups.iter().take(MOST_ROWS).map(row).collect();
    Listing { columns, rows, note: note(told), is_text: false }
}

fn note(told: &Comparison) -> Option<String> {
    if let Some(missing) = told.missing.first() {
        return Some(missing.clone());
    }
    if !told.is_timed() {
        return Some(String::from("the logs do not tell how long these took: ranked by requests a second"));
    }
    told.cut.then(|| String::from("of each kind only those that changed most are shown"))
}

fn none() -> Cell {
    Cell { number: Some(-1.0), ..Cell::text("-") }
}

fn number(value: f64) -> Cell {
    Cell::number(value, told::short(value))
}

fn signed(value: f64) -> Cell {
    Cell::number(value, format!("{}{}", told::plus(value), told::short(value)))
}

fn share(share: Option<f64>) -> Cell {
    share.map_or_else(|| Cell { number: Some(f64::MIN), ..Cell::text("-") }, |share| Cell::number(share, told::percent(share)))
}
