//! Performance counters as PDH-CSV, the form logman and typeperf write.

use std::iter;
use std::ops::Range;

use crate::recording::crlf;
use crate::time::{Ms, SECOND, pdh};

/// A counter's path without its host, and its value at a moment.
pub type Counter<'a> = (&'a str, Box<dyn Fn(Ms) -> i64 + 'a>);

/// One row every `step`. Samples come a few milliseconds late, as a collector's do.
pub fn csv(host: &str, window: Range<Ms>, step: Ms, counters: &[Counter]) -> String {
    let paths = counters.iter().map(|(path, _)| format!(r"\\{host}\{path}"));
    let mut lines = vec![quoted(iter::once("(PDH-CSV 4.0) (UTC)(0)".to_owned()).chain(paths))];
    let mut at = window.start;
    while at < window.end {
        let late = 3 + at / SECOND * 7 % 13;
        let values = counters.iter().map(|(_, value)| format!("{}.000000", value(at)));
        lines.push(quoted(iter::once(pdh(at + late)).chain(values)));
        at += step;
    }
    crlf(lines)
}

fn quoted(cells: impl Iterator<Item = String>) -> String {
    cells.map(|cell| format!("\"{cell}\"")).collect::<Vec<_>>().join(",")
}
