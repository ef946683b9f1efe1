//! Dates of Altiris events, which differ by product and release.
//!
//! | form | zone |
//! |---|---|
//! | `07/11/2013 17:14:31.5758996 +00:00` | its own, or the log's without one |
//! | `5/6/2008 8:01:02 AM` | the log's |
//! | `2008-05-06 08:01:02`, `2008-05-06T08:01:02Z` | its own, or the log's without one |
//! | `May 06 08:01:02` | the log's; the year is the first in which it does not lie before the event before it |

use crate::formats::{Hints, text};
use crate::time::{Time, Zone, days, parse_clock, parse_date, parse_offset};

/// How far an event without a year may lie ahead of the file's last change, or behind the event before it: clocks are set, zones
/// differ, and threads write out of order.
const SLACK: i64 = 86_400_000;

/// Understands the dates of one log, in the order of its events.
#[derive(Debug)]
pub struct Dates {
    zone: Zone,
    modified: Option<Time>,
    before: Option<Time>,
}

impl Dates {
    /// For a log of which `hints` are known.
    #[must_use]
    pub fn new(hints: &Hints) -> Self {
        Self { zone: hints.zone, modified: hints.modified, before: None }
    }

    /// The time of an event with this date. A date that cannot be read stands for the time of the event before it, or for the
    /// time at which the file was last written if it is the first; `None` if that is not known either.
    pub fn read(&mut self, date: &[u8]) -> Option<Time> {
        let date = date.trim_ascii();
        let read = self.slashed(date).or_else(|| self.dashed(date)).or_else(|| self.yearless(date));
        self.before = read.filter(|time| (Time::MIN..=Time::MAX).contains(time)).or(self.before);
        self.before.or(self.modified)
    }

    /// A date that brings other `Dates` to where these are.
    #[must_use]
    pub fn last(&self) -> Option<String> {
        let time = self.before?;
        let seconds = time.rfc3339();
        Some(format!("{}.{:03}Z", seconds.strip_suffix('Z')?, time.millis().rem_euclid(1000)))
    }

    /// `07/11/2013 17:14:31.5758996 +00:00`, `5/6/2008 8:01:02 AM`: month first.
    fn slashed(&self, date: &[u8]) -> Option<Time> {
        let (month, rest) = text::digits(date, 2)?;
        let (day, rest) = text::digits(rest.strip_prefix(b"/")?, 2)?;
        let (year, rest) = text::digits(rest.strip_prefix(b"/")?, 4)?;
        let day = days(i32::try_from(year).ok().filter(|year| *year >= 1000)?, month, day)?;
        self.clock(day, rest.strip_prefix(b" ")?)
    }

    /// `2008-05-06 08:01:02`.
    fn dashed(&self, date: &[u8]) -> Option<Time> {
        let day = parse_date(date.get(..10)?)?;
        let rest = date.get(10..)?;
        self.clock(day, rest.strip_prefix(b" ").or_else(|| rest.strip_prefix(b"T"))?)
    }

    /// A clock with what may follow it: `AM`, `PM`, an offset, `Z`.
    fn clock(&self, day: i64, rest: &[u8]) -> Option<Time> {
        let rest = rest.trim_ascii();
        let end = rest.iter().position(|b| !matches!(b, b'0'..=b'9' | b':' | b'.' | b',')).unwrap_or(rest.len());
        let (clock, tail) = rest.split_at_checked(end)?;
        let (millis, tail) = (clock_millis(clock)?, tail.trim_ascii());
        let (millis, zone) = match tail {
            b"" => (millis, self.zone),
            b"Z" | b"z" => (millis, Zone::Utc),
            _ if tail.eq_ignore_ascii_case(b"am") => (half_day(millis, false)?, self.zone),
            _ if tail.eq_ignore_ascii_case(b"pm") => (half_day(millis, true)?, self.zone),
            offset => (millis, Zone::Fixed(parse_offset(offset)?)),
        };
        text::moment(zone, day, millis)
    }

