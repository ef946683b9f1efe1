//! Numbers of a chunk, as narrow as they can be.

mod width;

use std::ops::Range;

use super::ALL;
use width::{add, change, each, narrow, needed, put, raise, raise_each, range, sum, weave, wider};

/// Numbers, each of as many bytes as the widest needs.
#[derive(Debug, Clone)]
pub(super) enum Numbers {
    One(Vec<i8>),
    Two(Vec<i16>),
    Four(Vec<i32>),
    Eight(Vec<i64>),
}

/// Answers what becomes of numbers and others that are no wider. They get more room until there is enough, up to four bytes.
macro_rules! in_the_wider {
    ($mine:expr, $others:expr, |$values:ident, $more:ident| $done:expr) => {
        loop {
            let is_done = match (&mut *$mine, $others) {
                (Self::One($values), Self::One($more)) => $done,
                (Self::Two($values), Self::One($more)) => $done,
                (Self::Two($values), Self::Two($more)) => $done,
                (Self::Four($values), Self::One($more)) => $done,
                (Self::Four($values), Self::Two($more)) => $done,
                (Self::Four($values), Self::Four($more)) => $done,
                (Self::Eight(_), _) | (_, Self::Eight(_)) => return false,
                (Self::One(_) | Self::Two(_), _) => false,
            };
            if is_done || !$mine.widen_once() {
                return is_done;
            }
        }
    };
}

impl Numbers {
    pub fn of(numbers: &[i64]) -> Self {
        let mut all = Self::One(Vec::new());
        all.append(numbers.iter().copied());
        all
    }

    /// Adds as many others, each to its like; `false` if a sum needs more than four bytes, and then nothing is added.
    pub fn add(&mut self, others: &Self) -> bool {
        in_the_wider!(self, others, |values, others| add(values, others))
    }

    /// Puts others in between, whose seconds are `theirs`, by the order of seconds, and adds those of the same second; `false` if a sum
    /// needs more than four bytes, and then no number is changed.
    pub fn weave(&mut self, mine: &mut Vec<u16>, others: &Self, theirs: &[u16]) -> bool {
        in_the_wider!(self, others, |values, others| weave((mine, values), (theirs, others)))
    }

    /// Gives each number twice the room, up to four bytes; `false` if it has that already.
    fn widen_once(&mut self) -> bool {
        *self = match self {
            Self::One(values) => Self::Two(wider(values)),
            Self::Two(values) => Self::Four(wider(values)),
            Self::Four(_) | Self::Eight(_) => return false,
        };
        true
    }

