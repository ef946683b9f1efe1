//! Draws a value against its limit: a large number, what it is measured against, and both over time.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Block, Widget};

use super::{Bucket, LimitPane, Standing};
use crate::ui::text::Shown;
use crate::ui::theme::{Glyphs, Role, Theme};
use crate::ui::widgets::{BigNumber, LimitChart, Point, SlotCells};

/// Rows that a chart is worth having.
const LEAST_CHART: u16 = 3;

/// How a pane is drawn.
#[derive(Clone, Copy)]
pub struct Draw<'a> {
    /// The looks.
    pub theme: &'a Theme,
    /// The characters.
    pub glyphs: &'a Glyphs,
    /// The pane has the keys.
    pub focused: bool,
    /// The times of the first and the last column.
    pub times: (&'a str, &'a str),
}

/// Columns that the chart of a pane in an area has.
#[must_use]
pub fn chart_columns(area: Rect) -> usize {
    usize::from(area.width.saturating_sub(2)).max(1)
}

/// Draws the pane.
pub fn draw(pane: &LimitPane, area: Rect, buffer: &mut Buffer, draw: Draw<'_>) {
    let Draw { theme, glyphs, focused, .. } = draw;
    let border = if focused { Role::BorderFocus } else { Role::Border };
    let mark = match pane.standing {
        Standing::Stopped | Standing::TurningAway => glyphs.critical,
        Standing::Near | Standing::TurnedAway => glyphs.warn,
        Standing::Fine => glyphs.ok,
        Standing::Empty => glyphs.unknown,
    };
    let title = format!("{} {mark} {} ", pane.title, pane.standing.word());
    let title_style = theme.style(if pane.standing >= Standing::Near { pane.standing.role() } else { Role::Title });
    let title = if focused { format!("{}{title}", glyphs.select) } else { title };
    Block::bordered()
        .border_set(glyphs.border)
        .border_style(theme.style(border))
        .title(ratatui::text::Span::styled(title, title_style))
        .render(area, buffer);
    let inner = Rect { x: area.x + 1, y: area.y + 1, width: area.width.saturating_sub(2), height: area.height.saturating_sub(2) };
    if inner.is_empty() {
        return;
    }
    let below = number(pane, inner, buffer, draw);
    let below = cells(pane, below, buffer, draw);
    body(pane, below, buffer, draw);
}

/// The number with its unit beside it; gives what is left below.
fn number(pane: &LimitPane, area: Rect, buffer: &mut Buffer, draw: Draw<'_>) -> Rect {
    let Draw { theme, glyphs, .. } = draw;
    let big = BigNumber::new(&pane.number, theme, glyphs).role(pane.standing.role());
    let width = big.width().min(area.width);
    let tall = if area.height >= 6 && big.width() <= area.width { 3 } else { 1 };
    big.render(Rect { width: if tall == 3 { width } else { area.width }, height: tall, ..area }, buffer);
    let beside = if tall == 3 { width } else { u16::try_from(pane.number.len()).unwrap_or(8) } + 1;
    let unit = Rect { x: area.x + beside.min(area.width), width: area.width.saturating_sub(beside), height: 1, ..area };
    // Beside a wide number there is room for short lines only.
    for (row, part) in (0..tall).rev().zip(fitting(&pane.unit, unit.width).into_iter().rev()) {
        line(buffer, Rect { y: area.y + row, ..unit }, &part, Role::Dim, draw);
    }
    Rect { y: area.y + tall, height: area.height - tall, ..area }
}

/// A text in lines of whole words; none where a word does not fit.
fn fitting(text: &str, width: u16) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        if word.chars().count() > usize::from(width) {
            return Vec::new();
        }
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= usize::from(width) => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// One cell a slot.
fn cells(pane: &LimitPane, mut area: Rect, buffer: &mut Buffer, draw: Draw<'_>) -> Rect {
    for kind in &pane.cells {
        let count = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        let widget = SlotCells::new(count(kind.slots), draw.theme, draw.glyphs).held(count(kind.config), count(kind.package));
        let height = widget.height(area.width).min(area.height.saturating_sub(2));
        if height == 0 {
            return area;
        }
        widget.render(Rect { height, ..area }, buffer);
        area = Rect { y: area.y + height, height: area.height - height, ..area };
    }
    area
}

/// The lines, the weightiest first, and under them the chart.
fn body(pane: &LimitPane, area: Rect, buffer: &mut Buffer, draw: Draw<'_>) {
    // A strip of what was turned away and an axis belong to the chart; half of the room is for it.
    let rows = |lines: usize| u16::try_from(lines).unwrap_or(u16::MAX);
    let (lines, weighty) = (rows(pane.lines.len()), rows(pane.weighty));
    // A chart with nothing in it gives way to words.
    let is_blank = pane.buckets.iter().all(|b| Bucket { is_marked: false, ..*b } == Bucket::default());
    let least = if area.height > LEAST_CHART && !(is_blank && weighty > 0) { LEAST_CHART } else { 0 };
    let half = (area.height / 2).min(area.height.saturating_sub(weighty));
    let chart = area.height.saturating_sub(lines).max(half).max(least);
    let chart = if chart < LEAST_CHART { 0 } else { chart };
    for (row, (role, text)) in (0..area.height - chart).zip(&pane.lines) {
        line(buffer, Rect { y: area.y + row, height: 1, ..area }, text, *role, draw);
    }
    let area = Rect { y: area.y + area.height - chart, height: chart, ..area };
    if area.is_empty() {
        return;
    }
    let values: Vec<Option<Point>> = pane.buckets.iter().map(point).collect();
    let refused: Vec<Option<u64>> = pane.buckets.iter().map(|b| Some(b.turned_away)).collect();
    let marks: Vec<bool> = pane.buckets.iter().map(|b| b.is_marked).collect();
    let most = values.iter().flatten().map(|p| p.mean).fold(0.0, f64::max);
    let max = pane.limit.unwrap_or(0.0).max(most) * 1.08;
    let widget = LimitChart::new(&values, max.max(1.0), draw.theme, draw.glyphs)
        .limit(pane.limit)
        .cutoff(pane.cutoff)
        .turned_away(&refused)
        .marks(&marks);
    let widget = if area.height >= 6 { widget.times(draw.times.0.to_owned(), draw.times.1.to_owned()) } else { widget };
    widget.render(area, buffer);
}

fn point(bucket: &Bucket) -> Option<Point> {
    #[expect(clippy::cast_precision_loss, reason = "counts of requests in flight")]
    bucket.value.map(|p| {
        // A value that was sampled has no bounds.
        if p.high == 0 { Point::exact(p.mean) } else { Point { mean: p.mean, low: p.low as f64, high: p.high as f64 } }
    })
}

/// One line of safe text, cut to its place.
pub fn line(buffer: &mut Buffer, area: Rect, text: &str, role: Role, draw: Draw<'_>) {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return;
    }
    let charset = draw.glyphs.charset;
    let shown = Shown::from_str(text).in_charset(charset);
    let cut = shown.cut(usize::from(area.width), charset);
    buffer.set_stringn(area.x, area.y, cut.as_str(), usize::from(area.width), draw.theme.style(role));
}
