//! IIS W3C extended logs.
//!
//! A row is written when its request **ends**, in UTC with whole seconds; `time-taken` is in milliseconds (Microsoft, "W3C
//! logging"; KB 944884). Columns are found by the `#Fields` in force, which may change in the middle of a file.

mod brief;
mod clock;
mod layout;

use brief::{Codes, Columns};
use clock::Clock;
use layout::Layout;

use super::fields::{self, directive, find, number_within, status};
use super::ledger::{Ledger, What};
use super::lines::Line;
use super::rows::{Cuts, Lines, MAX_COLUMNS, Row, RowParts};
use super::{Ability, Briefly, Decoder, Format, Head, Hints, Kind, Sink, Sniff};
use crate::record::{Brief, Fact, Record, Request};
use crate::time::Time;

/// The format's row.
pub const FORMAT: Format =
    Format { kind: Kind::W3c, title: "IIS W3C log", sniff, ability: Ability::Read(|hints| Box::new(W3c::new(hints))) };

const NO_FIELDS: &str = "no #Fields before it, and it fits no default set of fields";

/// The `#Fields` value that a row without a header is read by, if it fits a default set.
#[must_use]
pub fn guess_fields(row: &[u8]) -> Option<Vec<u8>> {
    Layout::guess(&Cuts::default().split(row)).map(|layout| layout.text)
}

fn sniff(head: Head<'_>) -> Sniff {
    for line in head.iter().filter(|l| !l.is_empty()) {
        if directive(line, b"#software:")
            .is_some_and(|s| s.starts_with(b"Microsoft Internet Information") || s.starts_with(b"IIS "))
        {
            return Sniff::Yes;
        }
        if let Some(value) = directive(line, b"#fields:") {
            let names: Vec<&[u8]> = fields::names(value).collect();
            let of_http = find(&names, &["cs-method", "cs-uri-stem", "cs-uri", "sc-status", "c-ip"]).is_some();
            return if of_http && find(&names, &["s-reason"]).is_none() { Sniff::Yes } else { Sniff::No };
        }
        if line.first() != Some(&b'#') {
            return if Layout::guess(&Cuts::default().split(line)).is_some() { Sniff::Yes } else { Sniff::No };
        }
    }
    // Only directives so far; at the end of the head a directive that every W3C log has is enough.
    let named = |name: &[u8]| head.iter().any(|line| directive(line, name).is_some());
    if head.iter().all(|l| l.is_empty()) || named(b"#version:") || named(b"#date:") || named(b"#software:") {
        Sniff::Maybe
    } else {
        Sniff::No
    }
}

