//! The seconds of one chunk, in as little memory as their numbers need: a week of logs has more quiet seconds than busy ones.

use std::ops::Range;

use super::Number;

/// Seconds in a chunk. A day is 85 chunks.
pub(super) const CHUNK: u16 = 1024;
/// Up to so many numbers are kept with their seconds, half of what the whole chunk would take.
const FEW: usize = 64;

/// 17 minutes of a series.
#[derive(Debug, Clone)]
pub(super) struct Chunk<T> {
    /// The first second, divided by [`CHUNK`].
    pub index: i64,
    /// The sum of its numbers.
    pub total: i64,
    values: Values<T>,
}

#[derive(Debug, Clone)]
enum Values<T> {
    /// Seconds of the chunk with their numbers, in order.
    Few(Vec<(u16, T)>),
    /// One for each second of the chunk.
    All(Packed),
}

impl<T: Number> Chunk<T> {
    pub fn new(index: i64) -> Self {
        Self { index, total: 0, values: Values::Few(Vec::new()) }
    }

    /// Adds to a second of the chunk.
    pub fn add(&mut self, slot: u16, amount: T) {
        match &mut self.values {
            Values::All(packed) => {
                let before = packed.get(slot);
                let after = T::of(before).plus(amount).into();
                packed.set(slot, after);
                self.total += after - before;
            }
            Values::Few(few) => {
                let place = place(few, slot);
                if let Some((_, value)) = place.ok().and_then(|at| few.get_mut(at)) {
                    let before: i64 = (*value).into();
                    *value = value.plus(amount);
                    self.total += (*value).into() - before;
                } else if let Err(at) = place {
                    few.insert(at, (slot, amount));
                    self.total += amount.into();
                    if few.len() > FEW {
                        self.values = Values::All(Packed::of(few));
                    }
                }
            }
        }
    }

    /// Adds another chunk of the same seconds.
    pub fn merge(&mut self, other: &Self) {
        match &other.values {
            Values::Few(few) => few.iter().for_each(|(slot, value)| self.add(*slot, *value)),
            Values::All(packed) => packed.nonzero(|slot, value| self.add(slot, T::of(value))),
        }
    }

    pub fn get(&self, slot: u16) -> T {
        match &self.values {
            Values::All(packed) => T::of(packed.get(slot)),
            Values::Few(few) => place(few, slot).ok().and_then(|at| few.get(at)).map(|(_, value)| *value).unwrap_or_default(),
        }
    }

    /// The seconds inside a range, with their numbers; of those with the number 0 some are left out.
    pub fn cut(&self, seconds: &Range<i64>) -> impl Iterator<Item = (i64, T)> + use<'_, T> {
        let begin = self.index * i64::from(CHUNK);
        let slot = |second: i64| u16::try_from(second.saturating_sub(begin).clamp(0, i64::from(CHUNK))).unwrap_or(CHUNK);
        let slots = slot(seconds.start)..slot(seconds.end);
        let (few, packed) = match &self.values {
            Values::Few(few) => (within(few, &slots), None),
            Values::All(packed) => (&[][..], Some(packed)),
        };
        Cut { few: few.iter(), packed, slots, begin }
    }
}

/// What [`Chunk::cut`] gives.
struct Cut<'a, T> {
    few: std::slice::Iter<'a, (u16, T)>,
    packed: Option<&'a Packed>,
    slots: Range<u16>,
    begin: i64,
}

impl<T: Number> Iterator for Cut<'_, T> {
    type Item = (i64, T);

    fn next(&mut self) -> Option<(i64, T)> {
        let (slot, value) = match self.packed {
            Some(packed) => self.slots.next().map(|slot| (slot, T::of(packed.get(slot))))?,
            None => *self.few.next()?,
        };
        Some((self.begin + i64::from(slot), value))
    }
}

fn within<'a, T>(few: &'a [(u16, T)], slots: &Range<u16>) -> &'a [(u16, T)] {
    let from = few.partition_point(|(slot, _)| *slot < slots.start);
    let to = few.partition_point(|(slot, _)| *slot < slots.end);
    few.get(from..to).unwrap_or_default()
}

