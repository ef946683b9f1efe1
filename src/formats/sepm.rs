//! `scm-server-0.log`: the server log of Symantec Endpoint Protection Manager.
//!
//! A record is a line `YYYY-MM-DD HH:MM:SS.mmm LEVEL: message` with the unstamped lines (a stack trace) that follow it. The time is
//! the server's local time. The end of a record shows only when the next one begins, so a record is handed out then, or when the
//! log has been quiet for a while, or at its end. A line of a trace that comes after its record was handed out for quietness is
//! swallowed: it is neither a second record nor malformed, and the record stays as it was first told.

use crate::formats::lines::Line;
use crate::formats::{Ability, Decoder, Format, Head, Hints, Kind, Sink, Sniff, text};
use crate::record::{Fact, Position, Record, SepmEntry};
use crate::time::{Time, Zone, parse_clock, parse_date};

/// The format's row.
pub const FORMAT: Format =
    Format { kind: Kind::Sepm, title: "SEPM server log", sniff, ability: Ability::Read(|hints| Box::new(Sepm::new(hints))) };

/// Bytes of a record's text that are kept; more are only counted.
const KEEP: usize = 65_536;
/// A preamble line that no log holds: the record that goes on here was handed out before.
const TOLD: &[u8] = b"\0told";

/// Yes from the first stamped line on. A log that was cut may begin with the rest of a trace.
fn sniff(head: Head<'_>) -> Sniff {
    if head.iter().any(|line| Stamp::read(line).is_some()) { Sniff::Yes } else { Sniff::No }
}

/// The stamp at the beginning of a record's first line.
struct Stamp {
    day: i64,
    clock: i64,
    level: std::ops::Range<usize>,
    message: usize,
}

impl Stamp {
    fn read(line: &[u8]) -> Option<Self> {
        let day = parse_date(line.get(..10)?)?;
        let after_date = line.get(10..)?.strip_prefix(b" ")?;
        let clock_len = memchr::memchr(b' ', after_date)?;
        let clock = parse_clock(after_date.get(..clock_len)?)?;
        let mut at = 10 + 1 + clock_len + 1;
        // Newer releases are said to put the thread in front of the level: `THREAD 25 WARNING: …`.
        if let Some((_, rest)) = line.get(at..)?.strip_prefix(b"THREAD ").and_then(|rest| text::digits(rest, 9)) {
            at = line.len() - rest.strip_prefix(b" ")?.len();
        }
        let level_len = line.get(at..)?.iter().take_while(|b| b.is_ascii_uppercase()).count();
        let level = at..at + level_len;
        let rest = line.get(level.end..)?.strip_prefix(b":")?;
        let message = line.len() - rest.strip_prefix(b" ").unwrap_or(rest).len();
        (level_len > 0).then_some(Self { day, clock, level, message })
    }
}

/// A record whose end has not been seen.
struct Open {
    time: Time,
    position: Position,
    /// Its lines joined with line feeds, bounded.
    text: Vec<u8>,
    level: std::ops::Range<usize>,
    message: std::ops::Range<usize>,
    unavailable: bool,
    code: bool,
}

impl Open {
    fn look(&mut self, line: &[u8]) {
        // Other URLs that SEPM asks, such as those of LiveUpdate, can answer 503, too.
        let elsewhere = || text::holds(line, b"url:") && !text::holds(line, b"secars");
        self.unavailable |= text::holds(line, b"http 503") && !elsewhere();
        self.unavailable |= text::holds(line, b"connect to secars failed: service unavailable");
        self.code |= text::holds(line, b"0x10010000");
    }

    fn add(&mut self, line: Line<'_>) {
        self.position.len = self.position.len.saturating_add(line.len);
        self.look(line.text);
        if self.text.len() < KEEP {
            self.text.push(b'\n');
            let room = line.text.len().min(KEEP - self.text.len());
            self.text.extend_from_slice(line.text.get(..room).unwrap_or_default());
        }
    }

    fn hand_out(&self, sink: &mut dyn Sink) {
        let part = |range: &std::ops::Range<usize>| self.text.get(range.clone()).unwrap_or_default();
        let fact = Fact::Sepm(SepmEntry {
            level: part(&self.level),
            message: part(&self.message),
            unavailable: self.unavailable,
            code_0x10010000: self.code,
        });
        sink.record(Record { time: self.time, position: self.position, raw: &self.text, fact });
    }
}

enum State {
    /// No stamped line has come.
    Before,
    /// A record is being gathered.
    Gathering(Open),
    /// The last record was handed out although more of it may come.
    Told,
}

/// Reads `scm-server-0.log`.
struct Sepm {
    zone: Zone,
    state: State,
}

impl Sepm {
    fn new(hints: &Hints) -> Self {
        Self { zone: hints.zone, state: State::Before }
    }

