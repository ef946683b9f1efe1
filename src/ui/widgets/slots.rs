//! Slots, one cell each.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use super::{Gauge, dot};
use crate::ui::theme::{Glyphs, Role, Theme};

/// More slots than this are drawn as a bar: nobody counts that many cells.
const MOST_CELLS: u32 = 100;

/// Cells between two gaps, so that the eye can count.
const GROUP: u16 = 10;

/// How many of a server's request slots are held, and by what: a cell for each slot, or a bar above 100 slots or in too small an
/// area.
///
/// ```text
/// ■■■■■■■■■■ ■■■■■■■■■■ ■■■■■■▣▣▣▣
/// ▣▣□□□□□□□□ □□□□□□□□□□
/// ```
#[derive(Debug, Clone, Copy)]
pub struct SlotCells<'a> {
    slots: u32,
    held: Option<[u32; 2]>,
    theme: &'a Theme,
    glyphs: &'a Glyphs,
}

impl<'a> SlotCells<'a> {
    /// So many slots, of which it is not known how many are held.
    #[must_use]
    pub const fn new(slots: u32, theme: &'a Theme, glyphs: &'a Glyphs) -> Self {
        Self { slots, held: None, theme, glyphs }
    }

    /// The slots held by configuration requests and by package-info requests. More than there are slots are drawn as such.
    #[must_use]
    pub const fn held(mut self, config: u32, package: u32) -> Self {
        self.held = Some([config, package]);
        self
    }

    /// The rows that all cells take at this width; 1 for a bar.
    #[must_use]
    pub fn height(&self, width: u16) -> u16 {
        if self.cells() > MOST_CELLS || width == 0 {
            return 1;
        }
        u16::try_from(self.cells()).unwrap_or(u16::MAX).div_ceil(cells_in_row(width)).max(1)
    }

    /// Slots, or what is held where that is more.
    fn cells(&self) -> u32 {
        self.slots.max(self.sum())
    }

    fn sum(&self) -> u32 {
        self.held.map_or(0, |[config, package]| config.saturating_add(package))
    }

    fn cell(&self, place: u32) -> (&'static str, Role) {
        let Some([config, _]) = self.held else { return (self.glyphs.unknown, Role::Unknown) };
        if place >= self.slots {
            (self.glyphs.slot_over, Role::Critical)
        } else if place < config {
            (self.glyphs.slot_config, Role::SlotConfig)
        } else if place < self.sum() {
            (self.glyphs.slot_package, Role::SlotPackage)
        } else {
            (self.glyphs.slot_free, Role::Free)
        }
    }

    fn bar(&self, area: Rect, buffer: &mut Buffer) {
        let held = self.held.map(|_| f64::from(self.sum()));
        let slots = f64::from(self.slots);
        let text = self.held.map_or_else(|| format!("?/{}", self.slots), |_| format!("{}/{}", self.sum(), self.slots));
        Gauge::new(held, slots, self.theme, self.glyphs).limit(Some(slots)).reading(text).render(area, buffer);
    }
}

impl Widget for SlotCells<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        if area.is_empty() {
            return;
        }
        if self.cells() > MOST_CELLS || self.height(area.width) > area.height {
            return self.bar(area, buffer);
        }
        let in_row = u32::from(cells_in_row(area.width));
        for place in 0..self.cells() {
            let [row, column] = [place / in_row, place % in_row].map(|n| u16::try_from(n).unwrap_or(u16::MAX));
            // In a row with several groups there is a gap after each.
            let x = area.x + column + column / GROUP;
            let (glyph, role) = self.cell(place);
            dot(buffer, x, area.y + row, glyph, self.theme.ink(role));
        }
    }
}

/// As many whole groups as fit; in a narrow area, as many cells as fit.
fn cells_in_row(width: u16) -> u16 {
    match (width.saturating_add(1)) / (GROUP + 1) {
        0 => width.max(1),
        groups => groups * GROUP,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::widgets::testing::{assert_lines, drawn, stays_inside};

    const UNICODE: Glyphs = Glyphs::unicode();
    const ASCII: Glyphs = Glyphs::ascii();

    #[test]
    fn a_cell_for_every_slot() {
        let theme = Theme::default();
        let slots = SlotCells::new(50, &theme, &UNICODE).held(26, 6);
        assert_eq!(slots.height(32), 2);
        assert_lines(&drawn(slots, 32, 2), ["■■■■■■■■■■ ■■■■■■■■■■ ■■■■■■▣▣▣▣", "▣▣□□□□□□□□ □□□□□□□□□□           "]);
        let slots = SlotCells::new(10, &theme, &ASCII).held(3, 4);
        assert_lines(&drawn(slots, 12, 1), ["###pppp...  "]);
        assert_lines(&drawn(slots, 4, 3), ["###p", "ppp.", "..  "]);
    }

    #[test]
    fn more_than_there_are_can_be_seen() {
        let theme = Theme::default();
        let buffer = drawn(SlotCells::new(10, &theme, &ASCII).held(9, 3), 22, 1);
        assert_lines(&buffer, ["#########p XX         "]);
        assert_eq!(Some(buffer[(11, 0)].fg), theme.style(Role::Critical).fg);
    }

    #[test]
    fn unknown_is_not_free() {
        let theme = Theme::default();
        assert_lines(&drawn(SlotCells::new(5, &theme, &ASCII), 6, 1), ["????? "]);
    }

    #[test]
    fn many_slots_are_a_bar() {
        let theme = Theme::default();
        assert_lines(&drawn(SlotCells::new(200, &theme, &UNICODE).held(60, 40), 18, 1), ["█████────┃ 100/200"]);
        assert_lines(&drawn(SlotCells::new(50, &theme, &UNICODE).held(20, 5), 16, 1), ["█████────┃ 25/50"]);
    }

    #[test]
    fn any_numbers_can_be_drawn() {
        let theme = Theme::default();
        drawn(SlotCells::new(0, &theme, &UNICODE).held(0, 0), 10, 2);
        drawn(SlotCells::new(u32::MAX, &theme, &UNICODE).held(u32::MAX, u32::MAX), 10, 2);
        stays_inside(|| SlotCells::new(33, &theme, &UNICODE).held(7, 30));
    }
}
