//! PDH-CSV: counters as logman, relog and typeperf write them, and as why503 records them.
//!
//! The first line names the counters, every other is a time and a value for each. Times are local, in US order whatever the locale.
//! logman and relog add the zone's name and bias to the header (UTC = local + bias, in minutes); typeperf does not, then the zone of
//! the hints counts. typeperf writes a blank line first and its own words last; neither is a record nor malformed. logman writes
//! the header again when it is restarted, perhaps with other counters.

use crate::formats::cells::Cells;
use crate::formats::lines::Line;
use crate::formats::{Ability, Decoder, Format, Head, Hints, Kind, Sink, Sniff, text};
use crate::record::{Fact, Record};
use crate::time::{Time, Zone, days, parse_clock};

/// The format's row.
pub const FORMAT: Format = Format {
    kind: Kind::PdhCsv,
    title: "performance counters",
    sniff,
    ability: Ability::Read(|hints| Box::new(PdhCsv::new(hints))),
};

/// Yes from the header on, and on rows whose header is missing: those are told what they miss.
fn sniff(head: Head<'_>) -> Sniff {
    let row = |line: &[u8]| is_header(line) || line.first() == Some(&b'"') && line.get(1..20).and_then(date_time).is_some();
    if text::spoken(head).any(row) { Sniff::Yes } else { Sniff::No }
}

/// `"(PDH-CSV 4.0) (Romance Standard Time)(-60)","\\HOST\Memory\Pool Nonpaged Bytes"`, and its TSV twin of `-f tsv`.
fn is_header(line: &[u8]) -> bool {
    let cell = line.trim_ascii_start();
    let cell = cell.strip_prefix(b"\"").unwrap_or(cell);
    (text::begins_with(cell, b"(PDH-CSV") && cell.contains(&b','))
        || (text::begins_with(cell, b"(PDH-TSV") && cell.contains(&b'\t'))
}

/// Days and milliseconds of `MM/DD/YYYY HH:MM:SS.mmm`.
fn date_time(cell: &[u8]) -> Option<(i64, i64)> {
    let (month, rest) = text::digits(cell.trim_ascii(), 2)?;
    let (day, rest) = text::digits(rest.strip_prefix(b"/")?, 2)?;
    let (year, rest) = text::digits(rest.strip_prefix(b"/")?, 4)?;
    let year = i32::try_from(year).ok().filter(|year| *year >= 1000)?;
    Some((days(year, month, day)?, parse_clock(rest.strip_prefix(b" ")?)?))
}

/// The zone of a header's first cell: the last group in brackets, if it is a number, is the bias.
fn header_zone(cell: &[u8]) -> Option<Zone> {
    let group = cell.trim_ascii().strip_suffix(b")")?;
    let bias: i32 = text::number(group.get(memchr::memrchr(b'(', group)? + 1..)?)?;
    (bias.abs() <= 16 * 60).then_some(Zone::Fixed(-bias))
}

/// `\\HOST\Object(instance)\Counter` without the host, in lower case; `None` for a column that is no counter.
fn counter_path(cell: &[u8]) -> Option<Box<str>> {
    let cell = String::from_utf8_lossy(cell.trim_ascii());
    let path = cell.strip_prefix('\\')?;
    let path = match path.strip_prefix('\\') {
        Some(host) => host.split_once('\\')?.1,
        None => path,
    };
    Some(format!("\\{}", path.to_lowercase()).into_boxed_str())
}

/// The host of `\\HOST\Object\Counter`, in lower case.
fn host_of(cell: &[u8]) -> Option<Box<str>> {
    let cell = String::from_utf8_lossy(cell.trim_ascii());
    let (host, _) = cell.strip_prefix("\\\\")?.split_once('\\')?;
    (!host.is_empty()).then(|| host.to_lowercase().into_boxed_str())
}

/// A sample; `None` where the cell is blank, or holds what no counter has.
fn sample(cell: &[u8]) -> Option<f64> {
    text::number(cell).filter(|value: &f64| value.is_finite())
}

/// What the header said.
struct Header {
    text: Vec<u8>,
    zone: Zone,
    /// Number of the column of each path.
    columns: Vec<usize>,
    paths: Vec<Box<str>>,
    /// The machine that the first path names, in lower case.
    host: Option<Box<str>>,
}

