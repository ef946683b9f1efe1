//! How the rows of a log come in: how many a second, and how late.

use std::collections::VecDeque;

use crate::time::Time;

/// Seconds that are looked back on.
const SPAN: i64 = 60;

/// What came within a second.
#[derive(Debug, Clone, Copy)]
struct Second {
    at: i64,
    records: u64,
    /// The most milliseconds between a row's time and its coming.
    late: Option<i64>,
}

/// How the rows of a log come in. What was there when the log was met did not come in: it was there.
#[derive(Debug, Clone, Default)]
pub struct Arrivals {
    since: Option<Time>,
    seconds: VecDeque<Second>,
    /// Milliseconds by which the newest row of the last arrival was ahead of the clock.
    ahead: i64,
}

impl Arrivals {
    /// Rows came; `times` are those of the oldest and the newest.
    pub(super) fn came(&mut self, heard: Time, records: u64, times: Option<(Time, Time)>) {
        self.since.get_or_insert(heard);
        let second = heard.second();
        // The last arrival is kept however long ago it was: a log that is written once an hour is an hour late.
        while self.seconds.len() > 1 && self.seconds.front().is_some_and(|s| s.at <= second - SPAN) {
            self.seconds.pop_front();
        }
        if self.seconds.back().is_none_or(|last| last.at != second) {
            self.seconds.push_back(Second { at: second, records: 0, late: None });
        }
        if let Some(last) = self.seconds.back_mut() {
            last.records += records;
            last.late = last.late.max(times.map(|(oldest, _)| heard.since(oldest)));
        }
        if let Some((_, newest)) = times {
            self.ahead = newest.since(heard).max(0);
        }
    }

    /// Records a second over the last minute before `now`; `None` as long as none has come.
    #[must_use]
    pub fn rate(&self, now: Time) -> Option<f64> {
        // What came first may have been gathered by its writer for longer than anyone has listened.
        let late = self.late(now).map_or(0, |millis| millis / 1000);
        let seconds = (now.second() - self.since?.second() + 1).max(late).clamp(1, SPAN);
        let records: u64 = self.recent(now).map(|s| s.records).sum();
        #[expect(clippy::cast_precision_loss, reason = "a rate to show with one decimal")]
        Some(records as f64 / seconds as f64)
    }

    /// The most milliseconds that a row was late in the last minute before `now`, or when rows last came.
    #[must_use]
    pub fn late(&self, now: Time) -> Option<i64> {
        self.recent(now).filter_map(|s| s.late).max().or_else(|| self.seconds.iter().rev().find_map(|s| s.late))
    }

    /// Milliseconds by which the newest row that came was ahead of the clock.
    #[must_use]
    pub fn ahead(&self) -> i64 {
        self.ahead
    }

    fn recent(&self, now: Time) -> impl Iterator<Item = &Second> {
        let now = now.second();
        self.seconds.iter().filter(move |s| s.at > now - SPAN && s.at <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Time {
        Time::from_second(second)
    }

    #[test]
    fn rows_flushed_once_a_minute_are_a_minute_late_however_many() {
        let mut log = Arrivals::default();
        assert_eq!((log.rate(at(0)), log.late(at(0))), (None, None));
        for flush in 1..=3 {
            let heard = flush * 60;
            // One flush comes in two pieces.
            log.came(at(heard), 40, Some((at(heard - 59), at(heard - 20))));
            log.came(at(heard), 20, Some((at(heard - 19), at(heard))));
        }
        assert_eq!((log.rate(at(180)), log.late(at(180))), (Some(1.0), Some(59_000)));
        assert_eq!((log.rate(at(239)), log.rate(at(240)), log.late(at(400))), (Some(1.0), Some(0.0), Some(59_000)));
    }

    #[test]
    fn a_rate_is_of_the_time_since_rows_began_to_come() {
        let mut log = Arrivals::default();
        for second in 100..105 {
            log.came(at(second), 10, Some((at(second), at(second))));
        }
        assert_eq!((log.rate(at(104)), log.rate(at(113)), log.late(at(104))), (Some(10.0), Some(50.0 / 14.0), Some(0)));
        log.came(at(105), 1, Some((at(4000), at(4000))));
        assert_eq!(log.ahead(), 3_895_000);
    }
}
