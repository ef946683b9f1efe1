//! pooltag.txt: which driver a pool tag belongs to, and [`TagNames`], which looks a tag up.
//!
//! A line is `<tag> - <driver> - <description>`; comments begin with `rem` or `//`, `?` in a tag stands for any one character, the
//! driver may be missing. Upper and lower case differ (`NtFC` is not `NtfC`). The file comes with the debugging tools and the WDK.

mod table;

use std::collections::HashMap;

use crate::formats::lines::Line;
use crate::formats::{Ability, Decoder, Format, Head, Kind, Sink, Sniff, text};
use crate::record::{Fact, Position, Record};
use crate::time::Time;

/// The format's row.
pub const FORMAT: Format = Format {
    kind: Kind::PoolTagNames,
    title: "pool tag names",
    sniff,
    ability: Ability::Read(|hints| Box::new(PoolTagNames { time: hints.modified.unwrap_or_default() })),
};

/// Exact entries that [`TagNames`] keeps at most: Microsoft's file has under 5,000.
const MAX_EXACT: usize = 100_000;
/// Entries with `?` that it keeps at most: Microsoft's file has under 100.
const MAX_WILD: usize = 2_000;

/// Yes from a comment that says what the file is, or two entries with a driver, if nothing else stands in the head.
fn sniff(head: Head<'_>) -> Sniff {
    let mut entries = 0;
    for line in head.iter().map(|line| line.trim_ascii_end()).filter(|line| !line.is_empty()) {
        if is_comment(line) {
            if text::holds(line, b"pooltag.txt") {
                return Sniff::Yes;
            }
        } else if line.get(4..7) == Some(b" - ") && entry(line).is_some_and(|entry| !entry.driver.is_empty()) {
            entries += 1;
        } else {
            return Sniff::No;
        }
    }
    match entries {
        0 => Sniff::No,
        1 => Sniff::Maybe,
        _ => Sniff::Yes,
    }
}

fn is_comment(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.starts_with(b"//") || text::begins_with(line, b"rem") && line.get(3).is_none_or(u8::is_ascii_whitespace)
}

/// A line's parts.
struct Entry<'a> {
    tag: [u8; 4],
    driver: &'a [u8],
    description: &'a [u8],
}

fn entry(line: &[u8]) -> Option<Entry<'_>> {
    let (tag, rest) = text::split_once(line, b" -")?;
    let rest = rest.strip_prefix(b" ").or_else(|| rest.strip_prefix(b"\t"))?;
    let tag = tag.trim_ascii_end();
    let mut padded = [b' '; 4];
    padded.get_mut(..tag.len())?.copy_from_slice(tag);
    let (driver, description) = text::split_once(rest, b" - ").unwrap_or((b"", rest));
    let driver = driver.trim_ascii();
    let driver = if driver == b"<unknown>" { b"" } else { driver };
    (!tag.is_empty()).then_some(Entry { tag: padded, driver, description: description.trim_ascii() })
}

/// Reads pooltag.txt. An entry has no time of its own: it carries the file's.
struct PoolTagNames {
    time: Time,
}

impl Decoder for PoolTagNames {
    fn line(&mut self, line: Line<'_>, sink: &mut dyn Sink) {
        // Microsoft's file ends with a Ctrl-Z, as files of DOS did.
        if matches!(line.text.trim_ascii(), b"" | b"\x1A") || is_comment(line.text) {
            return;
        }
        let Some(Entry { tag, driver, description }) = entry(line.text) else {
            return sink.malformed(line, "the line does not read <tag> - <driver> - <description>");
        };
        let (driver, description) = (String::from_utf8_lossy(driver), String::from_utf8_lossy(description));
        let fact = Fact::TagName { tag, driver: &driver, description: &description };
        let position = Position { offset: line.offset, len: line.len, line: line.number };
        sink.record(Record { time: self.time, position, raw: line.text, fact });
    }
}

/// Whom a pool tag belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TagName<'a> {
    /// The driver's file, or empty.
    pub driver: &'a str,
    /// What it is used for.
    pub what: &'a str,
    /// The memory was given back and is kept for use again: HTTP.sys swaps the case of the tag's first two letters then.
    pub freed: bool,
}

/// The built-in name of a tag: driver and use.
#[must_use]
pub fn builtin(tag: [u8; 4]) -> Option<(&'static str, &'static str)> {
    let known = |pattern: &[u8; 4]| *pattern == tag;
    let fits = |pattern: &[u8; 4]| matches(*pattern, tag);
    let find = |test: &dyn Fn(&[u8; 4]) -> bool| table::BUILTIN.iter().find(|(pattern, ..)| test(pattern));
    find(&known).or_else(|| find(&fits)).map(|&(_, driver, what)| (driver, what))
}

fn matches(pattern: [u8; 4], tag: [u8; 4]) -> bool {
    pattern.iter().zip(tag).all(|(&p, t)| p == b'?' || p == t)
}

