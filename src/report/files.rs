//! The files that a report is made from, each as of its moment.

use super::{SourceRow, count};
use crate::engine::Moment;
use crate::engine::source::Source;
use crate::record::SourceId;
use crate::time::Time;

/// All files, by their paths.
pub(super) fn of(moment: &Moment<'_>) -> Vec<SourceRow> {
    let files = moment.sources.iter().filter(|(_, source)| !source.is_sign());
    let mut rows: Vec<SourceRow> = files.map(|(id, source)| row(moment, *id, source)).collect();
    rows.sort_by(|a, b| a.path.cmp(&b.path));
    rows
}

/// A file as of the moment: what came later is counted in its remark only.
fn row(moment: &Moment<'_>, id: SourceId, source: &Source) -> SourceRow {
    let end = moment.at.second() + 1;
    let series = moment.timeline.records(id).filter(|_| source.span.is_some_and(|(_, to)| to.second() >= end));
    let later = series.map_or(0, |series| count(series.sum(end..i64::MAX)));
    let to = |to: Time| match series {
        Some(series) => series.last_before(end).map(Time::from_second),
        None => Some(to),
    };
    let told = source.problem(moment.heard.max(moment.at));
    let after = match later {
        0 => None,
        1 => Some(String::from("1 later record is not counted")),
        _ => Some(format!("{later} later records are not counted")),
    };
    let remarks: Vec<String> = told.into_iter().chain(after).collect();
    SourceRow {
        path: source.name(),
        kind: source.kind.name(),
        records: source.records.saturating_sub(later),
        malformed: source.malformed,
        bytes: source.bytes,
        lost_bytes: source.lost,
        from: source.span.filter(|(from, _)| from.second() < end).map(|(from, _)| from.rfc3339()),
        to: source.span.and_then(|(_, last)| to(last)).map(Time::rfc3339),
        remark: Some(remarks.join("; ")).filter(|remark| !remark.is_empty()),
    }
}