    /// `May 06 08:01:02`: the earliest that is not before the event before it, as logs go forward; for the first event the latest that
    /// is not after the file's last change.
    fn yearless(&self, date: &[u8]) -> Option<Time> {
        const MONTHS: [&[u8]; 12] =
            [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
        let name = date.get(..3)?;
        let month = u32::try_from(MONTHS.iter().position(|known| known.eq_ignore_ascii_case(name))? + 1).ok()?;
        let (day, rest) = text::digits(date.get(3..)?.strip_prefix(b" ")?.trim_ascii_start(), 2)?;
        let rest = rest.strip_prefix(b" ")?;
        let near = self.before.or(self.modified)?;
        let year = year_of(near);
        let candidates = (year - 1..=year + 1).filter_map(|year| self.clock(days(year, month, day)?, rest));
        match self.before {
            Some(before) => candidates.filter(|time| time.since(before) >= -SLACK).min(),
            None => candidates.filter(|time| time.since(near) <= SLACK).max(),
        }
    }
}

/// Milliseconds since midnight of `17:14:31.5758996` or `8:01:02`.
fn clock_millis(clock: &[u8]) -> Option<i64> {
    if clock.get(1) == Some(&b':') { parse_clock(&[b"0", clock].concat()) } else { parse_clock(clock) }
}

/// A clock of twelve hours: 12:30 AM is half past midnight.
fn half_day(millis: i64, afternoon: bool) -> Option<i64> {
    const HOUR: i64 = 3_600_000;
    let hour = millis / HOUR;
    let base = (1..=12).contains(&hour).then_some(millis - hour / 12 * 12 * HOUR)?;
    Some(base + if afternoon { 12 * HOUR } else { 0 })
}

fn year_of(time: Time) -> i32 {
    use chrono::Datelike;
    Zone::Utc.local(time).map_or(1970, |t| t.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dates(modified: Option<&str>) -> Dates {
        let modified = modified.and_then(|m| text::moment(Zone::Utc, parse_date(m.as_bytes())?, 0));
        Dates::new(&Hints { zone: Zone::Fixed(120), modified, name: String::new() })
    }

    fn read(date: &str) -> Option<String> {
        dates(None).read(date.as_bytes()).map(Time::rfc3339)
    }

    #[test]
    fn every_form_with_a_year() {
        assert_eq!(dates(None).read(b"07/11/2013 17:14:31.5758996 +00:00").map(Time::millis), Some(1_373_562_871_575));
        assert_eq!(read("07/11/2013 17:14:31.5758996 +02:00").as_deref(), Some("2013-07-11T15:14:31Z"));
        assert_eq!(read("07/11/2013 17:14:31.57").as_deref(), Some("2013-07-11T15:14:31Z"));
        assert_eq!(read("5/6/2008 8:01:02 AM").as_deref(), Some("2008-05-06T06:01:02Z"));
        assert_eq!(read("5/6/2008 12:01:02 AM").as_deref(), Some("2008-05-05T22:01:02Z"));
        assert_eq!(read("5/6/2008 12:01:02 pm").as_deref(), Some("2008-05-06T10:01:02Z"));
        assert_eq!(read("2008-05-06 08:01:02").as_deref(), Some("2008-05-06T06:01:02Z"));
        assert_eq!(read("2008-05-06T08:01:02.5Z").as_deref(), Some("2008-05-06T08:01:02Z"));
        for wrong in ["", "31/12/2008 08:01:02", "5/6/08 8:01:02", "5/6/2008", "5/6/2008 13:01:02 PM", "2008-05-06 08:01:02 CET"]
        {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_date_without_a_year_minds_the_turn_of_the_year() {
        let mut dates = dates(Some("2009-01-02"));
        assert_eq!(dates.read(b"Dec 31 23:59:59").map(Time::rfc3339).as_deref(), Some("2008-12-31T21:59:59Z"));
        assert_eq!(dates.read(b"Jan 01 10:00:00").map(Time::rfc3339).as_deref(), Some("2009-01-01T08:00:00Z"));
        assert_eq!(dates.read(b"Dec 31 23:00:00").map(Time::rfc3339).as_deref(), Some("2008-12-31T21:00:00Z"));
        assert_eq!(dates.read(b"Dec 15 10:00:00").map(Time::rfc3339).as_deref(), Some("2009-12-15T08:00:00Z"));
        assert_eq!(read("May 06 08:01:02"), None);
    }

    #[test]
    fn an_unreadable_date_is_the_one_before() {
        let mut dates = dates(Some("2009-01-02"));
        assert_eq!(dates.read(b"?").map(Time::rfc3339).as_deref(), Some("2009-01-02T00:00:00Z"));
        dates.read(b"2008-05-06 08:01:02.5");
        assert_eq!(dates.last().as_deref(), Some("2008-05-06T06:01:02.500Z"));
        assert_eq!(dates.read(b"?").map(Time::rfc3339).as_deref(), Some("2008-05-06T06:01:02Z"));
    }
}
