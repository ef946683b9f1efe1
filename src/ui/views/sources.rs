//! The files, and the malformed lines of one of them.

use super::{Cell, Column, ListRow, Listing, Look, Reply, View, Width, lines, note, waiting};
use crate::engine::source::Source;
use crate::engine::{Health, Moment};
use crate::record::{Origin, SourceId};
use crate::time::Time;
use crate::ui::theme::Role;

/// Malformed lines that are shown.
const MOST: usize = 300;

pub(super) fn all(look: &Look<'_>) -> Listing {
    let columns = vec![
        Column::path("file", Width::Fill),
        Column::text("kind", Width::Fixed(10)),
        Column::number("records", 9),
        Column::number("malformed", 9),
        Column::text("state", Width::Fixed(12)),
        Column::text("last record", Width::Fixed(19)),
        Column::text("remark", Width::Fixed(60)),
    ];
    let mut rows: Vec<ListRow> = look
        .moment
        .sources
        .iter()
        .map(|(id, source)| {
            let cells = vec![
                Cell::text(source.name()),
                Cell::text(source.kind.name()),
                Cell::count(source.records),
                Cell::count(source.malformed),
                Cell::text(state(source)),
                Cell::text(source.span.map_or_else(|| String::from("-"), |(_, to)| look.zone.date_clock(to))),
                Cell::text(source.problem().unwrap_or_default()),
            ];
            let row = ListRow::new(cells, Some(View::Malformed(*id)));
            if source.problem().is_some() || source.malformed > 0 || source.lost > 0 { row.role(Role::Warn) } else { row }
        })
        .collect();
    rows.sort_by_key(ListRow::id);
    Listing { columns, rows, note: None, is_text: false }
}

fn state(source: &Source) -> String {
    let mut state = match &source.health {
        Health::Following => String::from("following"),
        Health::Finished => String::from("read"),
        Health::Loading => String::from("reading"),
        Health::Waiting => String::from("waiting"),
        Health::Denied(_) => String::from("denied"),
        Health::Unreachable(_) => String::from("unreachable"),
        Health::Draining => String::from("drained"),
    };
    if source.lost > 0 {
        state = format!("{} bytes lost", source.lost);
    } else if source.generation > 0 {
        state.push_str(&format!(", rewritten {} times", source.generation));
    }
    state
}

/// The places of a file's malformed lines.
pub(super) fn malformed_places(moment: &Moment<'_>, id: SourceId) -> Vec<(Origin, Time)> {
    let Some(source) = moment.sources.get(&id) else { return Vec::new() };
    source
        .malformed_lines
        .iter()
        .take(MOST)
        .map(|(position, _)| (Origin { source: id, position: *position }, Time::MIN))
        .collect()
}

pub(super) fn malformed(look: &Look<'_>, id: SourceId) -> Listing {
    let columns = vec![Column::number("line", 8), Column::text("why", Width::Fixed(34)), Column::text("text", Width::Fill)];
    let Some(source) = look.moment.sources.get(&id) else { return Listing { columns, ..Listing::default() } };
    let Some(Reply::Lines(answer)) = look.reply else { return waiting(columns) };
    let why = |line: u64| source.malformed_lines.iter().find(|(p, _)| p.line == line).map_or("", |(_, why)| *why);
    let rows: Vec<ListRow> = answer
        .rows
        .iter()
        .map(|line| {
            let number = line.origin.position.line;
            let cells = vec![Cell::count(number), Cell::text(why(number)), Cell::text(lines::first_line(&line.text))];
            ListRow::new(cells, Some(View::Record { origin: line.origin, time: line.time }))
        })
        .collect();
    let shown = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let note = note(answer, MOST)
        .or_else(|| (shown < source.malformed).then(|| format!("the first {shown} of {} are shown", source.malformed)))
        .or_else(|| source.problem())
        .or_else(|| rows.is_empty().then(|| String::from("no line of this file is malformed")));
    Listing { columns, rows, note, is_text: false }
}
