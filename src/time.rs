//! Moments in time, and the zones that local logs are written in.
//!
//! Everything inside the program is milliseconds since the Unix epoch in UTC. W3C and HTTPERR logs are UTC already; SEPM and
//! Notification Server logs are in the server's local time and pass through a [`Zone`].

use std::fmt;

use chrono::{DateTime, Datelike, LocalResult, NaiveDate, NaiveDateTime, TimeZone, Timelike};
use thiserror::Error;

/// A moment: milliseconds since the Unix epoch, UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(i64);

impl Time {
    /// The earliest moment a log line may carry (0001-01-01).
    pub const MIN: Self = Self(-62_135_596_800_000);
    /// The latest moment a log line may carry (9999-12-31).
    pub const MAX: Self = Self(253_402_300_799_999);

    /// The moment `millis` milliseconds after the epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// The moment at which second `second` begins.
    #[must_use]
    pub const fn from_second(second: i64) -> Self {
        Self(second.saturating_mul(1000))
    }

    /// A calendar date and time of day in UTC; `None` when it does not exist.
    #[must_use]
    pub fn from_ymd_hms(year: i32, month: u32, day: u32, hour: u32, minute: u32, second: u32) -> Option<Self> {
        let naive = NaiveDate::from_ymd_opt(year, month, day)?.and_hms_opt(hour, minute, second)?;
        Some(Self(naive.and_utc().timestamp_millis()))
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The whole second this moment lies in.
    #[must_use]
    pub const fn second(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This moment moved by `millis` (which may be negative), kept between [`Time::MIN`] and [`Time::MAX`].
    #[must_use]
    pub fn plus(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis)).clamp(Self::MIN, Self::MAX)
    }

    /// Milliseconds from `earlier` to this moment.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// RFC 3339 in UTC with whole seconds: `2007-11-13T20:01:44Z`.
    #[must_use]
    pub fn rfc3339(self) -> String {
        match self.naive() {
            Some(t) => t.format("%Y-%m-%dT%H:%M:%SZ").to_string(),
            None => String::from("-"),
        }
    }

    fn naive(self) -> Option<NaiveDateTime> {
        DateTime::from_timestamp_millis(self.0).map(|t| t.naive_utc())
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

/// The zone a log in local time was written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// UTC.
    Utc,
    /// A fixed number of minutes east of UTC.
    Fixed(i32),
    /// A zone of the IANA database, with its daylight saving time.
    Named(chrono_tz::Tz),
}

/// A zone that cannot be.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0:?} is no time zone: write UTC, an offset such as +02:00, or a name such as Europe/Berlin")]
pub struct ZoneError(String);

impl Zone {
    /// Reads `UTC`, `Z`, `+02:00`, `-0530`, `UTC+02:00` as this program writes it, or an IANA name.
    ///
    /// # Errors
    /// When the text is none of these.
    pub fn parse(text: &str) -> Result<Self, ZoneError> {
        if text.eq_ignore_ascii_case("utc")
            || text.eq_ignore_ascii_case("z")
            || text.eq_ignore_ascii_case("gmt")
            || text.eq_ignore_ascii_case("etc/utc")
        {
            return Ok(Self::Utc);
        }
        if let Some(minutes) = parse_offset(text.strip_prefix("UTC").unwrap_or(text).as_bytes()) {
            return Ok(Self::Fixed(minutes));
        }
        text.parse().map(Self::Named).map_err(|_| ZoneError(text.to_owned()))
    }

    /// The moment at which clocks in this zone show `local`. In the hour that the clocks repeat, the earlier moment; in the hour
    /// that they skip, the moment that the clock before the change would have shown.
    #[must_use]
    pub fn to_utc(self, local: NaiveDateTime) -> Time {
        let as_utc = Time(local.and_utc().timestamp_millis());
        match self {
            Self::Utc => as_utc,
            Self::Fixed(minutes) => as_utc.plus(-i64::from(minutes) * 60_000),
            Self::Named(tz) => match tz.from_local_datetime(&local) {
                LocalResult::Single(t) | LocalResult::Ambiguous(t, _) => Time(t.timestamp_millis()),
                LocalResult::None => {
                    let before = local - chrono::TimeDelta::hours(3);
                    match tz.from_local_datetime(&before).earliest() {
                        Some(t) => Time(t.timestamp_millis()).plus(3 * 3_600_000),
                        None => as_utc,
                    }
                }
            },
        }
    }

