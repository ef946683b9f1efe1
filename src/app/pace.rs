//! When to draw, and when to ask again. It is told the time.

use std::time::Duration;

/// After a key the screen answers at once, but not faster than this after the frame before.
const SOON: Duration = Duration::from_millis(20);
/// Keys that go on coming one upon the other are answered together, this often.
const KEYS: Duration = Duration::from_millis(100);
/// But so many more are answered at once: somebody presses a few, and looks.
const FEW: u32 = 3;
/// What the rules say of all that happened is looked at again this often while something moves: nobody reads faster.
const RULES: Duration = Duration::from_millis(500);

/// How often to draw.
#[derive(Debug)]
pub(super) struct Pace {
    /// Between two frames while something moves.
    moving: Duration,
    /// Between two frames while only the clock moves.
    calm: Duration,
    /// Between two answers to keys.
    keys: Duration,
    last: Option<Duration>,
    /// When a frame that answers no key may come while something moves: a frame that was early makes the next one late.
    next: Duration,
    /// When a key could be answered, if keys had come one upon the other from the first on.
    next_answer: Duration,
    hurried: bool,
    /// When the rules are asked again.
    rules: Duration,
    ticked: Option<Duration>,
}

impl Pace {
    /// So many frames a second at most. Over a slow line (`low_bandwidth`) one a second, and one in five while only the clock moves;
    /// keys are answered as ever.
    pub(super) fn new(frames: u32, low_bandwidth: bool) -> Self {
        let frame = Duration::from_secs(1) / frames.max(1);
        let second = Duration::from_secs(1);
        let (moving, calm) = if low_bandwidth { (second, 5 * second) } else { (frame, second) };
        Self {
            moving,
            calm,
            keys: frame.min(KEYS),
            last: None,
            next: Duration::ZERO,
            next_answer: Duration::ZERO,
            hurried: false,
            rules: Duration::ZERO,
            ticked: None,
        }
    }

    /// Between two frames while something moves.
    pub(super) fn moving(&self) -> Duration {
        self.moving
    }

    /// Milliseconds that passed since it was last asked, a second at most: a program that stood still does not catch up.
    pub(super) fn tick(&mut self, now: Duration) -> i64 {
        let ticked = *self.ticked.get_or_insert(now);
        let millis = u64::try_from(now.saturating_sub(ticked).as_millis()).unwrap_or(u64::MAX);
        // What is less than a millisecond counts the next time.
        self.ticked = Some(if millis > 1000 { now } else { ticked + Duration::from_millis(millis) });
        i64::try_from(millis.min(1000)).unwrap_or(0)
    }

    /// Somebody waits for an answer.
    pub(super) fn hurry(&mut self) {
        self.hurried = true;
    }

    /// When the next frame is due.
    fn due(&self, moving: bool) -> Duration {
        let Some(last) = self.last else { return Duration::ZERO };
        let regular = if moving { self.next } else { last + self.calm };
        if !self.hurried {
            return regular;
        }
        let answer = self.next_answer.saturating_sub(FEW * self.keys);
        regular.min(answer.max(last + SOON))
    }

    /// Whether a frame is due.
    pub(super) fn is_due(&self, moving: bool, now: Duration) -> bool {
        now >= self.due(moving)
    }

    /// How long nothing is due.
    pub(super) fn left(&self, moving: bool, now: Duration) -> Duration {
        self.due(moving).saturating_sub(now).max(Duration::from_millis(1))
    }

    /// How long to wait when there is nobody to draw for.
    pub(super) fn calm(&self) -> Duration {
        self.calm
    }

    /// Whether the frame that is due is one for which the rules are asked: whoever pressed a key sees what is.
    pub(super) fn asks_rules(&mut self, now: Duration) -> bool {
        let asks = self.hurried || now >= self.rules;
        if asks {
            self.rules = now + RULES;
        }
        asks
    }

