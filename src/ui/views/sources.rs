//! The files: how each fares, what came of it, how fast and how late its rows come, and what was lost.

use super::{Cell, Column, ListRow, Listing, Look, View, Width, machine};
use crate::engine::source::Source;
use crate::engine::{Gap, Health, LeftOut, Moment};
use crate::formats::Kind;
use crate::time::Time;
use crate::ui::theme::Role;

/// From these widths on there is room for the last record, for what was lost, and for a remark.
const WITH_LAST: u16 = 100;
const WITH_LOST: u16 = 130;
const WITH_REMARK: u16 = 190;

pub(super) fn all(look: &Look<'_>) -> Listing {
    let now = now(look.moment);
    let mut sources: Vec<_> = look.moment.sources.iter().collect();
    sources.sort_by_cached_key(|(id, source)| (source.name(), **id));
    let gaps = look.moment.gaps.iter().map(|gap| gap_row(look, gap));
    let machine = machine_row(look);
    let rows = machine
        .into_iter()
        .chain(gaps)
        .chain(sources.into_iter().map(|(id, source)| row(look, source, View::Source(*id), now)))
        .collect();
    Listing { columns: columns(look.width), rows, note: note(look.moment, now), is_text: false }
}

/// The time on the wall, as far as anything tells it.
pub(super) fn now(moment: &Moment<'_>) -> Time {
    moment.heard.max(moment.at)
}

fn columns(width: u16) -> Vec<Column> {
    let mut columns = vec![
        Column::path("file", Width::Fill),
        Column::text("kind", Width::Fixed(9)),
        Column::number("records", 9),
        Column::number("rec/s", 6),
        Column::number("lag", 6),
        Column::number("malformed", 9),
        Column::text("state", Width::Fixed(if width < WITH_LAST { 12 } else { 26 })),
    ];
    if width >= WITH_LAST {
        columns.push(Column::text("last record", Width::Fixed(19)));
    }
    if width >= WITH_LOST {
        columns.push(Column::number("lost", 9));
    }
    if width >= WITH_REMARK {
        columns.push(Column::text("remark", Width::Fixed(60)));
    }
    columns
}

/// What a recording does not hold, above the files that it holds.
fn gap_row(look: &Look<'_>, gap: &Gap) -> ListRow {
    let none = || Cell { number: Some(-1.0), ..Cell::text("-") };
    let clock = |time: Time| look.zone.clock(time);
    let to = gap.to.map_or_else(|| String::from("the end"), clock);
    // A narrow column shows the end of a path.
    let name = format!("{}: {} to {to}", gap.why, clock(gap.from));
    let mut cells = vec![Cell::text(name), Cell::text("gap"), none(), none(), none(), none(), Cell::text("missing")];
    if look.width >= WITH_LAST {
        cells.push(Cell::text(look.zone.date_clock(gap.to.unwrap_or(gap.from))));
    }
    if look.width >= WITH_LOST {
        #[expect(clippy::cast_precision_loss, reason = "only to sort by")]
        cells.push(if gap.bytes == 0 { none() } else { Cell::number(gap.bytes as f64, size(gap.bytes)) });
    }
    if look.width >= WITH_REMARK {
        cells.push(Cell::text(gap.why.clone()));
    }
    ListRow::new(cells, None).role(Role::Warn)
}

/// What was looked for on the machine, above all files.
fn machine_row(look: &Look<'_>) -> Option<ListRow> {
    let summary = machine::summary(look.moment)?;
    let columns = columns(look.width).len();
    let none = || Cell { number: Some(-1.0), ..Cell::text("-") };
    let mut cells = vec![Cell::text("this machine (m)"), Cell::text("-"), none(), none(), none(), none(), Cell::text(summary)];
    cells.resize_with(columns, none);
    Some(ListRow::new(cells, Some(View::Machine)).role(Role::Accent))
}

fn row(look: &Look<'_>, source: &Source, behind: View, now: Time) -> ListRow {
    let none = || Cell { number: Some(-1.0), ..Cell::text("-") };
    let count = |n: u64| if source.is_sign() { none() } else { Cell::count(n) };
    #[expect(clippy::cast_precision_loss, reason = "only to sort by")]
    let late = |millis: i64| Cell::number(millis as f64, duration(millis));
    let lives = source.health != Health::Finished;
    let mut cells = vec![
        Cell::text(source.name()),
        Cell::text(if source.is_sign() { "-" } else { source.kind.name() }),
        count(source.records),
        source.arrivals.rate(now).filter(|_| lives).map_or_else(none, |rate| Cell::number(rate, format!("{rate:.1}"))),
        source.arrivals.late(now).filter(|_| lives).map_or_else(none, late),
        count(source.malformed),
        Cell::text(state(source)),
    ];
    if look.width >= WITH_LAST {
        cells.push(Cell::text(source.span.map_or_else(|| String::from("-"), |(_, to)| look.zone.date_clock(to))));
    }
    if look.width >= WITH_LOST {
        let gone = source.lost + source.torn;
        #[expect(clippy::cast_precision_loss, reason = "only to sort by")]
        cells.push(if gone == 0 { none() } else { Cell::number(gone as f64, size(gone)) });
    }
    if look.width >= WITH_REMARK {
        cells.push(Cell::text(source.problem(now).unwrap_or_default()));
    }
    ListRow::new(cells, Some(behind)).role(role(source))
}

