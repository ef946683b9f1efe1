//! Which tags are worth a row, and a listing of them in the form of `poolmon -n`.

use std::collections::{BTreeMap, BTreeSet};

use super::buffer::{Held, Memory};
use crate::formats::poolmon;
use crate::time::Time;

/// The tags that hold most are listed, so many of them.
pub const GREATEST: usize = 40;
/// And so many that grew most since the first listing.
const GROWN: usize = 20;
/// A tag that was listed stays listed, or its last row would stand for now; so many rows at most.
const MOST: usize = 200;

/// The tags of the whole system.
pub type Table = BTreeMap<[u8; 4], Held>;

/// Chooses the tags of each listing.
#[derive(Debug, Default)]
pub struct Choice {
    /// What each tag held at the first listing.
    first: Option<BTreeMap<[u8; 4], u64>>,
    listed: BTreeSet<[u8; 4]>,
}

impl Choice {
    /// The rows of the next listing, the greatest first. A tag that is not in the table any more has a last row of zeros.
    pub fn rows(&mut self, table: &Table) -> Vec<([u8; 4], Held)> {
        let first = self.first.get_or_insert_with(|| table.iter().map(|(tag, held)| (*tag, held.bytes)).collect());
        let grown = |tag: &[u8; 4], held: &Held| held.bytes.saturating_sub(first.get(tag).copied().unwrap_or(0));
        let most_grown = most(table, grown).take(GROWN).map(|(tag, _)| tag);
        let wanted: BTreeSet<[u8; 4]> = greatest(table).take(GREATEST).map(|(tag, _)| tag).chain(most_grown).collect();
        let before = self.listed.difference(&wanted).map(|tag| (*tag, table.get(tag).copied().unwrap_or_default()));
        let mut before: Vec<_> = before.collect();
        before.sort_by_key(|(tag, held)| (std::cmp::Reverse(held.bytes), *tag));
        before.truncate(MOST - wanted.len());
        let mut rows: Vec<_> = wanted.iter().filter_map(|tag| Some((*tag, *table.get(tag)?))).chain(before).collect();
        rows.sort_by_key(|(tag, held)| (std::cmp::Reverse(held.bytes), *tag));
        self.listed = rows.iter().map(|(tag, _)| *tag).filter(|tag| table.contains_key(tag)).collect();
        rows
    }
}

/// The tags that hold anything, the greatest first.
pub fn greatest(table: &Table) -> impl Iterator<Item = ([u8; 4], Held)> {
    most(table, |_, held| held.bytes)
}

/// The tags for which `weight` is not 0, the greatest first.
fn most(table: &Table, weight: impl Fn(&[u8; 4], &Held) -> u64) -> impl Iterator<Item = ([u8; 4], Held)> {
    let mut tags: Vec<_> = table.iter().map(|(tag, held)| (weight(tag, held), *tag, *held)).filter(|t| t.0 > 0).collect();
    tags.sort_by_key(|(weight, tag, _)| (std::cmp::Reverse(*weight), *tag));
    tags.into_iter().map(|(_, tag, held)| (tag, held))
}

/// A listing, as a file of many holds it. A row's allocations are its frees and what is outstanding: they do not wrap.
#[must_use]
pub fn text(time: Time, rows: &[([u8; 4], Held)], memory: Option<Memory>) -> Vec<u8> {
    let mut text = format!("{}\n", poolmon::heading(time));
    if let Some(Memory { commit, paged, nonpaged }) = memory {
        let [committed, limit, peak] = commit.map(kilobytes);
        let (nonpaged, paged) = (kilobytes(nonpaged), kilobytes(paged));
        text.push_str(&format!(
            " Commit:{committed:7}K Limit:{limit:7}K Peak:{peak:7}K            Pool N:{nonpaged:6}K P:{paged:6}K\n"
        ));
    }
    text.push_str(" System pool information\n Tag  Type     Allocs     Frees      Diff     Bytes  Per Alloc\n\n");
    let mut text = text.into_bytes();
    for (tag, Held { frees, outstanding, bytes }) in rows {
        let (allocs, each) = (frees.saturating_add(*outstanding), bytes.checked_div(*outstanding).unwrap_or(0));
        text.push(b' ');
        text.extend(shown(*tag));
        text.extend(format!(" Nonp {allocs:10} {frees:9} {outstanding:9} {bytes:9} {each:10}\n").into_bytes());
    }
    text.push(b'\n');
    text
}

fn kilobytes(bytes: u64) -> u64 {
    // The form has nine digits: a terabyte of pool.
    (bytes / 1024).min(999_999_999)
}

