//! The seconds of one chunk, in as little memory as their numbers need: a week of logs has more quiet seconds than busy ones, and most
//! numbers are small.

mod numbers;

use std::ops::Range;

use super::Number;
use numbers::Numbers;

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
            let used = before.numbers.len();
            return Self { slots: Some(Vec::with_capacity(used)), numbers: before.numbers.room(used), ..Self::new(index) };
        }
        let (used, like) = before.numbers.survey();
        if like.is_spread(used) { Self { index, total: 0, slots: None, numbers: like } } else { Self::new(index) }
    }

    /// Adds to a second of the chunk.
    pub fn add<T: Number>(&mut self, slot: u16, amount: T) {
        match self.place(slot) {
            // What has room in four bytes is a number of any kind.
            Ok(at) if self.numbers.raise(at, amount.into()) => self.total += amount.into(),
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

    /// Adds to seconds that follow one another, to each its amount.
    pub fn add_each<T: Number>(&mut self, slot: u16, amounts: &[T]) {
        let (mut slot, mut rest) = (slot, amounts);
        loop {
            if self.slots.is_none() {
                let raised = self.numbers.raise_each(usize::from(slot), rest);
                let (done, more) = rest.split_at(raised);
                self.total += done.iter().map(|amount| (*amount).into()).sum::<i64>();
                slot += u16::try_from(raised).unwrap_or(CHUNK);
                rest = more;
            } else if self.append(slot, rest) {
                return;
            }
            // What needs more room, or a place between others.
            let [amount, more @ ..] = rest else { return };
            if *amount != T::default() {
                self.add(slot, *amount);
            }
            (slot, rest) = (slot + 1, more);
        }
    }

    /// The same, where nothing has been added to these seconds or to any after them; `false` otherwise, or where all seconds have a number.
    fn append<T: Number>(&mut self, slot: u16, amounts: &[T]) -> bool {
        let Some(slots) = self.slots.as_mut().filter(|slots| slots.last().is_none_or(|last| *last < slot)) else { return false };
        let some = (slot..CHUNK).zip(amounts).filter(|(_, amount)| **amount != T::default());
        slots.extend(some.clone().map(|(slot, _)| slot));
        self.total += self.numbers.append(some.map(|(_, amount)| (*amount).into()));
        self.spread();
        true
    }

    /// Little more is added: it takes no more memory than it must.
    pub fn pack(&mut self) {
        if let Some(slots) = &mut self.slots {
            slots.shrink_to_fit();
            self.numbers.pack();
        }
    }

    /// Adds another chunk of the same seconds.
    pub fn merge<T: Number>(&mut self, other: &Self) {
        match (&mut self.slots, &other.slots) {
            (Some(mine), Some(others)) => {
                if self.numbers.weave(mine, &other.numbers, others) {
                    self.total += other.total;
                    self.spread();
                } else {
                    self.add_those::<T>(other);
                }
            }
            (None, Some(_)) => self.add_those::<T>(other),
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

    fn add_those<T: Number>(&mut self, other: &Self) {
        other.each(0..other.numbers.len(), |slot, value| self.add(slot, T::of(value)));
    }

    pub fn get(&self, slot: u16) -> i64 {
        self.place(slot).map_or(0, |at| self.numbers.get(at))
    }

    /// The seconds inside a range, with their numbers; of those with the number 0 some are left out.
    pub fn cut(&self, seconds: &Range<i64>) -> impl Iterator<Item = (i64, i64)> + use<'_> {
        let begin = self.index * i64::from(CHUNK);
        self.places(seconds).map(move |at| (begin + i64::from(self.slot(at)), self.numbers.get(at)))
    }

    /// Tells what [`Chunk::cut`] gives, without a look-up for each.
    pub fn each_within(&self, seconds: &Range<i64>, mut tell: impl FnMut(i64, i64)) {
        let begin = self.index * i64::from(CHUNK);
        self.each(self.places(seconds), |slot, number| tell(begin + i64::from(slot), number));
    }

    /// The seconds that have numbers at some places, with these.
    fn each(&self, places: Range<usize>, mut tell: impl FnMut(u16, i64)) {
        if let Some(slots) = &self.slots {
            let mut slots = slots.get(places.clone()).unwrap_or_default().iter();
            self.numbers.each(places, |number| slots.next().into_iter().for_each(|slot| tell(*slot, number)));
        } else {
            let mut slots = u16::try_from(places.start).unwrap_or(CHUNK)..CHUNK;
            self.numbers.each(places, |number| slots.next().into_iter().for_each(|slot| tell(slot, number)));
        }
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

#[cfg(test)]
mod tests;
