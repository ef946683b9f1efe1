//! Logs of Altiris agents and Notification Servers: `agent.log`, `a.log` and their archives.
//!
//! The file is a row of `<event …>` elements without a root, so it is no XML document and may end anywhere. An event runs over one
//! or more lines; several may share a line. Its attributes come in any order. This file gathers whole events; [`event`] reads them
//! and [`date`] understands their dates.
//!
//! A line that begins with a dated `<event ` ends an event whose own end never came (a crash, a cut-off file), even inside CDATA: what
//! was gathered is malformed, the new event is not lost.

pub mod date;
pub mod event;

use crate::formats::lines::Line;
use crate::formats::{Ability, Decoder, Format, Head, Hints, Kind, Sink, Sniff, text};
use crate::record::{AltirisEvent, Fact, Position, Record};
use date::Dates;
use event::Event;

/// The format's row.
pub const FORMAT: Format =
    Format { kind: Kind::Altiris, title: "Altiris log", sniff, ability: Ability::Read(|hints| Box::new(Altiris::new(hints))) };

/// An event longer than this is given up.
const MAX_EVENT: usize = 262_144;
/// How an event begins.
const START: &[u8] = b"<event";
/// How an event ends.
const END: &[u8] = b"</event>";

/// Yes once an event with an attribute that these logs have begins a line.
fn sniff(head: Head<'_>) -> Sniff {
    const KNOWN: [&[u8]; 3] = [b"date=", b"severity=", b"process="];
    let mut lines = text::spoken(head).skip_while(|line| find_start(line) != Some(0));
    let Some(first) = lines.next() else { return Sniff::No };
    let known = |line: &[u8]| KNOWN.iter().any(|name| text::holds(line, name));
    if known(first) || lines.any(known) { Sniff::Yes } else { Sniff::Maybe }
}

/// Where the next event begins.
fn find_start(text: &[u8]) -> Option<usize> {
    memchr::memmem::find_iter(text, START)
        .find(|at| matches!(text.get(at + START.len()), None | Some(b' ' | b'\t' | b'>' | b'/')))
}

/// What the gathered part of an event has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Inside {
    /// The start tag; within a quoted value if there is a quote.
    Tag(Option<u8>),
    /// Text between the start tag and the end tag.
    Body,
    /// A CDATA section, which only `]]>` ends.
    Cdata,
}

/// How far an event has been looked through for its end.
struct Scan {
    inside: Inside,
    seen: usize,
}

impl Scan {
    /// At the beginning of an event.
    fn new() -> Self {
        Self { inside: Inside::Tag(None), seen: START.len() }
    }

    /// Looks through what is new in `text`, which begins with the event; the event's length if its end is there.
    fn advance(&mut self, text: &[u8]) -> Option<usize> {
        while let Some(rest) = text.get(self.seen..).filter(|rest| !rest.is_empty()) {
            let found = match self.inside {
                Inside::Tag(None) => memchr::memchr3(b'>', b'"', b'\'', rest).map(|at| (at, 1)),
                Inside::Tag(Some(quote)) => memchr::memchr(quote, rest).map(|at| (at, 1)),
                Inside::Body => memchr::memchr(b'<', rest).map(|at| (at, 1)),
                Inside::Cdata => memchr::memmem::find(rest, event::CDATA_END).map(|at| (at, event::CDATA_END.len())),
            };
            let Some((at, len)) = found else {
                self.seen = text.len();
                return None;
            };
            let at = self.seen + at;
            self.seen = at + len;
            self.inside = match self.inside {
                Inside::Tag(Some(_)) => Inside::Tag(None),
                Inside::Tag(None) => match text.get(at) {
                    Some(b'>') if text.get(at.saturating_sub(1)) == Some(&b'/') => return Some(self.seen),
                    Some(b'>') => Inside::Body,
                    quote => Inside::Tag(quote.copied()),
                },
                Inside::Body if text.get(at..)?.starts_with(END) => return Some(at + END.len()),
                Inside::Body if text.get(at..)?.starts_with(event::CDATA) => Inside::Cdata,
                Inside::Body | Inside::Cdata => Inside::Body,
            };
        }
        None
    }
}

/// An event whose end has not come.
struct Open {
    /// Its lines joined with line feeds.
    text: Vec<u8>,
    position: Position,
    scan: Scan,
}

