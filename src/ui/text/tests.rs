use proptest::prelude::*;
use ratatui::buffer::{Buffer, CellWidth};
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;

use super::*;

/// Text made mostly of what goes wrong.
fn hostile() -> impl Strategy<Value = String> {
    let nasty = prop::sample::select(vec![
        "\u{1b}[31m",
        "\r",
        "\n",
        "\t",
        "\0",
        "\u{7f}",
        "\u{9b}",
        "\u{85}",
        "\u{202e}",
        "\u{2066}",
        "\u{200b}",
        "\u{200d}",
        "\u{feff}",
        "\u{ad}",
        "\u{fe0f}",
        "\u{e0041}",
        "\u{2028}",
        "\u{301}",
        "\u{308}",
        "\u{489}",
        "\u{1161}",
        "\u{1100}",
        "\u{11a8}",
        "\u{ac00}",
        "\u{1f1ec}",
        "\u{1f1e7}",
        "\u{1f44d}",
        "\u{1f3fd}",
        "\u{915}",
        "\u{94d}",
        "\u{937}",
        "\u{93f}",
        "\u{d4e}",
        "\u{600}",
        "\u{ff76}",
        "\u{ff9e}",
        "漢",
        "字",
        "é",
        "a",
        " ",
        "\\",
        "<",
        "\u{20e3}",
        "\u{3164}",
        "\u{e000}",
        "\u{10ffff}",
        "\u{a4fa}",
        "\u{644}",
        "\u{627}",
    ]);
    prop_oneof![
        prop::collection::vec(nasty, 0..24).prop_map(|parts| parts.concat()),
        any::<String>(),
        prop::collection::vec(any::<char>(), 0..16).prop_map(String::from_iter),
    ]
}

fn assert_safe(shown: &Shown<'_>) {
    for cluster in shown.as_str().graphemes(true) {
        assert!((1..=2).contains(&cluster.cell_width()), "{cluster:?} in {shown:?}");
        assert!(cluster.chars().count() <= 3, "{cluster:?} in {shown:?}");
        for c in cluster.chars() {
            assert!(!c.is_control(), "control {c:?} in {shown:?}");
            let hidden = matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}');
            assert!(!hidden, "hidden {c:?} in {shown:?}");
        }
    }
}

#[test]
fn controls_are_spelled_out() {
    let shown = Shown::from_str("a\tb\r\n\x1b]52;c;x\x07\x7f\u{9b}31m\0");
    assert_eq!(shown.as_str(), r"a\tb\r\n\x1b]52;c;x\x07\x7f\u{9b}31m\x00");
}

#[test]
fn bytes_that_are_not_utf8_keep_their_values() {
    assert_eq!(Shown::from_bytes(b"a\xff\x9b2Jz\xc3").as_str(), r"a\xff\x9b2Jz\xc3");
    // The mark after the bad byte must not sit on our own digit.
    assert_eq!(Shown::from_bytes(b"\xff\xcc\x81").as_str(), r"\xff<U+0301>");
}

#[test]
fn invisible_characters_are_named() {
    let shown = Shown::from_str("a\u{202e}txt\u{200b}\u{feff}\u{ad}\u{e0041}\u{fe0f}\u{2028}");
    assert_eq!(shown.as_str(), "a<U+202E>txt<U+200B><U+FEFF><U+00AD><U+E0041><U+FE0F><U+2028>");
}

#[test]
fn a_base_carries_two_marks() {
    assert_eq!(Shown::from_str("e\u{301}\u{302}\u{303}\u{304}x").as_str(), "e\u{301}\u{302}<U+0303><U+0304>x");
    assert_eq!(Shown::from_str("\u{301}x").as_str(), "<U+0301>x");
    assert_eq!(Shown::from_str("\u{1b}\u{301}").as_str(), r"\x1b<U+0301>");
}

#[test]
fn plain_text_is_borrowed() {
    for text in ["", "/secars?h=1", "Zürich 漢字 e\u{301}", "\u{e000}"] {
        assert!(matches!(Shown::from_str(text).text, Cow::Borrowed(same) if same == text));
    }
}