/// Where a second stands, or would. Neighbours in a log are neighbours in time, so it is the last more often than not.
fn place<T>(few: &[(u16, T)], slot: u16) -> Result<usize, usize> {
    match few.last() {
        Some((last, _)) if *last == slot => Ok(few.len() - 1),
        Some((last, _)) if *last > slot => few.binary_search_by_key(&slot, |(slot, _)| *slot),
        _ => Err(few.len()),
    }
}

/// As many bytes for each second as the widest number needs.
#[derive(Debug, Clone)]
enum Packed {
    One(Box<[i8]>),
    Two(Box<[i16]>),
    Four(Box<[i32]>),
    Eight(Box<[i64]>),
}

impl Packed {
    fn of<T: Number>(few: &[(u16, T)]) -> Self {
        let mut packed = Self::One(zeros());
        for (slot, value) in few {
            packed.set(*slot, (*value).into());
        }
        packed
    }

    fn get(&self, slot: u16) -> i64 {
        let slot = usize::from(slot);
        match self {
            Self::One(values) => values.get(slot).map_or(0, |v| i64::from(*v)),
            Self::Two(values) => values.get(slot).map_or(0, |v| i64::from(*v)),
            Self::Four(values) => values.get(slot).map_or(0, |v| i64::from(*v)),
            Self::Eight(values) => values.get(slot).copied().unwrap_or(0),
        }
    }

    /// Hands out the numbers that are not zero.
    fn nonzero(&self, mut each: impl FnMut(u16, i64)) {
        fn walk<N: Copy + Into<i64>>(values: &[N], each: &mut impl FnMut(u16, i64)) {
            for (slot, value) in (0..).zip(values) {
                match (*value).into() {
                    0 => {}
                    value => each(slot, value),
                }
            }
        }
        match self {
            Self::One(values) => walk(values, &mut each),
            Self::Two(values) => walk(values, &mut each),
            Self::Four(values) => walk(values, &mut each),
            Self::Eight(values) => walk(values, &mut each),
        }
    }

    fn set(&mut self, slot: u16, value: i64) {
        while !self.fits(slot, value) {
            *self = match self {
                Self::One(values) => Self::Two(wider(values)),
                Self::Two(values) => Self::Four(wider(values)),
                Self::Four(values) => Self::Eight(wider(values)),
                Self::Eight(_) => return,
            };
        }
    }

    /// Sets a second's number if there is room for it.
    fn fits(&mut self, slot: u16, value: i64) -> bool {
        let slot = usize::from(slot);
        match self {
            Self::One(values) => put(values, slot, value),
            Self::Two(values) => put(values, slot, value),
            Self::Four(values) => put(values, slot, value),
            Self::Eight(values) => put(values, slot, value),
        }
    }
}

fn put<N: TryFrom<i64>>(values: &mut [N], slot: usize, value: i64) -> bool {
    let (Some(place), Ok(value)) = (values.get_mut(slot), N::try_from(value)) else { return false };
    *place = value;
    true
}

fn wider<N: Copy, W: From<N>>(values: &[N]) -> Box<[W]> {
    values.iter().map(|v| W::from(*v)).collect()
}

fn zeros<N: Clone + Default>() -> Box<[N]> {
    vec![N::default(); usize::from(CHUNK)].into_boxed_slice()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quiet_site_takes_no_more_memory_than_its_rows() {
        let mut chunk = Chunk::<u32>::new(0);
        for slot in (0..CHUNK).step_by(20) {
            chunk.add(slot, 1);
        }
        assert!(matches!(&chunk.values, Values::Few(few) if few.len() == 52));
    }

    #[test]
    fn a_busy_second_widens_what_holds_it_and_changes_nothing_else() {
        let mut chunk = Chunk::<i64>::new(-1);
        for slot in 0..100 {
            chunk.add(slot, i64::from(slot) - 50);
        }
        assert!(matches!(chunk.values, Values::All(Packed::One(_))));
        chunk.add(7, 40_000);
        assert!(matches!(chunk.values, Values::All(Packed::Four(_))));
        chunk.add(7, i64::MAX);
        assert_eq!((chunk.get(6), chunk.get(7), chunk.get(8), chunk.get(500)), (-44, i64::MAX, -42, 0));
        assert_eq!(chunk.cut(&(-1024..-1022)).collect::<Vec<_>>(), [(-1024, -50), (-1023, -49)]);
    }
}
