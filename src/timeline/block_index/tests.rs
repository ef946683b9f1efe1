use proptest::prelude::*;

use super::*;

const LOGS: [SourceId; 3] = [SourceId(1), SourceId(2), SourceId(9)];

/// A record: the log, the block that it begins in, the second it tells of, and how many seconds its request took.
type Noted = (usize, u64, i64, i64);

fn block(number: u64) -> Block {
    let (offset, line) = (number * BLOCK, number * 1000 + 1);
    let preamble = Arc::from(&b"#Fields: x"[..]);
    let (from, first_end, to) = (Time::MIN, Time::MIN, Time::MIN);
    Block { kind: Kind::Unknown, offset, end: offset, line, preamble, utf16: None, from, first_end, to, records: 0 }
}

fn index(noted: &[Noted]) -> BlockIndex {
    let mut index = BlockIndex::default();
    for (n, (log, number, second, took)) in noted.iter().enumerate() {
        for begun in 0..=*number {
            index.begin(LOGS[*log], block(begun));
        }
        let (offset, end) = (number * BLOCK + n as u64, number * BLOCK + n as u64 + 40);
        let times = Time::from_second(second - took)..Time::from_second(second + 1);
        index.note(LOGS[*log], offset, &Told::one(Kind::W3c, end, &times));
    }
    index
}

/// The blocks with records that touch some seconds, by a look at every record.
fn touched(noted: &[Noted], seconds: &Range<i64>) -> Vec<(SourceId, u64)> {
    let mut wide: BTreeMap<(SourceId, u64), (i64, i64)> = BTreeMap::new();
    for (log, number, second, took) in noted {
        let (from, to) = wide.entry((LOGS[*log], number * BLOCK)).or_insert((i64::MAX, i64::MIN));
        (*from, *to) = ((*from).min(second - took), (*to).max(second + 1));
    }
    wide.into_iter().filter(|(_, (from, to))| *from < seconds.end && seconds.start <= *to).map(|(at, _)| at).collect()
}

proptest! {
    #[test]
    fn a_stretch_of_time_is_found_whatever_the_order_of_the_records(
        noted in proptest::collection::vec((0usize..3, 0u64..6, 0i64..60, 0i64..20), 0..60),
        from in -5i64..65,
        long in 0i64..30,
    ) {
        let seconds = from..from + long;
        let index = index(&noted);
        let found: Vec<_> = index
            .touching(Time::from_second(seconds.start)..Time::from_second(seconds.end))
            .map(|(source, block)| (source, block.offset))
            .collect();
        prop_assert_eq!(found, touched(&noted, &seconds));
    }

    #[test]
    fn the_latest_blocks_hold_the_latest_records(
        noted in proptest::collection::vec((0usize..3, 0u64..6, 0i64..60, 0i64..20), 0..60),
        from in -5i64..65,
        long in 0i64..70,
        most in 1usize..12,
    ) {
        let seconds = from..from + long;
        let index = index(&noted);
        let (chosen, others) =
            index.latest(&(Time::from_second(seconds.start)..Time::from_second(seconds.end)), most as u64, |kind| kind == Kind::W3c);
        let chosen: Vec<_> = chosen.into_iter().map(|(source, block)| (source, block.offset)).collect();
        // By time, then by log, then by place.
        let mut rows: Vec<(i64, SourceId, u64, u64)> = noted
            .iter()
            .enumerate()
            .filter(|(_, (_, _, second, _))| seconds.contains(second))
            .map(|(n, (log, number, second, _))| (*second, LOGS[*log], number * BLOCK + n as u64, number * BLOCK))
            .collect();
        rows.sort_unstable();
        let last = &rows[rows.len().saturating_sub(most)..];
        prop_assert!(last.iter().all(|(_, source, _, block)| chosen.contains(&(*source, *block))), "{:?} {:?}", last, chosen);
        let left_out = rows.iter().any(|(_, source, _, block)| !chosen.contains(&(*source, *block)));
        prop_assert!(others || !left_out);
    }
}

#[test]
fn of_a_long_log_only_the_last_blocks_are_taken() {
    let noted: Vec<Noted> = (0..1000).map(|n| (0, n, i64::try_from(n).unwrap(), 0)).collect();
    let index = index(&noted);
    let (chosen, others) = index.latest(&(Time::MIN..Time::from_second(600)), 3, |_| true);
    assert_eq!(chosen.iter().map(|(_, block)| block.line).collect::<Vec<_>>(), [599_001, 598_001, 597_001]);
    assert!(others);
    assert!(index.latest(&(Time::MIN..Time::from_second(600)), 3, |kind| kind == Kind::Altiris).0.is_empty());
}

#[test]
fn a_record_that_comes_late_is_found_in_the_block_where_it_began() {
    let mut index = index(&[(0, 0, 10, 0), (0, 1, 11, 0), (0, 2, 12, 0)]);
    index.note(LOGS[0], 100, &Told::one(Kind::W3c, 200, &(Time::from_second(70)..Time::from_second(71))));
    let found: Vec<_> = index.touching(Time::from_second(69)..Time::from_second(80)).map(|(_, block)| block.offset).collect();
    assert_eq!(found, [0]);
    assert_eq!(index.holding(LOGS[0], BLOCK + 5).map(|block| block.line), Some(1001));
    assert_eq!(index.holding(LOGS[1], 5), None);
}

#[test]
fn indexes_of_other_logs_are_put_together() {
    let mut one = index(&[(0, 1, 10, 0)]);
    one.merge(index(&[(1, 0, 10, 0), (2, 0, 40, 0)]));
    assert_eq!(one.touching(Time::MIN..Time::MAX).map(|(source, _)| source).collect::<Vec<_>>(), LOGS);
    assert_eq!(one.touching(Time::from_second(0)..Time::from_second(20)).count(), 2);
}
