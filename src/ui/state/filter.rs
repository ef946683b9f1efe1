//! Which rows of a list are shown, and in which order.

use super::Ui;
use crate::engine::Moment;

impl Ui {
    pub(super) fn begin_filter(&mut self) {
        self.typing = true;
        if self.path.is_empty() {
            let root = self.root(self.focus).clone();
            self.enter(self.focus.root());
            *self.level_mut() = root;
        }
    }

    /// Shows all rows again.
    pub fn clear_filter(&mut self) {
        self.level_mut().order.filter.clear();
    }

    /// A key while the filter is typed: a character, `None` for the one before taken back.
    pub fn type_filter(&mut self, c: Option<char>) {
        let filter = &mut self.level_mut().order.filter;
        match c {
            Some(c) if !c.is_control() && filter.chars().count() < 200 => filter.push(c),
            Some(_) => {}
            None => {
                filter.pop();
            }
        }
    }

    pub(super) fn sort(&mut self, moment: &Moment<'_>) {
        let listing = self.listing(moment, None);
        if listing.is_text || listing.columns.is_empty() {
            self.message = Some(String::from("this text has no order to change"));
            return;
        }
        let order = &mut self.level_mut().order;
        let next = order.sort.map_or(0, |column| column + 1);
        order.sort = (next < listing.columns.len()).then_some(next);
    }
}