/// Reads Altiris logs.
struct Altiris {
    open: Option<Open>,
    /// An event was given up for its length: what is left of it is not malformed again.
    skipping: bool,
    dates: Dates,
    event: Event,
}

impl Altiris {
    fn new(hints: &Hints) -> Self {
        Self { open: None, skipping: false, dates: Dates::new(hints), event: Event::default() }
    }

    /// Takes the text of a line from `at` on, outside of events. Once a line, text that belongs to no event is malformed.
    fn outside(&mut self, line: Line<'_>, mut at: usize, sink: &mut dyn Sink) {
        let mut complained = self.skipping;
        while let Some(rest) = line.text.get(at..) {
            let start = find_start(rest);
            let between = rest.get(..start.unwrap_or(rest.len())).unwrap_or_default();
            if !complained && !between.trim_ascii().is_empty() {
                complained = true;
                sink.malformed(line, "the text belongs to no event");
            }
            let Some(start) = start else { return };
            self.skipping = false;
            at += start;
            let text = line.text.get(at..).unwrap_or_default();
            let offset = line.offset + at as u64;
            let mut position = Position { offset, len: span(offset, end_of(line)), line: line.number };
            let mut scan = Scan::new();
            let Some(len) = scan.advance(text) else {
                self.open = Some(Open { text: text.to_vec(), position, scan });
                return;
            };
            position.len = span(offset, end_of(line).saturating_sub(left_over(text, len)));
            self.hand_out(text.get(..len).unwrap_or_default(), position, sink);
            at += len;
        }
    }

    /// Adds a line to the open event; gives where in the line the event ends, if it does.
    fn inside(&mut self, line: Line<'_>, sink: &mut dyn Sink) -> Option<usize> {
        let mut open = self.open.take()?;
        open.text.push(b'\n');
        let before = open.text.len();
        open.text.extend_from_slice(line.text);
        open.position.len = span(open.position.offset, end_of(line));
        let Some(len) = open.scan.advance(&open.text) else {
            self.skipping = open.text.len() > MAX_EVENT;
            if self.skipping {
                sink.malformed(whole(&open), "the event has no end within 256 KiB");
            } else {
                self.open = Some(open);
            }
            return None;
        };
        open.position.len = span(open.position.offset, end_of(line).saturating_sub(left_over(&open.text, len)));
        self.hand_out(open.text.get(..len).unwrap_or_default(), open.position, sink);
        Some(len.saturating_sub(before))
    }

    fn hand_out(&mut self, text: &[u8], position: Position, sink: &mut dyn Sink) {
        self.event.read(text);
        let event = &self.event;
        let Some(time) = self.dates.read(&event.date) else {
            let line = Line { text: first_line(text), offset: position.offset, len: position.len, number: position.line };
            sink.malformed(line, "the event's date cannot be read, and no event before it has one");
            return;
        };
        let fact = Fact::Altiris(AltirisEvent {
            severity: text::number(&event.severity),
            host: &event.host,
            source: &event.source,
            module: &event.module,
            process: &event.process,
            message: event.message.trim_ascii(),
            meaning: event::meaning(&event.message),
        });
        sink.record(Record { time, position, raw: text, fact });
    }

    fn give_up(&mut self, why: &'static str, sink: &mut dyn Sink) {
        if let Some(open) = self.open.take() {
            sink.malformed(whole(&open), why);
        }
    }
}

/// How much of a line lies behind an event that ends in it: the last event on a line takes the line's end along, one before it
/// ends where it ends.
fn left_over(text: &[u8], len: usize) -> u64 {
    let rest = text.get(len..).unwrap_or_default();
    if rest.trim_ascii().is_empty() { 0 } else { rest.len() as u64 + 1 }
}

fn end_of(line: Line<'_>) -> u64 {
    line.offset.saturating_add(u64::from(line.len))
}

fn first_line(text: &[u8]) -> &[u8] {
    text.get(..memchr::memchr(b'\n', text).unwrap_or(text.len())).unwrap_or_default()
}

/// Whether a line begins with an event of its own, whatever the event before it has come to.
fn begins_anew(line: &[u8]) -> bool {
    find_start(line) == Some(0) && text::holds(line, b" date=")
}

