//! What a report tells, in its order, before it has a form. All forms are made from this.
//!
//! Texts in it are as they came, from logs and elsewhere: each form makes safe what it writes.

use super::charts::Chart;
use super::findings;
use super::pools::PoolRow;
use super::{AppRow, PeakRow, Report, SlotsRow, SourceRow};
use crate::diagnosis::{Severity, megabytes};

/// A part of a report.
pub(super) enum Block<'a> {
    /// The heading of a section.
    Title(&'static str),
    /// The heading of a finding, by its number.
    Finding(usize, Mark, String),
    /// A heading within a finding.
    Label(&'static str),
    /// A paragraph.
    Text(Mark, String),
    /// A list.
    List(Vec<Item>),
    /// A table; the first cell of a row is its name, and an empty cell says nothing.
    Table(&'static [&'static str], Vec<Vec<String>>),
    /// Commands, one a line.
    Commands(&'a [String]),
    /// Lines of logs, each with its place.
    Lines(Vec<String>),
    /// A chart, for forms that can draw.
    Chart(&'a Chart),
}

/// How weighty a paragraph is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Not more than others.
    Plain,
    /// As a finding of this severity.
    Is(Severity),
    /// Nobody knows.
    Unknown,
}

impl Mark {
    /// As two characters, in front of a line.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Is(Severity::Critical) => "!! ",
            Self::Is(Severity::Warning) => "!  ",
            Self::Is(Severity::Info) => "i  ",
            Self::Unknown => "?  ",
        }
    }

    /// As a word; empty for what is not more than others.
    pub fn word(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Is(severity) => severity.name(),
            Self::Unknown => "unknown",
        }
    }
}

/// An entry of a list.
#[derive(Default)]
pub(super) struct Item {
    pub text: String,
    /// The number of the finding that it tells of.
    pub to: Option<usize>,
    pub command: Option<String>,
    /// What to mind.
    pub caution: Option<&'static str>,
}

impl Item {
    /// An entry that is only a text.
    pub fn of(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

/// All parts of a report but its head.
pub(super) fn of(report: &Report) -> Vec<Block<'_>> {
    let mut parts = Vec::new();
    findings::stories(report, &mut parts);
    bookmarks(report, &mut parts);
    requests(report, &mut parts);
    pools(report, &mut parts);
    pool(report, &mut parts);
    slots(report, &mut parts);
    turned_away(report, &mut parts);
    findings::in_full(report, &mut parts);
    findings::not_knowable(report, &mut parts);
    files(report, &mut parts);
    gaps(report, &mut parts);
    machine(report, &mut parts);
    reproduce(report, &mut parts);
    parts
}

/// The lines above all parts.
pub(super) fn head(report: &Report) -> Vec<String> {
    let mut lines = vec![match &report.span {
        Some(span) => format!("why503: {} to {} (times in UTC; local logs read as {})", span.from, span.to, report.zone),
        None => String::from("why503: no record with a time was found"),
    }];
    if report.redacted {
        lines.push(String::from("redacted: names, addresses and query values are pseudonyms"));
    }
    let mut remedies = report.findings.iter().flat_map(|finding| finding.remedies.iter().chain(&finding.verify));
    if remedies.any(|remedy| remedy.command.is_some()) {
        lines.push(String::from("Commands are for cmd.exe, as an administrator."));
    }
    lines
}

fn bookmarks(report: &Report, parts: &mut Vec<Block<'_>>) {
    if !report.bookmarks.is_empty() {
        parts.push(Block::Title("Bookmarks"));
        let row = |mark: &super::BookmarkRow| vec![mark.at.clone(), mark.note.clone()];
        parts.push(Block::Table(&["at", ""], report.bookmarks.iter().map(row).collect()));
    }
}

fn requests<'a>(report: &'a Report, parts: &mut Vec<Block<'a>>) {
    if report.requests.is_empty() {
        return;
    }
    parts.push(Block::Title("Requests in flight, by application"));
    let row = |AppRow { application, limit, ended, rejected_503_2, peak }: &AppRow| {
        let limit = format!("{} ({})", limit.value, limit.origin);
        vec![application.clone(), peak_text(peak.as_ref()), limit, ended.to_string(), rejected_503_2.to_string()]
    };
    let head = &["application", "peak", "limit", "ended", "refused with 503.2"];
    parts.push(Block::Table(head, report.requests.iter().map(row).collect()));
    parts.extend(report.charts.apps.iter().map(Block::Chart));
}

