//! Whom a pool tag belongs to, and how that was found.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{entry, is_comment, table};

/// Exact entries that [`TagNames`] keeps at most: Microsoft's file has under 5,000.
const MAX_EXACT: usize = 100_000;
/// Entries with `?` that it keeps at most: Microsoft's file has under 100.
const MAX_WILD: usize = 2_000;
/// The description of an entry that comes of a search of the drivers' files: it counts less than what anybody wrote down.
const SEARCHED: &str = "found in the driver's file";

/// How the owner of a tag was found, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// In a pooltag.txt that was read.
    PoolTagTxt,
    /// In the table of this program.
    BuiltIn,
    /// In the column `Mapped_Driver` of `poolmon -g`.
    Poolmon,
    /// The four bytes of the tag are in the driver's file: likely, and no proof.
    Searched,
}

impl Found {
    /// All ways, in the order of precedence.
    const ALL: [Self; 4] = [Self::PoolTagTxt, Self::BuiltIn, Self::Poolmon, Self::Searched];

    /// The name for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PoolTagTxt => "pooltag.txt",
            Self::BuiltIn => "built-in table",
            Self::Poolmon => "poolmon",
            Self::Searched => "searched drivers",
        }
    }
}

/// Whom a pool tag belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagOwner<'a> {
    /// The driver's file, or empty.
    pub driver: Cow<'a, str>,
    /// What it is used for, or empty.
    pub what: Cow<'a, str>,
    /// The memory was given back and is kept for use again: HTTP.sys swaps the case of the tag's first two letters then.
    pub freed: bool,
    /// How the driver was found; where there is none, how the use was.
    pub how: Found,
}

impl TagOwner<'_> {
    /// What it is used for, for people: of memory that was given back it is told that it was.
    #[must_use]
    pub fn purpose(&self) -> String {
        let what = &self.what;
        if self.freed { format!("{what}, kept for use again") } else { what.to_string() }
    }
}

/// The names of pool tags that one file gives: a pooltag.txt, or what a search of the drivers' files found.
#[derive(Debug, Clone, Default)]
pub struct TagNames {
    exact: HashMap<[u8; 4], Name>,
    /// Entries with `?`, those with fewer of them first.
    wild: Vec<([u8; 4], Name)>,
    searched: HashMap<[u8; 4], Name>,
}

/// Driver and use.
type Name = (Box<str>, Box<str>);

impl TagNames {
    /// Takes an entry. The first entry of a tag counts.
    pub fn add(&mut self, tag: [u8; 4], driver: &str, what: &str) {
        let wildness = |tag: &[u8; 4]| memchr::memchr_iter(b'?', tag).count();
        let name = || (driver.into(), what.into());
        if what == SEARCHED {
            // That it was found by a search is told besides.
            if self.searched.len() < MAX_EXACT {
                self.searched.entry(tag).or_insert_with(|| (driver.into(), "".into()));
            }
        } else if wildness(&tag) > 0 && self.wild.len() < MAX_WILD {
            let at = self.wild.partition_point(|(other, _)| wildness(other) <= wildness(&tag));
            self.wild.insert(at, (tag, name()));
        } else if wildness(&tag) == 0 && self.exact.len() < MAX_EXACT {
            self.exact.entry(tag).or_insert_with(name);
        }
    }

    /// It names no tag.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.wild.is_empty() && self.searched.is_empty()
    }

    fn wild(&self, tag: [u8; 4]) -> Option<&Name> {
        self.wild.iter().find(|(pattern, _)| matches(*pattern, tag)).map(|(_, name)| name)
    }
}

/// Whom a tag belongs to; `None` if nobody has said. `names` are files in the order in which they count, `listed` is what poolmon
/// said.
///
/// A file comes before the table of this program, that before poolmon, that before a search; an exact entry before one with `?`. An
/// answer without a driver leaves the driver to the next.
#[must_use]
pub fn owner<'a>(names: &[&'a TagNames], tag: [u8; 4], listed: &'a str) -> Option<TagOwner<'a>> {
    let mut best: Option<TagOwner<'a>> = None;
    let answers = Found::ALL.into_iter().filter_map(|how| answer(how, names, tag, listed));
    for answer in answers.filter(|answer| !answer.driver.is_empty() || !answer.what.is_empty()) {
        best = match best {
            None => Some(answer),
            Some(first) if answer.driver.is_empty() => Some(first),
            Some(first) => Some(TagOwner { what: first.what, ..answer }),
        };
        if best.as_ref().is_some_and(|best| !best.driver.is_empty()) {
            break;
        }
    }
    best
}

