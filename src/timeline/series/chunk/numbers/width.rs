//! What is done to numbers of one width.

use std::iter::Sum;
use std::ops::Range;

use num_traits::{PrimInt, WrappingAdd};

#[inline]
pub fn raise<N: Copy + Into<i64> + TryFrom<i64>>(value: &mut N, amount: i64) -> bool {
    let sum = (*value).into().checked_add(amount).and_then(|sum| N::try_from(sum).ok());
    sum.inspect(|sum| *value = *sum).is_some()
}

pub fn raise_each<N: Copy + Into<i64> + TryFrom<i64>, A: Copy + Into<i64>>(values: &mut [N], at: usize, amounts: &[A]) -> usize {
    let mut pairs = values.get_mut(at..).unwrap_or_default().iter_mut().zip(amounts);
    // Whoever is not raised is the first that needs more room.
    let refused = pairs.position(|(value, amount)| !raise(value, (*amount).into()));
    refused.unwrap_or(amounts.len().min(values.len().saturating_sub(at)))
}

/// Bytes that numbers in a range need.
pub fn needed(least: i64, most: i64) -> usize {
    let fits = |low: i64, high: i64| low <= least && most <= high;
    match () {
        () if fits(i8::MIN.into(), i8::MAX.into()) => 1,
        () if fits(i16::MIN.into(), i16::MAX.into()) => 2,
        () if fits(i32::MIN.into(), i32::MAX.into()) => 4,
        () => 8,
    }
}

/// Changes a number, if there is room for the new one; gives by how much.
pub fn change<N: Copy + Into<i64> + TryFrom<i64>>(values: &mut [N], at: usize, new: impl Fn(i64) -> i64) -> Option<i64> {
    let place = values.get_mut(at)?;
    let before: i64 = (*place).into();
    let after = new(before);
    *place = N::try_from(after).ok()?;
    Some(after - before)
}

pub fn each<N: Copy + Into<i64>>(values: &[N], places: Range<usize>, mut tell: impl FnMut(i64)) {
    values.get(places).unwrap_or_default().iter().for_each(|value| tell((*value).into()));
}

pub fn sum<N: Copy + Into<S>, S: Sum>(values: &[N], places: Range<usize>) -> S {
    values.get(places).unwrap_or_default().iter().map(|value| (*value).into()).sum()
}

pub fn put<N: TryFrom<i64>>(values: &mut [N], at: usize, value: i64) {
    if let (Some(place), Ok(value)) = (values.get_mut(at), N::try_from(value)) {
        *place = value;
    }
}

/// Adds numbers to others, if all sums have their width; they are added many at a time.
pub fn add<N: PrimInt + WrappingAdd, M: Copy + Into<N>>(values: &mut [N], others: &[M]) -> bool {
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
pub fn weave<N: PrimInt, M: Copy + Into<N>>(
    (slots, values): (&mut Vec<u16>, &mut Vec<N>),
    (theirs, others): (&[u16], &[M]),
) -> bool {
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
pub fn range<N: PrimInt + Into<i64>>(values: &[N]) -> (usize, i64, i64) {
    let zero = N::zero();
    let range = values.iter().fold((zero, zero), |(least, most), value| (least.min(*value), most.max(*value)));
    (values.iter().filter(|value| **value != zero).count(), range.0.into(), range.1.into())
}

pub fn narrow<N: TryFrom<i64> + Default>(numbers: impl Iterator<Item = i64>) -> impl Iterator<Item = N> {
    numbers.map(|n| N::try_from(n).unwrap_or_default())
}

pub fn wider<N: Copy, W: From<N>>(values: &[N]) -> Vec<W> {
    values.iter().map(|v| W::from(*v)).collect()
}
