//! What poolmon shows or saves: kernel memory by pool tag.
//!
//! The screen (`poolmon -b`) has changes in brackets, a snapshot (`poolmon -n`) has none, `poolmon -g` adds the mapped driver; white
//! space may have collapsed where a screen was pasted. A tag has four bytes and may hold spaces (`Dh 1`, `Irp `).
//!
//! poolmon writes no time. It is taken from the file's name (`poolmon-20071113T200144Z.txt`), or else from when the file was last
//! written; without either every row is malformed, because a made-up time would be worse than none.
//!
//! A file may hold many listings, as those that this program samples: a line `# 2026-11-21T08:00:00Z` ([`heading`]) gives the time of
//! all that follows it, whatever the name says.
//!
//! Besides a record for each tag, the line with `Pool N:` is a record: a sample of `\memory\pool nonpaged bytes`.

use crate::formats::lines::Line;
use crate::formats::{Ability, Decoder, Format, Head, Hints, Kind, Sink, Sniff, text};
use crate::record::{Fact, PoolTag, Record};
use crate::time::{Time, Zone, days, parse_clock, parse_date};

/// The format's row.
pub const FORMAT: Format = Format {
    kind: Kind::Poolmon,
    title: "poolmon listing",
    sniff,
    ability: Ability::Read(|hints| Box::new(Poolmon::new(hints))),
};

/// Yes if the first line that is neither blank nor a time belongs to a listing.
fn sniff(head: Head<'_>) -> Sniff {
    let mut lines = text::spoken(head).skip_while(|line| said_time(line).and_then(moment).is_some());
    match lines.next() {
        Some(first) if is_caption(first) || row(first).is_some() => Sniff::Yes,
        None if text::spoken(head).next().is_some() => Sniff::Maybe,
        _ => Sniff::No,
    }
}

/// The line that begins a listing in a file of many: `# 2026-11-21T08:00:00Z`, without a line end.
#[must_use]
pub fn heading(time: Time) -> String {
    format!("# {time}")
}

/// What stands where a [`heading`] has its time.
fn said_time(line: &[u8]) -> Option<&[u8]> {
    line.strip_prefix(b"# ").filter(|text| text.first().is_some_and(u8::is_ascii_digit))
}

/// The moment `2026-11-21T08:00:00Z`. Whole seconds only: [`heading`] has no others.
fn moment(text: &[u8]) -> Option<Time> {
    let (date, clock) = text::split_once(text.trim_ascii_end().strip_suffix(b"Z")?, b"T")?;
    let clock = parse_clock(clock).filter(|_| clock.len() == 8)?;
    text::moment(Zone::Utc, parse_date(date)?, clock)
}

/// Whether a line is one of those above the rows.
fn is_caption(line: &[u8]) -> bool {
    let mut words = line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty() && word.iter().any(|b| *b != b'#'));
    match (words.next(), words.next(), words.next()) {
        (Some(b"Memory:"), _, _) => line.windows(6).any(|word| word == b"Avail:"),
        (Some(b"Commit:"), _, _) => line.windows(6).any(|word| word == b"Limit:"),
        (Some(b"System"), Some(b"pool"), Some(b"information")) | (Some(b"Tag"), Some(b"Type"), Some(b"Allocs")) => true,
        _ => false,
    }
}

/// Bytes of non-paged pool in `… Pool N: 8332K P:27220K`.
fn pool_bytes(line: &[u8]) -> Option<u64> {
    let (_, rest) = text::split_once(line, b"Pool N:")?;
    let (kilobytes, rest) = text::digits(rest.trim_ascii_start(), 9)?;
    (rest.first() == Some(&b'K')).then_some(u64::from(kilobytes) * 1024)
}

/// A row ` Wait Nonp    3971107 (   0)   3971077 (   0)       30    8456 (     0)    281 [driver]`.
fn row(line: &[u8]) -> Option<PoolTag<'_>> {
    let (tag, nonpaged, mut rest) = tag_and_type(line)?;
    let mut next = || number(&mut rest);
    let (allocs, frees, _diff, bytes, _each) = (next()?, next()?, next()?, next()?, next()?);
    let [Ok(allocs), Ok(frees), Ok(bytes)] = [allocs, frees, bytes].map(u64::try_from) else { return None };
    // The system counts with 32 bits: allocations may have begun anew where frees have not yet.
    let wrapped = allocs < frees && u32::try_from(frees).is_ok();
    let allocs = if wrapped { allocs + (1 << 32) } else { allocs };
    Some(PoolTag { tag, nonpaged, allocs, frees, bytes, driver: rest.trim_ascii() })
}

