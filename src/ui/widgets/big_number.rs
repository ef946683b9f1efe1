//! A number three rows tall, to be read from across the desk.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::widgets::Widget;

use super::{columns, write};
use crate::ui::text::Shown;
use crate::ui::theme::{BigFont, Glyphs, Role, Theme};

/// A character's rows, from above.
type Shape = [&'static str; BigNumber::HEIGHT as usize];

/// A short reading in big characters: digits, `.`, `,`, `:`, `-`, `–`, `%`, `/`, `?`, spaces and `n/a`.
///
/// Where the area is too small, or the text has other characters, it is one bold line instead.
///
/// ```text
/// █  █ █▀▀█ █▀▀█ █▀▀█          _   _   _
/// ▀▀▀█ ▀▀▀█ ▀▀▀█ █▀▀█     |_| |_| |_| |_|
///    █ ▄▄▄█ ▄▄▄█ █▄▄█       |  _|  _| |_|
/// ```
#[derive(Debug, Clone)]
pub struct BigNumber<'a> {
    text: Shown<'a>,
    role: Role,
    theme: &'a Theme,
    glyphs: &'a Glyphs,
}

impl<'a> BigNumber<'a> {
    /// The rows that big characters take.
    pub const HEIGHT: u16 = 3;

    /// Shows `text` in the style of [`Role::Text`].
    #[must_use]
    pub fn new(text: &'a str, theme: &'a Theme, glyphs: &'a Glyphs) -> Self {
        Self { text: Shown::from_str(text), role: Role::Text, theme, glyphs }
    }

    /// The role that tells how serious the number is.
    #[must_use]
    pub const fn role(mut self, role: Role) -> Self {
        self.role = role;
        self
    }

    /// The columns it takes when big; those of the plain text if it cannot be big.
    #[must_use]
    pub fn width(&self) -> u16 {
        match self.shapes() {
            Some(shapes) => big_width(&shapes),
            None => columns(self.text.width()),
        }
    }

    /// The shapes of all characters; `None` if there is a character without one.
    fn shapes(&self) -> Option<Vec<Shape>> {
        self.text.as_str().chars().map(|c| shape(c, self.glyphs.big)).collect()
    }
}

impl Widget for BigNumber<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let style = self.theme.style(self.role);
        let fits = |shapes: &Vec<Shape>| area.height >= Self::HEIGHT && big_width(shapes) <= area.width;
        let Some(shapes) = self.shapes().filter(fits) else {
            write(buffer, area, &self.text, self.glyphs.charset, style.add_modifier(Modifier::BOLD));
            return;
        };
        let style = self.theme.ink(self.role);
        for (place, row) in area.rows().take(usize::from(Self::HEIGHT)).enumerate() {
            let line: Vec<_> = shapes.iter().filter_map(|shape| shape.get(place).copied()).collect();
            let clipped = row.intersection(buffer.area);
            if !clipped.is_empty() {
                buffer.set_stringn(clipped.x, clipped.y, line.join(" "), usize::from(clipped.width), style);
            }
        }
    }
}

fn big_width(shapes: &[Shape]) -> u16 {
    let wide: usize = shapes.iter().map(|shape| shape.first().map_or(0, |row| row.chars().count())).sum();
    columns(wide + shapes.len().saturating_sub(1))
}

fn shape(c: char, font: BigFont) -> Option<Shape> {
    match font {
        BigFont::Blocks => blocks(c),
        BigFont::Segments => segments(c),
    }
}

/// Four columns by six half rows.
fn blocks(c: char) -> Option<Shape> {
    Some(match c {
        '0' => ["█▀▀█", "█  █", "█▄▄█"],
        '1' => [" ▀█ ", "  █ ", " ▄█▄"],
        '2' => ["▀▀▀█", "█▀▀▀", "█▄▄▄"],
        '3' => ["▀▀▀█", " ▀▀█", "▄▄▄█"],
        '4' => ["█  █", "▀▀▀█", "   █"],
        '5' => ["█▀▀▀", "▀▀▀█", "▄▄▄█"],
        '6' => ["█▀▀▀", "█▀▀█", "█▄▄█"],
        '7' => ["▀▀▀█", "  █ ", " █  "],
        '8' => ["█▀▀█", "█▀▀█", "█▄▄█"],
        '9' => ["█▀▀█", "▀▀▀█", "▄▄▄█"],
        '-' | '–' => ["   ", "▀▀▀", "   "],
        '.' | ',' => [" ", " ", "▄"],
        ':' => [" ", "▀", "▀"],
        '%' => ["▀  █", " ▄▀ ", "█  ▄"],
        '/' => ["  █", " █ ", "█  "],
        '?' => ["▀▀▀█", " █▀▀", " ▄  "],
        'n' => ["    ", "█▀▀█", "█  █"],
        'a' => ["    ", "▄▀▀█", "▀▄▄█"],
        ' ' => ["  ", "  ", "  "],
        _ => return None,
    })
}