fn answer<'a>(how: Found, names: &[&'a TagNames], tag: [u8; 4], listed: &'a str) -> Option<TagOwner<'a>> {
    fn text((driver, what): &Name) -> (&str, &str) {
        (driver, what)
    }
    let told =
        |freed: bool, (driver, what): (&'a str, &'a str)| TagOwner { driver: driver.into(), what: what.into(), freed, how };
    let either = |find: &dyn Fn([u8; 4]) -> Option<(&'a str, &'a str)>| {
        let found = find(tag).map(|name| told(false, name));
        found.or_else(|| in_use(tag).and_then(find).map(|name| told(true, name)))
    };
    match how {
        Found::PoolTagTxt => either(&|tag| {
            let exact = names.iter().find_map(|names| names.exact.get(&tag));
            exact.or_else(|| names.iter().find_map(|names| names.wild(tag))).map(text)
        }),
        Found::BuiltIn => either(&builtin),
        Found::Poolmon => mapped(listed).map(|(driver, what)| TagOwner { driver, what: what.into(), freed: false, how }),
        Found::Searched => names.iter().find_map(|names| names.searched.get(&tag)).map(|name| told(false, text(name))),
    }
}

/// The tag that memory had while it was in use, if this is one of HTTP.sys for memory that was given back.
fn in_use([first, second, third, fourth]: [u8; 4]) -> Option<[u8; 4]> {
    matches!([first, second], [b'u', b'L' | b'C']).then(|| [b'U', second.to_ascii_lowercase(), third, fourth])
}

/// The built-in name of a tag: driver and use.
fn builtin<'a>(tag: [u8; 4]) -> Option<(&'a str, &'a str)> {
    let find = |test: &dyn Fn([u8; 4]) -> bool| table::BUILTIN.iter().find(|(pattern, ..)| test(*pattern));
    find(&|pattern| pattern == tag).or_else(|| find(&|pattern| matches(pattern, tag))).map(|&(_, driver, what)| (driver, what))
}

fn matches(pattern: [u8; 4], tag: [u8; 4]) -> bool {
    pattern.iter().zip(tag).all(|(&p, t)| p == b'?' || p == t)
}

/// Drivers and use in poolmon's `Mapped_Driver`: `[nt!io    -  Io, IRP packets]`, `[a.sys][b.sys]`, `Unknown Driver`.
fn mapped(listed: &str) -> Option<(Cow<'_, str>, &str)> {
    let is_known = |name: &&str| !name.is_empty() && !["unknown driver", "<unknown>"].contains(&name.to_lowercase().as_str());
    let mut drivers: Vec<&str> = Vec::new();
    let mut what = "";
    for group in listed.split(['[', ']']).map(str::trim).filter(is_known) {
        let (driver, purpose) = group.split_once(" - ").unwrap_or((group, ""));
        if Some(driver.trim()).filter(is_known).is_some_and(|driver| !drivers.contains(&driver)) {
            drivers.push(driver.trim());
        }
        what = if what.is_empty() { purpose.trim() } else { what };
    }
    match drivers[..] {
        [] if what.is_empty() => None,
        [driver] => Some((driver.into(), what)),
        _ => Some((drivers.join(" or ").into(), what)),
    }
}

