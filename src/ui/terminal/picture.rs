//! A screen as a console without escape sequences has it: for each cell one UTF-16 unit and 16 bits of colours.

use std::ops::Range;

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

use super::canvas::Frame;

/// A character and its attributes, as `CHAR_INFO` has them.
pub(super) type Mark = (u16, u16);

/// `COMMON_LVB_UNDERSCORE`. Consoles before Windows 10 heed it only with an East Asian code page.
const UNDERSCORE: u16 = 0x8000;
/// The bit of an intense colour.
const INTENSE: u16 = 8;
const SPACE: u16 = 0x20;
const UNKNOWN: u16 = 0x3F;

/// What is on the console, and which part of each row has changed since it was last shown.
#[derive(Debug)]
pub(super) struct Picture {
    width: u16,
    height: u16,
    /// What the console had before: colours that nobody chose.
    plain: u16,
    marks: Vec<Mark>,
    changed: Vec<Range<u16>>,
}

impl Picture {
    /// A picture of nothing. `plain` is what the console writes with, its low byte the colours.
    pub(super) fn new(plain: u16) -> Self {
        Self { width: 0, height: 0, plain: plain & 0xFF, marks: Vec::new(), changed: Vec::new() }
    }

    /// Makes it blank, all of it changed.
    pub(super) fn clear(&mut self, (width, height): (u16, u16)) {
        (self.width, self.height) = (width, height);
        self.marks.clear();
        self.marks.resize(usize::from(width) * usize::from(height), (SPACE, self.plain));
        self.changed.clear();
        self.changed.resize(usize::from(height), 0..width);
    }

    /// Takes the cells of a frame in.
    pub(super) fn take(&mut self, frame: &Frame) {
        for (x, y, cell) in &frame.cells {
            self.put(*x, *y, mark(cell, self.plain));
            if cell.symbol().width() > 1 {
                // The other half of a wide character has no cell of its own in a frame.
                self.put(x.saturating_add(1), *y, (SPACE, attributes(cell, self.plain)));
            }
        }
    }

    fn put(&mut self, x: u16, y: u16, mark: Mark) {
        if x >= self.width {
            return;
        }
        let at = usize::from(y) * usize::from(self.width) + usize::from(x);
        if let (Some(place), Some(changed)) = (self.marks.get_mut(at), self.changed.get_mut(usize::from(y))) {
            *place = mark;
            *changed = if changed.start == changed.end { x..x + 1 } else { changed.start.min(x)..changed.end.max(x + 1) };
        }
    }

    /// The parts of rows that have changed: row, first column, cells. Then none has.
    pub(super) fn changes(&mut self) -> impl Iterator<Item = (u16, u16, &[Mark])> {
        let Self { width, marks, changed, .. } = self;
        let (width, marks) = (usize::from(*width), &*marks);
        (0..).zip(changed).filter_map(move |(y, changed)| {
            let columns = std::mem::take(changed);
            let row = usize::from(y) * width;
            let cells = marks.get(row + usize::from(columns.start)..row + usize::from(columns.end))?;
            (!cells.is_empty()).then_some((y, columns.start, cells))
        })
    }
}

fn mark(cell: &Cell, plain: u16) -> Mark {
    let first = cell.symbol().chars().next().unwrap_or(' ');
    let unit = match u16::try_from(u32::from(first)) {
        Ok(unit) if !first.is_control() => unit,
        Ok(_) => SPACE,
        // A cell holds one unit: there is no room for a pair of surrogates.
        Err(_) => UNKNOWN,
    };
    (unit, attributes(cell, plain))
}

/// Foreground in bits 0 to 3, background in bits 4 to 7.
fn attributes(cell: &Cell, plain: u16) -> u16 {
    let mut fore = colour(cell.fg).unwrap_or(plain & 0xF);
    let mut back = colour(cell.bg).unwrap_or(plain >> 4 & 0xF);
    if cell.modifier.contains(Modifier::BOLD) {
        fore |= INTENSE;
    }
    if cell.modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut fore, &mut back);
    }
    if cell.modifier.contains(Modifier::HIDDEN) {
        fore = back;
    }
    let underscore = if cell.modifier.contains(Modifier::UNDERLINED) { UNDERSCORE } else { 0 };
    fore | back << 4 | underscore
}

/// A console's colour: bit 0 is blue, 1 green, 2 red, 3 intense. `None` is the console's own.
fn colour(colour: Color) -> Option<u16> {
    let bits = match colour {
        Color::Reset => return None,
        Color::Black => 0,
        Color::Blue => 1,
        Color::Green => 2,
        Color::Cyan => 3,
        Color::Red => 4,
        Color::Magenta => 5,
        Color::Yellow => 6,
        Color::Gray => 7,
        Color::DarkGray => 8,
        Color::LightBlue => 9,
        Color::LightGreen => 10,
        Color::LightCyan => 11,
        Color::LightRed => 12,
        Color::LightMagenta => 13,
        Color::LightYellow => 14,
        Color::White => 15,
        Color::Rgb(r, g, b) => near(r, g, b),
        Color::Indexed(number @ 0..16) => ansi(u16::from(number)),
        Color::Indexed(number @ 16..232) => {
            let step = |n: u8| if n == 0 { 0 } else { 55 + n * 40 };
            let cube = number - 16;
            near(step(cube / 36), step(cube / 6 % 6), step(cube % 6))
        }
        Color::Indexed(number) => {
            let gray = 8 + (number - 232) * 10;
            near(gray, gray, gray)
        }
    };
    Some(bits)
}

