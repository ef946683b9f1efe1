//! Raw lines, and one record in full.

use std::ops::Range;

use super::{Cell, Column, ListRow, Listing, Look, MOST_ROWS, Reply, View, Width, note, waiting, wrapped};
use crate::drill::RawLine;
use crate::drill::matching::About;
use crate::engine::Moment;
use crate::engine::source::Source;
use crate::formats::fields::{directive, names};
use crate::formats::rows::Cuts;
use crate::formats::{Kind, pdh_csv};
use crate::record::{Origin, SourceId};
use crate::time::Time;
use crate::ui::theme::Role;

/// Cells of a counter's value, as PDH writes it: `1234567890.123456`.
const VALUE: u16 = 20;

/// `u_ex091009.log:4711`, with as much of the path as tells files apart.
pub(in crate::ui) fn place(moment: &Moment<'_>, origin: Origin) -> String {
    let source = moment.sources.get(&origin.source);
    let name = source.map(Source::name).unwrap_or_default();
    let mut parts = name.rsplit(['/', '\\']);
    let file = parts.next().unwrap_or_default();
    match parts.next() {
        Some(folder) if !folder.is_empty() => numbered(&format!("{folder}/{file}"), source, origin),
        _ => numbered(file, source, origin),
    }
}

/// A path with the number of a line in it; with the byte at which the line begins while the lines before it have not been counted.
fn numbered(path: &str, source: Option<&Source>, origin: Origin) -> String {
    match source.map_or(Some(origin.position.line), |source| source.line_number(origin.position)) {
        Some(line) => format!("{path}:{line}"),
        None => format!("{path} byte {}", origin.position.offset),
    }
}

/// The first line of a record.
pub(super) fn first_line(text: &[u8]) -> String {
    let first = text.split(|b| *b == b'\n').next().unwrap_or_default();
    String::from_utf8_lossy(first).into_owned()
}

/// The stretch of time whose lines about something are listed.
pub(super) fn times(look: &Look<'_>, about: &About) -> Range<Time> {
    let window = look.times();
    match about {
        // They are counted from the beginning on.
        About::TurnedAway(_) => about.first_turned_away(look.moment.timeline).unwrap_or(window.start)..window.end,
        // A configuration holds at all times.
        About::Source(id) if is_timeless(look.moment, *id) => Time::MIN..Time::MAX,
        _ => window,
    }
}

fn is_timeless(moment: &Moment<'_>, id: SourceId) -> bool {
    moment.sources.get(&id).is_some_and(|source| source.span.is_none())
}

pub(super) fn lines(look: &Look<'_>) -> Listing {
    let columns = vec![
        Column::text("time", Width::Fixed(8)),
        Column::path("place", Width::Fixed(if look.width < 100 { 26 } else { 32 })),
        Column::raw("line"),
    ];
    let Some(Reply::Lines(answer)) = look.reply else { return waiting(columns) };
    let mut rows: Vec<ListRow> = answer.rows.iter().rev().take(look.rows).map(|line| line_row(look, line)).collect();
    // The latest stands last, as in the log.
    rows.reverse();
    let mut note = note(answer, MOST_ROWS);
    if rows.is_empty() && note.is_none() {
        note = Some(String::from("no line in this window: + makes it longer"));
    }
    Listing { columns, rows, note, is_text: false }
}

fn line_row(look: &Look<'_>, line: &RawLine) -> ListRow {
    let time = if is_timeless(look.moment, line.origin.source) { String::from("-") } else { look.zone.clock(line.time) };
    let cells = vec![Cell::text(time), Cell::text(place(look.moment, line.origin)), Cell::bytes(without_stamp(line))];
    let row = ListRow::new(cells, Some(View::Record { origin: line.origin, time: line.time }));
    if line.turned_away { row.role(Role::Critical) } else { row }
}

