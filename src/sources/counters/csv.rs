//! Writes samples as PDH-CSV, the way relog does: a header that names the counters, then a row for each collection, in UTC.
//!
//! The header is written again when counters appear or vanish. A line that is longer than a line of a log may be would be lost as a
//! whole, so the counters that would make it longer are left out, and their number is told.

use std::fmt::Write as _;

use chrono::{Datelike, Timelike};

use crate::formats::lines::MAX_LINE;
use crate::time::{Time, Zone};

/// What the first cell of the header says.
const FIRST: &str = "\"(PDH-CSV 4.0) (UTC)(0)\"";
/// Bytes that a value takes at most, with its quotes and its comma.
const VALUE: usize = 32;
/// Bytes of a line that are left to the time, the line end and those who prefix lines.
const MARGIN: usize = 256;

/// A counter, and its value if it had one.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Its path without the machine: `\Memory\Available Bytes`.
    pub path: String,
    /// Its value; `None` where it has none this time.
    pub value: Option<f64>,
}

impl Reading {
    /// A counter and its value.
    #[must_use]
    pub fn new(path: impl Into<String>, value: Option<f64>) -> Self {
        Self { path: path.into(), value: value.filter(|value| value.is_finite()) }
    }
}

/// Writes the text of one source.
#[derive(Debug)]
pub struct Writer {
    /// `\\HOST`
    machine: String,
    /// The paths that the last header named.
    header: Vec<String>,
}

impl Writer {
    /// A text that has no header yet. `host` stands in every path.
    #[must_use]
    pub fn new(host: &str) -> Self {
        let host: String = host.chars().filter(|c| !matches!(c, '\\' | '"') && !c.is_control()).collect();
        Self { machine: format!("\\\\{}", if host.is_empty() { "localhost" } else { &host }), header: Vec::new() }
    }

    /// Appends a row to `out`, after a header if the counters are others than before. Gives how many counters were left out.
    pub fn row(&mut self, time: Time, readings: &[Reading], out: &mut String) -> usize {
        let kept = self.fitting(readings);
        let (readings, left_out) = (readings.get(..kept).unwrap_or_default(), readings.len() - kept);
        if readings.is_empty() {
            return left_out;
        }
        if !readings.iter().map(|reading| &reading.path).eq(&self.header) {
            self.header = readings.iter().map(|reading| reading.path.clone()).collect();
            out.push_str(FIRST);
            for path in &self.header {
                self.cell(path, out);
            }
            out.push('\n');
        }
        let _ = write!(out, "\"{}\"", stamp(time));
        for reading in readings {
            let _ = match reading.value {
                None => write!(out, ",\" \""),
                // So that no value is longer than a cell should be: a double may have three hundred digits.
                Some(value) if value != 0.0 && !(1e-6..1e17).contains(&value.abs()) => write!(out, ",\"{value:e}\""),
                Some(value) => write!(out, ",\"{value}\""),
            };
        }
        out.push('\n');
        left_out
    }

    /// How many of the counters fit in a line.
    fn fitting(&self, readings: &[Reading]) -> usize {
        let mut room = MAX_LINE - MARGIN;
        let cost = |reading: &Reading| {
            let quotes = reading.path.bytes().filter(|byte| *byte == b'"').count();
            // A control character becomes one of three bytes.
            let controls = reading.path.chars().filter(|c| c.is_control()).count() * 2;
            (self.machine.len() + reading.path.len() + quotes + controls + 3).max(VALUE)
        };
        let fits = |reading: &&Reading| {
            let cost = cost(reading);
            let fits = cost <= room;
            room = room.saturating_sub(cost);
            fits
        };
        readings.iter().take_while(fits).count()
    }

    /// A cell of the header. Quotes are doubled; what would end the line, or is no text, is marked.
    fn cell(&self, path: &str, out: &mut String) {
        out.push_str(",\"");
        out.push_str(&self.machine);
        for c in path.chars() {
            match c {
                '"' => out.push_str("\"\""),
                c if c.is_control() => out.push(char::REPLACEMENT_CHARACTER),
                c => out.push(c),
            }
        }
        out.push('"');
    }
}

