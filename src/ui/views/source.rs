//! Everything about one file: how it fares, where its bytes went, and its malformed lines.

use super::sources::{counted, duration, kind, now, size, state, times};
use super::{Column, Listing, Look, Page, Reply, View, lines, note};
use crate::drill::matching::About;
use crate::engine::Moment;
use crate::engine::source::Source;
use crate::record::{Origin, Position, SourceId};
use crate::time::Time;
use crate::ui::theme::Role;

/// Malformed lines that are shown.
const MOST: usize = 300;

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

pub(super) fn one(look: &Look<'_>, id: SourceId) -> Listing {
    let columns = vec![Column::raw("")];
    let Some(source) = look.moment.sources.get(&id) else {
        let note = Some(String::from("it was waited for, and is followed under its own name now"));
        return Listing { columns, note, is_text: true, ..Listing::default() };
    };
    let mut page = Page::new(look);
    page.text(&source.name(), Role::Title);
    if let Some(problem) = source.problem(now(look.moment)) {
        page.text(&problem, Role::Warn);
    }
    if source.is_sign() {
        return Listing { columns, rows: page.rows, note: None, is_text: true };
    }
    if source.records > 0 {
        let lines = View::Lines { about: About::Source(id), only: None };
        page.line(label("lines", "Enter shows those of the window as they stand"), lines);
    }
    facts(&mut page, look, source);
    bytes(&mut page, source);
    let note = malformed(&mut page, look, source);
    Listing { columns, rows: page.rows, note, is_text: true }
}

/// What it is, how it fares, what came of it.
fn facts(page: &mut Page, look: &Look<'_>, source: &Source) {
    let clock = |time: Time| look.zone.date_clock(time);
    let now = now(look.moment);
    fact(page, "kind", kind(source));
    fact(page, "state", &state(source));
    let mut history = Vec::new();
    if source.generation > 0 {
        history.push(format!("the file was rewritten or replaced {} before", times(source.generation)));
    }
    if source.reopened > 0 {
        history.push(format!("re-opened {} after it was gone or could not be read", times(source.reopened)));
    }
    if !history.is_empty() {
        fact(page, "history", &history.join("; "));
    }
    let (records, malformed) = (counted(source.records, "record"), counted(source.malformed, "malformed line"));
    fact(page, "records", &format!("{records}, {malformed}"));
    if let Some((from, to)) = source.span {
        fact(page, "from, to", &format!("{} to {}", clock(from), clock(to)));
    }
    if let Some(rate) = source.arrivals.rate(now) {
        fact(page, "rate", &format!("{rate:.1} records a second over the last minute"));
    }
    if let Some(late) = source.arrivals.late(now) {
        fact(
            page,
            "lag",
            &format!("{} at most between a row's time and its coming, in the last minute or when rows last came", duration(late)),
        );
    }
    if source.heard > Time::MIN {
        fact(page, "last heard", &clock(source.heard));
    }
}

/// Where the bytes went, and which nobody will ever read.
fn bytes(page: &mut Page, source: &Source) {
    let ledger = source.ledger;
    let read = source.bytes + source.half;
    let pending = ledger.pending + source.half;
    let parts = [
        (ledger.records, "records"),
        (ledger.headers, "headers"),
        (ledger.malformed, "malformed"),
        (ledger.oversize, "over 64 KiB"),
        (ledger.nul, "NUL"),
        (pending, "pending"),
    ];
    let parts: Vec<String> = parts.iter().map(|(bytes, what)| format!("{bytes} {what}")).collect();
    fact(page, "bytes", &format!("{read} read = {}", parts.join(" + ")));
    if ledger.total() != source.bytes {
        page.text("These do not add up: it is a fault of why503. Please report it.", Role::Critical);
    }
    if pending > 0 {
        fact(page, "pending", &format!("{} of a line without its end, or of a record that may go on", size(pending)));
    }
    if source.torn > 0 {
        page.text(
            &label("torn", &format!("{} of lines that never got their ends: their file is gone", size(source.torn))),
            Role::Warn,
        );
    }
    if source.lost > 0 {
        let text =
            format!("at least {} were cut off before they could be read: whatever they told is missing", size(source.lost));
        page.text(&label("lost", &text), Role::Warn);
    }
}

fn malformed(page: &mut Page, look: &Look<'_>, source: &Source) -> Option<String> {
    if source.malformed_lines.is_empty() {
        return None;
    }
    page.heading("Malformed lines (Enter shows one whole)");
    let Some(Reply::Lines(answer)) = look.reply else { return Some(String::from("reading the log")) };
    let why = |at: Position| source.malformed_lines.iter().find(|(p, _)| *p == at).map_or("", |(_, why)| *why);
    for line in &answer.rows {
        let at = line.origin.position;
        let number = source.line_number(at).map_or_else(|| format!("byte {}", at.offset), |line| line.to_string());
        let text = format!("{number}  {}: {}", why(at), lines::first_line(&line.text));
        page.line(text, View::Record { origin: line.origin, time: line.time });
    }
    let shown = u64::try_from(answer.rows.len()).unwrap_or(u64::MAX);
    note(answer, MOST)
        .or_else(|| (shown < source.malformed).then(|| format!("the first {shown} of {} are shown", source.malformed)))
}

fn fact(page: &mut Page, name: &str, text: &str) {
    page.text(&label(name, text), Role::Text);
}

fn label(name: &str, text: &str) -> String {
    format!("{name:<11} {text}")
}
