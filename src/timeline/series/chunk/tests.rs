use proptest::prelude::*;

use super::*;

#[test]
fn a_quiet_site_takes_no_more_memory_than_its_rows() {
    let mut chunk = Chunk::new(0);
    for slot in (0..CHUNK).step_by(4) {
        chunk.add(slot, 1_u32);
    }
    assert!(chunk.slots.as_ref().is_some_and(|slots| slots.len() == 256));
    assert!(matches!(&chunk.numbers, Numbers::One(numbers) if numbers.len() == 256));
}

#[test]
fn chunks_of_busy_seconds_add_up_second_by_second() {
    let of = |by: i32| {
        let mut chunk = Chunk::new(0);
        (0..CHUNK).for_each(|slot| chunk.add(slot, i32::from(slot) * by));
        chunk
    };
    // Of the same width, of another one, and beyond a width.
    let mut one = of(100);
    assert!(one.slots.is_none() && matches!(one.numbers, Numbers::Four(_)));
    one.merge::<i64>(&of(-99));
    one.merge::<i64>(&of(1));
    assert!((0..CHUNK).all(|slot| one.get(slot) == 2 * i64::from(slot)));
    let (mut wide, step) = (of(1 << 20), 1_i64 << 20);
    (0..2).for_each(|_| wide.merge::<i64>(&of(1 << 20)));
    assert!(matches!(wide.numbers, Numbers::Eight(_)));
    assert_eq!((one.total, wide.total, wide.get(1023)), (1023 * 1024, 3 * step * 1023 * 512, 3 * step * 1023));
}

#[test]
fn a_busy_second_widens_what_holds_it_and_changes_nothing_else() {
    let mut chunk = Chunk::new(-1);
    for slot in 0..400 {
        chunk.add(slot, i64::from(slot % 100) - 50);
    }
    assert!(chunk.slots.is_none() && matches!(chunk.numbers, Numbers::One(_)));
    chunk.add(7, 40_000_i64);
    assert!(matches!(chunk.numbers, Numbers::Four(_)));
    chunk.add(7, i64::MAX);
    assert_eq!((chunk.get(6), chunk.get(7), chunk.get(8), chunk.get(500)), (-44, i64::MAX, -42, 0));
    assert_eq!(chunk.cut(&(-1024..-1022)).collect::<Vec<_>>(), [(-1024, -50), (-1023, -49)]);
}

proptest! {
    #[test]
    fn quiet_chunks_are_woven_by_their_seconds(
        mine in proptest::collection::btree_map(0..CHUNK, prop_oneof![9 => 1u32..99, 2 => 1u32..70_000, 1 => any::<u32>()], 0..300),
        others in proptest::collection::btree_map(0..CHUNK, prop_oneof![9 => 1u32..99, 2 => 1u32..70_000, 1 => any::<u32>()], 0..300),
    ) {
        let of = |amounts: &std::collections::BTreeMap<u16, u32>| {
            let mut chunk = Chunk::new(3);
            for (slot, amount) in amounts {
                chunk.add(*slot, *amount);
            }
            chunk
        };
        let (mut one, mut other) = (of(&mine), of(&others));
        other.merge::<u32>(&one);
        one.merge::<u32>(&of(&others));
        let of = |amounts: &std::collections::BTreeMap<u16, u32>, slot| amounts.get(&slot).copied().unwrap_or(0);
        let want: Vec<i64> = (0..CHUNK).map(|slot| of(&mine, slot).saturating_add(of(&others, slot)).into()).collect();
        for sum in [one, other] {
            prop_assert_eq!((0..CHUNK).map(|slot| sum.get(slot)).collect::<Vec<_>>(), want.clone());
            prop_assert_eq!(sum.total, want.iter().sum::<i64>());
        }
    }
}
