//! Numbers of a chunk, as narrow as they can be.

use std::iter::Sum;
use std::ops::Range;

use num_traits::{PrimInt, WrappingAdd};

use super::ALL;

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

#[inline]
fn raise<N: Copy + Into<i64> + TryFrom<i64>>(value: &mut N, amount: i64) -> bool {
    let sum = (*value).into().checked_add(amount).and_then(|sum| N::try_from(sum).ok());
    sum.inspect(|sum| *value = *sum).is_some()
}

fn raise_each<N: Copy + Into<i64> + TryFrom<i64>, A: Copy + Into<i64>>(values: &mut [N], at: usize, amounts: &[A]) -> usize {
    let mut pairs = values.get_mut(at..).unwrap_or_default().iter_mut().zip(amounts);
    // Whoever is not raised is the first that needs more room.
    let refused = pairs.position(|(value, amount)| !raise(value, (*amount).into()));
    refused.unwrap_or(amounts.len().min(values.len().saturating_sub(at)))
}

/// Bytes that numbers in a range need.
fn needed(least: i64, most: i64) -> usize {
    let fits = |low: i64, high: i64| low <= least && most <= high;
    match () {
        () if fits(i8::MIN.into(), i8::MAX.into()) => 1,
        () if fits(i16::MIN.into(), i16::MAX.into()) => 2,
        () if fits(i32::MIN.into(), i32::MAX.into()) => 4,
        () => 8,
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

fn each<N: Copy + Into<i64>>(values: &[N], places: Range<usize>, mut tell: impl FnMut(i64)) {
    values.get(places).unwrap_or_default().iter().for_each(|value| tell((*value).into()));
}

fn sum<N: Copy + Into<S>, S: Sum>(values: &[N], places: Range<usize>) -> S {
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

/// Puts others in between, by the order of their seconds, and adds those of the same second, if all sums have room.
fn weave<N: PrimInt, M: Copy + Into<N>>((slots, values): (&mut Vec<u16>, &mut Vec<N>), (theirs, others): (&[u16], &[M])) -> bool {
    let others: Vec<N> = others.iter().map(|other| (*other).into()).collect();
    let most = values.len() + others.len();
    let (mut all_slots, mut all_values) = (Vec::with_capacity(most), Vec::with_capacity(most));
    let (mut one, mut other) = ((&**slots, &**values), (theirs, &*others));
    while let Some(next) = other.0.first() {
        // Threads read stretches of a log by turns, so that many come at once.
        let run = one.0.iter().take_while(|slot| *slot < next).count();
        let (before, after) = (one.0.split_at(run), one.1.split_at(run));
        all_slots.extend_from_slice(before.0);
        all_values.extend_from_slice(after.0);
        one = (before.1, after.1);
        if let ([slot, slots @ ..], [value, values @ ..]) = one
            && slot == next
            && let ([_, other_slots @ ..], [add, other_values @ ..]) = other
        {
            let Some(sum) = value.checked_add(add) else { return false };
            all_slots.push(*slot);
            all_values.push(sum);
            (one, other) = ((slots, values), (other_slots, other_values));
        }
        (one, other) = (other, one);
    }
    all_slots.extend_from_slice(one.0);
    all_values.extend_from_slice(one.1);
    all_slots.shrink_to_fit();
    all_values.shrink_to_fit();
    (*slots, *values) = (all_slots, all_values);
    true
}

/// How many are not zero, the least, and the greatest.
fn range<N: PrimInt + Into<i64>>(values: &[N]) -> (usize, i64, i64) {
    let zero = N::zero();
    let range = values.iter().fold((zero, zero), |(least, most), value| (least.min(*value), most.max(*value)));
    (values.iter().filter(|value| **value != zero).count(), range.0.into(), range.1.into())
}

fn narrow<N: TryFrom<i64> + Default>(numbers: impl Iterator<Item = i64>) -> impl Iterator<Item = N> {
    numbers.map(|n| N::try_from(n).unwrap_or_default())
}

fn wider<N: Copy, W: From<N>>(values: &[N]) -> Vec<W> {
    values.iter().map(|v| W::from(*v)).collect()
}