/// The tag padded with spaces, whether its type is `Nonp`, and what follows the type.
fn tag_and_type(line: &[u8]) -> Option<([u8; 4], bool, &[u8])> {
    // The first type word with a tag before it counts: a tag may itself be called Nonp.
    (1..=8).find_map(|at| {
        let (before, after) = line.split_at_checked(at)?;
        let (nonpaged, rest) = match after {
            [b' ' | b'\t', b'N', b'o', b'n', b'p', rest @ ..] => (true, rest),
            [b' ' | b'\t', b'P', b'a', b'g', b'e', b'd', rest @ ..] => (false, rest),
            _ => return None,
        };
        let tag = padded(if before.len() > 4 { before.strip_prefix(b" ").unwrap_or(before) } else { before })?;
        rest.first()?.is_ascii_whitespace().then_some((tag, nonpaged, rest))
    })
}

/// A tag of one to four bytes, padded with spaces.
fn padded(text: &[u8]) -> Option<[u8; 4]> {
    let text = if text.len() > 4 { text.trim_ascii() } else { text.trim_ascii_end() };
    let mut tag = [b' '; 4];
    tag.get_mut(..text.len())?.copy_from_slice(text);
    (!text.is_empty()).then_some(tag)
}

/// The next number, without the change in brackets that follows it.
fn number(rest: &mut &[u8]) -> Option<i64> {
    let text = rest.trim_ascii_start();
    let end = text.iter().position(|b| !b.is_ascii_digit() && *b != b'-').unwrap_or(text.len());
    let (number, after) = text.split_at_checked(end)?;
    let number = text::number(number)?;
    *rest = match after.trim_ascii_start().strip_prefix(b"(") {
        Some(change) => text::split_once(change, b")")?.1,
        None if after.first().is_none_or(u8::is_ascii_whitespace) => after,
        None => return None,
    };
    Some(number)
}

/// The time in a file's name: `20071113T200144Z`, `2007-11-13T20-01-44Z`, `20071113-200144`. With `Z` it is UTC.
fn time_in_name(name: &str, zone: Zone) -> Option<Time> {
    let name = name.as_bytes();
    let starts = (0..name.len()).filter(|&at| at == 0 || !name.get(at - 1).is_some_and(u8::is_ascii_digit));
    starts.filter_map(|at| name.get(at..)).find_map(|text| {
        let (year, text) = exact(text, 4, b"")?;
        let (month, text) = exact(text, 2, b"-_.")?;
        let (day, text) = exact(text, 2, b"-_.")?;
        let (hour, text) = exact(text, 2, b"-_.T ")?;
        let (minute, text) = exact(text, 2, b"-_.:")?;
        let (second, text) = exact(text, 2, b"-_.:")?;
        let day = days(i32::try_from(year).ok()?, month, day)?;
        let clock = parse_clock(format!("{hour:02}:{minute:02}:{second:02}").as_bytes())?;
        let zone = if matches!(text.first(), Some(b'Z' | b'z')) { Zone::Utc } else { zone };
        (!text.first().is_some_and(u8::is_ascii_digit)).then(|| text::moment(zone, day, clock))?
    })
}

/// A number of exactly `count` digits, with at most one of `separators` in front.
fn exact<'a>(text: &'a [u8], count: usize, separators: &[u8]) -> Option<(u32, &'a [u8])> {
    let text = if separators.contains(text.first()?) { text.get(1..)? } else { text };
    let (number, rest) = text::digits(text, count)?;
    (text.len() - rest.len() == count).then_some((number, rest))
}

/// Reads poolmon listings.
struct Poolmon {
    time: Option<Time>,
    /// A line of the file told the time, or should have: the name does not count any more.
    is_told: bool,
}

impl Poolmon {
    fn new(hints: &Hints) -> Self {
        Self { time: time_in_name(&hints.name, hints.zone).or(hints.modified), is_told: false }
    }
}

