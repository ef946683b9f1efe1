//! The rules behind [`Shown`](super::Shown).

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use unicode_segmentation::UnicodeSegmentation;

use super::columns;

/// Combining marks (or joined letters) that one base may carry. More would pile up over the lines above and below.
const MAX_FOLLOWERS: usize = 2;

/// Columns that one cluster may take. Terminals disagree about longer joined clusters, and then everything after them is shifted.
const MAX_COLUMNS: usize = 2;

/// Characters that draw nothing, reorder what is drawn, or change the look of the character before: ranges, both ends included.
const HIDDEN: &[(char, char)] = &[
    ('\u{ad}', '\u{ad}'),     // soft hyphen
    ('\u{34f}', '\u{34f}'),   // combining grapheme joiner
    ('\u{600}', '\u{605}'),   // Arabic number signs
    ('\u{61c}', '\u{61c}'),   // Arabic letter mark
    ('\u{6dd}', '\u{6dd}'),   // Arabic end of ayah
    ('\u{70f}', '\u{70f}'),   // Syriac abbreviation mark
    ('\u{890}', '\u{891}'),   // Arabic currency marks above
    ('\u{8e2}', '\u{8e2}'),   // Arabic disputed end of ayah
    ('\u{115f}', '\u{1160}'), // Hangul fillers
    ('\u{17b4}', '\u{17b5}'), // Khmer inherent vowels
    ('\u{180b}', '\u{180f}'), // Mongolian variation selectors
    ('\u{200b}', '\u{200f}'), // zero width, direction marks
    ('\u{2028}', '\u{202e}'), // line and paragraph separators, bidi embeddings and overrides
    ('\u{2060}', '\u{206f}'), // word joiner, invisible operators, bidi isolates
    ('\u{3164}', '\u{3164}'), // Hangul filler
    ('\u{fe00}', '\u{fe0f}'), // variation selectors
    ('\u{feff}', '\u{feff}'), // byte order mark
    ('\u{ffa0}', '\u{ffa0}'), // halfwidth Hangul filler
    ('\u{fff0}', '\u{fffb}'), // interlinear annotation
    ('\u{110bd}', '\u{110bd}'),
    ('\u{110cd}', '\u{110cd}'), // Kaithi number signs
    ('\u{13430}', '\u{1345f}'), // Egyptian format controls
    ('\u{1bca0}', '\u{1bca3}'), // shorthand format controls
    ('\u{1d173}', '\u{1d17a}'), // musical format controls
    ('\u{e0000}', '\u{e0fff}'), // tags, variation selectors supplement
];

/// Safe text for bytes of which some are not UTF-8.
pub(super) fn bytes(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        out.push_str(&text(chunk.valid()));
        for byte in chunk.invalid() {
            push(&mut out, format_args!("\\x{byte:02x}"));
        }
    }
    out
}

/// Safe text for any text; borrowed if it is safe already.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for cluster in text.graphemes(true) {
        push_cluster(&mut out, cluster);
    }
    if out == text { Cow::Borrowed(text) } else { Cow::Owned(out) }
}

/// Safe text in U+0020 to U+007E.
pub(super) fn to_ascii(safe: &str) -> String {
    let mut out = String::with_capacity(safe.len() * 2);
    for c in safe.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            push(&mut out, format_args!("\\u{{{:x}}}", u32::from(c)));
        }
    }
    out
}

/// Adds one cluster: what a reader takes for one character, as a base and what is joined to it.
fn push_cluster(out: &mut String, cluster: &str) {
    let start = out.len();
    let mut sum = 0;
    // Once something in the cluster was spelled out, the rest has lost its base.
    let mut open = true;
    for (place, c) in cluster.chars().enumerate() {
        sum += char_columns(c);
        open = open && if place == 0 { is_base(c) } else { place <= MAX_FOLLOWERS && !is_invisible(c) };
        if open {
            out.push(c);
            // Where a cluster is not as wide as its parts, terminals that look at single characters would disagree with us.
            open = out.get(start..).map(columns) == Some(sum) && sum <= MAX_COLUMNS;
            if open {
                continue;
            }
            out.pop();
        }
        push_escape(out, c);
    }
}

/// Whether `c` can stand in a cell of its own, whatever text comes before and after it.
fn is_base(c: char) -> bool {
    if c.is_ascii() {
        return !c.is_ascii_control();
    }
    !is_invisible(c) && char_columns(c) > 0 && joins_nothing(c)
}

fn joins_nothing(c: char) -> bool {
    let between = ['a', c, 'a'];
    between.iter().collect::<String>().graphemes(true).count() == between.len()
}

fn is_invisible(c: char) -> bool {
    c.is_control() || HIDDEN.iter().any(|&(first, last)| (first..=last).contains(&c))
}

fn char_columns(c: char) -> usize {
    if c.is_control() {
        return 0;
    }
    columns(c.encode_utf8(&mut [0; 4]))
}

fn push_escape(out: &mut String, c: char) {
    match c {
        '\t' => out.push_str("\\t"),
        '\r' => out.push_str("\\r"),
        '\n' => out.push_str("\\n"),
        c if c.is_ascii_control() => push(out, format_args!("\\x{:02x}", u32::from(c))),
        c if c.is_control() => push(out, format_args!("\\u{{{:x}}}", u32::from(c))),
        c => push(out, format_args!("<U+{:04X}>", u32::from(c))),
    }
}

fn push(out: &mut String, text: fmt::Arguments<'_>) {
    // Writing to a String does not fail.
    let _ = out.write_fmt(text);
}
