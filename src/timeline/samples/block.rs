//! A few minutes of samples, in as few bytes as they need: sampled each second, times differ by little from a steady step, and most
//! counters by little or nothing from what they were.
//!
//! Each sample is the change of the step between times (zigzag, seven bits a byte), then the bits of the value that differ from those
//! before it: a byte that says how many zero bytes they have before and behind, and the bytes between.

use crate::time::Time;

/// A stretch of samples in order, never empty.
#[derive(Debug, Clone)]
pub(super) struct Block {
    pub first: Time,
    pub last: Time,
    /// How many there are.
    pub count: usize,
    /// How they grow, once they are packed.
    pub rise: Option<Rise>,
    samples: Kept,
}

/// How the samples of a block grow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rise {
    /// The first value.
    pub first: f64,
    /// The last value.
    pub last: f64,
    /// The sum of [`step`] over all after the first.
    pub grown: f64,
}

/// How much a counter that only grows has grown since it was `before`. One that falls has begun anew.
pub(super) fn step(before: f64, value: f64) -> f64 {
    if value < before { value } else { value - before }
}

#[derive(Debug, Clone)]
enum Kept {
    Plain(Vec<(Time, f64)>),
    Packed(Box<[u8]>),
}

impl Block {
    pub fn new(time: Time, value: f64) -> Self {
        Self::of(vec![(time, value)])
    }

    fn of(samples: Vec<(Time, f64)>) -> Self {
        let end = |sample: Option<&(Time, f64)>| sample.map_or(Time::MIN, |(time, _)| *time);
        Self {
            first: end(samples.first()),
            last: end(samples.last()),
            count: samples.len(),
            rise: None,
            samples: Kept::Plain(samples),
        }
    }

    /// The samples in order.
    pub fn iter(&self) -> Iter<'_> {
        match &self.samples {
            Kept::Plain(samples) => Iter::Plain(samples.iter()),
            Kept::Packed(bytes) => Iter::Packed(Unpacker::of(bytes)),
        }
    }

    /// Takes as few bytes as it can.
    pub fn pack(&mut self) {
        if let Kept::Plain(samples) = &self.samples {
            let ends = samples.first().zip(samples.last());
            self.rise = ends.map(|((_, first), (_, last))| {
                let steps = samples.iter().zip(samples.iter().skip(1));
                Rise { first: *first, last: *last, grown: steps.map(|((_, a), (_, b))| step(*a, *b)).sum() }
            });
            self.samples = Kept::Packed(pack(samples));
        }
    }

    /// The samples, taken out.
    fn take(&mut self) -> Vec<(Time, f64)> {
        match std::mem::replace(&mut self.samples, Kept::Plain(Vec::new())) {
            Kept::Plain(samples) => samples,
            Kept::Packed(bytes) => Unpacker::of(&bytes).collect(),
        }
    }

    /// Adds a sample. Two at the same moment: the greater stays.
    pub fn add(&mut self, time: Time, value: f64) {
        let mut samples = self.take();
        let at = samples.partition_point(|(t, _)| *t < time);
        match samples.get_mut(at) {
            Some((t, v)) if *t == time => *v = v.max(value),
            _ => samples.insert(at, (time, value)),
        }
        *self = Self::of(samples);
    }

    /// Takes the later half away.
    pub fn split(&mut self) -> Self {
        let mut samples = self.take();
        let later = samples.split_off(samples.len() / 2);
        *self = Self::of(samples);
        Self::of(later)
    }

    /// Bytes that its samples take.
    #[cfg(test)]
    pub fn size(&self) -> usize {
        match &self.samples {
            Kept::Plain(samples) => samples.capacity() * size_of::<(Time, f64)>(),
            Kept::Packed(bytes) => bytes.len(),
        }
    }
}

fn pack(samples: &[(Time, f64)]) -> Box<[u8]> {
    let mut bytes = Vec::with_capacity(samples.len() * 4);
    let (mut time, mut step, mut bits) = (0i64, 0i64, 0u64);
    for (t, value) in samples {
        let next = t.millis().wrapping_sub(time);
        let turn = next.wrapping_sub(step);
        let mut rest = (turn << 1 ^ turn >> 63).cast_unsigned();
        while rest >= 0x80 {
            bytes.push(low(rest) | 0x80);
            rest >>= 7;
        }
        bytes.push(low(rest));
        let differs = value.to_bits() ^ bits;
        let text = differs.to_be_bytes();
        let before = text.iter().take_while(|byte| **byte == 0).count();
        let behind = text.iter().rev().take_while(|byte| **byte == 0).count().min(8 - before);
        bytes.push(low((before << 4 | behind) as u64));
        bytes.extend(text.get(before..8 - behind).unwrap_or_default());
        (time, step, bits) = (t.millis(), next, value.to_bits());
    }
    bytes.into_boxed_slice()
}

fn low(number: u64) -> u8 {
    number.to_le_bytes()[0]
}

/// The samples of a block in order.
pub(super) enum Iter<'a> {
    Plain(std::slice::Iter<'a, (Time, f64)>),
    Packed(Unpacker<'a>),
}

impl Iterator for Iter<'_> {
    type Item = (Time, f64);

    fn next(&mut self) -> Option<(Time, f64)> {
        match self {
            Self::Plain(samples) => samples.next().copied(),
            Self::Packed(samples) => samples.next(),
        }
    }
}

pub(super) struct Unpacker<'a> {
    bytes: &'a [u8],
    time: i64,
    step: i64,
    bits: u64,
}

impl<'a> Unpacker<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        Self { bytes, time: 0, step: 0, bits: 0 }
    }

    fn byte(&mut self) -> Option<u8> {
        let (byte, rest) = self.bytes.split_first()?;
        self.bytes = rest;
        Some(*byte)
    }
}

impl Iterator for Unpacker<'_> {
    type Item = (Time, f64);

    fn next(&mut self) -> Option<(Time, f64)> {
        let (mut turn, mut shift) = (0u64, 0);
        loop {
            let byte = self.byte()?;
            turn |= u64::from(byte & 0x7F) << shift;
            shift += 7;
            if byte < 0x80 {
                break;
            }
        }
        let turn = (turn >> 1).cast_signed() ^ -(turn & 1).cast_signed();
        self.step = self.step.wrapping_add(turn);
        self.time = self.time.wrapping_add(self.step);
        let zeros = self.byte()?;
        let (before, behind) = (usize::from(zeros >> 4), usize::from(zeros & 15));
        for at in before..8usize.saturating_sub(behind) {
            self.bits ^= u64::from(self.byte()?) << (56 - 8 * at);
        }
        Some((Time::from_millis(self.time), f64::from_bits(self.bits)))
    }
}