    /// A frame was drawn.
    pub(super) fn drawn(&mut self, now: Duration) {
        self.next = (self.next.max(now) + self.moving).min(now + 2 * self.moving);
        self.last = Some(now);
        if std::mem::take(&mut self.hurried) {
            self.next_answer = self.next_answer.max(now) + self.keys;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames in ten seconds that are looked at every millisecond. `moving` and `key` tell what happens in each.
    fn frames(pace: &mut Pace, moving: impl Fn(u64) -> bool, key: impl Fn(u64) -> bool) -> Vec<u64> {
        (0..10_000)
            .filter(|millis| {
                let now = Duration::from_secs(100) + Duration::from_millis(*millis);
                if key(*millis) {
                    pace.hurry();
                }
                let due = pace.is_due(moving(*millis), now);
                if due {
                    pace.drawn(now);
                }
                due
            })
            .collect()
    }

    #[test]
    fn ten_frames_a_second_under_load_and_one_when_nothing_moves() {
        assert_eq!(frames(&mut Pace::new(10, false), |_| true, |_| false).len(), 100);
        assert_eq!(frames(&mut Pace::new(10, false), |_| false, |_| false).len(), 10);
        assert_eq!(frames(&mut Pace::new(30, false), |_| true, |_| false).len(), 295, "33.3 ms, looked at every millisecond");
        assert_eq!(frames(&mut Pace::new(1, false), |_| true, |_| false).len(), 10);
    }

    #[test]
    fn a_slow_line_has_one_frame_a_second_and_one_in_five_when_nothing_moves() {
        assert_eq!(frames(&mut Pace::new(30, true), |_| true, |_| false).len(), 10);
        assert_eq!(frames(&mut Pace::new(10, true), |_| false, |_| false).len(), 2);
    }

    #[test]
    fn a_key_is_answered_at_once_even_over_a_slow_line() {
        for pace in [&mut Pace::new(10, false), &mut Pace::new(10, true), &mut Pace::new(1, false)] {
            let drawn = frames(pace, |_| true, |millis| millis == 4505);
            assert!(drawn.iter().any(|at| (4505..4505 + 20).contains(at)), "{drawn:?}");
        }
    }

    #[test]
    fn a_few_keys_one_upon_the_other_are_each_answered_at_once() {
        let keys = [4505, 4535, 4565, 4595];
        let drawn = frames(&mut Pace::new(10, true), |_| true, |millis| keys.contains(&millis));
        for key in keys {
            assert!(drawn.iter().any(|at| (key..key + 20).contains(at)), "{key}: {drawn:?}");
        }
    }

    #[test]
    fn held_keys_make_no_more_frames_than_load_does() {
        for moving in [true, false] {
            let drawn = frames(&mut Pace::new(10, false), |_| moving, |millis| millis % 33 == 0);
            assert!((90..=105).contains(&drawn.len()), "{}", drawn.len());
        }
        // Not even keys that always come just after a frame that answered none.
        let drawn = frames(&mut Pace::new(10, false), |_| true, |millis| millis % 100 == 1);
        assert!(drawn.len() <= 110, "{}", drawn.len());
    }

    #[test]
    fn the_rules_are_asked_twice_a_second_under_load_for_each_calm_frame_and_after_a_key() {
        let asked = |moving: bool, key: u64| {
            let mut pace = Pace::new(10, false);
            let frames = frames(&mut Pace::new(10, false), |_| moving, |millis| millis == key);
            let asks = |at: &&u64| {
                if **at == key {
                    pace.hurry();
                }
                let asks = pace.asks_rules(Duration::from_millis(100_000 + **at));
                pace.drawn(Duration::from_millis(100_000 + **at));
                asks
            };
            (frames.iter().filter(asks).count(), frames.len())
        };
        assert_eq!([asked(true, u64::MAX), asked(false, u64::MAX)], [(20, 100), (10, 10)]);
        assert!(asked(true, 4750).0 > 20);
    }

    #[test]
    fn a_program_that_stood_still_does_not_catch_up() {
        let mut pace = Pace::new(10, false);
        assert_eq!(pace.tick(Duration::from_secs(7)), 0);
        assert_eq!(pace.tick(Duration::from_millis(7250)), 250);
        assert_eq!(pace.tick(Duration::from_hours(1)), 1000);
    }
}
