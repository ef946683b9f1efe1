//! Colours: how they are written, how well they can be read, and what becomes of them on a terminal with fewer.

use ratatui::style::Color;

/// How many colours the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ColorDepth {
    /// None at all: `NO_COLOR`, `--color never`, a printer.
    None,
    /// The 16 ANSI colours, whose looks the terminal's owner chooses.
    Ansi16,
    /// The fixed 256-colour palette of xterm.
    Indexed256,
    /// 24 bits of red, green and blue.
    True,
}

/// The 16 ANSI colours by number: their names in a theme file, and what they look like in the Windows console before Windows 10
/// 1709, the terminal most likely to have no more. Elsewhere the normal ones are lighter, and contrast on black is better than
/// assumed here.
const ANSI: [(&str, Color, [u8; 3]); 16] = [
    ("black", Color::Black, [0, 0, 0]),
    ("red", Color::Red, [128, 0, 0]),
    ("green", Color::Green, [0, 128, 0]),
    ("yellow", Color::Yellow, [128, 128, 0]),
    ("blue", Color::Blue, [0, 0, 128]),
    ("magenta", Color::Magenta, [128, 0, 128]),
    ("cyan", Color::Cyan, [0, 128, 128]),
    ("gray", Color::Gray, [192, 192, 192]),
    ("dark-gray", Color::DarkGray, [128, 128, 128]),
    ("light-red", Color::LightRed, [255, 0, 0]),
    ("light-green", Color::LightGreen, [0, 255, 0]),
    ("light-yellow", Color::LightYellow, [255, 255, 0]),
    ("light-blue", Color::LightBlue, [0, 0, 255]),
    ("light-magenta", Color::LightMagenta, [255, 0, 255]),
    ("light-cyan", Color::LightCyan, [0, 255, 255]),
    ("white", Color::White, [255, 255, 255]),
];

/// What a colour must reach against its background, of the 21 that black on white has, to be told apart as a mark.
const READABLE: f64 = 3.0;

/// How a colour may be written, for messages.
pub(super) const COLOUR_HELP: &str =
    "\"#rrggbb\", a name such as \"red\" or \"light-red\", a number from 0 to 255, or \"default\"";

/// Reads a colour; `Color::Reset` is the terminal's own.
pub(super) fn parse(value: &toml::Value) -> Option<Color> {
    match value {
        toml::Value::Integer(number) => u8::try_from(*number).ok().map(indexed),
        toml::Value::String(text) if text == "default" => Some(Color::Reset),
        toml::Value::String(text) => from_hex(text).or_else(|| from_name(text)),
        _ => None,
    }
}

fn from_hex(text: &str) -> Option<Color> {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
    let number = u32::from_str_radix(digits, 16).ok()?;
    let [_, r, g, b] = number.to_be_bytes();
    Some(Color::Rgb(r, g, b))
}

fn from_name(text: &str) -> Option<Color> {
    ANSI.iter().find(|(name, ..)| *name == text).map(|&(_, colour, _)| colour)
}

/// A colour by its number; the first 16 are the ANSI colours, which every terminal has.
fn indexed(number: u8) -> Color {
    ANSI.get(usize::from(number)).map_or(Color::Indexed(number), |&(_, colour, _)| colour)
}

/// Red, green and blue of the colour; `None` for the terminal's own.
pub(super) fn rgb(colour: Color) -> Option<[u8; 3]> {
    match colour {
        Color::Reset => None,
        Color::Rgb(r, g, b) => Some([r, g, b]),
        Color::Indexed(number) => Some(palette(number)),
        named => ANSI.iter().find(|(_, colour, _)| *colour == named).map(|&(.., rgb)| rgb),
    }
}

/// xterm's 256 colours: 16 ANSI, a cube of 6 × 6 × 6, and 24 greys.
fn palette(number: u8) -> [u8; 3] {
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let step = |place: u8| STEPS.get(usize::from(place % 6)).copied().unwrap_or_default();
    match number {
        0..16 => ANSI.get(usize::from(number)).map_or([0; 3], |&(.., rgb)| rgb),
        16..232 => [step((number - 16) / 36), step((number - 16) / 6), step(number - 16)],
        232.. => [8 + (number - 232) * 10; 3],
    }
}

/// The WCAG contrast of two colours, from 1 to 21.
pub(super) fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (a, b) = (luminance(one), luminance(other));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance(colour: [u8; 3]) -> f64 {
    let linear = |channel: u8| {
        let c = f64::from(channel) / 255.0;
        if c <= 0.040_45 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
    };
    let [r, g, b] = colour.map(linear);
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

/// The nearest colour that a terminal of this depth has; `against` is the background it must stay readable on.
pub(super) fn downgrade(colour: Color, depth: ColorDepth, against: Option<[u8; 3]>) -> Color {
    match (depth, colour) {
        (ColorDepth::None, _) => Color::Reset,
        (ColorDepth::Indexed256, Color::Rgb(r, g, b)) => Color::Indexed(nearest_256([r, g, b])),
        (ColorDepth::Ansi16, Color::Rgb(..) | Color::Indexed(_)) => rgb(colour).map_or(colour, |rgb| nearest_16(rgb, against)),
        (_, colour) => colour,
    }
}

fn nearest_256(wanted: [u8; 3]) -> u8 {
    (16..=255).min_by_key(|&number| distance(wanted, palette(number))).unwrap_or(15)
}

/// The nearest of the 16. Hue comes before brightness: by distance alone a soft red would become grey, and an alarm with it.
fn nearest_16(wanted: [u8; 3], against: Option<[u8; 3]>) -> Color {
    let hue = hue_bits(wanted);
    ANSI.iter()
        .enumerate()
        .min_by_key(|(number, (.., rgb))| {
            let unreadable = against.is_some_and(|background| contrast(*rgb, background) < READABLE);
            let other_hue = match hue {
                Some(bits) => number % 8 != bits,
                None => hue_bits(*rgb).is_some(),
            };
            (unreadable, other_hue, distance(wanted, *rgb))
        })
        .map_or(Color::Reset, |(_, &(_, colour, _))| colour)
}

/// The hue as the ANSI number of its pure colour (1 red, 2 green, 4 blue, and their sums); `None` for greys.
fn hue_bits(rgb: [u8; 3]) -> Option<usize> {
    let [most, least] = [rgb.iter().max(), rgb.iter().min()].map(|c| c.copied().map_or(0, u32::from));
    let spread = most - least;
    if spread * 4 < most || most < 32 {
        return None;
    }
    // A channel takes part a third of the way up from the weakest to the strongest, so that orange is a yellow and not a red.
    let bits = rgb.iter().zip([1, 2, 4]).filter(|&(&c, _)| (u32::from(c) - least) * 3 >= spread);
    Some(bits.map(|(_, bit)| bit).sum())
}

fn distance(one: [u8; 3], other: [u8; 3]) -> u32 {
    one.iter().zip(other).map(|(&a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
}
