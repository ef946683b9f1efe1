//! Numbers of a minute, on their way into a series: it takes in many at once for little more than one.

use super::super::series::{Number, Series};

/// Seconds of a window.
const HELD: u8 = 64;
/// The same as seconds.
const SECONDS: i64 = HELD as i64;
/// Where the second after them stands.
const AFTER: usize = HELD as usize;

/// Seconds whose numbers are held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    begin: i64,
}

impl Window {
    /// The window that a second lies in.
    pub fn of(second: i64) -> Self {
        Self { begin: second.div_euclid(SECONDS) * SECONDS }
    }

    /// Where a second stands in it, or the one that comes after it: what is in flight changes up to there.
    #[inline]
    pub fn place(self, second: i64) -> Option<usize> {
        usize::try_from(second.checked_sub(self.begin)?).ok().filter(|at| *at <= AFTER)
    }
}

/// A number for each second of a window, and for the one after it.
#[derive(Debug, Clone, Copy)]
pub struct Held<N> {
    numbers: [N; AFTER + 1],
    /// Whether anything was added.
    is_any: bool,
}

impl<N: Number> Default for Held<N> {
    fn default() -> Self {
        Self { numbers: [N::default(); AFTER + 1], is_any: false }
    }
}

impl<N: Number> Held<N> {
    /// Adds to a number.
    #[inline]
    pub fn add(&mut self, at: usize, amount: N) {
        if let Some(to) = self.numbers.get_mut(at) {
            *to = to.plus(amount);
            self.is_any = true;
        }
    }

    /// Whether anything was added.
    pub fn is_any(&self) -> bool {
        self.is_any
    }

    /// Adds the numbers to a series, and begins anew.
    pub fn hand_on(&mut self, window: Window, series: &mut Series<N>) {
        if self.is_any {
            series.add_each(window.begin, &self.numbers);
            *self = Self::default();
        }
    }
}