/// Reads PDH-CSV.
struct PdhCsv {
    zone: Zone,
    header: Option<Header>,
    headless: bool,
    cells: Cells,
    values: Vec<Option<f64>>,
}

impl PdhCsv {
    fn new(hints: &Hints) -> Self {
        Self { zone: hints.zone, header: None, headless: false, cells: Cells::new(b','), values: Vec::new() }
    }

    fn take_header(&mut self, line: &[u8]) {
        self.cells = Cells::new(if text::holds(line.get(..12).unwrap_or_default(), b"tsv") { b'\t' } else { b',' });
        self.cells.split(line);
        let zone = self.cells.get(0).and_then(header_zone).unwrap_or(self.zone);
        let counters = self.cells.iter().enumerate().skip(1);
        let (columns, paths) = counters.filter_map(|(i, cell)| Some((i, counter_path(cell)?))).unzip();
        let host = (1..self.cells.len()).find_map(|at| self.cells.get(at).and_then(host_of));
        self.header = Some(Header { text: line.to_vec(), zone, columns, paths, host });
    }

    /// Reads a row into `values`.
    fn read_row(&mut self, line: Line<'_>) -> Result<Time, &'static str> {
        self.cells.split(line.text);
        let (day, millis) =
            self.cells.get(0).and_then(date_time).ok_or("the line does not begin with a time MM/DD/YYYY HH:MM:SS")?;
        let Some(header) = &self.header else {
            self.headless = true;
            return Err("the header line that names the counters is missing");
        };
        if header.columns.iter().any(|&column| column >= self.cells.len()) {
            return Err("the line has fewer values than the header has counters");
        }
        self.values.clear();
        self.values.extend(header.columns.iter().map(|&column| self.cells.get(column).and_then(sample)));
        text::moment(header.zone, day, millis).ok_or("the time is out of range")
    }
}

/// The counters of a row with their values, both as they stand in the file; empty unless the row fits the last header line of
/// `preamble`.
#[must_use]
pub fn named(preamble: &[u8], row: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut reader = PdhCsv::new(&Hints::default());
    let Some(header) = preamble.split(|b| *b == b'\n').rfind(|line| is_header(line)) else { return Vec::new() };
    reader.take_header(header);
    let names: Vec<Vec<u8>> = reader.cells.iter().map(<[u8]>::to_vec).collect();
    reader.cells.split(row);
    let columns = reader.header.iter().flat_map(|header| &header.columns);
    let pair = |&column: &usize| {
        let (name, value) = (names.get(column)?, reader.cells.get(column)?);
        Some((name.trim_ascii().to_vec(), value.trim_ascii().to_vec()))
    };
    columns.map(pair).collect::<Option<_>>().unwrap_or_default()
}

/// What typeperf says to the person at the keyboard.
fn is_chatter(text: &[u8]) -> bool {
    let text = text.trim_ascii();
    text.is_empty() || text::begins_with(text, b"exiting, please wait") || text::begins_with(text, b"the command completed")
}

impl Decoder for PdhCsv {
    fn line(&mut self, line: Line<'_>, sink: &mut dyn Sink) {
        if is_chatter(line.text) {
            return;
        }
        if is_header(line.text) {
            self.take_header(line.text);
            return;
        }
        match self.read_row(line) {
            Ok(time) => {
                let paths = self.header.as_ref().map_or(&[][..], |header| &header.paths);
                let fact = Fact::Samples { paths, values: &self.values };
                let position = line.position();
                sink.record(Record { time, position, raw: line.text, fact });
            }
            Err(why) => sink.malformed(line, why),
        }
    }

    fn host(&self) -> Option<&str> {
        self.header.as_ref().and_then(|header| header.host.as_deref())
    }

    fn preamble(&self) -> Vec<u8> {
        self.header.as_ref().map_or_else(Vec::new, |header| [&header.text[..], b"\n"].concat())
    }

