//! The level that tells whether a limit is enough: how one gets there, and how its numbers are changed.

use super::Ui;
use crate::diagnosis::capacity::{Chosen, Target};
use crate::drill::matching::About;
use crate::engine::Moment;
use crate::ui::panes;
use crate::ui::replies::Slot;
use crate::ui::views::{View, capacity};

impl Ui {
    /// Whether the limit of what is selected, or shown by the pane, is enough; once more goes back.
    pub(super) fn show_capacity(&mut self, moment: &Moment<'_>) {
        if matches!(self.level().view, View::Capacity { .. }) {
            self.back();
            return;
        }
        match self.target(moment) {
            Some(target) => self.enter(View::Capacity { target, chosen: Chosen::default() }),
            None => self.message = Some(String::from("c tells of an application (1) or of NS slots (3): none is shown here")),
        }
    }

    fn target(&self, moment: &Moment<'_>) -> Option<Target> {
        let of = |view: &View| match view {
            View::AppGroups { app, .. } | View::Lines { about: About::App(app), .. } => Some(Target::App(app.clone())),
            View::NsGroups { request, .. } | View::Lines { about: About::Ns(request), .. } => Some(Target::Ns(*request)),
            _ => None,
        };
        let selected = || {
            let listing = self.listing(moment, None);
            listing.rows.get(self.level().selection(&listing)).and_then(|row| of(row.target.as_ref()?))
        };
        match self.path.last().map(|level| &level.view) {
            Some(View::Apps | View::NsTypes) => selected(),
            Some(view) if of(view).is_some() => of(view),
            _ => panes::target(self.focus, self, moment),
        }
    }

    /// More or less of the number that is selected.
    pub(super) fn change_number(&mut self, more: bool, moment: &Moment<'_>) {
        let look = self.look(moment, Slot::Level, None);
        let View::Capacity { target, chosen } = &self.level().view else { return };
        let Some(capacity) = capacity::measured(&look, target) else { return };
        let listing = self.listing(moment, None);
        let row = listing.rows.get(self.level().selection(&listing));
        let Some(number) = row.and_then(|row| capacity::Number::of(&row.id())) else { return };
        let mut changed = *chosen;
        number.change(more, &capacity, &mut changed);
        if let View::Capacity { chosen, .. } = &mut self.level_mut().view {
            *chosen = changed;
        }
    }
}
