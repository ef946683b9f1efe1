//! pooltag.txt: which driver a pool tag belongs to, and [`owner()`], which looks a tag up.
//!
//! A line is `<tag> - <driver> - <description>`; comments begin with `rem` or `//`, `?` in a tag stands for any one character, the
//! driver may be missing. Upper and lower case differ (`NtFC` is not `NtfC`). The file comes with the debugging tools and the WDK.

mod owner;
mod table;

pub use owner::{Found, TagNames, TagOwner, owner, searched_line};

use crate::formats::lines::Line;
use crate::formats::{Ability, Decoder, Format, Head, Kind, Sink, Sniff, text};
use crate::record::{Fact, Record};
use crate::time::Time;

/// The format's row.
pub const FORMAT: Format = Format {
    kind: Kind::PoolTagNames,
    title: "pool tag names",
    sniff,
    ability: Ability::Read(|hints| Box::new(PoolTagNames { time: hints.modified.unwrap_or_default() })),
};

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
        let position = line.position();
        sink.record(Record { time: self.time, position, raw: line.text, fact });
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
    fn a_head_of_entries_or_a_telling_comment_is_enough() {
        let sniffed = |lines: &[&str]| sniff(&lines.iter().map(|l| l.as_bytes()).collect::<Vec<_>>());
        assert_eq!(sniffed(&["// x", "rem Pooltag.txt"]), Sniff::Yes);
        assert_eq!(sniffed(&["", "Abcd - a.sys - b"]), Sniff::Maybe);
        assert_eq!(sniffed(&["Abcd - a.sys - b", "Abce - a.sys - b"]), Sniff::Yes);
        assert_eq!(sniffed(&["// x"]), Sniff::No);
        assert_eq!(sniffed(&["Abcd - a.sys - b", "something else"]), Sniff::No);
    }
}
