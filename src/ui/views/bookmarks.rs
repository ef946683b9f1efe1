//! The moments that somebody marked.

use super::{Cell, Column, ListRow, Listing, Look, Width};

pub(super) fn all(look: &Look<'_>) -> Listing {
    let columns = vec![Column::text("moment", Width::Fixed(19)), Column::text("note", Width::Fill)];
    let rows = look.bookmarks.iter().map(|mark| {
        let cells = vec![Cell::text(look.zone.date_clock(mark.at)), Cell::text(mark.note.clone())];
        ListRow { moment: Some(mark.at), ..ListRow::new(cells, None) }
    });
    let rows: Vec<ListRow> = rows.collect();
    let note = if rows.is_empty() { "m marks the moment looked at" } else { "Enter goes there, Del takes a bookmark away" };
    Listing { columns, rows, note: Some(String::from(note)), is_text: false }
}
