//! When a row of a W3C log was written.

use std::fmt::Display;

use super::Layout;
use crate::formats::fields::{Days, MILLIS_PER_DAY};
use crate::formats::rows::Row;
use crate::time::{Time, Zone, parse_clock, parse_date};

/// How much out of order rows around midnight may be.
const LATE: i64 = 600_000;

/// Tells when a row was written.
#[derive(Debug)]
pub(super) struct Clock {
    zone: Zone,
    days: Days,
    /// The day of the `#Date` directive, carried on over midnights, for logs without a date column.
    directive_day: Option<i64>,
    last: i64,
    /// How the last row began, up to the space after its time, and its moment; `None` where rows begin otherwise.
    last_begin: Option<([u8; 20], Time)>,
}

impl Clock {
    /// Nothing is known but the zone of local times.
    pub fn new(zone: Zone) -> Self {
        Self { zone, days: Days::default(), directive_day: None, last: 0, last_begin: None }
    }

    /// Other fields are in force.
    pub fn forget_begin(&mut self) {
        self.last_begin = None;
    }

    /// Takes the value of a `#Date`.
    pub fn directive(&mut self, value: &[u8]) {
        if let Some(day) = value.get(..10).and_then(parse_date) {
            self.directive_day = Some(day);
            self.last = value.get(11..19).and_then(parse_clock).unwrap_or(0);
        }
    }

    /// The `#Date` that whoever goes on from here needs.
    pub fn date(&self) -> Option<impl Display + use<>> {
        Zone::Utc.local(Time::from_millis(self.directive_day? * MILLIS_PER_DAY + self.last))
    }

    /// The moment of a row that begins as the one before it does; `None` if it does not, or these do not begin with date and time.
    #[inline(always)]
    #[expect(clippy::inline_always, reason = "nearly all rows of a busy log are of the second of the one before")]
    pub fn again(&self, text: &[u8]) -> Option<Time> {
        self.last_begin.as_ref().filter(|(begin, _)| text.first_chunk() == Some(begin)).map(|(_, time)| *time)
    }

    /// The moment of a row.
    ///
    /// # Errors
    /// What is wrong with its date or time.
    pub fn time(&mut self, layout: &Layout, row: &Row<'_, '_>, text: &[u8]) -> Result<Time, &'static str> {
        match self.again(text) {
            Some(time) => Ok(time),
            None => self.next(layout, (layout.date.map(|column| row.get(column)), row.text(layout.time)), text),
        }
    }

    fn next(&mut self, layout: &Layout, (date, clock): (Option<&[u8]>, &[u8]), text: &[u8]) -> Result<Time, &'static str> {
        let time = self.read(layout.local, date, clock)?;
        let is_of = |begin: &&[u8; 20]| {
            let columns = (begin.get(..10) == date, begin.get(11..19) == Some(clock));
            columns == (true, true) && (begin.get(10), begin.get(19)) == (Some(&b' '), Some(&b' '))
        };
        let begin = text.first_chunk().filter(|_| (layout.date, layout.time) == (Some(0), Some(1)));
        self.last_begin = begin.filter(is_of).map(|begin| (*begin, time));
        Ok(time)
    }

    fn read(&mut self, is_local: bool, date: Option<&[u8]>, clock: &[u8]) -> Result<Time, &'static str> {
        let time = match date {
            Some(date) => self.days.moment(date, clock)?,
            None => self.dateless(parse_clock(clock).ok_or("the time is no time")?)?,
        };
        if !is_local {
            return Ok(time);
        }
        chrono::DateTime::from_timestamp_millis(time.millis())
            .map(|local| self.zone.to_utc(local.naive_utc()))
            .ok_or("the date is no date")
    }

    /// The moment of a time of day, of a row that has no date.
    fn dateless(&mut self, clock: i64) -> Result<Time, &'static str> {
        let day = self.directive_day.as_mut().ok_or("the log has neither a date column nor a #Date")?;
        // A row a little late just after midnight is still of the day before (KB 900700: rows may be out of order).
        if self.last < LATE && clock > MILLIS_PER_DAY - LATE {
            return Ok(Time::from_millis((*day - 1) * MILLIS_PER_DAY + clock));
        }
        // A clock that falls back by more than half a day has passed midnight.
        if self.last - clock > MILLIS_PER_DAY / 2 {
            *day += 1;
        }
        self.last = clock;
        Ok(Time::from_millis(*day * MILLIS_PER_DAY + clock))
    }
}