    fn open(&self, line: Line<'_>) -> Option<Open> {
        let stamp = Stamp::read(line.text)?;
        let mut open = Open {
            time: text::moment(self.zone, stamp.day, stamp.clock)?,
            position: line.position(),
            text: line.text.to_vec(),
            level: stamp.level,
            message: stamp.message..line.text.len(),
            unavailable: false,
            code: false,
        };
        open.look(line.text);
        Some(open)
    }
}

impl Decoder for Sepm {
    fn line(&mut self, line: Line<'_>, sink: &mut dyn Sink) {
        if let Some(open) = self.open(line) {
            self.finish(sink);
            self.state = State::Gathering(open);
            return;
        }
        match &mut self.state {
            State::Gathering(open) => open.add(line),
            State::Before if line.text == TOLD => self.state = State::Told,
            State::Before if !line.text.trim_ascii().is_empty() => {
                sink.malformed(line, "the line stands before the first one with a time");
            }
            State::Before | State::Told => {}
        }
    }

    fn idle(&mut self, sink: &mut dyn Sink) {
        self.finish(sink);
    }

    fn finish(&mut self, sink: &mut dyn Sink) {
        if let State::Gathering(open) = &self.state {
            open.hand_out(sink);
            self.state = State::Told;
        }
    }

    fn preamble(&self) -> Vec<u8> {
        match self.state {
            State::Told => [TOLD, b"\n"].concat(),
            State::Before | State::Gathering(_) => Vec::new(),
        }
    }

    fn unfinished(&self) -> Option<Position> {
        match &self.state {
            State::Gathering(open) => Some(open.position),
            State::Before | State::Told => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{Told, decoder};

    fn show(record: &Record<'_>) -> String {
        let Fact::Sepm(entry) = &record.fact else { return String::new() };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let Position { offset, len, line } = record.position;
        let told = (entry.unavailable, entry.code_0x10010000);
        format!("{offset}+{len} line {line} {} {}|{}|{told:?}", record.time, text(entry.level), text(entry.message))
    }

    fn told(text: &str) -> Told<String> {
        Told::of(&FORMAT, &Hints { zone: Zone::Fixed(120), ..Hints::default() }, text.as_bytes(), show)
    }

    #[test]
    fn a_trace_belongs_to_its_record_and_tells_of_503() {
        let told = told(
            "2009-10-09 09:32:05.078 SEVERE: Unknown\r\njava: HTTP 503 Service\nE: 0x10010000\n\
             2009-10-09 09:32:08.683 THREAD 7 INFO: x connect to secars failed: Service Unavailable\n",
        );
        assert_eq!(
            told.records,
            [
                "0+78 line 1 2009-10-09T07:32:05Z SEVERE|Unknown|(true, true)",
                "78+87 line 4 2009-10-09T07:32:08Z INFO|x connect to secars failed: Service Unavailable|(true, false)",
            ]
        );
    }

    #[test]
    fn lines_before_the_first_stamp_are_malformed() {
        let told =
            told("at a.b(\n\n2009-13-09 09:32:05.078 SEVERE: x\n2009-10-09 09:32:05.078 severe: x\n2009-10-09 09:32:05 INFO:\n");
        assert_eq!(told.records, ["77+26 line 5 2009-10-09T07:32:05Z INFO||(false, false)"]);
        assert_eq!(told.malformed.iter().map(|m| m.0).collect::<Vec<_>>(), [1, 3, 4]);
    }

    #[test]
    fn a_503_of_another_server_is_none_of_ours() {
        let told = told("2009-10-09 09:32:05.078 INFO: a\nHTTP 503 Busy, URL: http://liveupdate.example/\n");
        assert!(told.records[0].ends_with("(false, false)"));
    }

    #[test]
    fn a_line_that_comes_after_quiet_is_swallowed_here_and_after_a_resume() {
        let mut told = Told::new(show);
        let mut first = decoder(&FORMAT, &Hints::default());
        told.feed(first.as_mut(), b"2009-10-09 09:32:05.078 INFO: a\n");
        assert_eq!(first.unfinished().map(|p| p.offset), Some(0));
        first.idle(&mut told);
        told.feed(first.as_mut(), b"HTTP 503\n");
        let mut second = decoder(&FORMAT, &Hints::default());
        told.feed(second.as_mut(), &first.preamble());
        told.feed(second.as_mut(), b"at late\n2009-10-09 09:32:06.078 INFO: b\n");
        second.idle(&mut told);
        second.finish(&mut told);
        assert_eq!((told.records.len(), told.malformed.len(), first.unfinished()), (2, 0, None));
    }

    #[test]
    fn a_giant_trace_is_counted_and_not_kept() {
        let text = format!("2009-10-09 09:32:05.078 INFO: a\n{}0x10010000\n", "at x\n".repeat(100_000));
        let told = Told::of(&FORMAT, &Hints::default(), text.as_bytes(), |record| {
            let Fact::Sepm(entry) = &record.fact else { return (0, 0, false) };
            (record.raw.len(), record.position.len, entry.code_0x10010000)
        });
        assert_eq!(told.records, [(KEEP, 500_043, true)]);
    }
}
