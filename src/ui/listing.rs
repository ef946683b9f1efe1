//! Lists: what a level of the drilldown shows, as columns and rows that can be filtered and sorted.

use super::theme::Role;
use super::views::View;
use crate::time::Time;
use crate::ui::text::Shown;

/// How wide a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// So many cells.
    Fixed(u16),
    /// What is left over.
    Fill,
}

/// Where a text that is too long for its column is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// At its end.
    End,
    /// At its beginning: paths.
    Start,
    /// In its middle: rows of a log, which end with what came of the request.
    Middle,
}

/// A column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its heading.
    pub title: &'static str,
    /// Its width.
    pub width: Width,
    /// Numbers stand at the right.
    pub right: bool,
    /// What is too long loses its end, unless it is a path or a row of a log.
    pub cut: Cut,
}

impl Column {
    /// A column of text.
    #[must_use]
    pub fn text(title: &'static str, width: Width) -> Self {
        Self { title, width, right: false, cut: Cut::End }
    }

    /// A column of paths.
    #[must_use]
    pub fn path(title: &'static str, width: Width) -> Self {
        Self { cut: Cut::Start, ..Self::text(title, width) }
    }

    /// A column of raw lines.
    #[must_use]
    pub fn raw(title: &'static str) -> Self {
        Self { cut: Cut::Middle, ..Self::text(title, Width::Fill) }
    }

    /// A column of numbers.
    #[must_use]
    pub fn number(title: &'static str, width: u16) -> Self {
        Self { title, width: Width::Fixed(width), right: true, cut: Cut::End }
    }
}

/// A cell: what is shown, and the number it sorts by, if it is one.
#[derive(Debug, Clone)]
pub struct Cell {
    /// What is shown.
    pub text: Shown<'static>,
    /// The number it sorts by; text sorts by itself.
    pub number: Option<f64>,
}

impl Cell {
    /// Text of our own, or of a log: both are made safe.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: Shown::from(text.into()), number: None }
    }

    /// Bytes of a log.
    #[must_use]
    pub fn bytes(bytes: &[u8]) -> Self {
        Self { text: Shown::from_bytes(bytes).into_owned(), number: None }
    }

    /// A number, shown in some form.
    #[must_use]
    pub fn number(value: f64, shown: impl Into<String>) -> Self {
        Self { text: Shown::from(shown.into()), number: Some(value) }
    }

    /// A count.
    #[must_use]
    pub fn count(value: u64) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "only to sort by")]
        Self::number(value as f64, value.to_string())
    }
}

/// A row.
#[derive(Debug, Clone)]
pub struct ListRow {
    /// Its cells, one a column.
    pub cells: Vec<Cell>,
    /// How it looks.
    pub role: Role,
    /// What is behind it.
    pub target: Option<View>,
    /// What `y` copies, where that is more than what is shown.
    pub copy: Option<String>,
    /// The moment that it stands for, where Enter goes to one.
    pub moment: Option<Time>,
}

impl ListRow {
    /// A row in the ordinary look.
    #[must_use]
    pub fn new(cells: Vec<Cell>, target: Option<View>) -> Self {
        Self { cells, role: Role::Text, target, copy: None, moment: None }
    }

    /// The same row in another look.
    #[must_use]
    pub fn role(self, role: Role) -> Self {
        Self { role, ..self }
    }

    /// What tells it from other rows, as far as anything does: the selection stays on it when rows move.
    #[must_use]
    pub fn id(&self) -> String {
        match &self.target {
            Some(View::Record { origin, .. }) => format!("{origin:?}"),
            // Several logs may have lain at one path.
            Some(View::Source(id)) => format!("{id:?}"),
            // Its first cell is the kind of its group.
            Some(View::LinesWithin { only, .. }) => format!("{only:?}"),
            // Its first cell is how bad it is: many share it.
            Some(View::Finding { rule, subject }) => format!("{rule} {subject:?}"),
            _ => self.cells.first().map(|c| c.text.to_string()).unwrap_or_default(),
        }
    }

    /// All its text, to search and to copy.
    #[must_use]
    pub fn all_text(&self) -> String {
        self.cells.iter().map(|c| c.text.as_str()).collect::<Vec<_>>().join("  ")
    }
}

/// What a level shows.
#[derive(Debug, Clone, Default)]
pub struct Listing {
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows, in their own order.
    pub rows: Vec<ListRow>,
    /// What could not be read, or that the list is cut.
    pub note: Option<String>,
    /// The rows are a text to read: they cannot be sorted.
    pub is_text: bool,
}

/// How a list is narrowed and ordered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Order {
    /// Only rows that contain this text, in any case.
    pub filter: String,
    /// The column to sort by; `None` keeps the list's own order.
    pub sort: Option<usize>,
    /// The other way round.
    pub reverse: bool,
}

impl Listing {
    /// Narrows and orders the rows.
    #[must_use]
    pub fn ordered(mut self, order: &Order) -> Self {
        if !order.filter.is_empty() {
            let wanted = order.filter.to_lowercase();
            self.rows.retain(|row| row.all_text().to_lowercase().contains(&wanted));
        }
        if self.is_text {
            return self;
        }
        if let Some(column) = order.sort {
            self.rows.sort_by(|a, b| compare(a.cells.get(column), b.cells.get(column)));
        }
        if order.reverse {
            self.rows.reverse();
        }
        self
    }
}

/// Numbers the greatest first, text from A to Z.
fn compare(a: Option<&Cell>, b: Option<&Cell>) -> std::cmp::Ordering {
    match (a, b) {
        (Some(Cell { number: Some(a), .. }), Some(Cell { number: Some(b), .. })) => b.total_cmp(a),
        (Some(a), Some(b)) => a.text.as_str().to_lowercase().cmp(&b.text.as_str().to_lowercase()),
        _ => std::cmp::Ordering::Equal,
    }
}
