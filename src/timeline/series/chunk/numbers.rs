//! Numbers of a chunk, as narrow as they can be.

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

impl Numbers {
    pub fn of(numbers: &[i64]) -> Self {
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
    pub fn add(&mut self, others: &Self) -> bool {
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

    pub fn values(&self) -> impl Iterator<Item = i64> + '_ {
        (0..self.len()).map(|at| self.get(at))
    }

    pub fn shrink_to_fit(&mut self) {
        match self {
            Self::One(values) => values.shrink_to_fit(),
            Self::Two(values) => values.shrink_to_fit(),
            Self::Four(values) => values.shrink_to_fit(),
            Self::Eight(values) => values.shrink_to_fit(),
        }
    }

    /// How many are not zero, and as many zeros that are as wide as these must be.
    pub fn survey(&self) -> (usize, Self) {
        let (used, least, most) = match self {
            Self::One(values) => survey(values),
            Self::Two(values) => survey(values),
            Self::Four(values) => survey(values),
            Self::Eight(values) => survey(values),
        };
        let mut zeros = Self::One(vec![0; ALL]);
        zeros.widen(least);
        zeros.widen(most);
        (used, zeros)
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

    pub fn sum(&self, places: Range<usize>) -> i64 {
        match self {
            Self::One(values) => sum(values, places),
            Self::Two(values) => sum(values, places),
            Self::Four(values) => sum(values, places),
            Self::Eight(values) => sum(values, places),
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
