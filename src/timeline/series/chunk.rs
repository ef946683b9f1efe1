//! The seconds of one chunk, in as little memory as their numbers need: a week of logs has more quiet seconds than busy ones, and most
//! numbers are small.

use std::ops::Range;

use super::Number;

/// Seconds in a chunk. A day is 85 chunks.
pub(super) const CHUNK: u16 = 1024;
/// The same as a number of places.
const ALL: usize = CHUNK as usize;
/// So few numbers are added one by one.
const FEW: usize = 32;

/// 17 minutes of a series.
#[derive(Debug, Clone)]
pub(super) struct Chunk {
    /// The first second, divided by [`CHUNK`].
    pub index: i64,
    /// The sum of its numbers.
    pub total: i64,
    /// The seconds that have a number, in order; all of the chunk have one if there are none here.
    slots: Option<Vec<u16>>,
    numbers: Numbers,
}

impl Chunk {
    pub fn new(index: i64) -> Self {
        Self { index, total: 0, slots: Some(Vec::new()), numbers: Numbers::One(Vec::new()) }
    }

    /// Adds to a second of the chunk.
    pub fn add<T: Number>(&mut self, slot: u16, amount: T) {
        match self.place(slot) {
            Ok(at) => self.total += self.numbers.change(at, |before| T::of(before).plus(amount).into()),
            Err(at) => {
                self.total += amount.into();
                self.numbers.insert(at, amount.into());
                if let Some(slots) = &mut self.slots {
                    slots.insert(at, slot);
                }
                self.spread();
            }
        }
    }

    /// Adds another chunk of the same seconds.
    pub fn merge<T: Number>(&mut self, other: &Self) {
        if self.slots.is_none() && other.slots.is_none() && self.numbers.add(&other.numbers) {
            self.total += other.total;
            return;
        }
        if other.numbers.len() > FEW {
            let (mut all, mut more) = ([0; ALL], [0; ALL]);
            self.spread_to(&mut all);
            other.spread_to(&mut more);
            for (mine, other) in all.iter_mut().zip(&more) {
                *mine = T::of(*mine).plus(T::of(*other)).into();
            }
            *self = Self::of(self.index, &all);
            return;
        }
        for at in 0..other.numbers.len() {
            match other.numbers.get(at) {
                0 => {}
                value => self.add(other.slot(at), T::of(value)),
            }
        }
    }

    /// A chunk of these numbers.
    fn of(index: i64, all: &[i64; ALL]) -> Self {
        let mut slots = None;
        let mut numbers = Numbers::of(all);
        let used = all.iter().filter(|number| **number != 0).count();
        if !numbers.is_spread(used) {
            let has_one = (0..CHUNK).zip(all).filter(|(_, number)| **number != 0);
            let (those, values): (Vec<u16>, Vec<i64>) = has_one.unzip();
            (slots, numbers) = (Some(those), Numbers::of(&values));
        }
        Self { index, total: all.iter().sum(), slots, numbers }
    }

    /// Puts the number of each of its seconds in its place.
    fn spread_to(&self, all: &mut [i64; ALL]) {
        let Some(slots) = &self.slots else {
            self.numbers.fill(all);
            return;
        };
        let mut values = [0; ALL];
        self.numbers.fill(&mut values);
        for (slot, value) in slots.iter().zip(values) {
            if let Some(to) = all.get_mut(usize::from(*slot)) {
                *to = value;
            }
        }
    }

    pub fn get(&self, slot: u16) -> i64 {
        self.place(slot).map_or(0, |at| self.numbers.get(at))
    }

