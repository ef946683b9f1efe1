//! Cells as bytes, as few as can be: over a slow line they are what a frame costs. Sequences are those of ECMA-48 and xterm, which
//! every terminal that reads sequences at all knows; what of a cell is as it was in the cell before is not said again.

use std::io::Write;

use ratatui::buffer::Cell;
use ratatui::style::{Color, Modifier};
use unicode_width::UnicodeWidthStr;

/// What switches a modifier on, and off.
const MODIFIERS: [(Modifier, u8, u8); 9] = [
    (Modifier::BOLD, 1, 22),
    (Modifier::DIM, 2, 22),
    (Modifier::ITALIC, 3, 23),
    (Modifier::UNDERLINED, 4, 24),
    (Modifier::SLOW_BLINK, 5, 25),
    (Modifier::RAPID_BLINK, 6, 25),
    (Modifier::REVERSED, 7, 27),
    (Modifier::HIDDEN, 8, 28),
    (Modifier::CROSSED_OUT, 9, 29),
];

/// How the terminal writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ink {
    fg: Color,
    bg: Color,
    modifier: Modifier,
}

impl Ink {
    const PLAIN: Self = Self { fg: Color::Reset, bg: Color::Reset, modifier: Modifier::empty() };

    fn of(cell: &Cell) -> Self {
        Self { fg: cell.fg, bg: cell.bg, modifier: cell.modifier }
    }

    fn is_bold(self) -> bool {
        self.modifier.contains(Modifier::BOLD)
    }

    /// Its text has one of the first eight colours.
    fn is_dark(self) -> bool {
        code(self.fg) < 8
    }
}

/// A cell and where it stands: column, row.
type Placed = (u16, u16, Cell);

/// Writes cells that come from left to right and from top to bottom, with plain ink before and after. They may be written in another
/// order, ink by ink, where that is shorter.
pub(super) fn write(cells: &[Placed], out: &mut Vec<u8>) {
    let begin = out.len();
    put(cells.iter(), out);
    // A wide character takes a place beside its own, too: what is written after what counts.
    if cells.iter().all(|(_, _, cell)| is_one_cell(cell)) {
        let mut inks: Vec<Ink> = Vec::new();
        let mut rank = |ink| {
            inks.iter().position(|known| *known == ink).unwrap_or_else(|| {
                inks.push(ink);
                inks.len() - 1
            })
        };
        let mut by_ink: Vec<(usize, &Placed)> = cells.iter().map(|placed| (rank(Ink::of(&placed.2)), placed)).collect();
        by_ink.sort_by_key(|(rank, _)| *rank);
        let mut other = Vec::new();
        put(by_ink.into_iter().map(|(_, placed)| placed), &mut other);
        if other.len() < out.len() - begin {
            out.truncate(begin);
            out.append(&mut other);
        }
    }
}

fn is_one_cell(cell: &Cell) -> bool {
    cell.symbol().width() == 1
}

fn put<'a>(cells: impl Iterator<Item = &'a Placed>, out: &mut Vec<u8>) {
    let (mut ink, mut cursor) = (Ink::PLAIN, None);
    for (x, y, cell) in cells {
        // Behind the last column of a row, terminals do not agree where the cursor is.
        if cursor.is_some_and(|(at, row): (Option<u16>, u16)| row == *y && at.is_none_or(|at| at > *x)) {
            cursor = None;
        }
        go(cursor, (*x, *y), out);
        let next = Ink::of(cell);
        dip(ink, next, out);
        ink = next;
        out.extend_from_slice(cell.symbol().as_bytes());
        // How far a wide character takes the cursor is the terminal's affair.
        cursor = Some((if is_one_cell(cell) { Some(x + 1) } else { None }, *y));
    }
    dip(ink, Ink::PLAIN, out);
}

