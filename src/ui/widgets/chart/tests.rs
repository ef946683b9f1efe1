use super::*;
use crate::ui::theme::ColorDepth;
use crate::ui::widgets::testing::{assert_lines, drawn, stays_inside};

const UNICODE: Glyphs = Glyphs::unicode();
const ASCII: Glyphs = Glyphs::ascii();

fn exact<const N: usize>(values: [f64; N]) -> [Option<Point>; N] {
    values.map(|value| Some(Point::exact(value)))
}

#[test]
fn bars_grow_by_eighths() {
    let theme = Theme::default();
    let values = exact([0.0, 0.001, 1.0, 2.0, 8.0, 9.0, 16.0, 99.0]);
    assert_lines(&drawn(LimitChart::new(&values, 16.0, &theme, &UNICODE), 10, 2), ["       ▁██", "   ▁▁▂████"]);
    assert_lines(&drawn(LimitChart::new(&values, 16.0, &theme, &ASCII), 8, 2), ["     .##", " ...####"]);
}

#[test]
fn the_limit_crosses_everything_and_shows_who_reached_it() {
    let theme = Theme::default();
    let values = exact([10.0, 80.0, 100.0, 120.0]);
    let chart = LimitChart::new(&values, 125.0, &theme, &UNICODE).limit(Some(100.0)).cutoff(Some(50.0));
    let buffer = drawn(chart, 6, 5);
    assert_lines(&buffer, ["     ▆", "━━━━╋╋", "   ███", "╌╌╌┼┼┼", "  ▃███"]);
    assert_eq!(Some(buffer[(0, 1)].fg), theme.style(Role::Limit).fg);
    assert_eq!(Some(buffer[(0, 3)].fg), theme.style(Role::Cutoff).fg);
    assert_eq!(Some(buffer[(2, 4)].fg), theme.style(Role::Gauge).fg);
    assert_eq!(Some(buffer[(3, 4)].fg), theme.style(Role::GaugeHigh).fg);
    assert_eq!(Some(buffer[(4, 4)].fg), theme.style(Role::Critical).fg);
    assert_eq!(Some(buffer[(4, 1)].fg), theme.style(Role::Critical).fg);
}

#[test]
fn not_yet_known_is_not_zero() {
    let theme = Theme::default();
    let values = [Some(Point::exact(4.0)), Some(Point::exact(0.0)), None, None];
    let away = [Some(0), Some(3), None, None];
    let chart = |glyphs| LimitChart::new(&values, 8.0, &theme, glyphs).limit(Some(8.0)).turned_away(&away);
    assert_lines(&drawn(chart(&UNICODE), 5, 5), ["━━━━━", "   ··", " █ ··", " █ ··", "  ▁··"]);
    assert_lines(&drawn(chart(&ASCII), 5, 5), ["=====", "   ??", " # ??", " # ??", "  3??"]);
}

#[test]
fn the_estimate_has_a_band() {
    let theme = Theme::default();
    let values = [Some(Point { mean: 3.0, low: 1.0, high: 4.5 }), Some(Point::exact(3.0))];
    let buffer = drawn(LimitChart::new(&values, 5.0, &theme, &UNICODE), 2, 5);
    assert_lines(&buffer, ["░ ", "░ ", "▓█", "▓█", "██"]);
    assert_eq!(Some(buffer[(0, 0)].fg), theme.style(Role::Band).fg);
}

#[test]
fn axis_labels_and_cursor() {
    let theme = Theme::default();
    let values = exact([1.0; 24]);
    let labels = [(4.0, Shown::from("5000")), (0.0, Shown::from("0"))];
    let chart = LimitChart::new(&values, 4.0, &theme, &UNICODE)
        .limit(Some(4.0))
        .y_labels(&labels)
        .turned_away(&[Some(1_000)])
        .times("20:01:44", "20:02:09")
        .cursor(Some(20));
    assert_eq!(chart.plot_area(Rect::new(0, 0, 30, 6)), Rect::new(5, 0, 25, 4));
    assert_lines(
        &drawn(chart, 30, 6),
        [
            "5000 ━━━━━━━━━━━━━━━━━━━━━━━━━",
            "                          ┊   ",
            "                          ┊   ",
            "   0  ████████████████████████",
            "                             ▇",
            "     20:01:44         20:0▲:09",
        ],
    );
}

#[test]
fn twenty_columns_by_three_rows_are_enough() {
    let theme = Theme::default();
    let values = exact([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 10.0, 10.0]);
    let away = [0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 50, 500].map(Some);
    let labels = [(10.0, Shown::from("10"))];
    let chart = LimitChart::new(&values, 10.0, &theme, &UNICODE)
        .limit(Some(10.0))
        .turned_away(&away)
        .y_labels(&labels)
        .times("20:01", "20:13");
    assert_lines(&drawn(chart, 20, 3), ["━━━━━━━━━━━━━▂▃▅▆╋╋╋", "        ▂▃▅▆████████", "                 ▂▄▆"]);
}

#[test]
fn a_wide_window_keeps_the_newest() {
    let theme = Theme::default();
    let values: Vec<_> = (0..500).map(|n| Some(Point::exact(f64::from(n % 2)))).collect();
    let buffer = drawn(LimitChart::new(&values, 1.0, &theme, &UNICODE).cursor(Some(3)), 190, 20);
    assert_eq!(buffer[(189, 0)].symbol(), "█");
    assert_eq!(buffer[(188, 19)].symbol(), " ");
    assert!(buffer.content.iter().all(|cell| cell.symbol() != UNICODE.cursor_line));
}

#[test]
fn without_colour_the_limit_still_differs() {
    let theme = Theme::default().downgrade(ColorDepth::None);
    let buffer = drawn(LimitChart::new(&exact([2.0, 8.0]), 8.0, &theme, &ASCII).limit(Some(6.0)), 3, 4);
    assert_lines(&buffer, ["  #", "==X", "  #", " ##"]);
}

#[test]
fn any_number_can_be_drawn() {
    let theme = Theme::default();
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, 1e300];
    let values = exact(odd);
    for max in odd {
        for limit in odd {
            drawn(LimitChart::new(&values, max, &theme, &UNICODE).limit(Some(limit)).cutoff(Some(limit)), 10, 5);
        }
    }
    let labels = [(1.0, Shown::from("漢字漢字"))];
    let away = [Some(u64::MAX), None];
    stays_inside(|| {
        LimitChart::new(&values, 1.0, &theme, &UNICODE).turned_away(&away).y_labels(&labels).times("a", "漢").cursor(Some(2))
    });
}