    /// The seconds inside a range, with their numbers; of those with the number 0 some are left out.
    pub fn cut(&self, seconds: &Range<i64>) -> impl Iterator<Item = (i64, i64)> + use<'_> {
        let begin = self.index * i64::from(CHUNK);
        self.places(seconds).map(move |at| (begin + i64::from(self.slot(at)), self.numbers.get(at)))
    }

    /// The sum of the numbers inside a range.
    pub fn sum(&self, seconds: &Range<i64>) -> i64 {
        self.numbers.sum(self.places(seconds))
    }

    /// The places of the seconds inside a range.
    fn places(&self, seconds: &Range<i64>) -> Range<usize> {
        let begin = self.index * i64::from(CHUNK);
        let slot = |second: i64| u16::try_from(second.saturating_sub(begin).clamp(0, i64::from(CHUNK))).unwrap_or(CHUNK);
        let upto = |end: u16| match &self.slots {
            Some(slots) => slots.partition_point(|slot| *slot < end),
            None => usize::from(end),
        };
        upto(slot(seconds.start))..upto(slot(seconds.end))
    }

    /// Where the number of a second stands, or would. Neighbours in a log are neighbours in time, so it is the last more often than not.
    fn place(&self, slot: u16) -> Result<usize, usize> {
        let Some(slots) = &self.slots else { return Ok(usize::from(slot)) };
        match slots.last() {
            Some(last) if *last == slot => Ok(slots.len() - 1),
            Some(last) if *last > slot => slots.binary_search(&slot),
            _ => Err(slots.len()),
        }
    }

    /// The second of a number.
    fn slot(&self, at: usize) -> u16 {
        match &self.slots {
            Some(slots) => slots.get(at).copied().unwrap_or(0),
            None => u16::try_from(at).unwrap_or(0),
        }
    }

    /// Has all seconds have a number, where that takes less memory.
    fn spread(&mut self) {
        let Some(slots) = &self.slots else { return };
        if self.numbers.is_spread(slots.len()) {
            let mut all = [0; ALL];
            self.spread_to(&mut all);
            (self.numbers, self.slots) = (Numbers::of(&all), None);
        }
    }
}

/// Numbers, each of as many bytes as the widest needs.
#[derive(Debug, Clone)]
enum Numbers {
    One(Vec<i8>),
    Two(Vec<i16>),
    Four(Vec<i32>),
    Eight(Vec<i64>),
}

impl Numbers {
    fn of(numbers: &[i64]) -> Self {
        let (least, most) = numbers.iter().fold((0, 0), |(least, most): (i64, i64), n| (least.min(*n), most.max(*n)));
        let fits = |low: i64, high: i64| low <= least && most <= high;
        if fits(i8::MIN.into(), i8::MAX.into()) {
            Self::One(narrow(numbers))
        } else if fits(i16::MIN.into(), i16::MAX.into()) {
            Self::Two(narrow(numbers))
        } else if fits(i32::MIN.into(), i32::MAX.into()) {
            Self::Four(narrow(numbers))
        } else {
            Self::Eight(numbers.to_vec())
        }
    }

    /// Adds as many others of the same width, if the sums have it, too; `false` if not.
    fn add(&mut self, others: &Self) -> bool {
        match (self, others) {
            (Self::One(values), Self::One(others)) => add(values, others, i8::checked_add),
            (Self::Two(values), Self::Two(others)) => add(values, others, i16::checked_add),
            (Self::Four(values), Self::Four(others)) => add(values, others, i32::checked_add),
            _ => false,
        }
    }

    fn fill(&self, all: &mut [i64; ALL]) {
        match self {
            Self::One(values) => fill(all, values),
            Self::Two(values) => fill(all, values),
            Self::Four(values) => fill(all, values),
            Self::Eight(values) => fill(all, values),
        }
    }

    /// Whether all seconds have a number, if so many have one: where that takes less memory.
    fn is_spread(&self, used: usize) -> bool {
        used * (self.width() + 2) > ALL * self.width()
    }

    fn len(&self) -> usize {
        match self {
            Self::One(values) => values.len(),
            Self::Two(values) => values.len(),
            Self::Four(values) => values.len(),
            Self::Eight(values) => values.len(),
        }
    }