/// ANSI counts red as 1 and blue as 4.
fn ansi(number: u16) -> u16 {
    number & 0b1010 | (number & 1) << 2 | number >> 2 & 1
}

/// Nearly this colour. A theme comes with the 16 colours where a console has no more; this is for who asks for all the same.
fn near(r: u8, g: u8, b: u8) -> u16 {
    let most = r.max(g).max(b);
    if most < 64 {
        return 0;
    }
    let bit = |part: u8, bit: u16| if u16::from(part) * 3 > u16::from(most) * 2 { bit } else { 0 };
    let bits = bit(b, 1) | bit(g, 2) | bit(r, 4);
    match (bits, most) {
        (7, 64..160) => 8,
        (7, 160..224) => 7,
        (_, 192..) => bits | INTENSE,
        _ => bits,
    }
}

#[cfg(test)]
mod tests {
    use ratatui::buffer::Buffer;
    use ratatui::style::Style;

    use super::*;

    const PLAIN: u16 = 0x1E;

    fn frame(lines: &[&str], style: Style) -> Frame {
        let mut buffer = Buffer::with_lines(lines.iter().copied());
        buffer.set_style(buffer.area, style);
        let blank = Buffer::empty(buffer.area);
        let cells = blank.diff(&buffer).into_iter().map(|(x, y, cell)| (x, y, cell.clone())).collect();
        Frame { cells, ..Frame::default() }
    }

    fn shown(picture: &mut Picture) -> Vec<(u16, u16, String)> {
        let text = |cells: &[Mark]| String::from_utf16(&cells.iter().map(|c| c.0).collect::<Vec<_>>()).unwrap();
        picture.changes().map(|(y, x, cells)| (y, x, text(cells))).collect()
    }

    #[test]
    fn what_changed_is_shown_row_by_row_and_once() {
        let mut picture = Picture::new(PLAIN);
        picture.clear((6, 3));
        assert_eq!(shown(&mut picture).len(), 3, "everything, after it was cleared");
        picture.take(&frame(&["", " ab d "], Style::new()));
        assert_eq!(shown(&mut picture), [(1, 1, String::from("ab d"))]);
        assert_eq!(shown(&mut picture), []);
    }

    #[test]
    fn what_does_not_fit_does_no_harm() {
        let mut picture = Picture::new(PLAIN);
        picture.take(&frame(&["nothing is there yet"], Style::new()));
        picture.clear((3, 1));
        picture.take(&frame(&["abcd", "efgh"], Style::new()));
        assert_eq!(shown(&mut picture), [(0, 0, String::from("abc"))]);
        // Wide ones take two cells, those that UTF-16 writes in two units are not known here.
        picture.clear((6, 1));
        picture.take(&frame(&["日\u{1D54F}é"], Style::new()));
        assert_eq!(shown(&mut picture), [(0, 0, String::from("日 ?é  "))]);
    }

    #[test]
    fn colours_are_those_of_the_console() {
        let with = |style: Style| {
            let mut picture = Picture::new(PLAIN | 0xFF00);
            picture.clear((1, 1));
            picture.take(&frame(&["x"], style));
            picture.changes().next().unwrap().2[0].1
        };
        assert_eq!(with(Style::new()), PLAIN);
        assert_eq!(with(Style::new().fg(Color::Red)), 0x14);
        assert_eq!(with(Style::new().fg(Color::Yellow).bg(Color::Blue).add_modifier(Modifier::REVERSED)), 0x61);
        assert_eq!(with(Style::new().fg(Color::Gray).add_modifier(Modifier::BOLD)), 0x1F);
        assert_eq!(with(Style::new().fg(Color::Black).add_modifier(Modifier::UNDERLINED)), 0x8010);
        assert_eq!(with(Style::new().fg(Color::Red).bg(Color::Green).add_modifier(Modifier::HIDDEN)), 0x22);
    }

    #[test]
    fn a_colour_that_a_console_lacks_becomes_one_that_it_has() {
        for (asked, got) in [
            (Color::Rgb(255, 60, 60), Color::LightRed),
            (Color::Rgb(130, 0, 0), Color::Red),
            (Color::Rgb(20, 20, 30), Color::Black),
            (Color::Rgb(200, 200, 200), Color::Gray),
            (Color::Rgb(250, 250, 250), Color::White),
            (Color::Indexed(9), Color::LightRed),
            (Color::Indexed(6), Color::Cyan),
            (Color::Indexed(46), Color::LightGreen),
            (Color::Indexed(240), Color::DarkGray),
        ] {
            assert_eq!(colour(asked), colour(got), "{asked:?}");
        }
    }
}
