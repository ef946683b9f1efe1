//! The seconds of one chunk, in as little memory as their numbers need: a week of logs has more quiet seconds than busy ones, and most
//! numbers are small.

use std::ops::Range;

use num_traits::{PrimInt, WrappingAdd};

use super::Number;

/// Seconds in a chunk. A day is 85 chunks.
pub(super) const CHUNK: u16 = 1024;
/// The same as a number of places.
const ALL: usize = CHUNK as usize;

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

    /// A chunk behind another one, which is likely to be filled as that one is.
    pub fn after(before: &Self) -> Self {
        let index = before.index + 1;
        if before.slots.is_some() {
            return Self::new(index);
        }
        let (used, like) = before.numbers.survey();
        if like.is_spread(used) { Self { index, total: 0, slots: None, numbers: like } } else { Self::new(index) }
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
        match (&self.slots, &other.slots) {
            (Some(mine), Some(others)) => *self = self.with_few::<T>(mine, other, others),
            (_, Some(others)) => {
                for (slot, value) in others.iter().zip(other.numbers.values()).filter(|(_, value)| *value != 0) {
                    self.add(*slot, T::of(value));
                }
            }
            (mine, None) => {
                if mine.is_some() {
                    self.spread_all();
                }
                if self.numbers.add(&other.numbers) {
                    self.total += other.total;
                } else {
                    let sums = self.numbers.values().zip(other.numbers.values()).map(|(a, b)| T::of(a).plus(T::of(b)).into());
                    self.numbers = Numbers::of(&sums.collect::<Vec<i64>>());
                    self.total = self.numbers.values().sum();
                }
            }
        }
    }

    /// The sum of two chunks of which each has few seconds with a number.
    fn with_few<T: Number>(&self, mine: &[u16], other: &Self, others: &[u16]) -> Self {
        let mut mine = mine.iter().copied().zip(self.numbers.values()).peekable();
        let mut others = others.iter().copied().zip(other.numbers.values()).peekable();
        let most = self.numbers.len() + other.numbers.len();
        let (mut slots, mut values) = (Vec::with_capacity(most), Vec::with_capacity(most));
        while let Some(slot) = [mine.peek(), others.peek()].into_iter().flatten().map(|(slot, _)| *slot).min() {
            let [a, b] = [&mut mine, &mut others].map(|from| from.next_if(|next| next.0 == slot).map_or(0, |next| next.1));
            slots.push(slot);
            values.push(T::of(a).plus(T::of(b)).into());
        }
        let (total, numbers) = (values.iter().sum(), Numbers::of(&values));
        slots.shrink_to_fit();
        let mut sum = Self { index: self.index, total, slots: Some(slots), numbers };
        sum.spread();
        sum
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
            self.spread_all();
        }
    }

    /// Has all seconds have a number.
    fn spread_all(&mut self) {
        let mut all = [0; ALL];
        for (slot, value) in self.slots.iter().flatten().zip(self.numbers.values()) {
            if let Some(to) = all.get_mut(usize::from(*slot)) {
                *to = value;
            }
        }
        (self.numbers, self.slots) = (Numbers::of(&all), None);
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

    /// Adds as many others, each to its like; `false` if a sum needs more than four bytes, and then nothing is added.
    fn add(&mut self, others: &Self) -> bool {
        loop {
            let is_added = match (&mut *self, others) {
                (Self::One(values), Self::One(others)) => add(values, others),
                (Self::Two(values), Self::One(others)) => add(values, others),
                (Self::Two(values), Self::Two(others)) => add(values, others),
                (Self::Four(values), Self::One(others)) => add(values, others),
                (Self::Four(values), Self::Two(others)) => add(values, others),
                (Self::Four(values), Self::Four(others)) => add(values, others),
                (Self::Eight(_), _) | (_, Self::Eight(_)) => return false,
                (Self::One(_) | Self::Two(_), _) => false,
            };
            *self = match self {
                _ if is_added => return true,
                Self::One(values) => Self::Two(wider(values)),
                Self::Two(values) => Self::Four(wider(values)),
                _ => return false,
            };
        }
    }

    fn values(&self) -> impl Iterator<Item = i64> + '_ {
        (0..self.len()).map(|at| self.get(at))
    }

    /// How many are not zero, and as many zeros that are as wide as these must be.
    fn survey(&self) -> (usize, Self) {
        let (used, least, most) = match self {
            Self::One(values) => survey(values),
            Self::Two(values) => survey(values),
            Self::Four(values) => survey(values),
            Self::Eight(values) => survey(values),
        };
        let mut zeros = Self::One(vec![0; ALL]);
        [least, most].into_iter().for_each(|value| zeros.widen(value));
        (used, zeros)
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

/// Adds numbers to others, if all sums have their width; they are added many at a time.
fn add<N: PrimInt + WrappingAdd, M: Copy + Into<N>>(values: &mut [N], others: &[M]) -> bool {
    // A sum is beyond the width where its sign is neither number's.
    let beyond = values.iter().zip(others).fold(N::zero(), |beyond, (one, other)| {
        let other = (*other).into();
        let sum = one.wrapping_add(&other);
        beyond | ((*one ^ sum) & (other ^ sum))
    });
    if beyond < N::zero() {
        return false;
    }
    values.iter_mut().zip(others).for_each(|(one, other)| *one = one.wrapping_add(&(*other).into()));
    true
}

/// How many are not zero, the least, and the greatest.
fn survey<N: PrimInt + Into<i64>>(values: &[N]) -> (usize, i64, i64) {
    let zero = N::zero();
    let range = values.iter().fold((zero, zero), |(least, most), value| (least.min(*value), most.max(*value)));
    (values.iter().filter(|value| **value != zero).count(), range.0.into(), range.1.into())
}

fn narrow<N: TryFrom<i64> + Default>(numbers: &[i64]) -> Vec<N> {
    numbers.iter().map(|n| N::try_from(*n).unwrap_or_default()).collect()
}

fn wider<N: Copy, W: From<N>>(values: &[N]) -> Vec<W> {
    values.iter().map(|v| W::from(*v)).collect()
}

#[cfg(test)]
mod tests;