/// Moves the cursor. Never by so many cells from where it is: terminals do not agree on the width of every character.
fn go(from: Option<(Option<u16>, u16)>, (x, y): (u16, u16), out: &mut Vec<u8>) {
    // A vector takes all that is written.
    let _ = match from {
        Some((Some(at), row)) if (at, row) == (x, y) => Ok(()),
        Some((_, row)) if row == y => write!(out, "\x1b[{}G", x + 1),
        _ => write!(out, "\x1b[{};{}H", y + 1, x + 1),
    };
}

/// Changes the ink.
fn dip(from: Ink, to: Ink, out: &mut Vec<u8>) {
    if from == to {
        return;
    }
    out.extend_from_slice(b"\x1b[");
    let begin = out.len();
    if to != Ink::PLAIN {
        let mut say = |what: std::fmt::Arguments<'_>| {
            let _ = out.write_fmt(what);
            out.push(b';');
        };
        let mut left = from.modifier;
        for (_, _, off) in
            MODIFIERS.iter().filter(|(modifier, ..)| from.modifier.contains(*modifier) && !to.modifier.contains(*modifier))
        {
            // It may switch off another one, too.
            MODIFIERS.iter().filter(|(.., same)| same == off).for_each(|(modifier, ..)| left.remove(*modifier));
            say(format_args!("{off}"));
        }
        for (_, on, _) in MODIFIERS.iter().filter(|(modifier, ..)| to.modifier.contains(*modifier) && !left.contains(*modifier)) {
            say(format_args!("{on}"));
        }
        if to.fg != from.fg || to.is_dark() && to.is_bold() != from.is_bold() {
            match to.fg {
                Color::Rgb(r, g, b) => say(format_args!("38;2;{r};{g};{b}")),
                Color::Indexed(index) => say(format_args!("38;5;{index}")),
                // What is bold is made brighter by some terminals, unless it is said like this.
                dark if to.is_dark() && to.is_bold() => say(format_args!("38;5;{}", code(dark))),
                named => say(format_args!("{}", 30 + code(named))),
            }
        }
        if to.bg != from.bg {
            match to.bg {
                Color::Rgb(r, g, b) => say(format_args!("48;2;{r};{g};{b}")),
                Color::Indexed(index) => say(format_args!("48;5;{index}")),
                named => say(format_args!("{}", 40 + code(named))),
            }
        }
        out.pop();
    }
    debug_assert!(to == Ink::PLAIN || out.len() > begin, "an empty sequence makes it plain");
    out.push(b'm');
}

