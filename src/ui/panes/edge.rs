//! The end of a log that is still written: rows come when requests end, so that of its last seconds too little is known.

use std::ops::Range;

use super::known_seconds;
use crate::engine::Moment;
use crate::formats::Kind;
use crate::time::Time;
use crate::timeline::in_flight::InFlight;
use crate::ui::state::Ui;
use crate::ui::theme::Role;

/// So many times as long as a request takes in the mean, nearly all have ended.
const TIMES: f64 = 3.0;

/// Some kind of requests: those in flight, and how many ended in some seconds.
pub(super) type Requests<'a> = (&'a InFlight, &'a dyn Fn(&Range<i64>) -> i64);

/// What the logs tell of, as seen at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    /// The seconds that they tell of for good.
    pub seconds: Range<i64>,
    /// The last second that they tell anything of.
    pub last: i64,
    /// Requests of later seconds than those of `seconds` are still running, as far as anybody knows.
    pub is_edge: bool,
}

impl Known {
    /// What logs tell of some kinds of requests together: what was in flight, and what ended.
    pub(super) fn of(moment: &Moment<'_>, window: i64, kinds: &[Requests<'_>]) -> Self {
        let known = Self::any(moment);
        let (at, seconds, last) = (moment.at.second(), known.seconds.clone(), known.last);
        let spans = moment.sources.values().filter(|s| s.kind == Kind::W3c).filter_map(|s| s.span);
        if seconds.is_empty() || spans.map(|(_, to)| to.second()).any(|to| to > at) {
            return known;
        }
        let within = seconds.end - window..seconds.end;
        let lag = |(in_flight, ended): &Requests<'_>| {
            let ended = ended(&within);
            // Of many applications few are in use: only those are gone through.
            if ended > 0 { lag(in_all(in_flight, &within), ended, window) } else { 1 }
        };
        let lag = kinds.iter().map(lag).max().unwrap_or(1);
        Self { seconds: seconds.start..(seconds.end - lag).max(seconds.start + 1), last, is_edge: true }
    }

    /// What logs tell of, whatever is still running.
    pub(super) fn any(moment: &Moment<'_>) -> Self {
        let seconds = known_seconds(moment);
        Self { last: seconds.end - 1, seconds, is_edge: false }
    }

    /// The last second that they tell of for good.
    pub(super) fn shown(&self) -> i64 {
        self.seconds.end - 1
    }

    /// `as of 12:04:31`, where that is not now, in the longest of some forms that fits.
    pub(super) fn as_of(&self, ui: &Ui, moment: &Moment<'_>, columns: usize) -> Option<(Role, String)> {
        let as_of = format!("as of {}", ui.zone.clock(Time::from_second(self.shown())));
        let lags = moment.at.second() - self.last;
        let why = match (lags > 2, self.is_edge) {
            (true, _) => [format!(": the log lags {lags} s"), format!(", log lags {lags} s"), String::from(", log lags")],
            (false, true) => [", later requests still run", ", later ones still run", ", more runs"].map(String::from),
            (false, false) => return None,
        };
        let texts = why.into_iter().map(|why| format!("{as_of}{why}")).chain([as_of.clone()]);
        Some((if lags > 2 { Role::Warn } else { Role::Dim }, super::fitting(columns, texts)))
    }
}

/// What the means of each second that were in flight add up to.
fn in_all(in_flight: &InFlight, seconds: &Range<i64>) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "seconds of a window")]
    let seconds_of = (seconds.end - seconds.start) as f64;
    in_flight.mean(seconds.clone()) * seconds_of
}

/// How many seconds at the end of a log tell too little. By Little's law a request takes as long in the mean as the means of each
/// second that were in flight add up to, shared by those that ended: after three times that nearly all have ended. At most half of
/// the window: its other half is there to be looked at.
fn lag(in_flight: f64, ended: i64, window: i64) -> i64 {
    if ended <= 0 {
        return 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "requests of some minutes")]
    let mean = in_flight / ended as f64;
    #[expect(clippy::cast_possible_truncation, reason = "clamped to a window of hours at the most")]
    let lag = (mean * TIMES).ceil().clamp(1.0, 1e9) as i64;
    lag.min((window / 2).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timeline::series::Series;

    #[test]
    fn three_times_as_long_as_a_request_takes_but_a_second_at_least_and_half_of_the_window_at_most() {
        assert_eq!(lag(75_000.0, 15_000, 300), 15);
        assert_eq!([lag(0.0, 0, 300), lag(900.0, 0, 300), lag(3.0, 3000, 300)], [1, 1, 1]);
        assert_eq!([lag(90_000.0, 1000, 300), lag(90.0, 1, 1)], [150, 1]);
    }

    /// A log with requests of five seconds each, fifty of which end each second, cut off at some second.
    fn cut_off(seconds: i64) -> (InFlight, Series<u32>) {
        let (mut in_flight, mut ended) = (InFlight::default(), Series::default());
        for second in 0..seconds {
            for _ in 0..50 {
                in_flight.add(second, 5000);
                ended.add(second, 1);
            }
        }
        (in_flight, ended)
    }

    #[test]
    fn of_a_steady_load_the_last_second_that_is_told_for_good_has_all_of_it() {
        for seconds in [60, 200, 1000] {
            let (in_flight, ended) = cut_off(seconds);
            let within = seconds - 300..seconds;
            let shown = seconds - 1 - lag(in_all(&in_flight, &within), ended.sum(within), 300);
            let number = in_flight.at(shown).mean;
            assert!((225.0..=275.0).contains(&number), "{number} at {shown} of {seconds}");
            // The last second of the log would tell of a tenth.
            assert!(in_flight.at(seconds - 1).mean < 50.0);
        }
    }
}
