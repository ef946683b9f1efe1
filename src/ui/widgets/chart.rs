//! A value over time against its limit.

mod plot;
#[cfg(test)]
mod tests;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use super::{columns, dot, write};
use crate::ui::text::Shown;
use crate::ui::theme::{Glyphs, Role, Theme};

/// Labels of the value axis are left out where they would leave the plot fewer columns.
const LEAST_PLOT: u16 = 20;

/// A measured value in one column of time, with the bounds of the estimate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// The best estimate: the height of the bar.
    pub mean: f64,
    /// At least so much, for certain.
    pub low: f64,
    /// At most so much.
    pub high: f64,
}

impl Point {
    /// A value that was counted, not estimated.
    #[must_use]
    pub const fn exact(value: f64) -> Self {
        Self { mean: value, low: value, high: value }
    }
}

/// A bar chart with a limit across it, what was turned away beneath it, and a time axis under both.
///
/// One value is one column; the newest is in the last column, and where there are more values than columns the oldest are left
/// out. The caller resamples: see [`LimitChart::plot_area`] for the columns there are. All values have the unit of `max`,
/// whichever that is.
///
/// A column of `None` is not yet known (the log has not reached it, or there was no sample). It is filled with a glyph of its
/// own, because an empty column means zero.
///
/// ```text
/// 5000 ━━━━━━━━━━━━━╋╋╋╋━━━━━
///                 ▃███████··
///              ▂▅█████████··
///    0 ▁▁▂▃▄▅▆████████████··
///                   ▁▃▅▂▁ ··    turned away
///      20:01:44     ▲  20:02:09
/// ```
///
/// Where rows are few, the axis goes first, then the turned-away strip; the plot stays.
#[derive(Debug, Clone)]
pub struct LimitChart<'a> {
    values: &'a [Option<Point>],
    max: f64,
    limit: Option<f64>,
    cutoff: Option<f64>,
    turned_away: Option<&'a [Option<u64>]>,
    y_labels: &'a [(f64, Shown<'a>)],
    times: Option<[Shown<'a>; 2]>,
    cursor: Option<usize>,
    marks: &'a [bool],
    theme: &'a Theme,
    glyphs: &'a Glyphs,
}

/// Where the parts of a chart are.
#[derive(Debug, Clone, Copy)]
struct Parts {
    plot: Rect,
    strip: Option<Rect>,
    axis: Option<Rect>,
    /// Columns for the labels of the value axis, left of the plot.
    gutter: u16,
}

impl<'a> LimitChart<'a> {
    /// Shows one value a column on a scale from 0 to `max`; higher values end at the top.
    #[must_use]
    pub const fn new(values: &'a [Option<Point>], max: f64, theme: &'a Theme, glyphs: &'a Glyphs) -> Self {
        let [limit, cutoff] = [None, None];
        Self {
            values,
            max,
            limit,
            cutoff,
            turned_away: None,
            y_labels: &[],
            times: None,
            cursor: None,
            marks: &[],
            theme,
            glyphs,
        }
    }

    /// A line where clients are turned away. Bars near it and above it change their role.
    #[must_use]
    pub const fn limit(mut self, limit: Option<f64>) -> Self {
        self.limit = limit;
        self
    }

    /// A second line, which leaves the bars' role alone.
    #[must_use]
    pub const fn cutoff(mut self, cutoff: Option<f64>) -> Self {
        self.cutoff = cutoff;
        self
    }

    /// A row under the plot: the clients turned away in each column of time. As with the values, the last is the newest, and
    /// `None` is not yet known.
    #[must_use]
    pub const fn turned_away(mut self, counts: &'a [Option<u64>]) -> Self {
        self.turned_away = Some(counts);
        self
    }

