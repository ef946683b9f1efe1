//! What was read again for the screen, by place on it.

use super::views::{Ask, Reply, View};
use crate::time::Time;

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

    /// What it answers.
    pub fn asked(&self, slot: Slot) -> Option<&Ask> {
        self.of(slot).map(|(ask, _)| ask)
    }

    /// The moment that it is of.
    pub fn at(&self, slot: Slot) -> Option<Time> {
        self.asked(slot).and_then(Ask::at)
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
        let news = place.as_ref().is_none_or(|(_, known)| *known != reply);
        *place = Some((ask, reply));
        news
    }
}