/// The `8.5` of `Microsoft Internet Information Services 8.5`.
fn version(software: &[u8]) -> Option<(u8, u8)> {
    let version = software.strip_prefix(b"Microsoft Internet Information Services ")?;
    let (major, minor) = std::str::from_utf8(version.trim_ascii()).ok()?.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Decodes the rows of a W3C log.
pub struct W3c {
    layout: Option<Layout>,
    /// The layout is a default set, guessed because the file has no header.
    guessed: bool,
    /// Rows came before any header and fit no default set.
    headless: bool,
    /// What rows are told by in brief.
    brief: Columns,
    codes: Codes,
    clock: Clock,
    cuts: Cuts,
    /// Of rows that do not fit as they are cut.
    spare: Cuts,
    /// The version in `#Software`.
    iis: Option<(u8, u8)>,
}

impl W3c {
    fn new(hints: &Hints) -> Self {
        Self {
            layout: None,
            guessed: false,
            headless: false,
            brief: Columns::NONE,
            codes: Codes::default(),
            clock: Clock::new(hints.zone),
            cuts: Cuts::default(),
            spare: Cuts::default(),
            iis: None,
        }
    }

    fn directive(&mut self, line: &[u8]) {
        if let Some(value) = directive(line, b"#fields:") {
            self.lay_out(Some(Layout::parse(value)));
            self.clock.forget_begin();
            (self.guessed, self.headless) = (false, false);
        } else if let Some(value) = directive(line, b"#date:") {
            self.clock.directive(value);
        } else if let Some(software) = directive(line, b"#software:") {
            self.iis = version(software).or(self.iis);
        }
    }

    fn lay_out(&mut self, layout: Option<Layout>) {
        self.brief = layout.as_ref().and_then(Columns::of).unwrap_or(Columns::NONE);
        self.layout = layout;
    }

    /// Hands out the rows of whole lines, and tells what became of their bytes.
    pub(super) fn hand_out(&mut self, lines: &mut Lines<'_, '_>, sink: &mut (impl Sink + ?Sized)) -> Ledger {
        lines.count(|line, row| {
            if self.tell_in_brief(&line, &row, sink) {
                return What::Record;
            }
            // What is handed on as it is must lie in memory for each row, so they go in parts.
            let Line { text, offset, len, number } = line;
            self.whole((text, offset, len, number), row.parts(), sink)
        })
    }

    /// Tells a row in brief, if it is one more of the second of the one before it; `false` if nobody took it.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "nearly all rows of a busy log are such")]
    fn tell_in_brief(&mut self, line: &Line<'_>, row: &Row<'_, '_>, sink: &mut (impl Sink + ?Sized)) -> bool {
        let Self { brief, codes, clock, .. } = self;
        let fits = |time: &Time| row.len() == brief.count && sink.joins(*time);
        let Some(time) = clock.again(line.text).filter(fits) else { return false };
        let (begin, end) = (row.at(brief.status).start, row.at(brief.status + 1).end);
        let Some((status, substatus)) = codes.read(row.all(), begin, end) else { return false };
        let Some(taken) = number_within(row.all(), row.at(brief.taken)) else { return false };
        let end = line.offset + u64::from(line.len);
        let site = brief.site.map_or(&[][..], |site| row.text(Some(site)));
        // As [`Row::text`], but that hardly any request is without a path is foreseen.
        let stem = row.all().get(row.at(brief.stem)).filter(|stem| *stem != b"-").unwrap_or_default();
        match sink.brief(Brief { time, end, site, stem, status, substatus, taken }) {
            Briefly::Taken => true,
            Briefly::WhoAsked => {
                sink.asked(row.text(brief.client));
                true
            }
            Briefly::Refused => false,
        }
    }

    #[inline(never)]
    fn whole(
        &mut self,
        (text, offset, len, number): (&[u8], u64, u32, u64),
        row: RowParts<'_, '_>,
        sink: &mut (impl Sink + ?Sized),
    ) -> What {
        self.cut_line(Line { text, offset, len, number }, Row::of(row), sink)
    }

    /// Takes a line that has been cut at its spaces.
    fn cut_line(&mut self, line: Line<'_>, row: Row<'_, '_>, sink: &mut (impl Sink + ?Sized)) -> What {
        match line.text.first() {
            Some(b'#') => {
                self.directive(line.text);
                What::Header
            }
            Some(first) if *first > b' ' || !line.text.trim_ascii().is_empty() => {
                What::told(self.row(line, &row, sink), line, sink)
            }
            _ => What::Header,
        }
    }

    fn row(&mut self, line: Line<'_>, row: &Row<'_, '_>, sink: &mut (impl Sink + ?Sized)) -> Result<(), &'static str> {
        if self.layout.is_none() {
            self.guess(line.text);
        }
        let Self { clock, layout, spare, .. } = self;
        let Some(layout) = layout else { return Err(NO_FIELDS) };
        if row.len() == layout.columns {
            return tell(clock, layout, row, line, sink);
        }
        let row = spare.cut(line.text, layout.columns);
        if row.len() != layout.columns {
            return Err("the row has another number of columns than #Fields");
        }
        tell(clock, layout, &row, line, sink)
    }

    #[cold]
    fn guess(&mut self, row: &[u8]) {
        let layout = Layout::guess(&self.spare.split(row));
        self.lay_out(layout);
        self.guessed = self.layout.is_some();
        self.headless = self.layout.is_none();
    }
}

/// Tells the record of a row.
///
/// # Errors
/// What is wrong with it, if it is none.
fn tell(
    clock: &mut Clock,
    layout: &Layout,
    row: &Row<'_, '_>,
    line: Line<'_>,
    sink: &mut (impl Sink + ?Sized),
) -> Result<(), &'static str> {
    if row.len() > MAX_COLUMNS {
        return Err("the row has more columns than any log");
    }
    let time = clock.time(layout, row, line.text)?;
    let status_text = layout.status.map_or(&[][..], |column| row.get(column));
    // FTP replies and the like have three digits, too; anything else is no status.
    let status = status(status_text).or(matches!(status_text, b"" | b"-").then_some(0)).ok_or("sc-status is no status")?;
    sink.record(Record {
        time,
        position: line.position(),
        raw: line.text,
        fact: Fact::Request(Request {
            site: row.text(layout.site),
            stem: row.text(layout.stem),
            client: row.text(layout.client),
            user_agent: row.text(layout.user_agent),
            status,
            substatus: row.number(layout.substatus).map(|n| u16::try_from(n).unwrap_or(u16::MAX)),
            taken: row.number(layout.taken),
        }),
    });
    Ok(())
}

impl Decoder for W3c {
    fn line(&mut self, line: Line<'_>, sink: &mut dyn Sink) {
        let mut cuts = std::mem::take(&mut self.cuts);
        _ = self.cut_line(line, cuts.split(line.text), sink);
        self.cuts = cuts;
    }

    fn lines(&mut self, lines: &mut Lines<'_, '_>, sink: &mut dyn Sink) -> Ledger {
        sink.rows(self, lines)
    }

    fn preamble(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if let Some(date) = self.clock.date() {
            out.extend(format!("#Date: {date}\n").bytes());
        }
        if let Some(layout) = &self.layout {
            out.extend_from_slice(b"#Fields: ");
            out.extend_from_slice(&layout.text);
            out.push(b'\n');
        }
        out
    }

    fn is_by_row(&self) -> bool {
        self.layout.as_ref().is_some_and(|layout| layout.date.is_some())
    }

    fn iis(&self) -> Option<(u8, u8)> {
        self.iis
    }

    fn remark(&self) -> Option<&'static str> {
        if self.headless {
            return Some("it begins without a #Fields line and its rows fit no default set of fields: they cannot be read");
        }
        self.guessed.then_some("it begins without a #Fields line: its columns are taken for a default set of IIS")
    }
}
