//! The plot of a [`LimitChart`]: bars, their uncertainty, and the lines across them. Rows are counted from below.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{LimitChart, Point};
use crate::ui::theme::Role;
use crate::ui::widgets::{NEAR, columns, dot, steps_of};

/// In fewer rows a line would hide the bars, so the bars are drawn over it.
const LEAST_ROWS_UNDER_LINE: u16 = 3;

impl LimitChart<'_> {
    pub(super) fn draw_plot(&self, area: Rect, buffer: &mut Buffer) {
        // The lines also cross the columns for which there is no value at all.
        let first = area.right() - columns(self.values.len()).min(area.width);
        for x in area.left()..first {
            self.draw_column(x, area, None, buffer);
        }
        for (x, value) in Self::placed(area, self.values) {
            self.draw_column(x, area, Some(value), buffer);
        }
    }

    fn draw_column(&self, x: u16, area: Rect, value: Option<&Option<Point>>, buffer: &mut Buffer) {
        let at_cursor = self.cursor_column(area) == Some(x);
        for row in 0..area.height {
            let below = self.beneath(value, row, area.height);
            let (glyph, role) = self
                .line(value, row, area.height, below.1)
                .or_else(|| (at_cursor && below.0 == " ").then_some((self.glyphs.cursor_line, Role::Cursor)))
                .unwrap_or(below);
            dot(buffer, x, area.bottom() - 1 - row, glyph, self.theme.ink(role));
        }
    }

    /// What the value itself draws in a row.
    fn beneath(&self, value: Option<&Option<Point>>, row: u16, rows: u16) -> (&'static str, Role) {
        match value {
            None => (" ", Role::Text),
            Some(None) => (self.glyphs.unknown, Role::Unknown),
            Some(Some(point)) => self.bar(*point, row, rows),
        }
    }

    fn bar(&self, point: Point, row: u16, rows: u16) -> (&'static str, Role) {
        let floor = u32::from(row) * 8;
        let [mean, low, high] = [point.mean, point.low, point.high].map(|value| steps_of(value, self.max, u32::from(rows) * 8));
        match mean.saturating_sub(floor) {
            0 if high > floor => (self.glyphs.band_above, Role::Band),
            0 => (" ", Role::Text),
            8.. if low <= floor => (self.glyphs.band_below, self.role_of(point.mean)),
            eighths => (self.glyphs.bar(eighths), self.role_of(point.mean)),
        }
    }

    fn role_of(&self, value: f64) -> Role {
        match self.limit {
            Some(limit) if value >= limit => Role::Critical,
            Some(limit) if value >= limit * NEAR => Role::GaugeHigh,
            _ => Role::Gauge,
        }
    }

    /// The limit's or the second limit's line, if it runs through this row and is not under the bar.
    fn line(&self, value: Option<&Option<Point>>, row: u16, rows: u16, below: Role) -> Option<(&'static str, Role)> {
        let reached = |line: f64| matches!(value, Some(Some(point)) if point.mean >= line);
        let covered = rows < LEAST_ROWS_UNDER_LINE && matches!(below, Role::Gauge | Role::GaugeHigh);
        let through = |line: Option<f64>| line.filter(|line| !covered && self.row_of(*line, rows) == Some(row));
        if let Some(limit) = through(self.limit) {
            let glyph = if reached(limit) { self.glyphs.limit_reached } else { self.glyphs.limit };
            return Some((glyph, if reached(limit) { Role::Critical } else { Role::Limit }));
        }
        let cutoff = through(self.cutoff)?;
        Some((if reached(cutoff) { self.glyphs.cutoff_reached } else { self.glyphs.cutoff }, Role::Cutoff))
    }

    /// The row, from below, in which a bar of this value would end; `None` off the scale.
    pub(super) fn row_of(&self, value: f64, rows: u16) -> Option<u16> {
        if !(0.0..=self.max).contains(&value) || rows == 0 {
            return None;
        }
        let eighths = steps_of(value, self.max, u32::from(rows) * 8);
        u16::try_from(eighths.saturating_sub(1) / 8).ok()
    }
}
