//! A table of safe text.

#[cfg(test)]
mod tests;
mod widths;

pub use widths::ColumnWidth;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::widgets::Widget;

use super::{columns, dot, write};
use crate::ui::text::Shown;
use crate::ui::theme::{Glyphs, Role, Theme};

/// The mark of the selected row and the space after it.
const MARK: u16 = 2;

/// Which side of its column text keeps to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Align {
    /// Text.
    #[default]
    Left,
    /// Numbers.
    Right,
}

/// Which way a sorted column runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// Least first.
    Ascending,
    /// Most first.
    Descending,
}

/// A column: its heading, width and alignment.
#[derive(Debug, Clone)]
pub struct Column<'a> {
    title: Shown<'a>,
    width: ColumnWidth,
    align: Align,
    keeps: Keeps,
}

/// What of a text stays that is too long for its column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Keeps {
    #[default]
    Start,
    End,
    BothEnds,
}

impl<'a> Column<'a> {
    /// A column of text.
    #[must_use]
    pub fn new(title: &'a str, width: ColumnWidth) -> Self {
        Self { title: Shown::from_str(title), width, align: Align::Left, keeps: Keeps::Start }
    }

    /// Aligns to the right: for numbers.
    #[must_use]
    pub const fn right(mut self) -> Self {
        self.align = Align::Right;
        self
    }

    /// Cuts the start of text that is too long, and keeps the end: for paths.
    #[must_use]
    pub const fn keep_end(mut self) -> Self {
        self.keeps = Keeps::End;
        self
    }

    /// Cuts the middle of text that is too long: for rows of a log, which end with what came of the request.
    #[must_use]
    pub const fn keep_both_ends(mut self) -> Self {
        self.keeps = Keeps::BothEnds;
        self
    }
}

/// A cell: text, and its role if it has one of its own.
#[derive(Debug, Clone)]
pub struct Cell<'a> {
    text: Shown<'a>,
    role: Option<Role>,
}

impl<'a> Cell<'a> {
    /// Text in the row's style.
    #[must_use]
    pub fn new(text: impl Into<Shown<'a>>) -> Self {
        Self { text: text.into(), role: None }
    }

    /// Gives the cell a role of its own.
    #[must_use]
    pub const fn role(mut self, role: Role) -> Self {
        self.role = Some(role);
        self
    }
}

impl<'a, T: Into<Shown<'a>>> From<T> for Cell<'a> {
    fn from(text: T) -> Self {
        Self::new(text)
    }
}

/// A row of cells; too few are empty, too many are left out.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    cells: Vec<Cell<'a>>,
    role: Role,
}

impl<'a> Row<'a> {
    /// A row of ordinary text.
    #[must_use]
    pub fn new<T: Into<Cell<'a>>>(cells: impl IntoIterator<Item = T>) -> Self {
        Self { cells: cells.into_iter().map(Into::into).collect(), role: Role::Text }
    }

    /// The role of all cells that have none of their own.
    #[must_use]
    pub const fn role(mut self, role: Role) -> Self {
        self.role = role;
        self
    }
}

/// The first row to show, so that the selected one is visible and no room is left empty: `offset` moved as little as possible.
///
/// `height` is the rows there is room for, without the heading. Keep the result and give it back the next time, or the list jumps.
#[must_use]
pub fn scroll(selected: Option<usize>, offset: usize, rows: usize, height: usize) -> usize {
    let offset = offset.min(rows.saturating_sub(height));
    let Some(selected) = selected.map(|place| place.min(rows.saturating_sub(1))) else {
        return offset;
    };
    offset.clamp((selected + 1).saturating_sub(height).min(selected), selected)
}

/// Rows under a heading, with one selected.
///
/// ```text
///   Application          Limit   Peak ▼
/// ► W3SVC1/secars         5000    4998
///   W3SVC1/reporting      5000      12
/// ```
///
/// The caller keeps the selection and the offset; the table moves the offset only as far as it must to show the selection.
#[derive(Debug, Clone)]
pub struct Table<'a> {
    columns: &'a [Column<'a>],
    rows: &'a [Row<'a>],
    sort: Option<(usize, Sort)>,
    selected: Option<usize>,
    offset: usize,
    heading: u16,
    theme: &'a Theme,
    glyphs: &'a Glyphs,
}

impl<'a> Table<'a> {
    /// The rows that the heading takes.
    pub const HEADING: u16 = 1;

