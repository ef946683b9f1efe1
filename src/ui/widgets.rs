//! Pure widgets: numbers and safe text in, cells out.
//!
//! None of them keeps state, reads a clock or knows what it is that is being measured. Each takes the
//! [`Theme`](super::theme::Theme) and the [`Glyphs`](super::theme::Glyphs), draws only inside its area, and draws something
//! sensible in any area, even an empty one.

mod big_number;
mod chart;
mod gauge;
mod slots;
mod table;

pub use big_number::BigNumber;
pub use chart::{LimitChart, Point};
pub use gauge::Gauge;
pub use slots::SlotCells;
pub use table::{Align, Cell, Column, ColumnWidth, Row, Sort, Table, scroll};

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::text::{Charset, Shown};

/// The share of a limit from which a value counts as near it.
pub const NEAR: f64 = 0.8;

/// Draws one glyph; outside the buffer nothing happens.
fn dot(buffer: &mut Buffer, x: u16, y: u16, glyph: &str, style: Style) {
    if let Some(cell) = buffer.cell_mut((x, y)) {
        cell.set_symbol(glyph).set_style(style);
    }
}

/// Draws text into one row of `area`, cut to its width; returns the columns it took.
fn write(buffer: &mut Buffer, area: Rect, text: &Shown<'_>, charset: Charset, style: Style) -> u16 {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return 0;
    }
    let text = text.borrowed().in_charset(charset);
    let text = text.cut(usize::from(area.width), charset);
    let (end, _) = buffer.set_stringn(area.x, area.y, text.as_str(), usize::from(area.width), style);
    end - area.x
}

/// A width as the screen counts it; longer than any screen is as long as the longest.
fn columns(width: usize) -> u16 {
    u16::try_from(width).unwrap_or(u16::MAX)
}

/// `value` as a share of `max`, times `steps`, rounded: 0 only for nothing, at most `steps`.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=steps before")]
fn steps_of(value: f64, max: f64, steps: u32) -> u32 {
    // Written so that NaN is nothing.
    if !(value > 0.0 && max > 0.0) {
        return 0;
    }
    let share = (value / max).min(1.0);
    let exact = share * f64::from(steps);
    (exact.round() as u32).clamp(1, steps.max(1))
}

#[cfg(test)]
mod testing {
    use ratatui::buffer::Buffer;
    use ratatui::layout::Rect;
    use ratatui::style::Style;
    use ratatui::widgets::Widget;

    /// What a widget draws into an area of its own.
    pub(super) fn drawn(widget: impl Widget, width: u16, height: u16) -> Buffer {
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        widget.render(buffer.area, &mut buffer);
        buffer
    }

    /// Compares the characters only.
    #[track_caller]
    pub(super) fn assert_lines<const N: usize>(buffer: &Buffer, lines: [&str; N]) {
        let mut plain = buffer.clone();
        plain.set_style(plain.area, Style::reset());
        let mut expected = Buffer::with_lines(lines);
        expected.set_style(expected.area, Style::reset());
        assert_eq!(plain, expected);
    }

    /// Draws a widget into every small area and into one that hangs out of the buffer: nothing outside may change, nothing may
    /// panic.
    pub(super) fn stays_inside<W: Widget>(widget: impl Fn() -> W) {
        for (width, height) in (0..14).flat_map(|width| (0..6).map(move |height| (width, height))) {
            let mut buffer = Buffer::filled(Rect::new(0, 0, 18, 9), ratatui::buffer::Cell::new("~"));
            let area = Rect::new(2, 2, width, height);
            widget().render(area, &mut buffer);
            for position in buffer.area.positions().filter(|position| !area.contains(*position)) {
                assert_eq!(buffer[position].symbol(), "~", "at {position} for {area}");
            }
        }
        let mut small = Buffer::empty(Rect::new(0, 0, 7, 3));
        widget().render(Rect::new(3, 1, 40, 20), &mut small);
    }
}