/// Looks up pool tags: in a pooltag.txt first, then in the built-in table; an exact entry comes before one with `?`.
#[derive(Debug, Clone, Default)]
pub struct TagNames {
    exact: HashMap<[u8; 4], (Box<str>, Box<str>)>,
    /// Entries with `?`, those with fewer of them first.
    wild: Vec<([u8; 4], Box<str>, Box<str>)>,
}

impl TagNames {
    /// Takes an entry of pooltag.txt. The first entry of a tag counts.
    pub fn add(&mut self, tag: [u8; 4], driver: &str, what: &str) {
        let wildness = |tag: &[u8; 4]| memchr::memchr_iter(b'?', tag).count();
        if wildness(&tag) > 0 && self.wild.len() < MAX_WILD {
            let at = self.wild.partition_point(|(other, ..)| wildness(other) <= wildness(&tag));
            self.wild.insert(at, (tag, driver.into(), what.into()));
        } else if wildness(&tag) == 0 && self.exact.len() < MAX_EXACT {
            self.exact.entry(tag).or_insert_with(|| (driver.into(), what.into()));
        }
    }

    /// Whom a tag belongs to; `None` if nobody has said.
    #[must_use]
    pub fn get(&self, tag: [u8; 4]) -> Option<TagName<'_>> {
        let [first, second, third, fourth] = tag;
        self.find(tag, false).or_else(|| match [first, second] {
            [b'u', b'L' | b'C'] => self.find([b'U', second.to_ascii_lowercase(), third, fourth], true),
            _ => None,
        })
    }

    fn find(&self, tag: [u8; 4], freed: bool) -> Option<TagName<'_>> {
        let exact = self.exact.get(&tag).map(|(driver, what)| (&**driver, &**what));
        let wild = || self.wild.iter().find(|(pattern, ..)| matches(*pattern, tag)).map(|(_, driver, what)| (&**driver, &**what));
        let (driver, what) = exact.or_else(wild).or_else(|| builtin(tag))?;
        Some(TagName { driver, what, freed })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::Hints;
    use crate::formats::testing::Told;

    #[test]
    fn entries_with_and_without_a_driver() {
        let text = "rem - a - b\nREM\n// x - y - z\n\nAb c - a.sys or b.sys - first - second\nAt   - mount point\nX?   - <unknown> - x\nremX - a - b\nnoise\nabcde - a - b\n\x1A";
        let told = Told::of(&FORMAT, &Hints::default(), text.as_bytes(), |record| match &record.fact {
            Fact::TagName { tag, driver, description } => format!("{}|{driver}|{description}", tag.escape_ascii()),
            _ => String::new(),
        });
        assert_eq!(told.records, ["Ab c|a.sys or b.sys|first - second", "At  ||mount point", "X?  ||x", "remX|a|b"]);
        assert_eq!(told.malformed.iter().map(|m| m.0).collect::<Vec<_>>(), [9, 10]);
    }

    #[test]
    fn exact_beats_wild_and_the_file_beats_the_built_in() {
        let mut names = TagNames::default();
        assert_eq!(names.get(*b"UlHC").map(|n| n.driver), Some("http.sys"));
        assert_eq!(names.get(*b"uLHC").map(|n| (n.driver, n.freed)), Some(("http.sys", true)));
        assert_eq!(names.get(*b"ulHC"), None);
        names.add(*b"Xy??", "wild.sys", "");
        names.add(*b"Xyz?", "less.sys", "");
        names.add(*b"Xyz1", "exact.sys", "");
        names.add(*b"Xyz1", "second.sys", "");
        names.add(*b"UlHC", "mine.sys", "");
        let driver = |tag: &[u8; 4]| names.get(*tag).map(|n| n.driver);
        assert_eq!(driver(b"Xyz1"), Some("exact.sys"));
        assert_eq!(driver(b"Xyz2"), Some("less.sys"));
        assert_eq!(driver(b"Xyab"), Some("wild.sys"));
        assert_eq!(driver(b"UlHC"), Some("mine.sys"));
        assert_eq!(driver(b"????"), None);
    }

    #[test]
    fn a_head_of_entries_or_a_telling_comment_is_enough() {
        let sniffed = |lines: &[&str]| sniff(&lines.iter().map(|l| l.as_bytes()).collect::<Vec<_>>());
        assert_eq!(sniffed(&["// x", "rem Pooltag.txt"]), Sniff::Yes);
        assert_eq!(sniffed(&["", "Abcd - a.sys - b"]), Sniff::Maybe);
        assert_eq!(sniffed(&["Abcd - a.sys - b", "Abce - a.sys - b"]), Sniff::Yes);
        assert_eq!(sniffed(&["// x"]), Sniff::No);
        assert_eq!(sniffed(&["Abcd - a.sys - b", "something else"]), Sniff::No);
    }
}
