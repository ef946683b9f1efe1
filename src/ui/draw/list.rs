//! Lists: the levels of the drilldown, and the panes that are lists.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Span;
use ratatui::widgets::{Block, Borders, Widget};

use super::Looks;
use super::chrome::safe;
use crate::engine::Moment;
use crate::ui::level::{Level, Pane};
use crate::ui::listing::{Cut, Listing, Width};
use crate::ui::panes::limit::{Draw, line};
use crate::ui::replies::Slot;
use crate::ui::state::Ui;
use crate::ui::text::Shown;
use crate::ui::theme::Role;
use crate::ui::views::View;
use crate::ui::widgets::{Cell, Column, ColumnWidth, Row, Sort, Table, scroll};

/// The level drilled into, over the whole screen. Gives the rows of a page.
pub(super) fn level(frame: &mut Frame<'_>, area: Rect, ui: &Ui, moment: &Moment<'_>, looks: Looks<'_>) -> usize {
    let titles: Vec<String> = ui.path.iter().map(|level| safe(&level.view.title(moment), looks)).collect();
    let title = titles.join(&format!(" {} ", looks.glyphs.right)) + &as_of(ui, Slot::Level, moment);
    List { title, level: ui.level(), listing: ui.listing(moment, Some(looks.diagnosis)), focused: true, looks }.draw(frame, area)
}

/// A pane that is a list. Gives the rows of a page.
pub(super) fn root(frame: &mut Frame<'_>, area: Rect, pane: Pane, ui: &Ui, moment: &Moment<'_>, looks: Looks<'_>) -> usize {
    let listing = ui.root_listing(pane, moment, Some(looks.diagnosis), usize::from(area.height));
    let title = match pane {
        // There may be more than there is room for.
        Pane::Findings if ui.focus != pane => format!("4 Findings ({})", listing.rows.len()),
        Pane::Findings => String::from("4 Findings"),
        Pane::Sources => String::from("5 Sources"),
        Pane::Log => format!("6 Log{}", as_of(ui, Slot::Pane, moment)),
        _ => safe(&ui.root(pane).view.title(moment), looks),
    };
    List { title, level: ui.root(pane), listing, focused: ui.focus == pane, looks }.draw(frame, area)
}

/// `  as of 12:00:03`, where what was read again is older than the moment looked at.
fn as_of(ui: &Ui, slot: Slot, moment: &Moment<'_>) -> String {
    ui.as_of(slot, moment).map(|at| format!("  as of {}", ui.zone.clock(at))).unwrap_or_default()
}

struct List<'a> {
    /// Safe, and in the characters that the terminal has.
    title: String,
    level: &'a Level,
    listing: Listing,
    focused: bool,
    looks: Looks<'a>,
}

impl List<'_> {
    /// Draws it; gives the rows of a page.
    fn draw(&self, frame: &mut Frame<'_>, area: Rect) -> usize {
        let Looks { theme, glyphs, .. } = self.looks;
        let buffer = frame.buffer_mut();
        let block = Block::new()
            .borders(Borders::TOP)
            .border_set(glyphs.border)
            .border_style(theme.style(if self.focused { Role::BorderFocus } else { Role::Border }))
            .title(Span::styled(self.heading(area.width), theme.style(Role::Title)));
        let mut inner = block.inner(area);
        block.render(area, buffer);
        if let Some(note) = &self.listing.note
            && inner.height > 1
        {
            let place = Rect { y: inner.y + inner.height - 1, height: 1, ..inner };
            line(buffer, place, note, Role::Dim, Draw { theme, glyphs, focused: self.focused, times: ("", "") });
            inner.height -= 1;
        }
        self.table(inner, buffer)
    }

    fn heading(&self, width: u16) -> String {
        let charset = self.looks.glyphs.charset;
        let mut heading = self.title.clone();
        let filter = &self.level.order.filter;
        if !filter.is_empty() {
            heading.push_str(&format!("  /{}", Shown::from_str(filter).in_charset(charset)));
        }
        if self.focused && !self.listing.is_text && !self.listing.rows.is_empty() {
            let selected = self.level.selection(&self.listing);
            heading.push_str(&format!("  {}/{}", selected + 1, self.listing.rows.len()));
        }
        let mark = if self.focused { self.looks.glyphs.select } else { "" };
        // The end of a long path tells where one is.
        let room = usize::from(width).saturating_sub(4);
        format!("{mark}{} ", Shown::from(heading).cut_start(room, charset))
    }

    /// The rows that fit. Only they are measured, so that a long list costs no more than a short one.
    fn table(&self, area: Rect, buffer: &mut ratatui::buffer::Buffer) -> usize {
        // A few numbers are nothing without the names of their columns.
        let is_few = matches!(self.level.view, View::Capacity { .. }) && self.listing.rows.len() < usize::from(area.height);
        let with_heading = !self.listing.is_text && (area.height > 5 || is_few);
        let page = usize::from(area.height).saturating_sub(usize::from(with_heading)).max(1);
        let selected = self.level.selection(&self.listing);
        let offset = scroll(Some(selected), self.level.offset.get(), self.listing.rows.len(), page);
        self.level.offset.set(offset);
        let columns: Vec<Column<'_>> = self.listing.columns.iter().map(column).collect();
        let visible = self.listing.rows.iter().skip(offset).take(page);
        let rows: Vec<Row<'_>> =
            visible.map(|row| Row::new(row.cells.iter().map(|cell| Cell::new(cell.text.borrowed()))).role(row.role)).collect();
        let mut table = Table::new(&columns, &rows, self.looks.theme, self.looks.glyphs);
        if !with_heading {
            table = table.without_heading();
        }
        if self.focused {
            table = table.selected(Some(selected - offset), 0);
        }
        if let Some(sorted) = self.level.order.sort {
            let numbers = self.listing.columns.get(sorted).is_some_and(|c| c.right);
            let descending = numbers != self.level.order.reverse;
            table = table.sorted(sorted, if descending { Sort::Descending } else { Sort::Ascending });
        }
        table.render(area, buffer);
        page
    }
}

fn column(column: &crate::ui::listing::Column) -> Column<'static> {
    let width = match column.width {
        Width::Fixed(cells) => ColumnWidth::Fixed(cells),
        Width::Fill => ColumnWidth::Fill(1),
    };
    let shown = Column::new(column.title, width);
    let shown = if column.right { shown.right() } else { shown };
    match column.cut {
        Cut::End => shown,
        Cut::Start => shown.keep_end(),
        Cut::Middle => shown.keep_both_ends(),
    }
}