impl Decoder for Poolmon {
    fn line(&mut self, line: Line<'_>, sink: &mut dyn Sink) {
        if let Some(text) = said_time(line.text) {
            (self.time, self.is_told) = (moment(text), true);
            if self.time.is_none() {
                sink.malformed(line, "the listing's time cannot be read: it is written as # 2026-11-21T08:00:00Z");
            }
            return;
        }
        let fact = match (row(line.text), pool_bytes(line.text)) {
            (Some(row), _) => Fact::PoolTag(row),
            (None, Some(bytes)) => Fact::PoolTotal(bytes),
            (None, None) if line.text.trim_ascii().is_empty() || is_caption(line.text) => return,
            (None, None) => return sink.malformed(line, "the line is no row of a poolmon listing"),
        };
        let Some(time) = self.time else {
            return sink
                .malformed(line, "the listing has no time: put it in the file's name, as in poolmon-20071113T200144Z.txt");
        };
        let position = line.position();
        sink.record(Record { time, position, raw: line.text, fact });
    }

    fn preamble(&self) -> Vec<u8> {
        match self.time {
            _ if !self.is_told => Vec::new(),
            Some(time) => format!("{}\n", heading(time)).into_bytes(),
            // A time that cannot be read: what follows has none.
            None => b"# 0\n".to_vec(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::testing::Told;

    fn tag(line: &str) -> Option<(String, bool, u64, u64, u64, String)> {
        let row = row(line.as_bytes())?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Some((text(&row.tag), row.nonpaged, row.allocs, row.frees, row.bytes, text(row.driver)))
    }

    #[test]
    fn rows_of_screens_snapshots_and_pastes() {
        let want = |tag: &str, driver: &str| Some((tag.into(), true, 397, 390, 8456, driver.into()));
        assert_eq!(tag(" Xyz  Nonp        397 (   0)       390 (  -1)        7    8456 (     0)   1208"), want("Xyz ", ""));
        assert_eq!(tag("Dh 1 Nonp 397 390 7 8456 1208"), want("Dh 1", ""));
        assert_eq!(tag(" Dh 1 Nonp 397 ( 0) 390 ( 0) 7 8456 ( 0) 1208 [a.sys  -  b][c]"), want("Dh 1", "[a.sys  -  b][c]"));
        assert_eq!(tag("Nonp Nonp 397 390 7 8456 1208"), want("Nonp", ""));
        assert_eq!(tag("  x Nonp 397 390 -7 8456 1208"), want("  x ", ""));
    }

    #[test]
    fn what_is_outstanding_is_right_where_the_count_of_allocations_has_wrapped() {
        let outstanding = |line: &[u8]| row(line).map(|row| row.allocs.wrapping_sub(row.frees));
        assert_eq!(outstanding(b" Abcd Nonp          5 4294967280         21     672         32"), Some(21));
        assert_eq!(outstanding(b" Abcd Nonp 4294967301 4294967280         21     672         32"), Some(21));
    }

    #[test]
    fn what_is_no_row() {
        for line in
            ["", "Tag Type Allocs Frees", "Nonp 1 2 3 4 5", "Abcde Nonp 1 2 3 4 5", "Abcd Nonp 1 2 3 4", "Abcd Paged 1 2 3 -4 5"]
        {
            assert_eq!(tag(line), None, "{line}");
        }
        assert_eq!(tag("Abcd Nonp 1x 2 3 4 5"), None);
        assert_eq!(tag("Abcd Nonp 1 (2 3 4 5 6"), None);
    }

    #[test]
    fn the_time_is_in_the_name() {
        let time = |name| time_in_name(name, Zone::Fixed(60)).map(Time::rfc3339);
        for name in
            ["poolmon-20071113T200144Z.txt", "p_2007-11-13T20-01-44Z.log", "web01-20071113-210144.txt", "2007-11-13 21.01.44"]
        {
            assert_eq!(time(name).as_deref(), Some("2007-11-13T20:01:44Z"), "{name}");
        }
        for name in ["", "poolmon.txt", "20071113.txt", "120071113T200144Z", "20071113T2001445", "20071313T200144Z"] {
            assert_eq!(time(name), None, "{name}");
        }
    }

    #[test]
    fn the_head_gives_the_total_and_no_time_gives_nothing() {
        let text =
            b" Commit: 203500K Limit: 640916K Peak: 260632K            Pool N: 8332K P:27220K\n Tag  Type  Allocs\n\nnoise\n";
        let show = |record: &Record<'_>| format!("{} {:?}", record.time, record.fact);
        let hints = Hints { modified: Some(Time::from_second(0)), ..Hints::default() };
        let told = Told::of(&FORMAT, &hints, text, show);
        assert_eq!(told.records.len(), 1);
        assert!(told.records[0].ends_with("PoolTotal(8531968)"), "{}", told.records[0]);
        assert_eq!(told.malformed, [(4, "the line is no row of a poolmon listing")]);
        assert_eq!(Told::of(&FORMAT, &Hints::default(), text, show).malformed.len(), 2);
    }

    const LISTINGS: &str = "# 2026-11-21T08:00:00Z\n Abcd Nonp 3 1 2 64 32\n# 2026-11-21T08:00:10Z\n Abcd Nonp 4 1 3 96 32\n\
                            # 2026-11-21T08:61:20Z\n Abcd Nonp 5 1 4 128 32\n# 2026-11-21T08:00:30Z\r\n Abcd Nonp 6 1 5 160 32\n# x\n";

    fn times(hints: &Hints, preamble: &[u8], text: &[u8]) -> (Vec<String>, usize) {
        let show = |record: &Record<'_>| match &record.fact {
            Fact::PoolTag(tag) => format!("{} {}", record.time, tag.bytes),
            _ => String::new(),
        };
        let mut decoder = crate::formats::testing::decoder(&FORMAT, hints);
        Told::new(show).feed(decoder.as_mut(), preamble);
        let mut told = Told::new(show);
        told.feed(decoder.as_mut(), text);
        (told.records, told.malformed.len())
    }

    #[test]
    fn each_listing_of_a_file_has_the_time_that_stands_before_it() {
        let hints = Hints { name: String::from("p-20071113T200144Z.txt"), ..Hints::default() };
        let (records, malformed) = times(&hints, b"", LISTINGS.as_bytes());
        assert_eq!(records, ["2026-11-21T08:00:00Z 64", "2026-11-21T08:00:10Z 96", "2026-11-21T08:00:30Z 160"]);
        // The time that cannot be, the row that is without one for that, and a remark of nobody knows whom.
        assert_eq!(malformed, 3);
        let before = times(&hints, b"", b"Abcd Nonp 3 1 2 64 32\n# 2026-11-21T08:00:00Z\nAbcd Nonp 3 1 2 64 32\n");
        assert_eq!(before.0, ["2007-11-13T20:01:44Z 64", "2026-11-21T08:00:00Z 64"]);
    }

    #[test]
    fn who_goes_on_at_any_line_has_the_same_times() {
        let hints = Hints { name: String::from("p-20071113T200144Z.txt"), ..Hints::default() };
        let whole = times(&hints, b"", LISTINGS.as_bytes());
        for (at, _) in LISTINGS.match_indices('\n') {
            let (before, after) = LISTINGS.as_bytes().split_at(at + 1);
            let mut decoder = crate::formats::testing::decoder(&FORMAT, &hints);
            Told::new(|_| ()).feed(decoder.as_mut(), before);
            let (mut records, malformed) = times(&hints, b"", before);
            let rest = times(&hints, &decoder.preamble(), after);
            records.extend(rest.0);
            assert_eq!((records, malformed + rest.1), whole, "{at}");
        }
    }

    #[test]
    fn a_time_alone_may_begin_a_listing() {
        let sniffed = |lines: &[&str]| sniff(&lines.iter().map(|l| l.as_bytes()).collect::<Vec<_>>());
        assert_eq!(sniffed(&["# 2026-11-21T08:00:00Z", ""]), Sniff::Maybe);
        assert_eq!(sniffed(&["# 2026-11-21T08:00:00Z", "", " Tag  Type     Allocs"]), Sniff::Yes);
        assert_eq!(sniffed(&["# 2026-11-21T08:00:00Z", "else"]), Sniff::No);
        assert_eq!(sniffed(&["# 2026-11-21T08:00:00", " Tag  Type     Allocs"]), Sniff::No);
        assert_eq!(sniffed(&[""]), Sniff::No);
    }
}