/// A line of pooltag.txt that tells what a search of the drivers' files found: `Xyz  - xyz.sys - found in the driver's file`. `None`
/// for a tag or a file name that such a line cannot hold.
#[must_use]
pub fn searched_line(tag: [u8; 4], drivers: &str) -> Option<String> {
    let line = format!("{} - {drivers} - {SEARCHED}", std::str::from_utf8(&tag).ok()?);
    let read = entry(line.as_bytes())?;
    let reads_back = (read.tag, read.driver, read.description) == (tag, drivers.as_bytes(), SEARCHED.as_bytes());
    let is_plain = !line.contains(char::is_control) && !tag.contains(&b'?') && !drivers.is_empty();
    (reads_back && is_plain && !is_comment(line.as_bytes())).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(entries: &[(&[u8; 4], &str, &str)]) -> TagNames {
        let mut names = TagNames::default();
        for (tag, driver, what) in entries {
            names.add(**tag, driver, what);
        }
        names
    }

    fn told(names: &[&TagNames], tag: [u8; 4], listed: &str) -> String {
        owner(names, tag, listed).map_or_else(String::new, |o| {
            format!("{}|{}|{}{}", o.driver, o.what, o.how.as_str(), if o.freed { "|freed" } else { "" })
        })
    }

    #[test]
    fn exact_beats_wild_and_an_earlier_file_a_later_one() {
        let one = names(&[
            (b"Xy??", "wild.sys", "a"),
            (b"Xyz?", "less.sys", "b"),
            (b"Xyz1", "exact.sys", "c"),
            (b"Xyz1", "second.sys", "d"),
        ]);
        let other = names(&[(b"Xyz1", "other.sys", "e"), (b"Xyz9", "nine.sys", "f")]);
        let both = [&one, &other];
        assert_eq!(told(&both, *b"Xyz1", ""), "exact.sys|c|pooltag.txt");
        assert_eq!(told(&both, *b"Xyz9", ""), "nine.sys|f|pooltag.txt");
        assert_eq!(told(&both, *b"Xyz2", ""), "less.sys|b|pooltag.txt");
        assert_eq!(told(&both, *b"Xyab", ""), "wild.sys|a|pooltag.txt");
        assert_eq!(told(&both, *b"????", ""), "");
        assert!(TagNames::default().is_empty() && !one.is_empty());
    }

    #[test]
    fn a_file_counts_before_the_table_that_before_poolmon_and_a_search_last() {
        let file = names(&[(b"UlHC", "mine.sys", "x")]);
        let search = names(&[(b"UlHC", "a.sys", SEARCHED), (b"Qrst", "a.sys or b.sys", SEARCHED)]);
        assert_eq!(told(&[&search, &file], *b"UlHC", "[p.sys]"), "mine.sys|x|pooltag.txt");
        assert_eq!(told(&[&search], *b"UlHC", "[p.sys]"), "http.sys|HTTP connections|built-in table");
        assert_eq!(told(&[&search], *b"Qrst", "[p.sys]"), "p.sys||poolmon");
        assert_eq!(told(&[&search], *b"Qrst", "Unknown Driver"), "a.sys or b.sys||searched drivers");
    }

    #[test]
    fn an_answer_without_a_driver_leaves_it_to_the_next() {
        let file = names(&[(b"LeoC", "", ""), (b"Qrst", "", "mount point")]);
        assert_eq!(told(&[], *b"File", ""), "|open files|built-in table");
        assert_eq!(told(&[&file], *b"LeoC", "[symevent]"), "symevent|file filter of Symantec or Norton AntiVirus|poolmon");
        assert_eq!(told(&[&file], *b"Qrst", ""), "|mount point|pooltag.txt");
        assert_eq!(told(&[&file], *b"Qrst", "[q.sys - other]"), "q.sys|mount point|poolmon");
    }

    #[test]
    fn http_sys_swaps_the_case_of_what_it_keeps_for_use_again() {
        assert_eq!(told(&[], *b"uLHC", ""), "http.sys|HTTP connections|built-in table|freed");
        assert_eq!(told(&[], *b"uCab", ""), "http.sys|HTTP client part, not known more closely|built-in table|freed");
        assert_eq!(told(&[], *b"ulHC", ""), "");
        let file = names(&[(b"Ul??", "http.sys", "mine")]);
        assert_eq!(told(&[&file], *b"uLHC", ""), "http.sys|mine|pooltag.txt|freed");
        assert_eq!(owner(&[&file], *b"uLHC", "").unwrap().purpose(), "mine, kept for use again");
    }

    #[test]
    fn what_poolmon_has_mapped() {
        let known = |listed: &str| mapped(listed).map(|(driver, what)| format!("{driver}|{what}"));
        assert_eq!(known("[nt!io    -  Io, IRP packets]").as_deref(), Some("nt!io|Io, IRP packets"));
        assert_eq!(known("[a.sys][b.sys - c][a.sys - d]").as_deref(), Some("a.sys or b.sys|c"));
        assert_eq!(known("xyz.sys").as_deref(), Some("xyz.sys|"));
        assert_eq!(known("[<unknown>    - Files]").as_deref(), Some("|Files"));
        for nothing in ["", "Unknown Driver", "[<unknown>]", "[]", "]["] {
            assert_eq!(known(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn a_line_of_a_search_reads_back_or_is_none() {
        let line = searched_line(*b"Xyz ", "a.sys or b.sys").unwrap();
        assert_eq!(line, "Xyz  - a.sys or b.sys - found in the driver's file");
        for (tag, drivers) in [
            (b"X?yz", "a.sys"),
            (b"// x", "a.sys"),
            (b"rem ", "a.sys"),
            (b"a -b", "a.sys"),
            (b"ab\xFFc", "a.sys"),
            (b"ab\nc", "a.sys"),
            (b"    ", "a.sys"),
            (b"Xyz ", ""),
            (b"Xyz ", "a - b.sys"),
            (b"Xyz ", "a\n.sys"),
            (b"Xyz ", " a.sys"),
        ] {
            assert_eq!(searched_line(*tag, drivers), None, "{} {drivers:?}", tag.escape_ascii());
        }
    }
}