/// What is added to 30 for the foreground, and to 40 for the background.
fn code(color: Color) -> u8 {
    match color {
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        Color::DarkGray => 60,
        Color::LightRed => 61,
        Color::LightGreen => 62,
        Color::LightYellow => 63,
        Color::LightBlue => 64,
        Color::LightMagenta => 65,
        Color::LightCyan => 66,
        Color::White => 67,
        Color::Reset | Color::Indexed(_) | Color::Rgb(..) => 9,
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZero;

    use proptest::prelude::*;
    use ratatui::backend::{Backend, CrosstermBackend};

    use super::*;

    fn cell() -> impl Strategy<Value = Cell> {
        let color = || {
            prop_oneof![
                Just(Color::Reset),
                Just(Color::Red),
                Just(Color::Gray),
                Just(Color::DarkGray),
                Just(Color::White),
                Just(Color::Black),
                (0u8..).prop_map(Color::Indexed),
                Just(Color::Rgb(1, 2, 3)),
            ]
        };
        // Of what is bold and dim at once, each terminal makes something else.
        let modifier = (0u16..0x200).prop_map(Modifier::from_bits_truncate);
        let modifier = modifier.prop_filter("bold and dim", |modifier| !modifier.contains(Modifier::BOLD | Modifier::DIM));
        (color(), color(), prop_oneof![Just(Modifier::empty()), modifier], "[ a█é]").prop_map(|(fg, bg, modifier, symbol)| {
            let mut cell = Cell::default();
            cell.set_symbol(&symbol).set_fg(fg).set_bg(bg);
            cell.modifier = modifier;
            cell
        })
    }

    /// What a terminal shows of some bytes: of each cell its text, its colours by their bytes, and its modifiers.
    fn shown(bytes: &[u8]) -> Vec<String> {
        let mut screen = vt100::Parser::new(NonZero::new(8).unwrap(), NonZero::new(24).unwrap(), 0);
        screen.process(bytes);
        let cell = |row, col| screen.screen().cell(row, col).map(|cell| format!("{cell:?}")).unwrap_or_default();
        (0..8).flat_map(|row| (0..24).map(move |col| cell(row, col))).collect()
    }

    proptest! {
        #[test]
        fn a_terminal_shows_what_it_does_with_longer_sequences(
            cells in proptest::collection::btree_map((0u16..8, 0u16..24), cell(), 0..80),
        ) {
            let cells: Vec<_> = cells.into_iter().map(|((y, x), cell)| (x, y, cell)).collect();
            let mut mine = Vec::new();
            write(&cells, &mut mine);
            let mut theirs = Vec::new();
            CrosstermBackend::new(&mut theirs).draw(cells.iter().map(|(x, y, cell)| (*x, *y, cell))).unwrap();
            prop_assert_eq!(shown(&mine), shown(&theirs));
            prop_assert!(mine.len() <= theirs.len());
        }
    }

    #[test]
    fn what_is_as_before_is_not_said_again() {
        let styled = |x, symbol: &str, fg| {
            let mut cell = Cell::default();
            cell.set_symbol(symbol).set_fg(fg).set_bg(Color::Indexed(233));
            (x, 4, cell)
        };
        let mut out = Vec::new();
        let cells = [styled(9, "1", Color::Indexed(203)), styled(10, "2", Color::Indexed(203)), styled(20, "3", Color::Red)];
        write(&cells, &mut out);
        assert_eq!(String::from_utf8_lossy(&out), "\u{1b}[5;10H\u{1b}[38;5;203;48;5;233m12\u{1b}[21G\u{1b}[31m3\u{1b}[m");
        // Ink by ink is shorter than to and fro.
        let bars: Vec<_> = (0..6)
            .map(|x| styled(x, "|", if x % 2 == 0 { Color::Rgb(200, 100, 100) } else { Color::Rgb(0, 100, 200) }))
            .collect();
        out.clear();
        write(&bars, &mut out);
        assert_eq!(String::from_utf8_lossy(&out).matches("38;2;").count(), 2);
        out.clear();
        write(&[], &mut out);
        assert!(out.is_empty());
    }

    #[test]
    fn what_is_bold_keeps_its_colour_where_terminals_make_the_short_one_brighter() {
        let styled = |x, modifier| {
            let mut cell = Cell::default();
            cell.set_symbol("a").set_fg(Color::Red);
            cell.modifier = modifier;
            (x, 0, cell)
        };
        let mut out = Vec::new();
        write(&[styled(0, Modifier::empty()), styled(1, Modifier::BOLD), styled(2, Modifier::UNDERLINED)], &mut out);
        let want = "\u{1b}[1;1H\u{1b}[31ma\u{1b}[1;38;5;1ma\u{1b}[22;4;31ma\u{1b}[m";
        assert_eq!(String::from_utf8_lossy(&out), want);
    }

    #[test]
    fn behind_the_last_column_the_cursor_is_moved_to_a_row_and_a_column() {
        let styled = |x, fg| {
            let mut cell = Cell::default();
            cell.set_symbol("a").set_fg(fg);
            (x, 3, cell)
        };
        let bars: Vec<_> =
            (70..80).map(|x| styled(x, if x % 2 == 0 { Color::Rgb(200, 100, 100) } else { Color::Rgb(0, 100, 200) })).collect();
        let mut out = Vec::new();
        write(&bars, &mut out);
        let text = String::from_utf8_lossy(&out);
        assert_eq!(text.matches("38;2;").count(), 2, "ink by ink: {text:?}");
        assert!(text.contains("m\u{1b}[4;72H") || text.contains("\u{1b}[4;72H\u{1b}["), "{text:?}");
    }
}