    pub fn values(&self) -> impl Iterator<Item = i64> + '_ {
        (0..self.len()).map(|at| self.get(at))
    }

    /// Takes no more memory than these numbers need.
    pub fn pack(&mut self) {
        let (_, least, most) = self.range();
        if needed(least, most) < self.width() {
            *self = Self::of(&self.values().collect::<Vec<i64>>());
        }
        match self {
            Self::One(values) => values.shrink_to_fit(),
            Self::Two(values) => values.shrink_to_fit(),
            Self::Four(values) => values.shrink_to_fit(),
            Self::Eight(values) => values.shrink_to_fit(),
        }
    }

    /// Room for so many of the same width.
    pub fn room(&self, many: usize) -> Self {
        match self {
            Self::One(_) => Self::One(Vec::with_capacity(many)),
            Self::Two(_) => Self::Two(Vec::with_capacity(many)),
            Self::Four(_) => Self::Four(Vec::with_capacity(many)),
            Self::Eight(_) => Self::Eight(Vec::with_capacity(many)),
        }
    }

    /// How many are not zero, and as many zeros that are as wide as these must be.
    pub fn survey(&self) -> (usize, Self) {
        let (used, least, most) = self.range();
        let mut zeros = Self::One(vec![0; ALL]);
        zeros.widen(least);
        zeros.widen(most);
        (used, zeros)
    }

    /// How many are not zero, the least and the greatest; zero is always among them.
    fn range(&self) -> (usize, i64, i64) {
        match self {
            Self::One(values) => range(values),
            Self::Two(values) => range(values),
            Self::Four(values) => range(values),
            Self::Eight(values) => range(values),
        }
    }

    /// Whether all seconds have a number, if so many have one: where that takes less memory.
    pub fn is_spread(&self, used: usize) -> bool {
        used * (self.width() + 2) > ALL * self.width()
    }

    pub fn len(&self) -> usize {
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

    pub fn get(&self, at: usize) -> i64 {
        match self {
            Self::One(values) => values.get(at).map_or(0, |v| i64::from(*v)),
            Self::Two(values) => values.get(at).map_or(0, |v| i64::from(*v)),
            Self::Four(values) => values.get(at).map_or(0, |v| i64::from(*v)),
            Self::Eight(values) => values.get(at).copied().unwrap_or(0),
        }
    }

    /// Tells the numbers at some places, one after the other.
    pub fn each(&self, places: Range<usize>, tell: impl FnMut(i64)) {
        match self {
            Self::One(values) => each(values, places, tell),
            Self::Two(values) => each(values, places, tell),
            Self::Four(values) => each(values, places, tell),
            Self::Eight(values) => each(values, places, tell),
        }
    }

    pub fn sum(&self, places: Range<usize>) -> i64 {
        match self {
            // Those of a chunk have room in four bytes.
            Self::One(values) => sum::<_, i32>(values, places).into(),
            Self::Two(values) => sum::<_, i32>(values, places).into(),
            Self::Four(values) => sum(values, places),
            Self::Eight(values) => sum(values, places),
        }
    }

    /// Adds to a number, if there is room for the sum.
    #[inline]
    pub fn raise(&mut self, at: usize, amount: i64) -> bool {
        match self {
            Self::One(values) => values.get_mut(at).is_some_and(|value| raise(value, amount)),
            Self::Two(values) => values.get_mut(at).is_some_and(|value| raise(value, amount)),
            Self::Four(values) => values.get_mut(at).is_some_and(|value| raise(value, amount)),
            Self::Eight(_) => false,
        }
    }

    /// Adds to numbers that stand one after the other, as far as there is room for each sum; gives to how many.
    pub fn raise_each<A: Copy + Into<i64>>(&mut self, at: usize, amounts: &[A]) -> usize {
        match self {
            Self::One(values) => raise_each(values, at, amounts),
            Self::Two(values) => raise_each(values, at, amounts),
            Self::Four(values) => raise_each(values, at, amounts),
            Self::Eight(_) => 0,
        }
    }

    /// Changes a number; gives by how much.
    pub fn change(&mut self, at: usize, new: impl Fn(i64) -> i64) -> i64 {
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

    pub fn insert(&mut self, at: usize, value: i64) {
        match self {
            Self::One(values) => values.insert(at, 0),
            Self::Two(values) => values.insert(at, 0),
            Self::Four(values) => values.insert(at, 0),
            Self::Eight(values) => values.insert(at, 0),
        }
        self.set(at, value);
    }

    /// Adds more numbers at the end; gives their sum.
    pub fn append(&mut self, more: impl Iterator<Item = i64> + Clone) -> i64 {
        let (least, most, sum) =
            more.clone().fold((0, 0, 0), |(least, most, sum): (i64, i64, i64), n| (least.min(n), most.max(n), sum + n));
        self.widen(least);
        self.widen(most);
        match self {
            Self::One(values) => values.extend(narrow::<i8>(more)),
            Self::Two(values) => values.extend(narrow::<i16>(more)),
            Self::Four(values) => values.extend(narrow::<i32>(more)),
            Self::Eight(values) => values.extend(more),
        }
        sum
    }

    /// Makes room for a number.
    #[inline]
    pub fn widen(&mut self, value: i64) {
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
