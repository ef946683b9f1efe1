//! A bar in one line, with its limits marked.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::Widget;

use super::{NEAR, columns, dot, steps_of, write};
use crate::ui::text::Shown;
use crate::ui::theme::{Glyphs, Role, Theme};

/// The bar is not worth drawing in fewer columns.
const LEAST_BAR: u16 = 4;

/// A labelled bar from 0 to a maximum, precise to an eighth of a column, with marks for a limit and a second limit (cutoff).
///
/// All numbers are in the same unit, whichever that is. Where it gets narrow, the label gives way first, then the reading.
///
/// ```text
/// pool ████████████████▌─────┃── 87 %
/// ```
#[derive(Debug, Clone)]
pub struct Gauge<'a> {
    value: Option<f64>,
    max: f64,
    limit: Option<f64>,
    cutoff: Option<f64>,
    label: Shown<'a>,
    label_width: u16,
    reading: Shown<'a>,
    theme: &'a Theme,
    glyphs: &'a Glyphs,
}

impl<'a> Gauge<'a> {
    /// A bar for `value` of `max`; without a value, all of it is drawn as unknown.
    #[must_use]
    pub fn new(value: Option<f64>, max: f64, theme: &'a Theme, glyphs: &'a Glyphs) -> Self {
        let [label, reading] = [Shown::default(), Shown::default()];
        Self { value, max, limit: None, cutoff: None, label, label_width: 0, reading, theme, glyphs }
    }

    /// Marks where clients are turned away; from [`NEAR`] of it on, the bar changes its role.
    #[must_use]
    pub const fn limit(mut self, limit: Option<f64>) -> Self {
        self.limit = limit;
        self
    }

    /// Marks a second limit; it does not change the bar's role.
    #[must_use]
    pub const fn cutoff(mut self, cutoff: Option<f64>) -> Self {
        self.cutoff = cutoff;
        self
    }

    /// Text before the bar, in at least `width` columns, so that gauges below each other line up.
    #[must_use]
    pub fn label(mut self, label: impl Into<Shown<'a>>, width: u16) -> Self {
        self.label = label.into();
        self.label_width = width;
        self
    }

    /// Text after the bar: the value as a person would say it.
    #[must_use]
    pub fn reading(mut self, reading: impl Into<Shown<'a>>) -> Self {
        self.reading = reading.into();
        self
    }

    fn role(&self) -> Role {
        match (self.value, self.limit) {
            (None, _) => Role::Unknown,
            (Some(value), Some(limit)) if value >= limit => Role::Critical,
            (Some(value), Some(limit)) if value >= limit * NEAR => Role::GaugeHigh,
            _ => Role::Gauge,
        }
    }

    /// Columns for label, bar and reading, each with the space beside it.
    fn split(&self, width: u16) -> [u16; 3] {
        let beside = |width: u16| if width == 0 { 0 } else { width + 1 };
        let label = beside(columns(self.label.width()).max(self.label_width));
        let reading = beside(columns(self.reading.width()));
        if width >= label + LEAST_BAR + reading {
            [label, width - label - reading, reading]
        } else if width >= LEAST_BAR + reading {
            [0, width - reading, reading]
        } else {
            [0, 0, width]
        }
    }

    fn bar(&self, area: Rect, buffer: &mut Buffer) {
        let filled = steps_of(self.value.unwrap_or_default(), self.max, u32::from(area.width) * 8);
        let [limit, cutoff] = [self.limit, self.cutoff].map(|mark| self.column_of(mark, area.width));
        for (place, x) in (0..).zip(area.left()..area.right()) {
            let eighths = filled.saturating_sub(place * 8);
            let (glyph, role) = match (self.value, eighths) {
                _ if limit == Some(place) => (self.glyphs.limit_mark, Role::Limit),
                _ if cutoff == Some(place) => (self.glyphs.cutoff_mark, Role::Cutoff),
                (None, _) => (self.glyphs.unknown, Role::Unknown),
                (_, 0) => (self.glyphs.track, Role::Free),
                _ => (self.glyphs.block(eighths), self.role()),
            };
            dot(buffer, x, area.y, glyph, self.theme.ink(role));
        }
    }

