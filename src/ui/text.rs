//! Hostile text made safe to show.
//!
//! Whoever sends a request chooses the bytes of its URL, its user agent and its user name, and those bytes end up in a log. A
//! terminal obeys some bytes (escape sequences), and a reader is misled by others (right-to-left overrides, invisible
//! characters). [`Shown`] is the only road from such bytes to a screen, stdout, a report or the clipboard: what would be obeyed
//! or overlooked is spelled out.

mod escape;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::fmt;

use ratatui::buffer::CellWidth;
use ratatui::text::Span;
use unicode_segmentation::UnicodeSegmentation;

/// Which characters the terminal can draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Charset {
    /// Any printable character.
    #[default]
    Unicode,
    /// Only U+0020 to U+007E.
    Ascii,
}

impl Charset {
    /// What stands for the text that was cut away; one column wide.
    #[must_use]
    pub const fn ellipsis(self) -> &'static str {
        match self {
            Self::Unicode => "…",
            Self::Ascii => "~",
        }
    }
}

/// Text in which every character is visible, stays in its own columns and commands nothing.
///
/// | in the input | shown as |
/// |---|---|
/// | bytes that are not UTF-8 | `\xff` |
/// | C0 controls and DEL | `\t`, `\r`, `\n`, `\x1b`, `\x7f` |
/// | C1 controls | `\u{9b}` |
/// | bidi, zero-width, tag and other invisible characters | `<U+202E>` |
/// | a third combining mark on one base, or one without a base | `<U+0301>` |
///
/// Safe text is borrowed and not changed, so showing something twice is the same as showing it once. The price is that a log
/// that really contains a backslash, an `x` and two digits looks like an escape; the raw bytes are in the file.
///
/// ```
/// use why503::ui::text::{Charset, Shown};
///
/// let agent = Shown::from_bytes(b"curl\x1b[2J/8.0");
/// assert_eq!(agent.as_str(), r"curl\x1b[2J/8.0");
/// assert_eq!(agent.cut(6, Charset::Unicode).as_str(), r"curl\…");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Shown<'a> {
    text: Cow<'a, str>,
    width: usize,
}

impl<'a> Shown<'a> {
    /// Makes bytes of unknown origin safe.
    #[must_use]
    pub fn from_bytes(bytes: &'a [u8]) -> Self {
        match str::from_utf8(bytes) {
            Ok(text) => Self::from_str(text),
            Err(_) => Self::measured(Cow::Owned(escape::bytes(bytes))),
        }
    }

    /// Makes text of unknown origin safe.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "FromStr cannot borrow from its argument")]
    pub fn from_str(text: &'a str) -> Self {
        Self::measured(escape::text(text))
    }

    /// Spells out what the terminal cannot draw: under [`Charset::Ascii`], `é` becomes `\u{e9}`, which keeps the evidence where
    /// a `?` would not.
    #[must_use]
    pub fn in_charset(self, charset: Charset) -> Self {
        if charset == Charset::Unicode || self.text.is_ascii() {
            return self;
        }
        Self::measured(Cow::Owned(escape::to_ascii(&self.text)))
    }

    /// The safe text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The number of columns it takes on a screen, as ratatui counts them.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Whether there is nothing to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The same text, borrowed.
    #[must_use]
    pub fn borrowed(&self) -> Shown<'_> {
        Shown { text: Cow::Borrowed(&self.text), width: self.width }
    }

    /// The same text, owning its bytes.
    #[must_use]
    pub fn into_owned(self) -> Shown<'static> {
        Shown { text: Cow::Owned(self.text.into_owned()), width: self.width }
    }

    /// At most `width` columns of it: the head, and an ellipsis where something was cut away.
    ///
    /// A wide character is never split, so the result may be a column short.
    #[must_use]
    pub fn cut(&self, width: usize, charset: Charset) -> Shown<'_> {
        let Some(room) = self.room_beside_ellipsis(width) else {
            return self.whole_or_nothing(width);
        };
        let mut kept = fitting(self.text.graphemes(true), room).concat();
        kept.push_str(charset.ellipsis());
        Shown::measured(Cow::Owned(kept))
    }

    /// At most `width` columns of it: the tail, after an ellipsis where something was cut away. For paths, whose end tells most.
    #[must_use]
    pub fn cut_start(&self, width: usize, charset: Charset) -> Shown<'_> {
        let Some(room) = self.room_beside_ellipsis(width) else {
            return self.whole_or_nothing(width);
        };
        let mut clusters = fitting(self.text.graphemes(true).rev(), room);
        clusters.push(charset.ellipsis());
        clusters.reverse();
        Shown::measured(Cow::Owned(clusters.concat()))
    }

    /// The text with spaces after it, up to `width` columns. Longer text stays as it is.
    #[must_use]
    pub fn pad(&self, width: usize) -> Shown<'_> {
        let spaces = " ".repeat(width.saturating_sub(self.width));
        Shown { text: Cow::Owned(format!("{}{spaces}", self.text)), width: self.width.max(width) }
    }

    /// The text with spaces before it, up to `width` columns: for numbers. Longer text stays as it is.
    #[must_use]
    pub fn pad_start(&self, width: usize) -> Shown<'_> {
        let spaces = " ".repeat(width.saturating_sub(self.width));
        Shown { text: Cow::Owned(format!("{spaces}{}", self.text)), width: self.width.max(width) }
    }

    fn measured(text: Cow<'a, str>) -> Self {
        let width = if text.is_ascii() { text.len() } else { text.graphemes(true).map(columns).sum() };
        Self { text, width }
    }

    /// The columns left for text when the whole does not fit and an ellipsis does.
    fn room_beside_ellipsis(&self, width: usize) -> Option<usize> {
        if self.width <= width { None } else { width.checked_sub(1) }
    }

    fn whole_or_nothing(&self, width: usize) -> Shown<'_> {
        if self.width <= width { self.borrowed() } else { Shown::default() }
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl<'a> From<&'a str> for Shown<'a> {
    fn from(text: &'a str) -> Self {
        Self::from_str(text)
    }
}

impl From<String> for Shown<'_> {
    fn from(text: String) -> Self {
        Shown::from_str(&text).into_owned()
    }
}

impl<'a> From<Shown<'a>> for Span<'a> {
    fn from(shown: Shown<'a>) -> Self {
        Self::raw(shown.text)
    }
}

/// The columns of one cluster, as ratatui counts them.
fn columns(cluster: &str) -> usize {
    usize::from(cluster.cell_width())
}

/// The first clusters that together take at most `room` columns.
fn fitting<'t>(clusters: impl Iterator<Item = &'t str>, room: usize) -> Vec<&'t str> {
    clusters
        .scan(0, |used, cluster| {
            *used += columns(cluster);
            (*used <= room).then_some(cluster)
        })
        .collect()
}