    /// Labels left of the plot, each at the height of its value. Where two would share a row, the first is shown.
    #[must_use]
    pub const fn y_labels(mut self, labels: &'a [(f64, Shown<'a>)]) -> Self {
        self.y_labels = labels;
        self
    }

    /// A row with the times of the first and the last column.
    #[must_use]
    pub fn times(mut self, first: impl Into<Shown<'a>>, last: impl Into<Shown<'a>>) -> Self {
        self.times = Some([first.into(), last.into()]);
        self
    }

    /// Marks the moment looked at, by its place among the values.
    #[must_use]
    pub const fn cursor(mut self, place: Option<usize>) -> Self {
        self.cursor = place;
        self
    }

    /// Marks columns on the row with the times.
    #[must_use]
    pub const fn marks(mut self, marks: &'a [bool]) -> Self {
        self.marks = marks;
        self
    }

    /// Where the plot itself will be, so that the caller can resample to its width.
    #[must_use]
    pub fn plot_area(&self, area: Rect) -> Rect {
        self.parts(area).plot
    }

    fn parts(&self, area: Rect) -> Parts {
        let widest = self.y_labels.iter().map(|(_, label)| columns(label.width())).max();
        let gutter = widest.map_or(0, |width| width.saturating_add(1));
        let gutter = if area.width.saturating_sub(gutter) >= LEAST_PLOT { gutter } else { 0 };
        let has_strip = self.turned_away.is_some() && area.height >= 2;
        let has_axis = self.times.is_some() && area.height >= 4;
        let plot = Rect {
            x: area.x + gutter,
            width: area.width - gutter,
            height: area.height - u16::from(has_strip) - u16::from(has_axis),
            ..area
        };
        let row = |below: u16| Rect { y: plot.y + plot.height + below, height: 1, ..plot };
        Parts { plot, strip: has_strip.then(|| row(0)), axis: has_axis.then(|| row(u16::from(has_strip))), gutter }
    }

    /// The screen column of each item: the last item is in the last column.
    fn placed<T>(area: Rect, items: &[T]) -> impl Iterator<Item = (u16, &T)> {
        let skipped = items.len().saturating_sub(usize::from(area.width));
        let shown = items.get(skipped..).unwrap_or_default();
        let first = area.right() - columns(shown.len());
        (first..area.right()).zip(shown)
    }

    fn cursor_column(&self, area: Rect) -> Option<u16> {
        let from_end = self.values.len().checked_sub(self.cursor?)?;
        let column = area.right().checked_sub(columns(from_end))?;
        (area.left()..area.right()).contains(&column).then_some(column)
    }

    fn draw_strip(&self, area: Rect, buffer: &mut Buffer) {
        for (x, count) in Self::placed(area, self.turned_away.unwrap_or_default()) {
            let (glyph, role) = match count {
                Some(count) => (self.glyphs.turned_away(*count), Role::Refused),
                None => (self.glyphs.unknown, Role::Unknown),
            };
            dot(buffer, x, area.y, glyph, self.theme.ink(role));
        }
    }

    fn draw_axis(&self, area: Rect, buffer: &mut Buffer) {
        let style = self.theme.style(Role::Dim);
        if let Some([first, last]) = &self.times {
            let used = write(buffer, area, first, self.glyphs.charset, style);
            let width = columns(last.borrowed().in_charset(self.glyphs.charset).width());
            // The two must not run into each other and make a third time.
            if width.saturating_add(used).saturating_add(1) <= area.width {
                let right = Rect { x: area.right() - width, width, ..area };
                write(buffer, right, last, self.glyphs.charset, style);
            }
        }
        for (x, _) in Self::placed(area, self.marks).filter(|(_, marked)| **marked) {
            dot(buffer, x, area.y, self.glyphs.cursor, self.theme.ink(Role::Key));
        }
        if let Some(x) = self.cursor_column(area) {
            dot(buffer, x, area.y, self.glyphs.cursor, self.theme.ink(Role::Cursor));
        }
    }

    fn draw_y_labels(&self, parts: &Parts, buffer: &mut Buffer) {
        let mut taken = Vec::new();
        for (value, label) in self.y_labels {
            let Some(row) = self.row_of(*value, parts.plot.height).filter(|row| !taken.contains(row)) else { continue };
            taken.push(row);
            let label = label.pad_start(usize::from(parts.gutter - 1));
            let area =
                Rect { x: parts.plot.x - parts.gutter, y: parts.plot.bottom() - 1 - row, width: parts.gutter - 1, height: 1 };
            write(buffer, area, &label, self.glyphs.charset, self.theme.style(Role::Dim));
        }
    }
}

impl Widget for LimitChart<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let area = area.intersection(buffer.area);
        if area.is_empty() {
            return;
        }
        let parts = self.parts(area);
        self.draw_plot(parts.plot, buffer);
        if parts.gutter > 0 {
            self.draw_y_labels(&parts, buffer);
        }
        if let Some(strip) = parts.strip {
            self.draw_strip(strip, buffer);
        }
        if let Some(axis) = parts.axis {
            self.draw_axis(axis, buffer);
        }
    }
}