    fn remark(&self) -> Option<&'static str> {
        self.headless.then_some(
            "the line that names the counters is missing: keep the first line of the file, or write it anew with relog in.blg -f csv -o out.csv",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::{Told, decoder};

    const HEADER: &str = "\"(PDH-CSV 4.0) (Eastern Daylight Time)(240)\",\"\\\\WEB01\\Memory\\Pool Nonpaged Bytes\",\
                          \"\\\\WEB01\\W3SVC_W3WP(12_a (b)\\x)\\Active Requests\",\"Generate a report\"\n";

    fn show(record: &Record<'_>) -> String {
        let Fact::Samples { paths, values } = &record.fact else { return String::new() };
        format!("{} {paths:?} {values:?}", record.time.millis())
    }

    fn told(text: &str) -> Told<String> {
        Told::of(&FORMAT, &Hints { zone: Zone::Fixed(60), ..Hints::default() }, text.as_bytes(), show)
    }

    #[test]
    fn the_bias_is_added_and_the_host_and_free_text_go() {
        let told = told(&format!("{HEADER}\"07/01/2009 08:00:00.500\",\" 5.0\",\"-1\",\" \"\n"));
        let paths = r#"["\\memory\\pool nonpaged bytes", "\\w3svc_w3wp(12_a (b)\\x)\\active requests"]"#;
        assert_eq!(told.records, [format!("1246449600500 {paths} [Some(5.0), Some(-1.0)]")]);
    }

    #[test]
    fn a_row_is_read_by_the_last_header_with_names_as_they_stand() {
        let preamble = format!("\"(PDH-CSV 4.0)\",\"\\\\h\\old\\one\"\n{HEADER}");
        let told = named(preamble.as_bytes(), b"\"07/01/2009 08:00:00.500\",\" 5.0\",\" \",\"words\"");
        let told: Vec<_> = told.iter().map(|(n, v)| (String::from_utf8_lossy(n), String::from_utf8_lossy(v))).collect();
        let expected = [(r"\\WEB01\Memory\Pool Nonpaged Bytes", "5.0"), (r"\\WEB01\W3SVC_W3WP(12_a (b)\x)\Active Requests", "")];
        assert_eq!(told, expected.map(|(n, v)| (n.into(), v.into())));
        assert_eq!(named(preamble.as_bytes(), b"\"07/01/2009 08:00:00.500\",\"1\""), []);
        assert_eq!(named(b"rubbish", b"\"1\",\"2\""), []);
    }

    #[test]
    fn blanks_are_none_and_words_of_typeperf_are_nothing() {
        let told = told(&format!(
            "\n{HEADER}\"07/01/2009 08:00:00.500\",\" \",\"\"\nExiting, please wait...      \nThe command completed successfully.\n\n"
        ));
        assert!(told.records[0].ends_with("[None, None]"));
        assert!(told.malformed.is_empty());
    }

    #[test]
    fn a_header_without_a_zone_leaves_the_hints_zone() {
        let told = told("\"(PDH-CSV 4.0)\",\"\\\\h\\a\\b\"\n\"07/01/2009 08:00:00.000\",\"1\"\n");
        assert_eq!(told.records, [r#"1246431600000 ["\\a\\b"] [Some(1.0)]"#]);
        assert_eq!(header_zone(b"(PDH-CSV 4.0) () (-540)"), Some(Zone::Fixed(540)));
        assert_eq!(header_zone(b"(PDH-CSV 4.0) (\xFF\xFE)(9999)"), None);
    }

    #[test]
    fn rows_that_cannot_be_are_malformed() {
        let told = told(&format!("\"07/01/2009 08:00:00.500\",\"1\"\n{HEADER}\"07/01/2009 08:00:00.500\",\"1\"\nnoise\n"));
        assert!(told.records.is_empty());
        assert_eq!(told.malformed.iter().map(|m| m.0).collect::<Vec<_>>(), [1, 3, 4]);
        assert_eq!(told.malformed[0].1, "the header line that names the counters is missing");
    }

    #[test]
    fn a_preamble_and_a_second_header_change_the_counters() {
        let mut told = Told::new(show);
        let mut first = decoder(&FORMAT, &Hints::default());
        told.feed(first.as_mut(), b"\"(PDH-CSV 4.0)\",\"\\\\h\\a\\b\"\n\"(PDH-CSV 4.0)\",\"\\\\h\\c\\d\"\n");
        let mut second = decoder(&FORMAT, &Hints::default());
        told.feed(second.as_mut(), &first.preamble());
        told.feed(second.as_mut(), b"\"01/01/1970 00:00:01.000\",\"1\"\n");
        assert_eq!(told.records, [r#"1000 ["\\c\\d"] [Some(1.0)]"#]);
    }
}