/// Three columns, as on a pocket calculator.
fn segments(c: char) -> Option<Shape> {
    Some(match c {
        '0' => [" _ ", "| |", "|_|"],
        '1' => ["   ", "  |", "  |"],
        '2' => [" _ ", " _|", "|_ "],
        '3' => [" _ ", " _|", " _|"],
        '4' => ["   ", "|_|", "  |"],
        '5' => [" _ ", "|_ ", " _|"],
        '6' => [" _ ", "|_ ", "|_|"],
        '7' => [" _ ", "  |", "  |"],
        '8' => [" _ ", "|_|", "|_|"],
        '9' => [" _ ", "|_|", " _|"],
        '-' | '–' => ["   ", " _ ", "   "],
        '.' => [" ", " ", "."],
        ',' => [" ", " ", ","],
        ':' => [" ", ".", "."],
        '%' => ["o /", " / ", "/ o"],
        '/' => ["  /", " / ", "/  "],
        '?' => [" _ ", " _|", " . "],
        'n' => ["   ", " _ ", "| |"],
        'a' => [" _ ", " _|", "|_|"],
        ' ' => ["  ", "  ", "  "],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::widgets::testing::{assert_lines, drawn, stays_inside};

    const UNICODE: Glyphs = Glyphs::unicode();
    const ASCII: Glyphs = Glyphs::ascii();

    #[test]
    fn digits_of_half_blocks() {
        let theme = Theme::default();
        let number = BigNumber::new("4998", &theme, &UNICODE);
        assert_eq!(number.width(), 19);
        assert_lines(
            &drawn(number, 20, 4),
            ["█  █ █▀▀█ █▀▀█ █▀▀█ ", "▀▀▀█ ▀▀▀█ ▀▀▀█ █▀▀█ ", "   █ ▄▄▄█ ▄▄▄█ █▄▄█ ", "                    "],
        );
    }

    #[test]
    fn digits_of_seven_segments() {
        let theme = Theme::default();
        let number = BigNumber::new("98.2%", &theme, &ASCII);
        assert_lines(&drawn(number, 17, 3), [" _   _     _  o /", "|_| |_|    _|  / ", " _| |_| . |_  / o"]);
    }

    #[test]
    fn every_shape_is_rectangular() {
        for c in "0123456789-–.,:%/?na ".chars() {
            for font in [BigFont::Blocks, BigFont::Segments] {
                let [a, b, c] = shape(c, font).expect("a shape").map(|row| row.chars().count());
                assert!(a == b && b == c);
            }
            if c != '–' {
                assert!(segments(c).expect("a shape").concat().is_ascii());
            }
        }
    }

    #[test]
    fn unknown_is_big_too() {
        let theme = Theme::default();
        assert_lines(&drawn(BigNumber::new("n/a", &theme, &UNICODE), 13, 3), ["       █     ", "█▀▀█  █  ▄▀▀█", "█  █ █   ▀▄▄█"]);
    }

    #[test]
    fn too_small_an_area_gets_one_bold_line() {
        let theme = Theme::default();
        let low = drawn(BigNumber::new("4998", &theme, &UNICODE).role(Role::Critical), 30, 2);
        assert_eq!(low.content.iter().take(5).map(ratatui::buffer::Cell::symbol).collect::<String>(), "4998 ");
        assert!(low[(0, 0)].modifier.contains(Modifier::BOLD));
        assert_eq!(Some(low[(0, 0)].fg), theme.style(Role::Critical).fg);
        assert_lines(&drawn(BigNumber::new("4998", &theme, &UNICODE), 3, 3), ["49…", "   ", "   "]);
        assert_lines(&drawn(BigNumber::new("4 MB", &theme, &UNICODE), 5, 3), ["4 MB ", "     ", "     "]);
        assert_lines(&drawn(BigNumber::new("–", &theme, &ASCII), 9, 1), [r"\u{2013} "]);
    }

    #[test]
    fn it_draws_only_inside() {
        let theme = Theme::default();
        stays_inside(|| BigNumber::new("12", &theme, &UNICODE));
    }
}
