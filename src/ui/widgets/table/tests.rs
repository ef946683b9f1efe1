use proptest::prelude::*;

use super::*;
use crate::ui::theme::ColorDepth;
use crate::ui::widgets::testing::{assert_lines, drawn, stays_inside};

const UNICODE: Glyphs = Glyphs::unicode();
const ASCII: Glyphs = Glyphs::ascii();

fn applications() -> [Column<'static>; 3] {
    [
        Column::new("Application", ColumnWidth::Fill(1)),
        Column::new("Limit", ColumnWidth::Min(6)).right(),
        Column::new("Peak", ColumnWidth::Fixed(7)).right(),
    ]
}

fn rows() -> Vec<Row<'static>> {
    vec![
        Row::new(["W3SVC1/secars", "5000", "4998"]).role(Role::Critical),
        Row::new(["W3SVC1/reporting", "5000", "12"]),
        Row::new(["W3SVC1/secreg", "5000"]),
    ]
}

#[test]
fn rows_under_a_heading() {
    let theme = Theme::default();
    let (columns, rows) = (applications(), rows());
    let table = |glyphs| Table::new(&columns, &rows, &theme, glyphs).sorted(2, Sort::Descending).selected(Some(0), 0);
    let buffer = drawn(table(&UNICODE), 36, 4);
    assert_lines(
        &buffer,
        [
            "  Application          Limit  Peak ▼",
            "► W3SVC1/secars         5000    4998",
            "  W3SVC1/reporting      5000      12",
            "  W3SVC1/secreg         5000        ",
        ],
    );
    assert_eq!(Some(buffer[(5, 1)].bg), theme.style(Role::Selected).bg);
    assert_eq!(Some(buffer[(5, 0)].fg), theme.style(Role::Header).fg);
    assert_lines(&drawn(table(&ASCII), 36, 2), ["  Application          Limit  Peak v", "> W3SVC1/secars         5000    4998"]);
}

#[test]
fn a_row_and_a_cell_have_roles() {
    let theme = Theme::default();
    let rows = [Row::new([Cell::new("a"), Cell::new("b").role(Role::Ok)]).role(Role::Warn)];
    let columns = [Column::new("", ColumnWidth::Fixed(1)), Column::new("", ColumnWidth::Fixed(1))];
    let buffer = drawn(Table::new(&columns, &rows, &theme, &UNICODE), 6, 2);
    assert_eq!(Some(buffer[(2, 1)].fg), theme.style(Role::Warn).fg);
    assert_eq!(Some(buffer[(4, 1)].fg), theme.style(Role::Ok).fg);
}

#[test]
fn the_selection_is_seen_without_colour() {
    let theme = Theme::default().downgrade(ColorDepth::None);
    let (columns, rows) = (applications(), rows());
    let buffer = drawn(Table::new(&columns, &rows, &theme, &ASCII).selected(Some(1), 0), 30, 4);
    assert_eq!(buffer[(0, 2)].symbol(), ">");
    assert!(buffer[(29, 2)].modifier.contains(ratatui::style::Modifier::REVERSED));
    assert!(!buffer[(29, 3)].modifier.contains(ratatui::style::Modifier::REVERSED));
}

#[test]
fn where_it_is_narrow_the_widest_gives_way() {
    let theme = Theme::default();
    let (columns, rows) = (applications(), rows());
    let table = Table::new(&columns, &rows, &theme, &UNICODE);
    assert_lines(&drawn(table.clone(), 27, 2), ["  Applicati…  Limit    Peak", "  W3SVC1/se…   5000    4998"]);
    assert_lines(&drawn(table, 13, 2), ["  Appl… Limit", "  W3SV…  5000"]);
}

#[test]
fn paths_keep_their_end_and_hostile_text_is_harmless() {
    let theme = Theme::default();
    let columns = [Column::new("File", ColumnWidth::Fixed(12)).keep_end(), Column::new("Agent", ColumnWidth::Fill(1))];
    let rows = [Row::new([r"D:\logs\u_ex071113.log", "a\u{1b}[31m\u{202e}"]), Row::new(["é漢", "x"])];
    assert_lines(
        &drawn(Table::new(&columns, &rows, &theme, &UNICODE), 36, 3),
        ["  File         Agent                ", r"  …x071113.log a\x1b[31m<U+202E>    ", "  é漢          x                    "],
    );
    assert_lines(
        &drawn(Table::new(&columns, &rows[1..], &theme, &ASCII), 20, 2),
        ["  File         Agent", r"  ~e9}\u{6f22} x    "],
    );
}

#[test]
fn scrolling_moves_as_little_as_possible() {
    for (selected, offset, expected) in [(0, 0, 0), (3, 0, 0), (4, 0, 1), (2, 5, 2), (9, 0, 6), (5, 99, 5), (99, 0, 6)] {
        assert_eq!(scroll(Some(selected), offset, 10, 4), expected, "{selected} {offset}");
    }
    assert_eq!(scroll(Some(1), 3, 2, 4), 0);
    assert_eq!(scroll(Some(3), 0, 9, 0), 3);
    assert_eq!(scroll(None, 99, 10, 4), 6);
    let theme = Theme::default();
    let rows: Vec<_> = (0..10).map(|n| Row::new([n.to_string()])).collect();
    let columns = [Column::new("n", ColumnWidth::Fixed(1))];
    let table = Table::new(&columns, &rows, &theme, &UNICODE);
    assert_lines(&drawn(table.clone().selected(Some(5), 0), 3, 3), ["  n", "  4", "► 5"]);
    assert_lines(&drawn(table.selected(None, 99), 3, 3), ["  n", "  8", "  9"]);
}

#[test]
fn it_draws_only_inside() {
    let theme = Theme::default();
    let (columns, rows) = (applications(), rows());
    stays_inside(|| Table::new(&columns, &rows, &theme, &UNICODE).sorted(9, Sort::Ascending).selected(Some(99), 0));
}

fn any_width() -> impl Strategy<Value = ColumnWidth> {
    prop_oneof![
        (0_u16..40).prop_map(ColumnWidth::Fixed),
        (0_u16..40).prop_map(ColumnWidth::Min),
        (0_u16..4).prop_map(ColumnWidth::Fill)
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn columns_never_exceed_the_width(columns in prop::collection::vec((any_width(), any::<u16>()), 0..8), width in 0_u16..300) {
        let shared = widths::share(&columns, width);
        let total: u32 = shared.iter().map(|&width| u32::from(width) + 1).sum();
        prop_assert!(total <= u32::from(width) + 1, "{shared:?}");
    }
}