fn role(source: &Source) -> Role {
    let is_denied = matches!(source.health, Health::Denied(_) | Health::Unreachable(_));
    let has_gaps = source.malformed > 0 || source.lost > 0 || source.torn > 0 || source.damage.is_some();
    match source.health {
        _ if is_denied || has_gaps || source.remark.is_some() => Role::Warn,
        Health::Unmatched | Health::LeftOut(..) | Health::Waiting => Role::Dim,
        _ => Role::Text,
    }
}

/// What is lost stands first: it is the one thing that no later look brings back.
pub(super) fn state(source: &Source) -> String {
    let state = match &source.health {
        Health::Following => String::from("following"),
        Health::Finished => String::from("read"),
        Health::Loading if source.size > source.bytes => {
            format!("loading {} %", u128::from(source.bytes) * 100 / u128::from(source.size))
        }
        Health::Loading => String::from("loading"),
        Health::Waiting if source.bytes > 0 || source.generation > 0 => String::from("gone"),
        Health::Waiting | Health::Unmatched => String::from("waiting"),
        Health::Denied(_) => String::from("denied"),
        Health::Unreachable(_) => String::from("unreachable"),
        Health::Draining => String::from("gone, drained"),
        Health::LeftOut(LeftOut::Compressed, _) => String::from("compressed"),
        Health::LeftOut(LeftOut::Older, _) => String::from("older"),
    };
    match (source.lost, source.torn) {
        _ if source.is_sign() => state,
        _ if source.damage.is_some() => format!("damaged, {state}"),
        (0, 0) if source.generation > 0 => format!("{state}, rewritten {}", times(source.generation)),
        (0, 0) if source.reopened > 0 => format!("{state}, re-opened {}", times(source.reopened)),
        (0, 0) => state,
        (0, torn) => format!("{} torn, {state}", size(torn)),
        (lost, _) => format!("{} lost, {state}", size(lost)),
    }
}

/// What was lost, else what is wrong with the first file that has something wrong.
fn note(moment: &Moment<'_>, now: Time) -> Option<String> {
    let odd = || {
        let (source, why) = moment.sources.values().find_map(|s| Some((s, s.problem(now)?)))?;
        let name = source.name();
        Some(format!("{}: {why}", name.rsplit(['/', '\\']).next().unwrap_or_default()))
    };
    // A gap's row has little room for its words.
    let gap = moment.gaps.first().map(|gap| {
        let more = moment.gaps.len() - 1;
        let more = if more > 0 { format!(" (and {})", counted(more as u64, "more gap")) } else { String::new() };
        format!("{}{more}", gap.why)
    });
    let lost = || lost(moment).map(|lost| format!("at least {lost} before it could be read (Enter tells more)"));
    gap.or_else(lost).or_else(odd)
}

/// `1.2 KB lost in 1 source`, if anything was.
pub(in crate::ui) fn lost(moment: &Moment<'_>) -> Option<String> {
    let losers = moment.sources.values().map(|s| s.lost + s.torn).filter(|bytes| *bytes > 0);
    let (bytes, sources) = losers.fold((0, 0), |(bytes, sources), lost| (bytes + lost, sources + 1));
    (sources > 0).then(|| format!("{} lost in {}", size(bytes), counted(sources, "source")))
}

/// `1 record`, `2 records`.
pub(super) fn counted(n: u64, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// `once`, `3 times`.
pub(super) fn times(n: u32) -> String {
    if n == 1 { String::from("once") } else { format!("{n} times") }
}

/// `413 B`, `1.2 KB`, `3.4 MB`.
pub(super) fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "a size to show with one decimal")]
    let mut size = bytes as f64 / 1024.0;
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    for unit in ["KB", "MB", "GB"] {
        if size < 1023.95 {
            return format!("{size:.1} {unit}");
        }
        size /= 1024.0;
    }
    format!("{size:.1} TB")
}

/// `45 s`, `12 min`, `3 h`, `2 d`; what is ahead of the clock has a minus.
pub(super) fn duration(millis: i64) -> String {
    let seconds = millis / 1000;
    match seconds.unsigned_abs() {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        days => format!("{}{} d", if seconds < 0 { "-" } else { "" }, days / 86_400),
    }
}

/// What a kind is called where a file stands alone.
pub(super) fn kind(source: &Source) -> &'static str {
    if source.is_sign() || source.kind == Kind::Unknown && source.bytes == 0 { "not known yet" } else { source.kind.name() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_durations_are_short() {
        let sizes = [0, 1023, 1024, 1229, 1_048_575, 1_048_576, 5 << 30, 3 << 40].map(size);
        assert_eq!(sizes, ["0 B", "1023 B", "1.0 KB", "1.2 KB", "1.0 MB", "1.0 MB", "5.0 GB", "3.0 TB"]);
        let durations = [0, 61_999, 120_000, 3_600_000, 7_200_000, 200_000_000, -4000, -90_000_000_000].map(duration);
        assert_eq!(durations, ["0 s", "61 s", "2 min", "60 min", "2 h", "2 d", "-4 s", "-1041 d"]);
        assert_eq!(
            [counted(1, "source"), counted(2, "source"), times(1), times(3)],
            ["1 source", "2 sources", "once", "3 times"]
        );
    }
}
