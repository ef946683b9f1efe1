//! The moment looked at, and how it moves.

use crate::time::Time;

/// Speeds that `<` and `>` step through.
pub const SPEEDS: [f64; 9] = [0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 100.0, 600.0];

/// How the cursor moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It follows the end.
    Live,
    /// It walks.
    Playing,
    /// It stands still, while the end may move on.
    Paused,
}

/// The moment looked at. Live, pause, replay and scrubbing are all ways for it to move.
#[derive(Debug, Clone)]
pub struct Cursor {
    /// The moment; `None` until any moment is known.
    at: Option<Time>,
    /// How it moves.
    pub mode: Mode,
    /// Seconds of the recording in a second, while it walks.
    pub speed: f64,
    /// What it goes back to when a pause ends.
    resume: Mode,
}

impl Cursor {
    /// A cursor that follows the end.
    #[must_use]
    pub fn live() -> Self {
        Self { at: None, mode: Mode::Live, speed: 1.0, resume: Mode::Live }
    }

    /// A cursor that walks from `from`, or from the first moment that becomes known.
    #[must_use]
    pub fn replay(from: Option<Time>, speed: f64) -> Self {
        Self { at: from, mode: Mode::Playing, speed, resume: Mode::Playing }
    }

    /// The moment looked at, given what is known: from the first to the last moment.
    #[must_use]
    pub fn at(&self, (start, end): (Time, Time)) -> Time {
        match (self.mode, self.at) {
            (Mode::Live, _) => end,
            (_, Some(at)) => at.clamp(start.min(end), end),
            (_, None) => start,
        }
    }

    /// Lets `millis` pass on the wall. A walk that reaches the end stops there.
    pub fn tick(&mut self, millis: i64, bounds: (Time, Time)) {
        if self.mode != Mode::Playing {
            return;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "milliseconds between two frames")]
        let step = (millis as f64 * self.speed) as i64;
        let next = self.at(bounds).plus(step);
        self.at = Some(next.min(bounds.1));
        if next >= bounds.1 {
            self.mode = Mode::Paused;
        }
    }

    /// Pauses, or goes on; at the end of a replay it begins again from the start.
    pub fn pause(&mut self, bounds: (Time, Time)) {
        self.at = Some(self.at(bounds));
        self.mode = match self.mode {
            Mode::Paused => {
                if self.resume == Mode::Playing && self.at(bounds) >= bounds.1 {
                    self.at = Some(bounds.0);
                }
                self.resume
            }
            Mode::Live | Mode::Playing => Mode::Paused,
        };
    }

    /// Moves by milliseconds. A live cursor stops following.
    pub fn step(&mut self, millis: i64, bounds: (Time, Time)) {
        self.go(self.at(bounds).plus(millis), bounds);
    }

    /// Goes to a moment. A live cursor stops following; a walk goes on from there.
    pub fn go(&mut self, to: Time, bounds: (Time, Time)) {
        self.at = Some(to.clamp(bounds.0.min(bounds.1), bounds.1));
        if self.mode == Mode::Live {
            self.mode = Mode::Paused;
        }
    }

    /// Goes to the end: follows it where it moves, else stands there.
    pub fn end(&mut self, bounds: (Time, Time)) {
        self.at = Some(bounds.1);
        self.mode = if self.resume == Mode::Live { Mode::Live } else { Mode::Paused };
    }

    /// The next faster or slower speed.
    pub fn change_speed(&mut self, faster: bool) {
        let next = if faster { SPEEDS.iter().find(|s| **s > self.speed) } else { SPEEDS.iter().rev().find(|s| **s < self.speed) };
        self.speed = next.copied().unwrap_or(self.speed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: (Time, Time) = (Time::from_second(100), Time::from_second(200));

    #[test]
    fn a_walk_stops_at_the_end_and_begins_again() {
        let mut cursor = Cursor::replay(None, 10.0);
        cursor.tick(1000, BOUNDS);
        assert_eq!(cursor.at(BOUNDS), Time::from_second(110));
        cursor.tick(60_000, BOUNDS);
        assert_eq!((cursor.at(BOUNDS), cursor.mode), (Time::from_second(200), Mode::Paused));
        cursor.pause(BOUNDS);
        assert_eq!((cursor.at(BOUNDS), cursor.mode), (Time::from_second(100), Mode::Playing));
    }

    #[test]
    fn a_paused_live_cursor_stands_still_while_the_end_moves_on() {
        let mut cursor = Cursor::live();
        cursor.pause(BOUNDS);
        let later = (BOUNDS.0, Time::from_second(300));
        assert_eq!(cursor.at(later), Time::from_second(200));
        cursor.end(later);
        assert_eq!((cursor.at(later), cursor.mode), (Time::from_second(300), Mode::Live));
    }
}