#[test]
fn widths_are_those_of_the_screen() {
    for (text, width) in [("", 0), ("abc", 3), ("漢字", 4), ("e\u{301}", 1), ("\u{1f1ec}\u{1f1e7}", 2), ("\t", 2)] {
        assert_eq!(Shown::from_str(text).width(), width, "{text:?}");
    }
}

#[test]
fn cutting_keeps_the_head_or_the_tail() {
    let cut = |text, width| Shown::from_str(text).cut(width, Charset::Unicode).as_str().to_owned();
    assert_eq!(cut("abcdef", 6), "abcdef");
    assert_eq!(cut("abcdef", 4), "abc…");
    assert_eq!(cut("abcdef", 1), "…");
    assert_eq!(cut("abcdef", 0), "");
    assert_eq!(cut("漢字漢字", 4), "漢…");
    assert_eq!(cut("漢字漢字", 5), "漢字…");

    let path = Shown::from_str(r"C:\inetpub\logs\u_ex071113.log");
    assert_eq!(path.cut_start(16, Charset::Unicode).as_str(), r"…\u_ex071113.log");
    assert_eq!(path.cut_start(8, Charset::Ascii).as_str(), "~113.log");
}

#[test]
fn padding_counts_columns() {
    assert_eq!(Shown::from_str("漢").pad(4).as_str(), "漢  ");
    assert_eq!(Shown::from_str("42").pad_start(4).as_str(), "  42");
    assert_eq!(Shown::from_str("abcdef").pad(3).width(), 6);
}

#[test]
fn ascii_spells_out_what_it_cannot_draw() {
    assert_eq!(Shown::from_str("é漢").in_charset(Charset::Ascii).as_str(), r"\u{e9}\u{6f22}");
    assert_eq!(Shown::from_str("é").in_charset(Charset::Unicode).as_str(), "é");
}

/// Any text, drawn into the middle columns of a buffer, leaves the columns beside them alone.
fn stays_inside(shown: &Shown<'_>, width: u16) {
    let mut buffer = Buffer::filled(Rect::new(0, 0, width + 4, 1), ratatui::buffer::Cell::new("|"));
    let cut = shown.cut(usize::from(width), Charset::Unicode);
    buffer.set_stringn(2, 0, cut.as_str(), usize::from(width), Style::new());
    let edges: Vec<_> = [0, 1, width + 2, width + 3].map(|x| buffer[(x, 0)].symbol().to_owned()).into();
    assert_eq!(edges, ["|", "|", "|", "|"], "{buffer:?}");
    // And nothing was dropped on the way: ratatui leaves out, silently, what it takes for empty.
    let mut drawn = String::new();
    let mut x = 2;
    while x < width + 2 && drawn != cut.as_str() {
        let symbol = buffer[(x, 0)].symbol();
        drawn.push_str(symbol);
        x += symbol.cell_width();
    }
    assert_eq!(drawn, cut.as_str());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn any_bytes_become_safe(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        assert_safe(&Shown::from_bytes(&bytes));
    }

    #[test]
    fn any_text_becomes_safe(text in hostile()) {
        let shown = Shown::from_str(&text);
        assert_safe(&shown);
        let ascii = shown.in_charset(Charset::Ascii);
        prop_assert!(ascii.as_str().bytes().all(|byte| (b' '..=b'~').contains(&byte)));
    }

    #[test]
    fn safe_text_stays_as_it_is(text in hostile()) {
        let once = Shown::from_str(&text);
        prop_assert_eq!(&Shown::from_str(once.as_str()), &once);
    }

    #[test]
    fn a_cut_never_exceeds_its_width(text in hostile(), width in 0_usize..40) {
        let shown = Shown::from_str(&text);
        for cut in [shown.cut(width, Charset::Unicode), shown.cut_start(width, Charset::Ascii)] {
            prop_assert!(cut.width() <= width);
            // At most one column is lost, to a wide character that did not fit.
            prop_assert!(cut.width() + 1 >= width.min(shown.width()));
            assert_safe(&cut);
        }
    }

    #[test]
    fn neighbours_are_left_alone(text in hostile(), width in 0_u16..30) {
        stays_inside(&Shown::from_str(&text), width);
    }
}