    /// Bytes of each.
    fn width(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Two(_) => 2,
            Self::Four(_) => 4,
            Self::Eight(_) => 8,
        }
    }

    fn get(&self, at: usize) -> i64 {
        match self {
            Self::One(values) => values.get(at).map_or(0, |v| i64::from(*v)),
            Self::Two(values) => values.get(at).map_or(0, |v| i64::from(*v)),
            Self::Four(values) => values.get(at).map_or(0, |v| i64::from(*v)),
            Self::Eight(values) => values.get(at).copied().unwrap_or(0),
        }
    }

    fn sum(&self, places: Range<usize>) -> i64 {
        match self {
            Self::One(values) => sum(values, places),
            Self::Two(values) => sum(values, places),
            Self::Four(values) => sum(values, places),
            Self::Eight(values) => sum(values, places),
        }
    }

    /// Changes a number; gives by how much.
    fn change(&mut self, at: usize, new: impl Fn(i64) -> i64) -> i64 {
        let changed = match self {
            Self::One(values) => change(values, at, &new),
            Self::Two(values) => change(values, at, &new),
            Self::Four(values) => change(values, at, &new),
            Self::Eight(values) => change(values, at, &new),
        };
        changed.unwrap_or_else(|| {
            let before = self.get(at);
            let after = new(before);
            self.set(at, after);
            after - before
        })
    }

    fn set(&mut self, at: usize, value: i64) {
        self.widen(value);
        match self {
            Self::One(values) => put(values, at, value),
            Self::Two(values) => put(values, at, value),
            Self::Four(values) => put(values, at, value),
            Self::Eight(values) => put(values, at, value),
        }
    }

    fn insert(&mut self, at: usize, value: i64) {
        match self {
            Self::One(values) => values.insert(at, 0),
            Self::Two(values) => values.insert(at, 0),
            Self::Four(values) => values.insert(at, 0),
            Self::Eight(values) => values.insert(at, 0),
        }
        self.set(at, value);
    }

    /// Makes room for a number.
    #[inline]
    fn widen(&mut self, value: i64) {
        loop {
            *self = match self {
                Self::One(values) if i8::try_from(value).is_err() => Self::Two(wider(values)),
                Self::Two(values) if i16::try_from(value).is_err() => Self::Four(wider(values)),
                Self::Four(values) if i32::try_from(value).is_err() => Self::Eight(wider(values)),
                _ => return,
            };
        }
    }
}

/// Changes a number, if there is room for the new one; gives by how much.
fn change<N: Copy + Into<i64> + TryFrom<i64>>(values: &mut [N], at: usize, new: impl Fn(i64) -> i64) -> Option<i64> {
    let place = values.get_mut(at)?;
    let before: i64 = (*place).into();
    let after = new(before);
    *place = N::try_from(after).ok()?;
    Some(after - before)
}

fn sum<N: Copy + Into<i64>>(values: &[N], places: Range<usize>) -> i64 {
    values.get(places).unwrap_or_default().iter().map(|value| (*value).into()).sum()
}

fn put<N: TryFrom<i64>>(values: &mut [N], at: usize, value: i64) {
    if let (Some(place), Ok(value)) = (values.get_mut(at), N::try_from(value)) {
        *place = value;
    }
}

fn add<N: Copy>(values: &mut Vec<N>, others: &[N], add: impl Fn(N, N) -> Option<N>) -> bool {
    let sums: Option<Vec<N>> = values.iter().zip(others).map(|(one, other)| add(*one, *other)).collect();
    sums.map(|sums| *values = sums).is_some()
}

fn fill<N: Copy + Into<i64>>(all: &mut [i64; ALL], values: &[N]) {
    all.iter_mut().zip(values).for_each(|(to, value)| *to = (*value).into());
}

fn narrow<N: TryFrom<i64> + Default>(numbers: &[i64]) -> Vec<N> {
    numbers.iter().map(|n| N::try_from(*n).unwrap_or_default()).collect()
}

fn wider<N: Copy, W: From<N>>(values: &[N]) -> Vec<W> {
    values.iter().map(|v| W::from(*v)).collect()
}

#[cfg(test)]
mod tests;
