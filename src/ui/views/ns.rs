//! The types of request that take slots of a Notification Server.

use super::{Cell, Column, ListRow, Listing, Look, View, Width};
use crate::drill::matching::By;
use crate::record::Slots;
use crate::slots::SlotUse;
use crate::ui::theme::Role;

pub(super) fn types(look: &Look<'_>) -> Listing {
    let columns = vec![
        Column::text("request", Width::Fill),
        Column::number("in flight", 9),
        Column::number("low", 4),
        Column::number("high", 4),
        Column::number("limit", 5),
        Column::number("turned away", 11),
        Column::number("requests", 8),
        Column::text("slots", Width::Fixed(14)),
        Column::text("limit from", Width::Fixed(18)),
    ];
    let mut rows = Vec::new();
    for slots in SlotUse::all(look.moment) {
        let kind = match (slots.slots, slots.types.len()) {
            (Slots::Config, 1) => "config",
            (Slots::Config, _) => "config, shared",
            (Slots::PackageInfo, _) => "package-info",
        };
        for t in &slots.types {
            #[expect(clippy::cast_precision_loss, reason = "counts of slots are small")]
            let whole = |n: i64| Cell::number(n as f64, n.to_string());
            let cells = vec![
                Cell::text(t.request.name()),
                Cell::number(t.now.mean, format!("{:.1}", t.now.mean)),
                whole(t.now.low),
                whole(t.now.high),
                Cell::count(slots.limit.value),
                Cell::count(t.turned_away),
                Cell::count(t.requests),
                Cell::text(kind),
                Cell::text(slots.limit.origin.clone()),
            ];
            let row = ListRow::new(cells, Some(View::NsGroups { request: t.request, by: By::Client }));
            rows.push(if t.turned_away > 0 { row.role(Role::Critical) } else { row });
        }
    }
    let note = rows.is_empty().then(|| String::from("no request to a Notification Server has been seen"));
    Listing { columns, rows, note, is_text: false }
}
