//! The characters drawn with: full Unicode, plain ASCII, or what a raster font of a Windows console has.

use ratatui::symbols::border;

use crate::ui::text::Charset;

/// How `BigNumber` draws its digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BigFont {
    /// Half blocks.
    Blocks,
    /// Seven segments of `_` and `|`.
    Segments,
}

/// One character for every purpose. Each is one column wide, and none is one that terminals like to draw as an emoji.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glyphs {
    /// Which characters text may keep: see [`Shown::in_charset`](crate::ui::text::Shown::in_charset).
    pub charset: Charset,
    /// How big digits are built.
    pub big: BigFont,
    /// A cell filled from below, by one eighth to eight eighths.
    pub bars: [&'static str; 8],
    /// A cell filled from the left, by one eighth to eight eighths.
    pub blocks: [&'static str; 8],
    /// The empty part of a gauge.
    pub track: &'static str,
    /// The line of a limit.
    pub limit: &'static str,
    /// The line of a limit where a bar has reached it.
    pub limit_reached: &'static str,
    /// The line of a second limit, such as the pool's cutoff.
    pub cutoff: &'static str,
    /// The line of a second limit where a bar has reached it.
    pub cutoff_reached: &'static str,
    /// The mark of a limit in a horizontal gauge.
    pub limit_mark: &'static str,
    /// The mark of a second limit in a horizontal gauge.
    pub cutoff_mark: &'static str,
    /// Between the mean and the high estimate.
    pub band_above: &'static str,
    /// Between the low estimate and the mean.
    pub band_below: &'static str,
    /// Not known, or not known yet: never to be taken for zero.
    pub unknown: &'static str,
    /// A slot held by a configuration request.
    pub slot_config: &'static str,
    /// A slot held by a package-info request.
    pub slot_package: &'static str,
    /// A free slot.
    pub slot_free: &'static str,
    /// More in use than there are slots.
    pub slot_over: &'static str,
    /// Before a critical finding.
    pub critical: &'static str,
    /// Before a warning.
    pub warn: &'static str,
    /// Before a finding that is no alarm.
    pub info: &'static str,
    /// Where all is well.
    pub ok: &'static str,
    /// Clients turned away, where one character must say it.
    pub refused: &'static str,
    /// An arrow up.
    pub up: &'static str,
    /// An arrow down.
    pub down: &'static str,
    /// An arrow left.
    pub left: &'static str,
    /// An arrow right.
    pub right: &'static str,
    /// A column sorted with the least first.
    pub ascending: &'static str,
    /// A column sorted with the most first.
    pub descending: &'static str,
    /// Before the selected row.
    pub select: &'static str,
    /// Under the moment looked at.
    pub cursor: &'static str,
    /// Through the chart at the moment looked at.
    pub cursor_line: &'static str,
    /// Live, or playing.
    pub play: &'static str,
    /// Paused.
    pub pause: &'static str,
    /// Between items of one line.
    pub separator: &'static str,
    /// Borders of panes.
    pub border: border::Set<'static>,
}

impl Glyphs {
    /// For terminals of today.
    #[must_use]
    pub const fn unicode() -> Self {
        Self {
            charset: Charset::Unicode,
            big: BigFont::Blocks,
            bars: ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
            blocks: ["▏", "▎", "▍", "▌", "▋", "▊", "▉", "█"],
            track: "─",
            limit: "━",
            limit_reached: "╋",
            cutoff: "╌",
            cutoff_reached: "┼",
            limit_mark: "┃",
            cutoff_mark: "╎",
            band_above: "░",
            band_below: "▓",
            unknown: "·",
            slot_config: "■",
            slot_package: "▣",
            slot_free: "□",
            slot_over: "✘",
            critical: "✘",
            warn: "▲",
            info: "●",
            ok: "✓",
            refused: "✘",
            up: "↑",
            down: "↓",
            left: "←",
            right: "→",
            ascending: "▲",
            descending: "▼",
            select: "►",
            cursor: "▲",
            cursor_line: "┊",
            play: "►",
            pause: "‖",
            separator: "·",
            border: border::PLAIN,
        }
    }

    /// For `--ascii`: dumb terminals, logs of a session, screen readers.
    #[must_use]
    pub const fn ascii() -> Self {
        Self {
            charset: Charset::Ascii,
            big: BigFont::Segments,
            bars: [".", ".", ".", "o", "o", "o", "#", "#"],
            blocks: [":", ":", ":", "|", "|", "|", "#", "#"],
            track: "-",
            limit: "=",
            limit_reached: "X",
            cutoff: "-",
            cutoff_reached: "+",
            limit_mark: "!",
            cutoff_mark: "'",
            band_above: "'",
            band_below: "%",
            unknown: "?",
            slot_config: "#",
            slot_package: "p",
            slot_free: ".",
            slot_over: "X",
            critical: "X",
            warn: "!",
            info: "*",
            ok: "+",
            refused: "x",
            up: "^",
            down: "v",
            left: "<",
            right: ">",
            ascending: "^",
            descending: "v",
            select: ">",
            cursor: "^",
            cursor_line: "|",
            play: ">",
            pause: "=",
            separator: "-",
            border: ASCII_BORDER,
        }
    }

    /// For a Windows console with a raster font: the characters of code page 437. Text keeps to ASCII.
    #[must_use]
    pub const fn cp437() -> Self {
        Self {
            charset: Charset::Ascii,
            big: BigFont::Blocks,
            bars: ["_", "_", "▄", "▄", "▄", "▄", "█", "█"],
            blocks: ["▌", "▌", "▌", "▌", "▌", "▌", "█", "█"],
            track: "─",
            limit: "═",
            limit_reached: "╬",
            cutoff: "─",
            cutoff_reached: "┼",
            limit_mark: "║",
            cutoff_mark: "│",
            band_above: "░",
            band_below: "▓",
            unknown: "·",
            slot_config: "■",
            slot_package: "▒",
            slot_free: "·",
            slot_over: "X",
            critical: "X",
            warn: "▲",
            info: "•",
            ok: "√",
            refused: "x",
            up: "↑",
            down: "↓",
            left: "←",
            right: "→",
            ascending: "▲",
            descending: "▼",
            select: "►",
            cursor: "▲",
            cursor_line: "│",
            play: "►",
            pause: "║",
            separator: "·",
            border: border::PLAIN,
        }
    }

    /// A vertical bar of so many eighths of a cell; more than eight are a full cell.
    #[must_use]
    pub fn bar(&self, eighths: u32) -> &'static str {
        eighth(&self.bars, eighths)
    }

    /// A horizontal bar of so many eighths of a cell; more than eight are a full cell.
    #[must_use]
    pub fn block(&self, eighths: u32) -> &'static str {
        eighth(&self.blocks, eighths)
    }

    /// One character for a number of clients turned away; a space for none.
    ///
    /// Its height goes by half powers of ten (1, 4, 10, 32, 100, …), always the same, so that scrolling does not change what was
    /// seen. In ASCII the digit itself, `x` from 10, `X` from 100 and `#` from 1000.
    #[must_use]
    pub fn turned_away(&self, count: u64) -> &'static str {
        const DIGITS: [&str; 10] = [" ", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
        const STEPS: [u64; 8] = [1, 4, 10, 32, 100, 317, 1_000, 3_163];
        if self.charset == Charset::Ascii {
            let digit = usize::try_from(count).ok().and_then(|count| DIGITS.get(count));
            return digit.copied().unwrap_or(if count < 100 {
                "x"
            } else if count < 1_000 {
                "X"
            } else {
                "#"
            });
        }
        let eighths = STEPS.iter().filter(|&&step| count >= step).count();
        self.bar(u32::try_from(eighths).unwrap_or(8))
    }
}

const ASCII_BORDER: border::Set<'static> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

fn eighth(steps: &[&'static str; 8], eighths: u32) -> &'static str {
    match eighths.min(8).checked_sub(1) {
        None => " ",
        Some(place) => steps.get(place as usize).copied().unwrap_or(" "),
    }
}