    /// All rows, of which those that fit are drawn.
    #[must_use]
    pub const fn new(columns: &'a [Column<'a>], rows: &'a [Row<'a>], theme: &'a Theme, glyphs: &'a Glyphs) -> Self {
        Self { columns, rows, sort: None, selected: None, offset: 0, heading: Self::HEADING, theme, glyphs }
    }

    /// Leaves the heading out: where rows are few.
    #[must_use]
    pub const fn without_heading(mut self) -> Self {
        self.heading = 0;
        self
    }

    /// Marks the column that the rows are sorted by. The table does not sort.
    #[must_use]
    pub const fn sorted(mut self, column: usize, sort: Sort) -> Self {
        self.sort = Some((column, sort));
        self
    }

    /// The selected row and the first row shown, as [`scroll`] gave it.
    #[must_use]
    pub const fn selected(mut self, selected: Option<usize>, offset: usize) -> Self {
        self.selected = selected;
        self.offset = offset;
        self
    }

    /// The heading of a column with its sort mark.
    fn heading(&self, place: usize, column: &Column<'a>) -> Shown<'a> {
        let mark = match self.sort {
            Some((sorted, Sort::Ascending)) if sorted == place => self.glyphs.ascending,
            Some((sorted, Sort::Descending)) if sorted == place => self.glyphs.descending,
            _ => return column.title.clone(),
        };
        Shown::from(format!("{} {mark}", column.title))
    }

    fn widths(&self, headings: &[Shown<'_>], width: u16) -> Vec<u16> {
        let wanted: Vec<_> = self
            .columns
            .iter()
            .zip(headings)
            .enumerate()
            .map(|(place, (column, heading))| {
                let cells = self.rows.iter().filter_map(|row| row.cells.get(place));
                let content = cells.map(|cell| self.width_of(&cell.text)).max().unwrap_or(0);
                (column.width, content.max(self.width_of(heading)))
            })
            .collect();
        widths::share(&wanted, width)
    }

    fn width_of(&self, text: &Shown<'_>) -> u16 {
        columns(text.borrowed().in_charset(self.glyphs.charset).width())
    }

    fn draw_cell(&self, column: &Column<'_>, text: &Shown<'_>, area: Rect, style: Style, buffer: &mut Buffer) {
        let charset = self.glyphs.charset;
        let text = text.borrowed().in_charset(charset);
        let width = usize::from(area.width);
        let cut = match column.keeps {
            Keeps::Start => text.cut(width, charset),
            Keeps::End => text.cut_start(width, charset),
            Keeps::BothEnds if text.width() > width => {
                let head = text.cut(width / 2, charset);
                let tail = text.cut_start(width - head.width() + charset.ellipsis().chars().count(), charset);
                let tail = tail.as_str().strip_prefix(charset.ellipsis()).unwrap_or_default();
                Shown::from(format!("{head}{tail}"))
            }
            Keeps::BothEnds => text.borrowed(),
        };
        let placed = if column.align == Align::Right { cut.pad_start(width) } else { cut };
        write(buffer, area, &placed, charset, style);
    }

    fn draw_row(&self, place: usize, row: &Row<'_>, area: Rect, places: &[Rect], buffer: &mut Buffer) {
        let selected = self.selected == Some(place);
        let selected_style = self.theme.style(Role::Selected);
        for ((column, cell), at) in self.columns.iter().zip(&row.cells).zip(places) {
            let style = self.theme.style(cell.role.unwrap_or(row.role));
            self.draw_cell(column, &cell.text, Rect { y: area.y, ..*at }, style, buffer);
        }
        if selected {
            // An alarm's own look in a selected row would be lost, or clash; the mark keeps the row findable without any colour.
            buffer.set_style(area, selected_style);
            dot(buffer, area.x, area.y, self.glyphs.select, selected_style);
        }
    }
}

impl Widget for Table<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let area = area.intersection(buffer.area);
        if area.width <= MARK || area.height == 0 {
            return;
        }
        let headings: Vec<_> = self.columns.iter().enumerate().map(|(place, column)| self.heading(place, column)).collect();
        let mut x = area.x + MARK;
        let mut places = Vec::new();
        for width in self.widths(&headings, area.width - MARK) {
            places.push(Rect { x, y: area.y, width, height: 1 });
            x += width + 1;
        }
        let drawn = if self.heading > 0 { places.as_slice() } else { &[] };
        for ((column, heading), at) in self.columns.iter().zip(&headings).zip(drawn) {
            self.draw_cell(column, heading, *at, self.theme.style(Role::Header), buffer);
        }
        let body = Rect { y: area.y + self.heading, height: area.height - self.heading, ..area };
        let height = usize::from(body.height);
        let first = scroll(self.selected, self.offset, self.rows.len(), height);
        for ((place, row), at) in self.rows.iter().enumerate().skip(first).zip(body.rows()) {
            self.draw_row(place, row, at, &places, buffer);
        }
    }
}