fn span(from: u64, to: u64) -> u32 {
    u32::try_from(to.saturating_sub(from)).unwrap_or(u32::MAX)
}

/// An event that is none, as a line: its first line's text, its whole length.
fn whole(open: &Open) -> Line<'_> {
    let Position { offset, len, line } = open.position;
    Line { text: first_line(&open.text), offset, len, number: line }
}

impl Decoder for Altiris {
    fn line(&mut self, line: Line<'_>, sink: &mut dyn Sink) {
        if begins_anew(line.text) {
            self.give_up("the event breaks off: the next one begins before its end", sink);
        }
        if self.open.is_none() {
            self.outside(line, 0, sink);
        } else if let Some(end) = self.inside(line, sink) {
            self.outside(line, end, sink);
        }
    }

    fn finish(&mut self, sink: &mut dyn Sink) {
        self.give_up("the log ends within the event", sink);
    }

    /// An event with the last date, for the year of those that have none.
    fn preamble(&self) -> Vec<u8> {
        self.dates.last().map_or_else(Vec::new, |date| format!("<event date=\"{date}\"/>\n").into_bytes())
    }

    fn unfinished(&self) -> Option<Position> {
        self.open.as_ref().map(|open| open.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{Told, decoder};

    fn messages(text: &str) -> Told<String> {
        Told::of(&FORMAT, &Hints::default(), text.as_bytes(), |record| match &record.fact {
            Fact::Altiris(event) => {
                format!("{}+{} {}", record.position.offset, record.position.len, event.message.escape_ascii())
            }
            _ => String::new(),
        })
    }

    #[test]
    fn events_share_lines_and_run_over_lines() {
        let told = messages(
            "<event date='2008-05-06 08:01:02'><![CDATA[a]]></event> <event\nseverity=\"1\"\n date=\"2008-05-06 08:01:03\"\n>b &lt; c\n</event>\n",
        );
        assert_eq!(told.records, ["0+55 a", "56+67 b < c"]);
        assert!(told.malformed.is_empty());
    }

    #[test]
    fn an_end_tag_within_cdata_or_a_value_ends_nothing() {
        let told = messages("<event date='2008-05-06 08:01:02' x=\"</event>/>\"><![CDATA[a]] </event>\n]] b]]></event>\n");
        assert_eq!(told.records, ["0+87 a]] </event>\\n]] b"]);
    }

    #[test]
    fn a_cut_off_event_does_not_swallow_the_next() {
        let told =
            messages("<event date='2008-05-06 08:01:02'><![CDATA[a\n<event date='2008-05-06 08:01:03'><![CDATA[b]]></event>\n");
        assert_eq!(told.records, ["45+56 b"]);
        assert_eq!(told.malformed, [(1, "the event breaks off: the next one begins before its end")]);
    }

    #[test]
    fn a_giant_event_is_one_malformed_record() {
        let mut text = String::from("<event date='2008-05-06 08:01:02'><![CDATA[\n");
        text.extend(std::iter::repeat_n("0123456789abcdef\n", 16_000));
        text.push_str("<event date='2008-05-06 08:01:03'/>\n");
        let told = messages(&text);
        assert_eq!(told.records.len(), 1);
        // What is left of the giant after it was given up belongs to no event.
        assert_eq!(told.malformed[0], (1, "the event has no end within 256 KiB"));
    }

    #[test]
    fn a_preamble_carries_the_year_on() {
        let mut told = Told::new(|record| record.time.rfc3339());
        let mut first = decoder(&FORMAT, &Hints::default());
        told.feed(first.as_mut(), b"<event date='2008-05-06 08:01:02'/>\n");
        let mut second = decoder(&FORMAT, &Hints::default());
        told.feed(second.as_mut(), &first.preamble());
        told.feed(second.as_mut(), b"<event date='May 07 08:01:02'/>\n");
        assert_eq!(told.records.last().map(String::as_str), Some("2008-05-07T08:01:02Z"));
    }

    #[test]
    fn text_between_events_is_malformed_once_a_line() {
        let told = messages("junk <event date='2008-05-06 08:01:02'/> junk <event date='2008-05-06 08:01:02'/> junk\n\n");
        assert_eq!((told.records.len(), told.malformed.len()), (2, 1));
    }
}
