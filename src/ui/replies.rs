//! What was read again for the screen, by place on it.

use super::cursor::{Cursor, Mode};
use super::views::{Ask, Reply, View};
use crate::time::Time;

/// Milliseconds on the wall that what was read again may be older than the moment looked at before the screen says so.
const LAG: f64 = 2000.0;

/// A place on the screen that something is read again for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// The log pane.
    Pane,
    /// The level drilled into.
    Level,
}

/// The answers on the screen, each with its question.
#[derive(Debug, Clone, Default)]
pub(super) struct Replies {
    pane: Option<(Ask, Reply)>,
    level: Option<(Ask, Reply)>,
    /// Whether the logs hold more, or other, rows since the pane and the level were answered.
    old: [bool; 2],
}

impl Replies {
    fn of(&self, slot: Slot) -> Option<&(Ask, Reply)> {
        match slot {
            Slot::Pane => self.pane.as_ref(),
            Slot::Level => self.level.as_ref(),
        }
    }

    /// The answer on the screen.
    pub fn reply(&self, slot: Slot) -> Option<&Reply> {
        self.of(slot).map(|(_, reply)| reply)
    }

    /// What it answers, if that is still the answer.
    pub fn asked(&self, slot: Slot) -> Option<&Ask> {
        self.of(slot).map(|(ask, _)| ask).filter(|_| !self.old[slot as usize])
    }

    /// What is on the screen answers a later question, too.
    pub fn renew(&mut self, slot: Slot, asked: Ask) {
        let place = match slot {
            Slot::Pane => &mut self.pane,
            Slot::Level => &mut self.level,
        };
        if let Some((ask, _)) = place {
            *ask = asked;
        }
    }

    /// What is asked is to be asked again: the logs held more than was known when it was answered.
    pub fn grow_old(&mut self) {
        self.old = [true; 2];
    }

    /// The moment that it is of, where it lags behind the one looked at.
    pub fn as_of(&self, slot: Slot, looked_at: Time, cursor: &Cursor) -> Option<Time> {
        // While a recording plays fast, what was read a moment ago is of minutes ago.
        let speed = if cursor.mode == Mode::Playing { cursor.speed.max(1.0) } else { 1.0 };
        let at = self.asked(slot).and_then(Ask::at)?;
        #[expect(clippy::cast_precision_loss, reason = "only to compare")]
        let lag = looked_at.since(at).abs() as f64;
        (lag > LAG * speed).then_some(at)
    }

    /// Another level is shown: what was read for the one before is of no use.
    pub fn leave_level(&mut self) {
        self.level = None;
    }

    /// Takes an answer, and tells whether it is news. `level` is the one drilled into: an answer that came too late, for a level
    /// that was left, is dropped.
    pub fn take(&mut self, slot: Slot, level: Option<&View>, ask: Ask, reply: Reply) -> bool {
        let place = match (slot, level) {
            (Slot::Level, Some(view)) if ask.is_of(view) => &mut self.level,
            (Slot::Pane, None) => &mut self.pane,
            _ => return false,
        };
        self.old[slot as usize] = false;
        let news = place.as_ref().is_none_or(|(_, known)| *known != reply);
        *place = Some((ask, reply));
        news
    }
}
