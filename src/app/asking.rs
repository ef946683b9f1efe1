//! When the logs are asked again for what the screen shows. It is told the time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::session::{Question, Standing};
use crate::ui::cursor::Mode;
use crate::ui::replies::Slot;
use crate::ui::views::Ask;

/// What a live screen shows is asked again so often at most: rows tell of whole seconds.
const LIVE: Duration = Duration::from_secs(1);
/// And what plays, whose seconds are shorter.
const PLAYING: Duration = Duration::from_millis(400);
/// A question is asked again when so many times the time has passed that its last answer took.
const REST: u32 = 10;
/// Answers that nobody wants any more, but that are still being looked for: on a share that does not answer they end late.
const MOST_GIVEN_UP: usize = 8;

/// What is being asked, and when it may be asked again.
pub(super) struct Asking {
    under_way: Option<UnderWay>,
    /// Jobs that were given up and have not ended.
    given_up: usize,
    /// A key was pressed since the screen was last looked at.
    pressed: bool,
    next: Duration,
    /// When the question of the pane, and that of the level, may be asked again.
    due: [Duration; 2],
    /// At least this between two questions.
    slow: Duration,
    count: u64,
}

struct UnderWay {
    number: u64,
    slot: Slot,
    ask: Ask,
    given_up: Arc<AtomicBool>,
}

impl Asking {
    /// `slow` is the time between two frames, where it is long.
    pub fn new(slow: Duration) -> Self {
        Self { under_way: None, given_up: 0, pressed: false, next: Duration::ZERO, due: [Duration::ZERO; 2], slow, count: 0 }
    }

    /// A key was pressed: there may be another question.
    pub fn press(&mut self) {
        self.pressed = true;
    }

    /// Whether it is time to see what the screen asks.
    pub fn is_due(&self, now: Duration) -> bool {
        self.pressed || now >= self.next
    }

    /// What is to be asked now, given what the screen asks. What it does not ask any more is given up.
    pub fn next(&mut self, question: Option<Question>, now: Duration) -> Option<Question> {
        let again = match question.as_ref().map(|q| q.mode) {
            Some(Mode::Playing) => PLAYING,
            _ => LIVE,
        };
        self.pressed = false;
        self.next = now + again.max(self.slow);
        if let Some(UnderWay { slot, ask, .. }) = &self.under_way {
            if question.as_ref().is_some_and(|q| q.is_served_by(*slot, ask)) {
                return None;
            }
            self.give_up();
        }
        let question = question?;
        let wait = match question.standing {
            Standing::Open => false,
            Standing::Aged => now < self.due[question.slot as usize],
            Standing::Answered => true,
        };
        (!wait && self.given_up < MOST_GIVEN_UP).then_some(question)
    }

    /// What is being asked is of no use any more.
    pub fn give_up(&mut self) {
        if let Some(UnderWay { given_up, .. }) = self.under_way.take() {
            given_up.store(true, Ordering::Relaxed);
            self.given_up += 1;
        }
    }

    /// A question is being asked. Gives the number of the job.
    pub fn begin(&mut self, slot: Slot, ask: Ask, given_up: Arc<AtomicBool>) -> u64 {
        self.count += 1;
        self.under_way = Some(UnderWay { number: self.count, slot, ask, given_up });
        self.count
    }

    /// A job has ended that took so long. Gives its question, if it was not given up.
    pub fn end(&mut self, number: u64, took: Duration, now: Duration) -> Option<(Slot, Ask)> {
        let Some(UnderWay { slot, ask, .. }) = self.under_way.take_if(|job| job.number == number) else {
            self.given_up = self.given_up.saturating_sub(1);
            return None;
        };
        self.due[slot as usize] = now + REST * took;
        Some((slot, ask))
    }
}

#[cfg(test)]
mod tests;
