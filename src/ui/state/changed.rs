//! `d`: from what is looked at to what changed.

use super::{Slot, Ui};
use crate::engine::Moment;
use crate::ui::level::Level;
use crate::ui::views::{View, propose_change};

impl Ui {
    /// Compares before and during of what is looked at. On a comparison it begins anew: a finding goes on meanwhile.
    pub(super) fn show_changed(&mut self, moment: &Moment<'_>) {
        let listing = self.listing(moment, None);
        // Over the panes nobody may have chosen an application.
        let is_chosen = !self.path.is_empty() || !self.level().is_untouched();
        let row = listing.rows.get(self.level().selection(&listing)).and_then(|row| row.target.as_ref());
        let slot = if self.path.is_empty() { Slot::Pane } else { Slot::Level };
        let Some(changed) = propose_change(&self.look(moment, slot, None), &self.level().view, row, is_chosen) else {
            self.message = Some(String::from("d compares before and during: on a finding, or from panes 1 to 3"));
            return;
        };
        let view = View::Changed(Box::new(changed));
        if matches!(self.level().view, View::Changed(_)) {
            *self.level_mut() = Level::new(view);
            self.replies.leave_level();
        } else {
            self.enter(view);
        }
    }
}
