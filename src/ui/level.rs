//! The panes, and the levels of the drilldown behind them with what is remembered of each.

use super::listing::{ListRow, Listing, Order};
use super::views::View;

/// The panes, in the order of `Tab`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Pane {
    /// Requests in flight.
    Requests,
    /// The non-paged pool.
    Pool,
    /// Slots of a Notification Server.
    Ns,
    /// What is wrong.
    Findings,
    /// The files; shown in the place of the log.
    Sources,
    /// The merged lines of all logs.
    Log,
}

impl Pane {
    /// All panes.
    pub const ALL: [Self; 6] = [Self::Requests, Self::Pool, Self::Ns, Self::Findings, Self::Sources, Self::Log];

    pub(super) fn index(self) -> usize {
        Self::ALL.iter().position(|p| *p == self).unwrap_or(0)
    }

    /// The list that lies behind it.
    #[must_use]
    pub fn root(self) -> View {
        match self {
            Self::Requests => View::Apps,
            Self::Pool => View::Tags,
            Self::Ns => View::NsTypes,
            Self::Findings => View::Findings,
            Self::Sources => View::Sources,
            Self::Log => View::Log,
        }
    }
}

/// A level of the drilldown with what is remembered of it.
#[derive(Debug, Clone)]
pub struct Level {
    /// What it shows.
    pub view: View,
    /// The row selected.
    pub selected: usize,
    /// What tells that row from others, so that the selection stays on it, and how many rows before it tell the same of themselves:
    /// whatever rows share, each can be selected.
    pub(super) anchor: Option<(String, usize)>,
    /// How it is narrowed and ordered.
    pub order: Order,
    /// The first row on the screen; drawing moves it as far as it must to show the selection.
    pub offset: std::cell::Cell<usize>,
}

impl Level {
    pub(super) fn new(view: View) -> Self {
        Self { view, selected: 0, anchor: None, order: Order::default(), offset: std::cell::Cell::new(0) }
    }

    /// Nobody has moved in it, nor narrowed or ordered it.
    pub(super) fn is_untouched(&self) -> bool {
        self.anchor.is_none() && self.order == Order::default()
    }

    /// The row selected among some rows.
    #[must_use]
    pub fn selection(&self, listing: &Listing) -> usize {
        let last = listing.rows.len().saturating_sub(1);
        // The evidence is what one wants from a finding, and the lines of a file.
        if self.anchor.is_none() && self.selected == 0 && matches!(self.view, View::Finding { .. } | View::Source(_)) {
            // Of a finding, rows that lead to others of its story may be there before its evidence has been read.
            let of_finding = matches!(self.view, View::Finding { .. });
            let is_line = |row: &ListRow| match row.target {
                Some(View::Record { .. }) => true,
                Some(_) => !of_finding,
                None => false,
            };
            return listing.rows.iter().position(is_line).unwrap_or(0);
        }
        let anchored = self.anchor.as_ref().filter(|_| !listing.is_text);
        // The log is read from its end, as long as nobody moved in it.
        if self.anchor.is_none()
            && matches!(self.view, View::Log | View::Lines { .. } | View::LinesWithin { .. })
            && self.order.sort.is_none()
        {
            return last;
        }
        // Where some of those before it are gone, the last that is left is the nearest.
        let found = anchored.and_then(|(id, before)| {
            let same = (0..).zip(&listing.rows).filter(|(_, row)| row.id() == *id);
            same.take(before + 1).last().map(|(at, _)| at)
        });
        found.unwrap_or(self.selected).min(last)
    }

    pub(super) fn select(&mut self, row: usize, listing: &Listing) {
        self.selected = row.min(listing.rows.len().saturating_sub(1));
        self.anchor = listing.rows.get(self.selected).map(ListRow::id).map(|id| {
            let before = listing.rows.iter().take(self.selected).filter(|row| row.id() == id).count();
            (id, before)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::listing::{Cell, ListRow};

    fn listing(texts: &[&str]) -> Listing {
        let row = |text: &&str| ListRow::new(vec![Cell::text(*text)], None);
        Listing { rows: texts.iter().map(row).collect(), ..Listing::default() }
    }

    #[test]
    fn every_row_can_be_selected_whatever_rows_share() {
        let rows = listing(&["CRIT", "warn", "warn", "CRIT", "warn"]);
        let mut level = Level::new(View::Findings);
        for at in 0..rows.rows.len() {
            level.select(at, &rows);
            assert_eq!(level.selection(&rows), at);
        }
    }

    #[test]
    fn the_selection_stays_on_its_row_when_rows_move() {
        let mut level = Level::new(View::Apps);
        level.select(2, &listing(&["a", "b", "b", "c"]));
        assert_eq!(level.selection(&listing(&["b", "c", "a", "b"])), 3);
        assert_eq!(level.selection(&listing(&["c", "b", "a"])), 1);
        // Where none like it is left, its place is.
        assert_eq!(level.selection(&listing(&["x", "y", "z"])), 2);
    }
}