/// What was measured of the pools: what stands above it is estimated from the rows of logs.
fn pools<'a>(report: &'a Report, parts: &mut Vec<Block<'a>>) {
    if report.pools.is_empty() {
        return;
    }
    parts.push(Block::Title("Application pools, by their counters"));
    let row = |PoolRow { pool, executing, queued, rejected, state, .. }: &PoolRow| {
        let executing =
            executing.as_ref().map_or_else(|| String::from("unknown"), |most| format!("{} at {}", most.peak, most.at));
        let queued = queued.as_ref().map_or_else(String::new, |most| {
            let of = most.limit.as_ref().map_or_else(String::new, |limit| format!(" of {} ({})", limit.value, limit.origin));
            format!("{}{of} at {}", most.peak, most.at)
        });
        let rejected = rejected.map_or_else(String::new, |count| count.to_string());
        vec![pool.clone(), executing, queued, rejected, state.unwrap_or_default().to_owned()]
    };
    let head = &["pool", "executing at most", "queued at most", "rejected by HTTP.sys", "state"];
    parts.push(Block::Table(head, report.pools.iter().map(row).collect()));
    parts.extend(report.charts.pools.iter().map(Block::Chart));
}

#[expect(clippy::cast_precision_loss, reason = "bytes of a pool, far below 2^52")]
fn mb(bytes: u64) -> String {
    megabytes(bytes as f64)
}

fn pool<'a>(report: &'a Report, parts: &mut Vec<Block<'a>>) {
    let pool = &report.pool;
    if pool.used.is_none() && pool.connections_refused == 0 && pool.max_bytes.is_none() && pool.tags.is_empty() {
        return;
    }
    parts.push(Block::Title("Non-paged pool"));
    let max = pool.max_bytes.as_ref();
    let max = max.map_or_else(|| String::from("unknown (give --pool-max)"), |max| format!("{} ({})", mb(max.value), max.origin));
    let cutoff = &pool.cutoff_bytes;
    let mut items =
        vec![Item::of(format!("maximum {max}; HTTP.sys refuses connections under {} ({})", mb(cutoff.value), cutoff.origin))];
    if let Some(used) = &pool.used {
        items.push(Item::of(format!("used {} at {}, {} at most", mb(used.last_bytes), used.at, mb(used.peak_bytes))));
    }
    if let Some(least) = &pool.least_available {
        #[expect(clippy::cast_precision_loss, reason = "bytes of a pool, far below 2^52")]
        let bytes = least.bytes as f64;
        items.push(Item::of(format!("least available: {} at {}", megabytes(bytes), least.at)));
    }
    items.push(Item::of(format!("connections refused: {}", pool.connections_refused)));
    parts.push(Block::List(items));
    parts.extend(report.charts.pool.iter().map(Block::Chart));
    if let Some(listed) = pool.tags.iter().map(|tag| &tag.at).max() {
        parts.push(Block::Text(Mark::Plain, format!("Tags as of {listed}, the last listing:")));
        let row = |tag: &super::TagRow| {
            let growth = tag.bytes_per_minute.map(|g| format!("{}{} a minute", if g >= 0.0 { "+" } else { "" }, megabytes(g)));
            let driver = tag.driver.clone().unwrap_or_else(|| String::from("unknown"));
            vec![tag.tag.trim_end().to_owned(), mb(tag.nonpaged_bytes), growth.unwrap_or_default(), driver]
        };
        parts.push(Block::Table(&["tag", "holds", "growth", "driver"], pool.tags.iter().map(row).collect()));
    }
}

