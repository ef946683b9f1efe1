//! The level that tells whether a limit is enough: how one gets there, and how its numbers are changed.

use super::Ui;
use crate::diagnosis::Subject;
use crate::diagnosis::capacity::{Chosen, Target};
use crate::drill::matching::About;
use crate::engine::Moment;
use crate::ui::panes;
use crate::ui::replies::Slot;
use crate::ui::views::{View, When, capacity};

impl Ui {
    /// Whether the limit of what is selected, or shown by the pane, is enough; once more goes back.
    pub(super) fn show_capacity(&mut self, moment: &Moment<'_>) {
        if matches!(self.level().view, View::Capacity { .. }) {
            self.back();
            return;
        }
        let finding = self.finding(moment);
        let look = self.look(moment, Slot::Level, None);
        let target = match &finding {
            Some((_, subject)) => capacity::of_subject(&look, subject),
            None => self.target(moment),
        };
        let Some(target) = target else {
            let none = if finding.is_some() { "this finding is of neither" } else { "none is shown here" };
            self.message = Some(format!("c tells of an application (1) or of NS slots (3): {none}"));
            return;
        };
        let when = When::propose(&look, &target, finding.as_ref().map(|(rule, subject)| (*rule, subject)));
        self.enter(View::Capacity { target, chosen: Chosen::default(), when });
    }

    /// The finding that is shown, or selected in the list of all.
    fn finding(&self, moment: &Moment<'_>) -> Option<(&'static str, Subject)> {
        let of = |view: &View| match view {
            View::Finding { rule, subject } => Some((*rule, subject.clone())),
            _ => None,
        };
        match &self.level().view {
            View::Findings => {
                let listing = self.listing(moment, None);
                listing.rows.get(self.level().selection(&listing)).and_then(|row| of(row.target.as_ref()?))
            }
            view => of(view),
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
        let View::Capacity { target, chosen, when } = &self.level().view else { return };
        let Some(capacity) = capacity::measured(&look, target, when) else { return };
        let listing = self.listing(moment, None);
        let row = listing.rows.get(self.level().selection(&listing));
        let Some(number) = row.and_then(|row| capacity::Number::of(&row.id())) else { return };
        let mut changed = *chosen;
        number.change(more, &capacity, &mut changed);
        if let View::Capacity { chosen, when, .. } = &mut self.level_mut().view {
            *chosen = changed;
            if number == capacity::Number::Window {
                when.change();
            }
        }
    }
}