/// A tag that a line can hold: what would end it, or be no tag, is a point.
fn shown(tag: [u8; 4]) -> [u8; 4] {
    if tag == *b"    " { *b"...." } else { tag.map(|byte| if byte.is_ascii_control() { b'.' } else { byte }) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::formats::stream::Stream;
    use crate::formats::{Hints, Kind, Sink, lines::Line};
    use crate::record::{Fact, Record};

    fn held(bytes: u64) -> Held {
        Held { frees: 10, outstanding: bytes / 16, bytes }
    }

    fn table(tags: &[(u8, u64)]) -> Table {
        tags.iter().map(|(n, bytes)| ([b'T', b'a', b'g', *n], held(*bytes))).collect()
    }

    fn listed(choice: &mut Choice, table: &Table) -> Vec<(char, u64)> {
        choice.rows(table).iter().map(|(tag, held)| (char::from(tag[3]), held.bytes)).collect()
    }

    /// Records as text, and malformed lines.
    #[derive(Default)]
    struct Told(Vec<String>, usize);

    impl Sink for Told {
        fn record(&mut self, record: Record<'_>) {
            self.0.push(match record.fact {
                Fact::PoolTag(t) => {
                    format!("{} {} {} {} {}", record.time, t.tag.escape_ascii(), t.allocs, t.frees, t.bytes)
                }
                Fact::PoolTotal(bytes) => format!("{} {bytes}", record.time),
                other => format!("{other:?}"),
            });
        }

        fn malformed(&mut self, _: Line<'_>, _: &'static str) {
            self.1 += 1;
        }
    }

    fn read(text: &[u8]) -> Told {
        let (mut told, mut stream) = (Told::default(), Stream::new(Hints::default()));
        stream.feed(text, &mut told);
        stream.finish(&mut told);
        assert_eq!(stream.kind(), Kind::Poolmon);
        told
    }

    #[test]
    fn the_greatest_are_listed_and_what_grew_is_however_small() {
        let mut choice = Choice::default();
        let mut tags: Vec<(u8, u64)> = (0..45).map(|n| (b'0' + n, 100_000 - u64::from(n))).collect();
        tags.push((b'z', 16));
        assert_eq!(choice.rows(&table(&tags)).len(), GREATEST);
        tags.last_mut().unwrap().1 = 320;
        let rows = listed(&mut choice, &table(&tags));
        assert_eq!((rows.len(), rows[0], rows[40]), (41, ('0', 100_000), ('z', 320)));
    }

    #[test]
    fn a_tag_that_appears_is_listed_and_one_that_shrinks_stays_so() {
        let mut choice = Choice::default();
        assert_eq!(listed(&mut choice, &table(&[(b'a', 640), (b'b', 0)])), [('a', 640)]);
        assert_eq!(listed(&mut choice, &table(&[(b'a', 640), (b'b', 0), (b'c', 64)])), [('a', 640), ('c', 64)]);
        assert_eq!(listed(&mut choice, &table(&[(b'a', 0), (b'b', 0), (b'c', 64)])), [('c', 64), ('a', 0)]);
        // Gone from the table: told once.
        assert_eq!(listed(&mut choice, &table(&[(b'b', 0), (b'c', 64)])), [('c', 64), ('a', 0)]);
        assert_eq!(listed(&mut choice, &table(&[(b'b', 0), (b'c', 64)])), [('c', 64)]);
    }

    #[test]
    fn a_listing_has_a_bound_however_the_tags_change_places() {
        let mut choice = Choice::default();
        for round in 0..20u8 {
            let turn: Table = (0..40u8).map(|n| ([b'T', b'a', round, n], held(64_000))).collect();
            assert!(choice.rows(&turn.into_iter().chain(table(&[(b'x', 1)])).collect()).len() <= MOST);
        }
    }

    #[test]
    fn a_listing_is_read_as_what_it_was_written_from() {
        let memory = Memory { commit: [4096, 8192, 12288], paged: 2 << 20, nonpaged: 109 << 20 };
        let rows = [(*b"Dh 1", Held { frees: 0xFFFF_FFF0, outstanding: 21, bytes: 672 }), (*b"Irp ", Held::default())];
        let time = Time::from_ymd_hms(2026, 11, 21, 8, 0, 0).unwrap();
        let told = read(&text(time, &rows, Some(memory)));
        let expected = ["114294784", "Dh 1 4294967301 4294967280 672", "Irp  0 0 0"];
        assert_eq!(told.0, expected.map(|row| format!("2026-11-21T08:00:00Z {row}")));
        assert_eq!(told.1, 0);
        let without = String::from_utf8(text(time, &rows, None)).unwrap();
        assert!(!without.contains("Pool N:") && without.contains(" Dh 1 Nonp 4294967301"), "{without}");
    }

    proptest! {
        #[test]
        fn any_tag_is_a_row(tags in prop::collection::btree_set(any::<[u8; 4]>(), 1..30), hard in "[Nonp Paged#]{4}") {
            let hard: [u8; 4] = hard.as_bytes().try_into().unwrap();
            let rows: Vec<_> = tags.into_iter().chain([hard, *b"    ", *b"Nonp", *b"# 20"]).map(|tag| (tag, held(64))).collect();
            let told = read(&text(Time::from_second(0), &rows, None));
            let expected = rows.iter().map(|(tag, _)| format!("1970-01-01T00:00:00Z {} 14 10 64", shown(*tag).escape_ascii()));
            prop_assert_eq!(told.0, expected.collect::<Vec<_>>());
            prop_assert_eq!(told.1, 0);
        }
    }
}