    /// The column in which a bar of this value would end; a value off the scale has none.
    fn column_of(&self, value: Option<f64>, width: u16) -> Option<u32> {
        let value = value.filter(|value| (0.0..=self.max).contains(value))?;
        Some(steps_of(value, self.max, u32::from(width) * 8).saturating_sub(1) / 8)
    }
}

impl Widget for Gauge<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let area = Rect { height: area.height.min(1), ..area }.intersection(buffer.area);
        if area.is_empty() {
            return;
        }
        let [label, bar, reading] = self.split(area.width);
        let part = |x: u16, width: u16| Rect { x: area.x + x, width, ..area };
        if label > 0 {
            write(buffer, part(0, label - 1), &self.label, self.glyphs.charset, self.theme.style(Role::Text));
        }
        if bar > 0 {
            self.bar(part(label, bar), buffer);
        }
        if reading > 0 {
            let gap = u16::from(bar > 0);
            write(
                buffer,
                part(label + bar + gap, reading - gap),
                &self.reading,
                self.glyphs.charset,
                self.theme.style(self.role()),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::widgets::testing::{assert_lines, drawn, stays_inside};

    const UNICODE: Glyphs = Glyphs::unicode();
    const ASCII: Glyphs = Glyphs::ascii();

    fn pool<'a>(theme: &'a Theme, glyphs: &'a Glyphs) -> Gauge<'a> {
        Gauge::new(Some(85.0), 128.0, theme, glyphs).limit(Some(108.0)).cutoff(Some(120.0)).label("pool", 5).reading("66 %")
    }

    #[test]
    fn a_bar_with_label_marks_and_reading() {
        let theme = Theme::default();
        assert_lines(&drawn(pool(&theme, &UNICODE), 31, 2), ["pool  █████████████▎──┃─╎─ 66 %", &" ".repeat(31)]);
        assert_lines(&drawn(pool(&theme, &ASCII), 31, 1), ["pool  #############:--!-'- 66 %"]);
    }

    #[test]
    fn where_it_is_narrow_label_then_bar_give_way() {
        let theme = Theme::default();
        assert_lines(&drawn(pool(&theme, &UNICODE), 12, 1), ["████▋┃╎ 66 %"]);
        assert_lines(&drawn(pool(&theme, &UNICODE), 6, 1), ["66 %  "]);
        assert_lines(&drawn(pool(&theme, &UNICODE), 3, 1), ["66…"]);
    }

    #[test]
    fn unknown_is_not_zero() {
        let theme = Theme::default();
        assert_lines(&drawn(Gauge::new(None, 10.0, &theme, &UNICODE).limit(Some(8.0)), 10, 1), ["·······┃··"]);
        assert_lines(&drawn(Gauge::new(Some(0.0), 10.0, &theme, &UNICODE), 10, 1), ["──────────"]);
        assert_lines(&drawn(Gauge::new(Some(0.001), 10.0, &theme, &UNICODE), 10, 1), ["▏─────────"]);
    }

    #[test]
    fn the_role_follows_the_limit() {
        let theme = Theme::default();
        for (value, role) in [(79.0, Role::Gauge), (80.0, Role::GaugeHigh), (100.0, Role::Critical)] {
            let buffer = drawn(Gauge::new(Some(value), 200.0, &theme, &UNICODE).limit(Some(100.0)), 20, 1);
            assert_eq!(Some(buffer[(0, 0)].fg), theme.style(role).fg);
        }
    }

    #[test]
    fn any_number_can_be_drawn() {
        let theme = Theme::default();
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 1e300] {
            for max in [0.0, -1.0, f64::NAN, f64::INFINITY, 10.0] {
                drawn(Gauge::new(Some(value), max, &theme, &UNICODE).limit(Some(value)), 10, 1);
            }
        }
        stays_inside(|| pool(&theme, &UNICODE));
    }
}
