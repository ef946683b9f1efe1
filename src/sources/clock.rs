//! The one place that reads the clock. Everything else is told the time.

use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::time::Time;

/// The time, told twice: by the calendar, for people, and by a clock that no one sets, for waiting and ageing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tick {
    /// By the calendar. It may jump.
    pub time: Time,
    /// Since the clock was first asked. It only goes forward.
    pub steady: Duration,
}

impl Tick {
    /// Both clocks as they stand now.
    #[must_use]
    pub fn now() -> Self {
        Self { time: now(), steady: steady() }
    }
}

/// The calendar's time.
#[must_use]
pub fn now() -> Time {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the calendar")]
    let now = SystemTime::now();
    of(now)
}

/// The time since this was first asked, by a clock that only goes forward.
#[must_use]
pub fn steady() -> Duration {
    static START: OnceLock<Instant> = OnceLock::new();
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the steady clock")]
    let now = Instant::now();
    now.saturating_duration_since(*START.get_or_init(|| now))
}

/// A file's time as the program writes times.
#[must_use]
pub fn of(time: SystemTime) -> Time {
    let millis = |d: Duration| i64::try_from(d.as_millis()).unwrap_or(i64::MAX);
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => Time::from_millis(millis(after)),
        Err(before) => Time::from_millis(-millis(before.duration())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steady_clock_goes_forward_and_file_times_may_lie_before_the_epoch() {
        let first = steady();
        assert!(steady() >= first);
        assert_eq!(of(UNIX_EPOCH - Duration::from_millis(1500)).millis(), -1500);
        assert!(Tick::now().time.millis() > 1_700_000_000_000);
    }
}