    /// What a clock on the wall in this zone shows at `time`.
    #[must_use]
    pub fn local(self, time: Time) -> Option<NaiveDateTime> {
        match self {
            Self::Utc => time.naive(),
            Self::Fixed(minutes) => time.plus(i64::from(minutes) * 60_000).naive(),
            Self::Named(tz) => time.naive().map(|t| tz.from_utc_datetime(&t).naive_local()),
        }
    }

    /// Hours, minutes and seconds on the wall: `20:01:44`.
    #[must_use]
    pub fn clock(self, time: Time) -> String {
        self.local(time)
            .map_or_else(|| String::from("--:--:--"), |t| format!("{:02}:{:02}:{:02}", t.hour(), t.minute(), t.second()))
    }

    /// Date and clock: `2007-11-13 20:01:44`.
    #[must_use]
    pub fn date_clock(self, time: Time) -> String {
        self.local(time).map_or_else(
            || String::from("----------"),
            |t| format!("{:04}-{:02}-{:02} {}", t.year(), t.month(), t.day(), self.clock(time)),
        )
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Utc => f.write_str("UTC"),
            Self::Fixed(minutes) => {
                let sign = if *minutes < 0 { '-' } else { '+' };
                write!(f, "UTC{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
            }
            Self::Named(tz) => f.write_str(tz.name()),
        }
    }
}

/// Minutes east of UTC of `+02:00`, `-0530` or `+02`.
#[must_use]
pub fn parse_offset(text: &[u8]) -> Option<i32> {
    let (sign, rest) = match text.split_first()? {
        (b'+', rest) => (1, rest),
        (b'-', rest) => (-1, rest),
        _ => return None,
    };
    let (hours, minutes) = match rest {
        [a, b] => (two([*a, *b])?, 0),
        [a, b, c, d] | [a, b, b':', c, d] => (two([*a, *b])?, two([*c, *d])?),
        _ => return None,
    };
    (hours <= 14 && minutes < 60).then(|| sign * (i32::from(hours) * 60 + i32::from(minutes)))
}

/// Days since the epoch of `YYYY-MM-DD`.
#[must_use]
pub fn parse_date(text: &[u8]) -> Option<i64> {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else { return None };
    let year = i32::from(two([y1, y2])?) * 100 + i32::from(two([y3, y4])?);
    days(year, u32::from(two([m1, m2])?), u32::from(two([d1, d2])?))
}

/// Days since the epoch of a calendar date; `None` when it does not exist.
#[must_use]
pub fn days(year: i32, month: u32, day: u32) -> Option<i64> {
    NaiveDate::from_ymd_opt(year, month, day).map(|d| i64::from(d.num_days_from_ce()) - 719_163)
}

/// Milliseconds since midnight of `HH:MM:SS`, with an optional fraction after a point or comma.
#[must_use]
pub fn parse_clock(text: &[u8]) -> Option<i64> {
    let &[h1, h2, b':', m1, m2, b':', s1, s2, ref fraction @ ..] = text else { return None };
    let (hour, minute, second) = (two([h1, h2])?, two([m1, m2])?, two([s1, s2])?);
    // 24:00:00 has been seen in hourly logs, 60 is a leap second.
    if hour > 24 || minute > 59 || second > 60 {
        return None;
    }
    let whole = (i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second)) * 1000;
    Some(whole + fraction_millis(fraction)?)
}

/// Milliseconds of `.5`, `,078` or `.5758996`; 0 of nothing.
fn fraction_millis(text: &[u8]) -> Option<i64> {
    let Some((first, digits)) = text.split_first() else { return Some(0) };
    if !matches!(first, b'.' | b',') || digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digit = |i: usize| digits.get(i).map_or(0, |d| i64::from(d - b'0'));
    Some(digit(0) * 100 + digit(1) * 10 + digit(2))
}

fn two(text: [u8; 2]) -> Option<u8> {
    let (a, b) = (text[0].wrapping_sub(b'0'), text[1].wrapping_sub(b'0'));
    (a < 10 && b < 10).then(|| a * 10 + b)
}