fn slots<'a>(report: &'a Report, parts: &mut Vec<Block<'a>>) {
    if report.ns_slots.is_empty() {
        return;
    }
    parts.push(Block::Title("Notification Server slots"));
    let mut rows = Vec::new();
    for SlotsRow { slots, limit, requests, turned_away, peak, by_type } in &report.ns_slots {
        let limit = format!("{} ({})", limit.value, limit.origin);
        rows.push(vec![(*slots).to_owned(), peak_text(peak.as_ref()), limit, requests.to_string(), turned_away.to_string()]);
        let of_type = |row: &super::TypeRow| {
            let (requests, turned_away) = (row.requests.to_string(), row.turned_away.to_string());
            vec![format!("{} {}", slots, row.r#type), String::new(), String::new(), requests, turned_away]
        };
        rows.extend(by_type.iter().map(of_type));
    }
    parts.push(Block::Table(&["slots", "peak", "limit", "logged by IIS", "turned away"], rows));
    parts.extend(report.charts.slots.iter().map(Block::Chart));
}

fn turned_away<'a>(report: &'a Report, parts: &mut Vec<Block<'a>>) {
    if report.turned_away.is_empty() {
        return;
    }
    parts.push(Block::Title("Turned away, by reason"));
    let row = |row: &super::ReasonRow| vec![row.reason.clone(), row.count.to_string()];
    parts.push(Block::Table(&["reason", "clients"], report.turned_away.iter().map(row).collect()));
    parts.extend(report.charts.turned_away.iter().map(Block::Chart));
}

fn files(report: &Report, parts: &mut Vec<Block<'_>>) {
    parts.push(Block::Title("Files"));
    let some = |count: u64| if count > 0 { count.to_string() } else { String::new() };
    let row = |source: &SourceRow| {
        let times = source.from.as_ref().zip(source.to.as_ref()).map(|(from, to)| format!("{from} to {to}"));
        vec![
            source.path.clone(),
            source.kind.to_owned(),
            source.records.to_string(),
            some(source.malformed),
            some(source.lost_bytes),
            times.unwrap_or_default(),
            source.remark.clone().unwrap_or_default(),
        ]
    };
    let head = &["file", "kind", "records", "malformed lines", "bytes lost", "times", "remark"];
    parts.push(Block::Table(head, report.sources.iter().map(row).collect()));
}

/// What the recording does not hold: nothing can be said of these times.
fn gaps(report: &Report, parts: &mut Vec<Block<'_>>) {
    if report.gaps.is_empty() {
        return;
    }
    parts.push(Block::Title("Missing in the recording"));
    let item = |gap: &super::GapRow| {
        let to = gap.to.as_deref().unwrap_or("its end");
        let bytes = if gap.bytes > 0 { format!(" ({} bytes of logs)", gap.bytes) } else { String::new() };
        let when = if gap.to.as_ref() == Some(&gap.from) { gap.from.clone() } else { format!("{} to {to}", gap.from) };
        Item::of(format!("{when}: {}{bytes}", gap.why))
    };
    parts.push(Block::List(report.gaps.iter().map(item).collect()));
}

fn machine(report: &Report, parts: &mut Vec<Block<'_>>) {
    if report.machine.is_empty() {
        return;
    }
    parts.push(Block::Title("This machine"));
    let item = |row: &super::MachineRow| {
        let (value, origin) = (row.value.as_deref().unwrap_or_default(), row.origin.as_deref().unwrap_or_default());
        let told = match row.state {
            "found" => format!("{value} ({origin})"),
            "denied" => format!("access denied: {origin}; to grant it: {value}"),
            "missing" if row.looked.is_empty() => String::from("not found"),
            "missing" => format!("not found, looked in {}", row.looked.join(", ")),
            _ => value.to_owned(),
        };
        Item::of(format!("{}: {told}", row.what))
    };
    parts.push(Block::List(report.machine.iter().map(item).collect()));
}

fn reproduce<'a>(report: &'a Report, parts: &mut Vec<Block<'a>>) {
    let Some(reproduce) = &report.reproduce else { return };
    parts.push(Block::Title("How to reproduce it"));
    parts.push(Block::Text(Mark::Plain, format!("Made by why503 {}, with the same files at hand:", reproduce.version)));
    parts.push(Block::Commands(&reproduce.commands));
}

fn peak_text(peak: Option<&PeakRow>) -> String {
    peak.map_or_else(|| String::from("unknown"), |p| format!("{:.1} (between {} and {}) at {}", p.mean, p.low, p.high, p.at))
}