/// `MM/DD/YYYY HH:MM:SS.mmm`.
fn stamp(time: Time) -> String {
    Zone::Utc.local(time).map_or_else(
        || String::from("01/01/1970 00:00:00.000"),
        |t| {
            let (day, clock) = ((t.month(), t.day(), t.year()), (t.hour(), t.minute(), t.second()));
            let millis = time.millis().rem_euclid(1000);
            format!("{:02}/{:02}/{:04} {:02}:{:02}:{:02}.{millis:03}", day.0, day.1, day.2, clock.0, clock.1, clock.2)
        },
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::formats::stream::Stream;
    use crate::formats::{Hints, Kind, Sink};
    use crate::record::{Fact, Record};

    /// A row as it was sampled, or as it was read.
    type Row = (i64, Vec<(String, Option<f64>)>);

    #[derive(Default)]
    struct Rows {
        rows: Vec<Row>,
        malformed: Vec<&'static str>,
    }

    impl Sink for Rows {
        fn record(&mut self, record: Record<'_>) {
            let Fact::Samples { paths, values } = &record.fact else { return };
            let row = paths.iter().map(ToString::to_string).zip(values.iter().copied()).collect();
            self.rows.push((record.time.millis(), row));
        }

        fn malformed(&mut self, _: crate::formats::lines::Line<'_>, why: &'static str) {
            self.malformed.push(why);
        }
    }

    fn read(stream: &mut Stream, text: &str) -> Rows {
        let mut rows = Rows::default();
        stream.feed(text.as_bytes(), &mut rows);
        rows
    }

    /// What should be read of what was sampled.
    fn told(time: i64, readings: &[Reading]) -> Row {
        let path = |path: &str| path.to_lowercase().replace(char::is_control, "\u{FFFD}");
        (time, readings.iter().map(|reading| (path(&reading.path), reading.value)).collect())
    }

    #[test]
    fn a_pool_that_appears_brings_another_header_and_what_was_sampled_is_read() {
        let rows = [
            (1_194_984_104_000, vec![Reading::new(r"\Memory\Pool Nonpaged Bytes", Some(114_294_784.0))]),
            (1_194_984_105_007, vec![Reading::new(r"\Memory\Pool Nonpaged Bytes", None)]),
            (
                1_194_984_106_999,
                vec![
                    Reading::new(r"\Memory\Pool Nonpaged Bytes", Some(0.1 + 0.2)),
                    Reading::new(r#"\W3SVC_W3WP(7_a "b", (c)\Größe,)\Active Requests"#, Some(-1.0)),
                    Reading::new("\\APP_POOL_WAS(line\nfeed\r\u{0}\u{85})\\State", Some(1e300)),
                ],
            ),
        ];
        let (mut writer, mut text) = (Writer::new("WEB01"), String::new());
        for (time, readings) in &rows {
            assert_eq!(writer.row(Time::from_millis(*time), readings, &mut text), 0);
        }
        assert!(text.starts_with(
            "\"(PDH-CSV 4.0) (UTC)(0)\",\"\\\\WEB01\\Memory\\Pool Nonpaged Bytes\"\n\"11/13/2007 20:01:44.000\",\"114294784\"\n\
             \"11/13/2007 20:01:45.007\",\" \"\n\"(PDH-CSV 4.0) (UTC)(0)\",\"\\\\WEB01\\Memory"
        ));
        let mut stream = Stream::new(Hints::default());
        let read = read(&mut stream, &text);
        assert_eq!(read.malformed, [""; 0]);
        assert_eq!(read.rows, rows.map(|(time, readings)| told(time, &readings)));
        assert_eq!(stream.kind(), Kind::PdhCsv);
    }

    #[test]
    fn who_goes_on_in_the_middle_gets_the_header_in_force() {
        let (mut writer, mut text) = (Writer::new("h"), String::new());
        writer.row(Time::from_second(1), &[Reading::new(r"\A\B", Some(1.0))], &mut text);
        let both = [Reading::new(r"\A\B", Some(2.0)), Reading::new("\\C(\"é\u{7}\")\\D", Some(3.0))];
        writer.row(Time::from_second(2), &both, &mut text);
        let mut first = Stream::new(Hints::default());
        read(&mut first, &text);
        let (offset, line) = first.position();
        let mut second = Stream::resume(Kind::PdhCsv, Hints::default(), &first.preamble(), offset, line, None);
        let mut more = String::new();
        writer.row(Time::from_second(3), &both, &mut more);
        assert_eq!(more.lines().count(), 1);
        assert_eq!(read(&mut second, &more).rows, [told(3000, &both)]);
    }

    #[test]
    fn more_counters_than_a_line_can_hold_are_left_out_and_counted() {
        let readings: Vec<Reading> = (0..4000)
            .map(|i| Reading::new(format!("\\W3SVC_W3WP({i}_a\")\\Active Requests"), Some(-1.234_567_890_123_4e-200)))
            .collect();
        let (mut writer, mut text) = (Writer::new("WEB01"), String::new());
        let left_out = writer.row(Time::from_second(5), &readings, &mut text);
        let rows = read(&mut Stream::new(Hints::default()), &text);
        assert_eq!(rows.malformed, [""; 0]);
        assert_eq!(rows.rows, [told(5000, &readings[..4000 - left_out])]);
        assert!((1000..3000).contains(&left_out), "{left_out}");
    }

    proptest! {
        #[test]
        fn whatever_an_instance_is_called_and_whatever_its_value_it_is_read(
            names in proptest::collection::vec("\\PC{0,20}|[\"',()\\\\\\x00-\\x20]{0,9}", 0..6),
            values in proptest::collection::vec(proptest::option::of(any::<f64>()), 6),
            millis in 0i64..4_102_444_800_000,
        ) {
            let reading = |(name, value): (&String, &Option<f64>)| Reading::new(format!("\\O({name})\\C"), *value);
            let readings: Vec<Reading> = names.iter().zip(&values).map(reading).collect();
            let mut text = String::new();
            Writer::new("h").row(Time::from_millis(millis), &readings, &mut text);
            let rows = read(&mut Stream::new(Hints::default()), &text);
            prop_assert_eq!(rows.malformed, [""; 0]);
            let wanted: Vec<Row> = if readings.is_empty() { vec![] } else { vec![told(millis, &readings)] };
            prop_assert_eq!(rows.rows, wanted);
        }
    }
}