/// A list of lines has a column for the time: the stamp at the beginning of the text would only take its place.
fn without_stamp(line: &RawLine) -> &[u8] {
    let first = line.text.split(|b| *b == b'\n').next().unwrap_or_default();
    match line.kind {
        Kind::W3c | Kind::HttpErr if first.get(4) == Some(&b'-') => first.get(20..).unwrap_or(first),
        Kind::Sepm => first.get(24..).unwrap_or(first),
        Kind::PdhCsv => first.iter().position(|b| matches!(b, b',' | b'\t')).and_then(|at| first.get(at + 1..)).unwrap_or(first),
        _ => first,
    }
}

/// One record: its place, its text, and its columns by name.
pub(super) fn record(look: &Look<'_>, origin: Origin) -> Listing {
    let columns = vec![Column::text("field", Width::Fixed(18)), Column::text("value", Width::Fill)];
    let Some(Reply::Record(answer, header)) = look.reply else { return waiting(columns) };
    let Some(line) = answer.rows.first() else {
        return Listing { columns, note: note(answer, 1), is_text: true, ..Listing::default() };
    };
    let source = look.moment.sources.get(&origin.source);
    let place = numbered(&source.map(Source::name).unwrap_or_default(), source, origin);
    if line.kind == Kind::PdhCsv {
        return samples(look, &place, header, &line.text);
    }
    let mut rows = vec![ListRow::new(vec![Cell::text("place"), Cell::text(place)], None).role(Role::Accent)];
    let width = usize::from(look.width).saturating_sub(24);
    let mut label = "text";
    for part in line.text.split(|b| *b == b'\n') {
        for wrapped_line in wrapped(Cell::bytes(part).text.as_str(), width) {
            rows.push(ListRow::new(vec![Cell::text(std::mem::take(&mut label)), Cell::text(wrapped_line)], None));
        }
    }
    for (name, value) in fields(header, &line.text) {
        rows.push(ListRow::new(vec![Cell::text(name), Cell::bytes(value)], None));
    }
    Listing { columns, rows, note: None, is_text: true }
}

/// A line of counters: the names are longer than the values, and the line is longer than a screen.
fn samples(look: &Look<'_>, place: &str, header: &[u8], text: &[u8]) -> Listing {
    let columns = vec![Column::number("value", VALUE), Column::path("counter", Width::Fill)];
    let row = |label: &str, text: Cell| ListRow::new(vec![Cell::text(label), text], None);
    let mut rows = vec![row("place", Cell::text(place)).role(Role::Accent)];
    let named = pdh_csv::named(header, text);
    if named.is_empty() {
        rows.push(row("", Cell::text("its counters have no names: the header line cannot be read")).role(Role::Warn));
    }
    for (name, value) in named {
        let (value, role) = if value.is_empty() { (&b"no value"[..], Role::Dim) } else { (&value[..], Role::Text) };
        rows.push(ListRow::new(vec![Cell::bytes(value), Cell::bytes(&name)], None).role(role));
    }
    let width = usize::from(look.width).saturating_sub(usize::from(VALUE) + 6);
    let mut label = "text";
    for part in wrapped(Cell::bytes(text).text.as_str(), width) {
        rows.push(row(std::mem::take(&mut label), Cell::text(part)));
    }
    Listing { columns, rows, note: None, is_text: true }
}

/// The columns of a row by the `#Fields` in force; none if it does not fit them.
fn fields<'t>(header: &[u8], text: &'t [u8]) -> Vec<(String, &'t [u8])> {
    let Some(fields) = header.split(|b| *b == b'\n').filter_map(|l| directive(l, b"#fields:")).next_back() else {
        return Vec::new();
    };
    let names: Vec<String> = names(fields).map(|n| String::from_utf8_lossy(n).into_owned()).collect();
    let mut cuts = Cuts::default();
    let row = cuts.cut(text, names.len());
    if row.len() != names.len() {
        return Vec::new();
    }
    names.into_iter().enumerate().map(|(i, name)| (name, row.get(i))).collect()
}
