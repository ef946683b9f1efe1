//! What a terminal can show: how many colours, which characters.
//!
//! On Unix the environment tells. A Windows console is asked: what it does with sequences, which build of Windows it is of, and its
//! font. Output goes through `WriteConsoleW`, so that a code page matters only for raster fonts, which have no other characters.

use crate::ui::theme::{ColorDepth, Glyphs};

/// What a terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Able {
    /// How many colours.
    pub depth: ColorDepth,
    /// The characters to draw with.
    pub glyphs: Glyphs,
}

/// What a Windows console says of itself.
#[cfg(any(windows, test))]
#[derive(Debug, Clone, Copy)]
pub(super) struct Abilities {
    /// It heeds escape sequences, as seen by what it does with one.
    pub(super) sequences: bool,
    /// A terminal of today draws, which finds every character in some font: Windows Terminal, or one at the other end of SSH.
    pub(super) modern: bool,
    /// The build of Windows.
    pub(super) build: u32,
    /// Its font is no raster font.
    pub(super) true_type: bool,
    /// Its code page for output, which is that of a raster font.
    pub(super) code_page: u32,
}

/// From this build of Windows 10 on, a console shows 24-bit colours; before, the nearest of 16.
#[cfg(any(windows, test))]
const COLOURS_24_BIT: u32 = 14_931;

#[cfg(any(windows, test))]
impl Abilities {
    /// What it can show, where the environment tells of `told` colours. Who wants none gets none.
    pub(super) fn able(self, told: ColorDepth) -> Able {
        let depth = match told {
            ColorDepth::None => ColorDepth::None,
            told if !self.sequences => told.min(ColorDepth::Ansi16),
            told if self.modern => told,
            _ if self.build >= COLOURS_24_BIT => ColorDepth::True,
            _ => ColorDepth::Ansi16,
        };
        let glyphs = if self.modern && self.sequences {
            Glyphs::unicode()
        } else if self.true_type {
            // Consolas and Lucida Console have what Windows' glyph list 4 has: code page 437's drawing characters and the letters
            // of Europe, but no eighths of a block. What a console's font lacks it shows as a box.
            Glyphs { charset: Glyphs::unicode().charset, ..Glyphs::cp437() }
        } else if self.code_page == 437 {
            Glyphs::cp437()
        } else {
            // Others have letters where code page 437 has half of its lines and blocks.
            Glyphs::ascii()
        };
        Able { depth, glyphs }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::text::Charset;

    /// A console window of Server 2022.
    const CONHOST: Abilities = Abilities { sequences: true, modern: false, build: 20_348, true_type: true, code_page: 437 };
    /// A console window of Server 2008 R2 as it comes.
    const SERVER_2008: Abilities = Abilities { sequences: false, build: 7_601, true_type: false, ..CONHOST };

    #[test]
    fn a_console_window_shows_all_colours_once_windows_does() {
        assert_eq!(CONHOST.able(ColorDepth::Ansi16).depth, ColorDepth::True);
        assert_eq!(Abilities { build: 14_393, ..CONHOST }.able(ColorDepth::Ansi16).depth, ColorDepth::Ansi16);
        assert_eq!(SERVER_2008.able(ColorDepth::True).depth, ColorDepth::Ansi16);
        for console in [CONHOST, SERVER_2008] {
            assert_eq!(console.able(ColorDepth::None).depth, ColorDepth::None, "NO_COLOR is heeded");
        }
    }

    #[test]
    fn a_terminal_of_today_has_what_its_environment_tells_and_all_characters() {
        for told in [ColorDepth::Ansi16, ColorDepth::Indexed256, ColorDepth::True] {
            let able = Abilities { modern: true, true_type: false, ..CONHOST }.able(told);
            assert_eq!(able, Able { depth: told, glyphs: Glyphs::unicode() });
        }
    }

    #[test]
    fn characters_are_those_that_the_font_has() {
        let glyphs = |abilities: Abilities| abilities.able(ColorDepth::Ansi16).glyphs;
        assert_eq!((glyphs(CONHOST).charset, glyphs(CONHOST).bars), (Charset::Unicode, Glyphs::cp437().bars));
        assert_eq!(glyphs(SERVER_2008), Glyphs::cp437());
        for code_page in [850, 852, 866, 932, 65_001] {
            assert_eq!(glyphs(Abilities { code_page, ..SERVER_2008 }), Glyphs::ascii());
        }
        // A console that does not heed sequences is no terminal of today, whatever the environment says.
        assert_eq!(glyphs(Abilities { modern: true, ..SERVER_2008 }), Glyphs::cp437());
    }
}
