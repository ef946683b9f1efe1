//! A chart as inline SVG. Its looks are in the page's style, and what needs them not to be told apart in the attributes; its numbers
//! are beside it, in text that does not shrink with it.

use std::fmt::Write as _;

use super::charts::{Chart, Column};

/// Units across; each page stretches them to its width.
const WIDTH: f64 = 600.0;
/// Units down to the line of nothing.
const FLOOR: f64 = 120.0;
/// Units down to the end of the marks of clients turned away.
const HEIGHT: f64 = 140.0;

/// The chart; `title` is what stands for it where nobody sees it, and is safe for HTML; `id` is unlike all others of the page.
pub(super) fn render(chart: &Chart, title: &str, id: usize) -> String {
    let top = top(chart);
    let y = |value: f64| FLOOR - value.max(0.0) / top * FLOOR;
    let mut out = format!(
        "<svg role=\"img\" aria-labelledby=\"chart{id}\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\">\
         <title id=\"chart{id}\">{title}</title>\
         <defs><pattern id=\"hatch{id}\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">\
         <path class=\"hatch\" stroke=\"currentColor\" d=\"M0 6L6 0\"/></pattern></defs>"
    );
    for (from, to) in runs(&chart.columns, |column| column.missing) {
        let (x, width) = (x(chart, from), x(chart, to) - x(chart, from));
        let _ = write!(out, "<rect x=\"{x:.1}\" y=\"0\" width=\"{width:.1}\" height=\"{FLOOR}\" fill=\"url(#hatch{id})\"/>");
    }
    for (from, to) in runs(&chart.columns, |column| column.value.is_some()) {
        let mut line = format!("M{:.1} ", x(chart, from));
        for at in from..to {
            let value = chart.columns.get(at).and_then(|column| column.value).unwrap_or(0.0);
            let _ = write!(line, "{}{:.1}H{:.1}", if at == from { "" } else { "V" }, y(value), x(chart, at + 1));
        }
        let (left, right) = (x(chart, from), x(chart, to));
        let area = line.replacen(&format!("M{left:.1} "), &format!("M{left:.1} {FLOOR}V"), 1);
        let _ = write!(
            out,
            "<path class=\"area\" fill-opacity=\".18\" d=\"{area}V{FLOOR}H{left:.1}Z\"/>\
             <path class=\"value\" fill=\"none\" stroke=\"currentColor\" d=\"{line}\"/>"
        );
        debug_assert!(right >= left, "columns go on in time");
    }
    for (place, (limit, _)) in chart.limits.iter().enumerate() {
        let (class, dashes) = if place == 0 { ("limit", "8 5") } else { ("limit second", "2 4") };
        let look = format!("class=\"{class}\" stroke=\"currentColor\" stroke-width=\"2\" stroke-dasharray=\"{dashes}\"");
        let _ = write!(out, "<path {look} d=\"M0 {0:.1}H{WIDTH}\"/>", y(*limit));
    }
    let _ = write!(out, "<path class=\"floor\" stroke=\"currentColor\" d=\"M0 {FLOOR}H{WIDTH}\"/>");
    let mut marks = String::new();
    for (from, to) in runs(&chart.columns, |column| column.turned_away > 0) {
        // However short it was, it is seen.
        let (left, right) = (x(chart, from), x(chart, to).max(x(chart, from) + 1.5));
        let _ = write!(marks, "M{left:.1} {:.0}H{right:.1}V{HEIGHT}H{left:.1}Z", FLOOR + 6.0);
    }
    if !marks.is_empty() {
        let _ = write!(out, "<path class=\"away\" d=\"{marks}\"/>");
    }
    out.push_str("</svg>");
    out
}

/// The value at the upper edge: a little over the greatest, and over the limits.
pub(super) fn top(chart: &Chart) -> f64 {
    let limits = chart.limits.iter().map(|(limit, _)| *limit);
    let values = chart.columns.iter().filter_map(|column| column.value);
    (limits.chain(values).filter(|value| value.is_finite()).fold(0.0, f64::max) * 1.05).max(1.0)
}

#[expect(clippy::cast_precision_loss, reason = "a few hundred columns")]
fn x(chart: &Chart, column: usize) -> f64 {
    column as f64 * WIDTH / chart.columns.len().max(1) as f64
}

/// The runs of columns that something holds of: where each begins, and the column after it.
fn runs(columns: &[Column], holds: impl Fn(&Column) -> bool) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (at, _) in columns.iter().enumerate().filter(|(_, column)| holds(column)) {
        match runs.last_mut() {
            Some((_, end)) if *end == at => *end = at + 1,
            _ => runs.push((at, at + 1)),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Time;

    #[test]
    fn what_is_not_known_is_no_line_a_gap_is_hatched_and_each_refusal_is_seen() {
        let column = |value: Option<f64>| Column { value, ..Column::default() };
        let columns = vec![
            column(Some(10.0)),
            column(Some(20.0)),
            Column { missing: true, ..column(None) },
            column(None),
            Column { turned_away: 3, ..column(Some(5.0)) },
        ];
        let (name, unit, span) = (String::from("x"), "requests", (Time::MIN, Time::MIN));
        let chart = Chart { name, unit, limits: vec![(20.0, "limit")], columns, span };
        let svg = render(&chart, "x", 7);
        assert_eq!(svg.matches("class=\"value\"").count(), 2, "{svg}");
        assert!(svg.contains("d=\"M0.0 62.9H120.0V5.7H240.0\""), "{svg}");
        assert!(svg.contains("<rect x=\"240.0\" y=\"0\" width=\"120.0\""), "{svg}");
        assert!(svg.contains("class=\"away\" d=\"M480.0 126H600.0V140H480.0Z\""), "{svg}");
    }
}