/// A moment as people write it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// A moment.
    At(Time),
    /// A time of day, in milliseconds, of the recording's first day.
    Clock(i64),
}

impl When {
    /// Reads `2009-10-09T09:25:00Z`, `2009-10-09 09:25:00`, `2009-10-09 09:25`, `09:25`.
    ///
    /// # Errors
    /// When it is none of these.
    pub fn parse(text: &str) -> Result<Self, String> {
        Self::read(text.trim().as_bytes())
            .ok_or_else(|| format!("{text:?} is no time: write 2009-10-09T09:25:00Z, or 09:25 for that time of the first day"))
    }

    fn read(text: &[u8]) -> Option<Self> {
        let Some(day) = text.get(..10).and_then(parse_date) else { return clock(text).map(Self::Clock) };
        let rest = text.get(10..).unwrap_or_default();
        let rest = rest.strip_prefix(b"T").or_else(|| rest.strip_prefix(b" ")).unwrap_or(rest);
        let (rest, east) = match rest {
            [rest @ .., b'Z' | b'z'] => (rest, 0),
            _ => match rest.iter().rposition(|b| matches!(b, b'+' | b'-')) {
                Some(sign) => {
                    let (rest, offset) = rest.split_at(sign);
                    (rest, parse_offset(offset)?)
                }
                None => (rest, 0),
            },
        };
        let millis = if rest.is_empty() { 0 } else { clock(rest)? };
        Some(Self::At(Time::from_millis(day * 86_400_000 + millis - i64::from(east) * 60_000)))
    }
}

/// `09:25` or `09:25:07`.
fn clock(text: &[u8]) -> Option<i64> {
    if text.len() == 5 { parse_clock(&[text, b":00"].concat()) } else { parse_clock(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seeds_first_line_has_its_second() {
        let days = parse_date(b"2007-11-13").unwrap();
        let clock = parse_clock(b"20:01:44").unwrap();
        assert_eq!(Time::from_millis(days * 86_400_000 + clock).rfc3339(), "2007-11-13T20:01:44Z");
    }

    #[test]
    fn impossible_dates_and_clocks_are_refused() {
        assert_eq!(parse_date(b"2007-02-30"), None);
        assert_eq!(parse_date(b"2007-1-30"), None);
        assert_eq!(parse_clock(b"25:00:00"), None);
        assert_eq!(parse_clock(b"20:01:44x"), None);
        assert_eq!(parse_clock(b"\xFF\xFF:\xFF\xFF:\xFF\xFF"), None);
        assert_eq!(parse_clock(b"09:32:05.078"), Some(34_325_078));
    }

    #[test]
    fn zones_are_read_and_the_repeated_hour_is_the_earlier() {
        assert_eq!(Zone::parse("+0530"), Ok(Zone::Fixed(330)));
        assert!(Zone::parse("Middle/Earth").is_err());
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        let local = NaiveDate::from_ymd_opt(2009, 10, 25).unwrap().and_hms_opt(2, 30, 0).unwrap();
        assert_eq!(berlin.to_utc(local).rfc3339(), "2009-10-25T00:30:00Z");
        let skipped = NaiveDate::from_ymd_opt(2009, 3, 29).unwrap().and_hms_opt(2, 30, 0).unwrap();
        assert_eq!(berlin.to_utc(skipped).rfc3339(), "2009-03-29T01:30:00Z");
    }

    #[test]
    fn moments_are_read_as_people_write_them() {
        let at = |text: &str| match When::parse(text) {
            Ok(When::At(time)) => time.rfc3339(),
            other => format!("{other:?}"),
        };
        assert_eq!(at("2009-10-09T09:25:00Z"), "2009-10-09T09:25:00Z");
        assert_eq!(at("2009-10-09 09:25"), "2009-10-09T09:25:00Z");
        assert_eq!(at("2009-10-09T09:25:00+02:00"), "2009-10-09T07:25:00Z");
        assert_eq!(at("2009-10-09"), "2009-10-09T00:00:00Z");
        assert_eq!(When::parse("09:25"), Ok(When::Clock(33_900_000)));
        assert!(When::parse("yesterday").is_err());
    }
}
